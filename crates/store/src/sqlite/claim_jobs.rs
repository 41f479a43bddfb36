//! Claims of jobs: what is due is marked as such, then the first ones of an index are locked.
//!
//! A timer that is far away is in an index of times that only its front is looked at of, and one that is locked is in
//! the same index, so the cost of a claim grows with neither.

use rusqlite::{Connection, Statement};
use types::{JobId, ProcessInstanceId, Timestamp, Uuid};

use super::queue::UnitDone;
use super::row::bind_uuid;
use super::statements::prepare;
use crate::StoreError;
use crate::work::{ClaimedJob, JobClaim, JobRelease};

/// Jobs that one claim finds to be due; the rest waits for the next.
const FOUND_DUE_MAX: u32 = 1000;

pub struct JobClaimStatements<'c> {
    /// id, owner, not before
    release: Statement<'c>,
    /// Whether anything has come due: now.
    any_due: Statement<'c>,
    /// Marks what has come due or whose lock has run out: now, most.
    mark_due: Statement<'c>,
    /// lowest priority, highest priority, owner, now, most
    candidates: Statement<'c>,
    /// id, owner, expiration
    lock: Statement<'c>,
    next: Statement<'c>,
}

const RELEASE: &str = "UPDATE job SET lock_owner = NULL, lock_expiration = ?3 WHERE id = ?1 AND lock_owner = ?2";

const ANY_DUE: &str = "SELECT 1 FROM job INDEXED BY job_next_claimable WHERE retries > 0 AND is_suspended = 0 \
     AND coalesce(lock_expiration, due_date, 0) > 0 AND coalesce(lock_expiration, due_date, 0) <= ?1 LIMIT 1";

const MARK_DUE: &str = "UPDATE job SET lock_owner = NULL, lock_expiration = 0 WHERE id IN (\
     SELECT id FROM job INDEXED BY job_next_claimable WHERE retries > 0 AND is_suspended = 0 \
     AND coalesce(lock_expiration, due_date, 0) > 0 AND coalesce(lock_expiration, due_date, 0) <= ?1 \
     ORDER BY coalesce(lock_expiration, due_date, 0) LIMIT ?2)";

const CANDIDATES: &str = "SELECT id, root_process_instance_id FROM job INDEXED BY job_claimable \
     WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) <= 0 \
     AND priority >= ?1 AND priority <= ?2 AND (is_exclusive = 0 OR NOT EXISTS (\
     SELECT 1 FROM job AS other INDEXED BY job_locked WHERE other.process_instance_id = job.process_instance_id \
     AND other.lock_owner IS NOT NULL AND other.lock_owner <> ?3 AND other.lock_expiration > ?4 \
     AND other.is_exclusive = 1)) ORDER BY priority DESC, create_time, id LIMIT ?5";

const LOCK: &str = "UPDATE job SET lock_owner = ?2, lock_expiration = ?3 WHERE id = ?1";

const NEXT: &str = "SELECT coalesce(lock_expiration, due_date, 0) FROM job INDEXED BY job_next_claimable \
     WHERE retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) > 0 \
     ORDER BY coalesce(lock_expiration, due_date, 0) LIMIT 1";

impl<'c> JobClaimStatements<'c> {
    pub fn prepare(connection: &'c Connection) -> Result<Self, StoreError> {
        Ok(JobClaimStatements {
            release: prepare(connection, RELEASE)?,
            any_due: prepare(connection, ANY_DUE)?,
            mark_due: prepare(connection, MARK_DUE)?,
            candidates: prepare(connection, CANDIDATES)?,
            lock: prepare(connection, LOCK)?,
            next: prepare(connection, NEXT)?,
        })
    }

    pub fn claim(&mut self, claim: &JobClaim) -> Result<UnitDone, StoreError> {
        for release in &claim.releases {
            self.release(release, &claim.owner)?;
        }
        if self.has_due(claim.now)? {
            self.mark_due.raw_bind_parameter(1, claim.now.0)?;
            self.mark_due.raw_bind_parameter(2, FOUND_DUE_MAX)?;
            self.mark_due.raw_execute()?;
        }
        let jobs = self.candidates(claim)?;
        for job in &jobs {
            bind_uuid(&mut self.lock, 1, job.id.0)?;
            self.lock.raw_bind_parameter(2, &*claim.owner)?;
            self.lock.raw_bind_parameter(3, claim.locked_until.0)?;
            self.lock.raw_execute()?;
        }
        let next = self.next.raw_query().next()?.map(|row| row.get(0)).transpose()?;
        Ok(UnitDone::JobsClaimed { jobs, next: next.map(Timestamp) })
    }

    fn release(&mut self, release: &JobRelease, owner: &str) -> Result<(), StoreError> {
        bind_uuid(&mut self.release, 1, release.id.0)?;
        self.release.raw_bind_parameter(2, owner)?;
        self.release.raw_bind_parameter(3, release.not_before.map(|time| time.0))?;
        self.release.raw_execute()?;
        Ok(())
    }

    fn has_due(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        self.any_due.raw_bind_parameter(1, now.0)?;
        Ok(self.any_due.raw_query().next()?.is_some())
    }

    fn candidates(&mut self, claim: &JobClaim) -> Result<Vec<ClaimedJob>, StoreError> {
        if claim.jobs_max == 0 {
            return Ok(Vec::new());
        }
        let statement = &mut self.candidates;
        statement.raw_bind_parameter(1, *claim.priorities.start())?;
        statement.raw_bind_parameter(2, *claim.priorities.end())?;
        statement.raw_bind_parameter(3, &*claim.owner)?;
        statement.raw_bind_parameter(4, claim.now.0)?;
        statement.raw_bind_parameter(5, claim.jobs_max)?;
        let mut jobs = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let id = JobId(Uuid::from_bytes(row.get(0)?));
            let root = row.get::<_, Option<[u8; 16]>>(1)?;
            jobs.push(ClaimedJob { id, root: root.map(|root| ProcessInstanceId(Uuid::from_bytes(root))) });
        }
        Ok(jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migration::migrate;

    /// A walk that sorts would grow with the backlog.
    #[test]
    fn walks_follow_their_index() {
        let mut connection = Connection::open_in_memory().expect("memory");
        migrate(&mut connection, "test").expect("migrates");
        for (text, index) in [
            (ANY_DUE, "job_next_claimable (<expr>"),
            (MARK_DUE, "job_next_claimable (<expr>"),
            (CANDIDATES, "job_claimable (priority"),
            (NEXT, "job_next_claimable"),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}")).expect("valid");
            let mut rows = statement.raw_query();
            let mut steps = Vec::new();
            while let Some(row) = rows.next().expect("explained") {
                steps.push(row.get::<_, String>(3).expect("a text"));
            }
            assert!(steps.iter().any(|step| step.contains(index)), "{steps:?}");
            assert!(!steps.iter().any(|step| step.contains("B-TREE")), "{steps:?}");
        }
    }
}
