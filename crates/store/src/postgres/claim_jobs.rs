//! Claims of jobs: what is due is marked as such, then the first ones of an index are locked.
//!
//! An exclusive job is claimed only with its instance's row locked, in a statement after the one that has locked it: so
//! two nodes never get exclusive jobs of one instance at once. A claim waits for no row that another one
//! has locked; giving jobs back may. No text lets a plan look at all jobs that are locked (see `texts`): `IS TRUE` and
//! `OFFSET 0` are for that.

use query::ColumnKind;
use types::{JobId, ProcessInstanceId, Timestamp, Uuid};

use super::array::{ArrayColumn, ArrayRows};
use super::cell::ReadRow;
use super::failure::{Failure, Progress};
use super::transaction::{BEGIN, Broken, COMMIT, committing};
use super::wire::{Answer, Call, Prepared, Wire};
use crate::codec::{RowSink, RowSource};
use crate::work::{ClaimedJob, JobClaim, WorkDone};

/// Jobs that one claim finds to be due; the rest waits for the next.
const FOUND_DUE_MAX: i64 = 1000;

const RELEASE: &str = "UPDATE job AS t SET lock_owner = NULL, lock_expiration = u.not_before \
     FROM UNNEST($2::uuid[], $3::bigint[]) AS u (id, not_before) WHERE t.id = ANY (ARRAY[u.id]) \
     AND (t.lock_owner = $1) IS TRUE";

const MARK_DUE: &str = "UPDATE job SET lock_owner = NULL, lock_expiration = 0 WHERE id = ANY (ARRAY(\
     SELECT id FROM job WHERE retries > 0 AND is_suspended = 0 \
     AND coalesce(lock_expiration, due_date, 0) > 0 AND coalesce(lock_expiration, due_date, 0) <= $1 \
     ORDER BY coalesce(lock_expiration, due_date, 0) LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Lowest priority, highest priority, owner, now, most.
const CANDIDATES: &str = "WITH candidate AS (SELECT id, process_instance_id, is_exclusive FROM job \
     WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) <= 0 \
     AND priority >= $1 AND priority <= $2 AND (is_exclusive = 0 OR NOT EXISTS (\
     SELECT 1 FROM job AS other WHERE other.process_instance_id = job.process_instance_id \
     AND other.lock_owner IS NOT NULL AND other.lock_owner <> $3 AND other.lock_expiration > $4 \
     AND other.is_exclusive = 1 OFFSET 0)) ORDER BY priority DESC, create_time, id LIMIT $5 FOR UPDATE SKIP LOCKED), \
     held AS (SELECT id FROM process_instance WHERE id = ANY (ARRAY(\
     SELECT process_instance_id FROM candidate WHERE is_exclusive = 1)) FOR UPDATE SKIP LOCKED) \
     SELECT candidate.id FROM candidate LEFT JOIN held ON held.id = candidate.process_instance_id \
     WHERE candidate.is_exclusive = 0 OR candidate.process_instance_id IS NULL OR held.id IS NOT NULL";

/// Owner, expiration, ids, now.
const LOCK: &str = "UPDATE job SET lock_owner = $1, lock_expiration = $2 \
     WHERE id = ANY ($3::uuid[]) AND (is_exclusive = 0 OR NOT EXISTS (\
     SELECT 1 FROM job AS other WHERE other.process_instance_id = job.process_instance_id \
     AND other.lock_owner IS NOT NULL AND other.lock_owner <> $1 AND other.lock_expiration > $4 \
     AND other.is_exclusive = 1 OFFSET 0)) RETURNING id, root_process_instance_id, priority, create_time";

const NEXT: &str = "SELECT coalesce(lock_expiration, due_date, 0) FROM job \
     WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) > 0 \
     ORDER BY coalesce(lock_expiration, due_date, 0) LIMIT 1";

pub const TEXTS: [&str; 5] = [RELEASE, MARK_DUE, CANDIDATES, LOCK, NEXT];

pub async fn claim_jobs(wire: &mut Wire, claim: &JobClaim) -> Result<WorkDone, Broken> {
    let open = |failure: Failure| (failure, Progress::Open);
    let prepared = wire.prepare(TEXTS.into_iter().chain([BEGIN, COMMIT])).await.map_err(open)?;
    let [release, mark_due, candidates, lock, next, begin, commit] = prepared.as_slice() else {
        return Err(open(Failure::Failed("a claim was not prepared".to_owned())));
    };
    let found = find(wire, [begin, release, mark_due, candidates], claim).await.map_err(open)?;
    let (owner, ids): (&str, _) = (&claim.owner, ArrayColumn::of_ids(found));
    let calls = [
        Call { statement: lock, values: vec![&owner, &claim.locked_until.0, &ids, &claim.now.0] },
        Call { statement: next, values: Vec::new() },
        Call { statement: commit, values: Vec::new() },
    ];
    let answers = wire.run(&calls).await.map_err(committing)?;
    let next_at = answers[1].rows.first().map(|row| ReadRow::new(row, &next.columns).integer());
    let next_at = next_at.transpose().map_err(|error| open(error.into()))?;
    let jobs = in_order_of_claims(lock, &answers[0]).map_err(open)?;
    Ok(WorkDone::JobsClaimed { jobs, next: next_at.map(Timestamp) })
}

async fn find(
    wire: &mut Wire,
    [begin, release, mark_due, candidates]: [&Prepared; 4],
    claim: &JobClaim,
) -> Result<Vec<Uuid>, Failure> {
    let mut released = ArrayRows::of_kinds([Some(ColumnKind::Id), Some(ColumnKind::Time)]);
    for release in &claim.releases {
        released.begin_row();
        released.uuid(release.id.0);
        released.optional_time(release.not_before);
    }
    let released = released.into_columns();
    let owner: &str = &claim.owner;
    let jobs_max = i64::from(claim.jobs_max);
    let mut calls = vec![Call { statement: begin, values: Vec::new() }];
    if !claim.releases.is_empty() {
        calls.push(Call { statement: release, values: vec![&owner, &released[0], &released[1]] });
    }
    calls.push(Call { statement: mark_due, values: vec![&claim.now.0, &FOUND_DUE_MAX] });
    let (lowest, highest) = (claim.priorities.start(), claim.priorities.end());
    calls.push(Call { statement: candidates, values: vec![lowest, highest, &owner, &claim.now.0, &jobs_max] });
    let answer = wire.run(&calls).await?.pop().unwrap_or_default();
    let id = |row| Ok(ReadRow::new(row, &candidates.columns).uuid()?);
    answer.rows.iter().map(id).collect()
}

/// The highest priority first, then the oldest.
fn in_order_of_claims(statement: &Prepared, answer: &Answer) -> Result<Vec<ClaimedJob>, Failure> {
    let mut jobs = Vec::with_capacity(answer.rows.len());
    for row in &answer.rows {
        let mut cells = ReadRow::new(row, &statement.columns);
        let id = cells.uuid()?;
        let root = cells.optional_uuid()?.map(ProcessInstanceId);
        let (priority, create_time) = (cells.integer()?, cells.integer()?);
        jobs.push((std::cmp::Reverse(priority), create_time, id, root));
    }
    jobs.sort_unstable_by_key(|(priority, create_time, id, _)| (*priority, *create_time, *id));
    Ok(jobs.into_iter().map(|(_, _, id, root)| ClaimedJob { id: JobId(id), root }).collect())
}
