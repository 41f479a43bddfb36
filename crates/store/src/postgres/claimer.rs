//! A claimer: claims and releases on a connection of its own, those that have queued up in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::atomic::{self, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use query::SqlValue;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::types::ToSql;
use types::{ProcessInstanceId, Timestamp, Uuid};

use super::array::ArrayColumn;
use super::cell::{Bind, ReadRow};
use super::claim::{claim_text, claimed_tasks};
use super::claim_jobs::claim_jobs;
use super::committer::{COLLISIONS_MAX, pause};
use super::connection::{Connector, Purpose, parameters};
use super::failure::{Failure, Progress};
use super::line::Line;
use super::loader::Loads;
use super::transaction::{BEGIN, Broken, COMMIT, committing};
use super::wire::{Answer, Call, Prepared, Wire};
use crate::StoreError;
use crate::abort_on_panic::AbortOnPanic;
use crate::claim_text::ClaimText;
use crate::claimed::{Asking, ClaimedTask, VisibleVariable, asked_names, asking, locked, put_nearest};
use crate::codec::RowSource;
use crate::metrics::StoreMetrics;
use crate::work::{ClaimRequest, ClaimVariables, JobClaim, LockedExternalTask, NamedValues, WorkDone};

/// More claims than this wait for nobody: they are refused then.
const QUEUE_LENGTH_MAX: usize = 100_000;
/// Claims in one transaction. Their tasks stay locked until its commit.
const CLAIMS_MAX: usize = 64;
/// Released by claims on their way; the rest waits for the next.
const RELEASED_BY_CLAIM_MAX: u32 = 1000;

pub const RELEASE: &str = "UPDATE external_task SET available_at = 0 WHERE id = ANY (ARRAY(SELECT id FROM external_task \
     WHERE available_at > 0 AND available_at <= $1 ORDER BY available_at LIMIT $2 FOR UPDATE SKIP LOCKED)) \
     RETURNING topic, worker_id IS NOT NULL";
pub const NEXT_EXPIRY: &str =
    "SELECT available_at FROM external_task WHERE available_at > 0 ORDER BY available_at LIMIT 1";

/// Walks from each task's execution outwards. The names are those asked for, or null for all. The variables of the process
/// are a half range of the key, from an instance's id to the id beside it; they are farther away than all others. `OFFSET 0`
/// keeps the planner from beginning with a walk through a whole index (see `texts`).
pub const VARIABLES: &str = "WITH RECURSIVE path (n, depth, execution_id, is_local) AS (\
        SELECT n, 0::bigint, execution_id, is_local \
        FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[]) AS task (n, execution_id, is_local) UNION ALL \
        SELECT path.n, path.depth + 1, e.parent_id, path.is_local \
        FROM path JOIN execution e ON e.id = ANY (ARRAY[path.execution_id]) \
        WHERE e.parent_id IS NOT NULL AND path.is_local = 0) \
    SELECT path.n, path.depth, v.* FROM path CROSS JOIN LATERAL (\
        SELECT name, value_type, text_value, integer_value, real_value, bytes_value, value_info FROM variable \
        WHERE execution_id = path.execution_id AND is_inner = 1 AND task_id IS NULL \
        AND ($4::text[] IS NULL OR name = ANY ($4::text[])) OFFSET 0) AS v UNION ALL \
    SELECT task.n, 9223372036854775807, v.* \
    FROM UNNEST($5::bigint[], $6::uuid[], $7::uuid[]) AS task (n, instance_id, half_end) CROSS JOIN LATERAL (\
        SELECT name, value_type, text_value, integer_value, real_value, bytes_value, value_info FROM variable \
        WHERE id BETWEEN task.instance_id AND task.half_end AND execution_id = task.instance_id AND is_inner = 0 \
        AND task_id IS NULL AND ($4::text[] IS NULL OR name = ANY ($4::text[])) OFFSET 0) AS v";

#[derive(Debug)]
pub enum Work {
    Claim(ClaimRequest),
    ClaimJobs(JobClaim),
    Release { now: Timestamp, limit: u32 },
}

#[derive(Debug)]
pub struct ClaimUnit {
    pub work: Work,
    pub reply: oneshot::Sender<Result<WorkDone, StoreError>>,
}

