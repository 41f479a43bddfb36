//! A loader: reads aggregates that are not in memory, those that have queued up together.
//!
//! Most of what a load costs does not depend on how many aggregates it is for: ten statements, a message and its answer.
//! On a long backlog nearly each completion needs one.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Snapshot;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use types::{ProcessInstanceId, Uuid};

use super::connection::{Connector, Purpose};
use super::failure::{Failure, Progress};
use super::line::Line;
use super::load::load;
use super::queue::BrokenRoots;
use super::wire::Wire;
use crate::StoreError;
use crate::abort_on_panic::AbortOnPanic;
use crate::metrics::StoreMetrics;

/// More loads than this wait for nobody: they are refused then.
const QUEUE_LENGTH_MAX: usize = 10_000;
/// Aggregates in one transaction.
const LOADS_MAX: usize = 64;
/// So many are worth a further loader.
const LOADS_WORTH_A_LOADER: usize = 16;
/// Fewer than that are taken by a further loader when they have waited this long: the one at work may have a large one.
const PATIENCE: Duration = Duration::from_millis(2);
/// How often a load is tried.
const ATTEMPTS_MAX: u32 = 3;

type Reply = oneshot::Sender<Result<Option<Snapshot>, StoreError>>;

#[derive(Debug)]
struct Waiting {
    root: Uuid,
    since: Instant,
    reply: Reply,
}

/// Shared by all loaders.
#[derive(Debug)]
pub struct Loads {
    state: Mutex<State>,
    arrived: Notify,
    broken: Arc<BrokenRoots>,
    metrics: Arc<StoreMetrics>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    loaders_at_work: usize,
    is_closed: bool,
}

enum Next {
    Batch(Vec<Waiting>),
    /// For something to arrive, at most until then.
    Wait(Option<Instant>),
    End,
}

impl Loads {
    pub fn new(broken: &Arc<BrokenRoots>, metrics: &Arc<StoreMetrics>) -> Loads {
        let (broken, metrics) = (broken.clone(), metrics.clone());
        Loads { state: Mutex::default(), arrived: Notify::new(), broken, metrics }
    }

    /// `None` if there is no such aggregate. It is as it was at some moment from now on.
    pub async fn load(&self, root: ProcessInstanceId) -> Result<Option<Snapshot>, StoreError> {
        self.broken.mend(root);
        let (reply, answer) = oneshot::channel();
        let _waiting = self.metrics.queries_waiting.count();
        if self.push(Waiting { root: root.0, since: Instant::now(), reply })? {
            self.arrived.notify_last();
        }
        answer.await.map_err(|_| StoreError::Unavailable("it was closed".to_owned()))?
    }

    /// Whether a loader should have a look.
    fn push(&self, one: Waiting) -> Result<bool, StoreError> {
        let mut state = self.lock();
        if state.waiting.len() >= QUEUE_LENGTH_MAX {
            return Err(StoreError::Unavailable("too many instances wait to be loaded".to_owned()));
        }
        state.waiting.push_back(one);
        // The first one also begins the time of patience.
        Ok(state.loaders_at_work == 0 || state.waiting.len() == 1 || state.waiting.len() == LOADS_WORTH_A_LOADER)
    }

    async fn take(&self) -> Option<Vec<Waiting>> {
        loop {
            let arrived = self.arrived.notified();
            let next = self.lock().next();
            match next {
                Next::Batch(batch) => return Some(batch),
                Next::End => {
                    self.arrived.notify_waiters();
                    return None;
                }
                Next::Wait(None) => arrived.await,
                Next::Wait(Some(until)) => {
                    // What has run out is seen when it is looked at again.
                    let _ = tokio::time::timeout_at(until, arrived).await;
                }
            }
        }
    }

    fn end(&self) {
        self.lock().loaders_at_work -= 1;
    }