/// What all claimers share.
#[derive(Debug)]
pub struct Claims {
    metrics: Arc<StoreMetrics>,
    /// Where instances come from that the asker would keep.
    loads: Arc<Loads>,
    /// Topics of tasks that claims have made fetchable on their way; the next release tells of them.
    released_topics: Mutex<BTreeSet<Arc<str>>>,
}

/// The ways to the claimers, who take turns.
#[derive(Debug)]
pub struct ClaimQueues {
    senders: Vec<mpsc::UnboundedSender<ClaimUnit>>,
    turn: AtomicUsize,
    claims: Arc<Claims>,
}

pub struct Claimer {
    line: Line<Wire>,
    inbox: mpsc::UnboundedReceiver<ClaimUnit>,
    claims: Arc<Claims>,
}

impl ClaimQueues {
    pub fn new(
        connector: &Connector,
        claimers: usize,
        loads: &Arc<Loads>,
        metrics: &Arc<StoreMetrics>,
    ) -> (ClaimQueues, Vec<Claimer>) {
        let (loads, metrics) = (loads.clone(), metrics.clone());
        let claims = Arc::new(Claims { metrics: metrics.clone(), loads, released_topics: Mutex::default() });
        let (senders, claimers) = (0..claimers)
            .map(|_| {
                let (sender, inbox) = mpsc::unbounded_channel();
                let line = Line::new(connector, Purpose::Keys, &metrics);
                (sender, Claimer { line, inbox, claims: claims.clone() })
            })
            .unzip();
        (ClaimQueues { senders, turn: AtomicUsize::new(0), claims }, claimers)
    }

    pub fn push(&self, unit: ClaimUnit) -> Result<(), StoreError> {
        let waiting = &self.claims.metrics.claims_waiting;
        if waiting.increment() >= QUEUE_LENGTH_MAX {
            waiting.decrement();
            return Err(StoreError::Unavailable("too many claims wait".to_owned()));
        }
        let turn = self.turn.fetch_add(1, atomic::Ordering::Relaxed) % self.senders.len();
        self.senders[turn].send(unit).map_err(|_| StoreError::Unavailable("it is closed".to_owned()))
    }
}

impl Claims {
    fn count_expiries(&self, expired: &Expired) {
        expired.0.iter().for_each(|(topic, locks)| self.metrics.lock_expiries.add(topic, *locks));
    }

    fn topics(&self) -> std::sync::MutexGuard<'_, BTreeSet<Arc<str>>> {
        self.released_topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claimer {
    /// Works until nobody can submit any more and all is done.
    pub async fn run(mut self) {
        let _loud = AbortOnPanic;
        while let Some(first) = self.inbox.recv().await {
            let mut units = vec![first];
            while units.len() < CLAIMS_MAX
                && let Ok(unit) = self.inbox.try_recv()
            {
                units.push(unit);
            }
            units.iter().for_each(|_| self.claims.metrics.claims_waiting.decrement());
            self.work(units).await;
        }
    }

    async fn work(&mut self, units: Vec<ClaimUnit>) {
        let (mut claims, mut replies) = (Vec::new(), Vec::new());
        for ClaimUnit { work, reply } in units {
            match work {
                // Nothing is locked for someone who has gone.
                Work::Claim(request) if request.is_wanted.0.load(atomic::Ordering::Acquire) => {
                    claims.push(request);
                    replies.push(reply);
                }
                Work::Claim(_) => {
                    let _ = reply.send(Ok(WorkDone::Claimed(Vec::new())));
                }
                Work::ClaimJobs(claim) => {
                    let claim = Arc::new(claim);
                    let attempted = self.attempt(|connection| {
                        let claim = claim.clone();
                        Box::pin(async move { claim_jobs(connection, &claim).await })
                    });
                    let _ = reply.send(attempted.await);
                }
                Work::Release { now, limit } => {
                    let released = self.attempt(move |connection| Box::pin(release(connection, now, limit))).await;
                    let done = released.map(|(expired, next)| {
                        self.claims.count_expiries(&expired);
                        let mut topics: BTreeSet<Arc<str>> = expired.0.into_keys().collect();
                        topics.append(&mut self.claims.topics());
                        WorkDone::Released { topics: topics.into_iter().collect(), next }
                    });
                    let _ = reply.send(done);
                }
            }
        }
        match self.claim(claims.clone()).await {
            Ok(answers) => {
                for (reply, tasks) in replies.into_iter().zip(answers) {
                    let _ = reply.send(Ok(WorkDone::Claimed(tasks)));
                }
            }
            // Only the claim at fault is lost.
            Err(StoreError::Failed(_)) if claims.len() > 1 => {
                for (claim, reply) in claims.into_iter().zip(replies) {
                    let claimed = self.claim(vec![claim]).await;
                    let _ = reply.send(claimed.map(|mut all| WorkDone::Claimed(all.pop().unwrap_or_default())));
                }
            }
            Err(failure) => {
                tracing::error!(%failure, claims = claims.len(), "claims were not made");
                for reply in replies {
                    let _ = reply.send(Err(failure.clone()));
                }
            }
        }
    }

    /// In one transaction. Answers for each claim the tasks that it has got. Their variables are read once they are locked for
    /// good: nobody else changes the tasks then, and a claim without tasks is a single message.
    async fn claim(&mut self, claims: Vec<ClaimRequest>) -> Result<Vec<Vec<LockedExternalTask>>, StoreError> {
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let claims = Arc::new(claims);
        let attempted = self.attempt(|connection| {
            let claims = claims.clone();
            Box::pin(async move { lock_all(connection, &claims).await })
        });
        let (expired, claimed) = attempted.await?;
        self.claims.count_expiries(&expired);
        self.claims.topics().extend(expired.0.into_keys());
        let wanted: Vec<Vec<ClaimVariables>> = claims.iter().map(wanted_variables).collect();
        self.read_instances(&claims, &claimed, &wanted).await;
        let (mut variables, unknown) = remembered(&claims, &claimed, &wanted);
        if unknown.iter().any(|asking| !asking.is_empty()) {
            let all: Vec<Asking<'_>> = unknown.iter().flatten().copied().collect();
            let bound = Arc::new(AskedVariables::of(&all));
            let attempted = self.attempt(|wire| {
                let bound = bound.clone();
                Box::pin(async move { read_variables(wire, &bound).await })
            });
            // The tasks are locked: the claim must not be made again.
            let locked_anyway = |failure: StoreError| StoreError::OutcomeUnknown(failure.to_string());
            let (statement, answer) = attempted.await.map_err(locked_anyway)?;
            let mut found = Vec::with_capacity(answer.rows.len());
            for row in &answer.rows {
                let variable = VisibleVariable::read(&mut ReadRow::new(row, &statement.columns), &all);
                found.extend(variable.map_err(locked_anyway)?);
            }
            for ((own, asking), found) in variables.iter_mut().zip(&unknown).zip(by_claim(&unknown, found)) {
                put_nearest(own, asking, found);
            }
        }
        Ok(claimed.into_iter().zip(variables).map(|(claimed, variables)| locked(claimed, variables)).collect())
    }

    /// Who would keep an instance is given all of it, and has the variables of its tasks then.
    async fn read_instances(
        &self,
        claims: &[ClaimRequest],
        claimed: &[Vec<ClaimedTask>],
        wanted: &[Vec<ClaimVariables>],
    ) {
        let mut reads = Vec::new();
        for ((request, claimed), wanted) in claims.iter().zip(claimed).zip(wanted) {
            let Some(memory) = &request.remembered.0 else { continue };
            let asking = asking(claimed, wanted);
            let missing = asking.iter().filter(|asking| memory.of(asking.task, asking.wanted).is_none());
            let roots: Vec<ProcessInstanceId> =
                missing.filter_map(|asking| memory.begin_reading(asking.task)).collect();
            reads.extend(roots.into_iter().map(|root| async move {
                match self.claims.loads.load(root).await {
                    Ok(Some(snapshot)) => memory.keep(root, snapshot),
                    Ok(None) => {}
                    // Its variables are read by themselves.
                    Err(failure) => tracing::debug!(%failure, %root, "a fetched instance was not read"),
                }
            }));
        }
        futures_util::future::join_all(reads).await;
    }

    /// Tries again after a collision, and once if the connection was lost before a commit.
    async fn attempt<T>(
        &mut self,
        transaction: impl for<'c> Fn(&'c mut Wire) -> Transaction<'c, T>,
    ) -> Result<T, StoreError> {
        let metrics = self.claims.metrics.clone();
        let _in_use = metrics.connections_in_use.count();
        let mut collisions = 0;
        let mut is_second_line = false;
        loop {
            let connection = self.line.connection().await.map_err(|failure| failure.at(Progress::Open))?;
            match transaction(connection).await {
                Ok(done) => return Ok(done),
                Err((Failure::Collision(_), _)) if collisions < COLLISIONS_MAX => {
                    connection.roll_back().await;
                    collisions += 1;
                    tokio::time::sleep(pause(collisions)).await;
                }
                Err((Failure::Lost(text), progress)) => {
                    self.line.hang_up();
                    if progress == Progress::Committing || is_second_line {
                        return Err(Failure::Lost(text).at(progress));
                    }
                    is_second_line = true;
                }
                Err((failure, progress)) => {
                    connection.roll_back().await;
                    return Err(failure.at(progress));
                }
            }
        }
    }
}