    pub fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_waiters();
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Next {
        let Some(first) = self.waiting.front() else {
            return if self.is_closed { Next::End } else { Next::Wait(None) };
        };
        let patient_until = first.since + PATIENCE;
        let is_worth_it = self.loaders_at_work == 0 || self.waiting.len() >= LOADS_WORTH_A_LOADER;
        if !is_worth_it && patient_until > Instant::now() {
            return Next::Wait(Some(patient_until));
        }
        self.loaders_at_work += 1;
        let taken = self.waiting.len().min(LOADS_MAX);
        Next::Batch(self.waiting.drain(..taken).collect())
    }
}

pub struct Loader {
    line: Line<Wire>,
    loads: Arc<Loads>,
}

impl Loader {
    pub fn new(connector: &Connector, loads: &Arc<Loads>) -> Loader {
        Loader { line: Line::new(connector, Purpose::Keys, &loads.metrics), loads: loads.clone() }
    }

    /// Works until nobody can ask any more and all is answered.
    pub async fn run(mut self) {
        let _loud = AbortOnPanic;
        while let Some(batch) = self.loads.take().await {
            // Who has gone does not wait for an answer.
            let batch: Vec<Waiting> = batch.into_iter().filter(|one| !one.reply.is_closed()).collect();
            if !batch.is_empty() {
                self.answer(batch).await;
            }
            self.loads.end();
        }
    }

    async fn answer(&mut self, batch: Vec<Waiting>) {
        let roots: BTreeSet<Uuid> = batch.iter().map(|one| one.root).collect();
        match self.attempt(&roots).await {
            Ok(mut found) => {
                // Several may have asked for the same one.
                let is_each_alone = batch.len() == roots.len();
                for one in batch {
                    let own = if is_each_alone { found.remove(&one.root) } else { found.get(&one.root).cloned() };
                    let _ = one.reply.send(Ok(own));
                }
            }
            // Only the load at fault is lost.
            Err(StoreError::Failed(_)) if roots.len() > 1 => {
                for one in batch {
                    let found = self.attempt(&BTreeSet::from([one.root])).await;
                    let _ = one.reply.send(found.map(|mut found| found.remove(&one.root)));
                }
            }
            Err(failure) => batch.into_iter().for_each(|one| {
                let _ = one.reply.send(Err(failure.clone()));
            }),
        }
    }

    /// It changes nothing, so that it can be done again.
    async fn attempt(&mut self, roots: &BTreeSet<Uuid>) -> Result<HashMap<Uuid, Snapshot>, StoreError> {
        let metrics = self.loads.metrics.clone();
        let _in_use = metrics.connections_in_use.count();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let wire = self.line.connection().await.map_err(|failure| failure.at(Progress::Open))?;
            let failure = match load(wire, roots).await {
                Ok(found) => return Ok(found),
                Err(failure) => failure,
            };
            if matches!(failure, Failure::Lost(_)) {
                self.line.hang_up();
            }
            if attempts == ATTEMPTS_MAX || !matches!(failure, Failure::Lost(_) | Failure::Collision(_)) {
                return Err(failure.at(Progress::Open));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(roots: std::ops::Range<u128>) -> VecDeque<Waiting> {
        let one = |root| Waiting { root: Uuid(root), since: Instant::now(), reply: oneshot::channel().0 };
        roots.map(one).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_further_loader_waits_for_many_loads_or_some_time() {
        let mut state = State { waiting: waiting(0..1), ..State::default() };
        assert!(matches!(state.next(), Next::Batch(batch) if batch.len() == 1));
        state.waiting = waiting(0..2);
        let Next::Wait(Some(until)) = state.next() else { panic!("one is at work") };
        assert_eq!(until, Instant::now() + PATIENCE);
        tokio::time::advance(PATIENCE).await;
        assert!(matches!(state.next(), Next::Batch(batch) if batch.len() == 2));
        state.waiting = waiting(0..LOADS_MAX as u128 + 1);
        assert!(matches!(state.next(), Next::Batch(batch) if batch.len() == LOADS_MAX));
        assert!(matches!(state.next(), Next::Wait(Some(_))));
        state.loaders_at_work = 0;
        assert!(matches!(state.next(), Next::Batch(batch) if batch.len() == 1));
        state.is_closed = true;
        assert!(matches!(state.next(), Next::End));
    }
}