type Transaction<'c, T> = Pin<Box<dyn Future<Output = Result<T, Broken>> + Send + 'c>>;

/// Topics of released tasks, with how many locks of workers ran out; the others were retry timeouts.
#[derive(Debug, Default)]
struct Expired(BTreeMap<Arc<str>, u64>);

type Released = (Expired, Option<Timestamp>);

async fn release(wire: &mut Wire, now: Timestamp, limit: u32) -> Result<Released, Broken> {
    let open = |failure: Failure| (failure, Progress::Open);
    let prepared = wire.prepare([RELEASE, NEXT_EXPIRY].into_iter()).await.map_err(open)?;
    let limit = i64::from(limit);
    let calls = [
        Call { statement: &prepared[0], values: vec![&now.0, &limit] },
        Call { statement: &prepared[1], values: Vec::new() },
    ];
    // Done twice it is the same.
    let answers = wire.run(&calls).await.map_err(open)?;
    let expired = expired_of(&prepared[0], &answers[0]).map_err(open)?;
    let next = answers[1].rows.first().map(|row| ReadRow::new(row, &prepared[1].columns).integer());
    let next = next.transpose().map_err(|error| open(error.into()))?;
    Ok((expired, next.map(Timestamp)))
}

fn expired_of(statement: &Prepared, answer: &Answer) -> Result<Expired, Failure> {
    let mut expired = Expired::default();
    for row in &answer.rows {
        let mut cells = ReadRow::new(row, &statement.columns);
        let topic = cells.text()?;
        *expired.0.entry(topic).or_default() += u64::from(cells.boolean()?);
    }
    Ok(expired)
}

type Locked = (Expired, Vec<Vec<ClaimedTask>>);

/// What has run out is released, then each claim sees what those before it have left. One message with the commit in it.
async fn lock_all(wire: &mut Wire, claims: &[ClaimRequest]) -> Result<Locked, Broken> {
    let open = |failure: Failure| (failure, Progress::Open);
    let now = claims.iter().map(|request| request.now).max().unwrap_or(Timestamp(0));
    let limit = i64::from(RELEASED_BY_CLAIM_MAX);
    let texts: Vec<Option<ClaimText>> = claims.iter().map(claim_text).collect();
    let asked = texts.iter().flatten();
    let prepared =
        wire.prepare([BEGIN, RELEASE].into_iter().chain(asked.map(|text| &*text.text)).chain([COMMIT])).await;
    let prepared = prepared.map_err(open)?;
    let [begin, release, statements @ .., commit] = prepared.as_slice() else {
        return Err(open(Failure::Failed("a claim was not prepared".to_owned())));
    };
    let binds: Vec<Vec<Bind<'_>>> =
        texts.iter().flatten().map(|text| text.binds.iter().map(|value: &SqlValue| Bind(value)).collect()).collect();
    let mut calls =
        vec![Call { statement: begin, values: Vec::new() }, Call { statement: release, values: vec![&now.0, &limit] }];
    calls.extend(statements.iter().zip(&binds).map(|(statement, bound)| Call { statement, values: parameters(bound) }));
    calls.push(Call { statement: commit, values: Vec::new() });
    let answers = wire.run(&calls).await.map_err(committing)?;
    // The tasks are locked by now.
    let committed = |failure: Failure| (Failure::Lost(failure.to_string()), Progress::Committing);
    let released = expired_of(release, &answers[1]).map_err(committed)?;
    let mut answers = statements.iter().zip(&answers[2..]);
    let mut all_claimed = Vec::with_capacity(claims.len());
    for (request, text) in claims.iter().zip(&texts) {
        let claimed = match text.as_ref().and_then(|_| answers.next()) {
            Some((statement, answer)) => claimed_tasks(request, statement, answer),
            None => Ok(Vec::new()),
        };
        all_claimed.push(claimed.map_err(|error| committed(error.into()))?);
    }
    Ok((released, all_claimed))
}

fn wanted_variables(request: &ClaimRequest) -> Vec<ClaimVariables> {
    request.topics.iter().map(|topic| topic.variables.clone()).collect()
}

/// What the askers know, and of which tasks they do not know it.
fn remembered<'c>(
    claims: &[ClaimRequest],
    claimed: &'c [Vec<ClaimedTask>],
    wanted: &'c [Vec<ClaimVariables>],
) -> (Vec<Vec<NamedValues>>, Vec<Vec<Asking<'c>>>) {
    let of_claim = |((request, claimed), wanted): ((&ClaimRequest, &'c Vec<ClaimedTask>), &'c Vec<ClaimVariables>)| {
        let (mut variables, mut asking) = (vec![Vec::new(); claimed.len()], asking(claimed, wanted));
        if let Some(memory) = &request.remembered.0 {
            asking.retain(|asking| match memory.of(asking.task, asking.wanted) {
                Some(known) => {
                    variables[asking.claimed] = known;
                    false
                }
                None => true,
            });
        }
        (variables, asking)
    };
    claims.iter().zip(claimed).zip(wanted).map(of_claim).unzip()
}

/// What `VARIABLES` takes, in its order.
struct AskedVariables {
    numbers: ArrayColumn,
    executions: ArrayColumn,
    own: ArrayColumn,
    names: Option<ArrayColumn>,
    instance_numbers: ArrayColumn,
    instance_ids: ArrayColumn,
    half_ends: ArrayColumn,
}

impl AskedVariables {
    fn of(all: &[Asking<'_>]) -> AskedVariables {
        // A task that asks for what is local sees the variables of the process only from the process itself.
        let of_process = |asking: &Asking<'_>| {
            let (execution, instance) = (asking.task.execution_id.0, asking.task.process_instance_id.0);
            (!asking.wanted.is_local_only || execution == instance).then_some(instance)
        };
        let instances: Vec<(i64, Uuid)> =
            (0..).zip(all).filter_map(|(n, asking)| Some((n, of_process(asking)?))).collect();
        AskedVariables {
            numbers: ArrayColumn::of_integers((0..).zip(all).map(|(n, _)| n)),
            executions: ArrayColumn::of_ids(all.iter().map(|asking| asking.task.execution_id.0)),
            own: ArrayColumn::of_integers(all.iter().map(|asking| i64::from(asking.wanted.is_local_only))),
            names: asked_names(all).map(ArrayColumn::of_texts),
            instance_numbers: ArrayColumn::of_integers(instances.iter().map(|(n, _)| *n)),
            instance_ids: ArrayColumn::of_ids(instances.iter().map(|(_, id)| *id)),
            half_ends: ArrayColumn::of_ids(instances.iter().map(|(_, id)| id.lower_half_end())),
        }
    }
}

/// The variables of all tasks of all claims in one statement.
async fn read_variables(wire: &mut Wire, asked: &AskedVariables) -> Result<(Arc<Prepared>, Answer), Broken> {
    let open = |failure: Failure| (failure, Progress::Open);
    let prepared = wire.prepare(std::iter::once(VARIABLES)).await.map_err(open)?;
    let AskedVariables { numbers, executions, own, names, instance_numbers, instance_ids, half_ends } = asked;
    let values: Vec<&(dyn ToSql + Sync)> =
        vec![numbers, executions, own, names, instance_numbers, instance_ids, half_ends];
    let mut answers = wire.run(&[Call { statement: &prepared[0], values }]).await.map_err(open)?;
    Ok((prepared[0].clone(), answers.pop().unwrap_or_default()))
}

/// Their tasks are counted through all claims.
fn by_claim(askings: &[Vec<Asking<'_>>], mut found: Vec<VisibleVariable>) -> Vec<Vec<VisibleVariable>> {
    found.sort_by_key(VisibleVariable::task);
    let mut found = found.into_iter().peekable();
    let mut first = 0;
    let mut by_claim = Vec::with_capacity(askings.len());
    for asking in askings {
        let behind = first + asking.len();
        let mut own = Vec::new();
        while let Some(variable) = found.next_if(|variable| variable.task() < behind) {
            own.push(variable.counted_from(first));
        }
        by_claim.push(own);
        first = behind;
    }
    by_claim
}
