//! What waits to be written, and who writes it when: one queue for all committers, bounded, and in order of submission
//! for everything that shares an instance.
//!
//! A committer that is free takes all that waits and concerns no instance for which another one is at work. Batches cost
//! the less the larger they are: while one committer is at work, another one begins only when enough has queued up.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::{ChangeSet, RevisionCheck, TableChange};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use types::{ProcessInstanceId, Uuid, VariableValue};

use crate::StoreError;
use crate::metrics::StoreMetrics;
use crate::work::{ExpectedStatement, WorkDone};

/// More units than this wait for nobody: work is refused then.
pub const QUEUE_LENGTH_MAX: usize = 100_000;

/// Units in one transaction.
const BATCH_UNITS_MAX: usize = 512;

/// Values in one transaction, about. A larger unit is one of its own.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// So many units are worth a committer more.
const UNITS_WORTH_A_COMMITTER: usize = 64;

/// Fewer than that are taken by a further committer when they have waited this long: the one at work may be held up.
const PATIENCE: Duration = Duration::from_millis(20);

/// Units that are passed over because another committer is at work for their instances, before it is left at that.
const PASSED_OVER_MAX: usize = BATCH_UNITS_MAX;

/// Units that are decided on a failed one arrive within this time, or never.
const BROKEN_FOR: Duration = Duration::from_secs(300);

/// Broken roots above which old ones are looked for.
const BROKEN_SWEPT_AT: usize = 10_000;

pub type Reply = oneshot::Sender<Result<WorkDone, StoreError>>;

/// Change sets, or statements, or both, with the one who waits for them.
#[derive(Debug)]
pub struct Unit {
    pub change_sets: Vec<ChangeSet>,
    pub statements: Vec<ExpectedStatement>,
    pub reach: Reach,
    pub done: WorkDone,
    pub reply: Reply,
}

/// What the statements of a unit may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing that another unit touches.
    OwnRows,
    /// Rows of any unit, so that what is queued up comes before them.
    Anything,
}

/// Shared by all committers.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    arrived: Notify,
    metrics: Arc<StoreMetrics>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(Unit, Instant)>,
    /// How many of the first ones wait for a committer that is at work to end, whatever another one could do.
    held_up: usize,
    /// Of all units that committers are at work on.
    roots_at_work: HashSet<Uuid, BuildHasherDefault<DefaultHasher>>,
    committers_at_work: usize,
    /// What is at work may touch anything: nothing may be beside it.
    is_exclusive: bool,
    is_closed: bool,
}

/// What a committer takes, and gives back as `Taken::roots` when all of it is answered.
#[derive(Debug)]
pub struct Taken {
    pub units: Vec<Unit>,
    pub roots: Vec<Uuid>,
}

enum Next {
    Batch(Taken),
    /// For something to arrive, at most until then.
    Wait(Option<Instant>),
    End,
}

/// Roots of which a unit has failed: they take no unit until they are loaded again (ADR 0015).
#[derive(Debug, Default)]
pub struct BrokenRoots {
    count: AtomicUsize,
    since: Mutex<HashMap<Uuid, Instant>>,
}

impl Unit {
    fn roots(&self) -> impl Iterator<Item = Uuid> {
        self.change_sets.iter().map(|change_set| change_set.root_process_instance_id.0)
    }

    fn is_exclusive(&self) -> bool {
        self.reach == Reach::Anything
    }
}

impl Queue {
    pub fn new(metrics: &Arc<StoreMetrics>) -> Queue {
        Queue { state: Mutex::default(), arrived: Notify::new(), metrics: metrics.clone() }
    }

    pub fn push(&self, unit: Unit) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.waiting.len() >= QUEUE_LENGTH_MAX {
            return Err(StoreError::Unavailable("too much work waits to be written".to_owned()));
        }
        state.waiting.push_back((unit, Instant::now()));
        self.metrics.writes_waiting.increment();
        // The first one also begins the time of patience.
        let ready = state.ready();
        let is_worth_a_look = state.committers_at_work == 0 || ready == 1 || ready == UNITS_WORTH_A_COMMITTER;
        drop(state);
        if is_worth_a_look {
            // The last one to wait has its statements and rows at hand.
            self.arrived.notify_last();
        }
        Ok(())
    }

    /// Waits for work; `None` once there will be no more.
    pub async fn take(&self) -> Option<Taken> {
        loop {
            let arrived = self.arrived.notified();
            let next = self.lock().next();
            match next {
                Next::Batch(taken) => {
                    taken.units.iter().for_each(|_| self.metrics.writes_waiting.decrement());
                    if self.lock().is_worth_a_committer() {
                        self.arrived.notify_last();
                    }
                    return Some(taken);
                }
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

    /// All of a batch is answered.
    pub fn end(&self, roots: &[Uuid]) {
        let mut state = self.lock();
        state.committers_at_work -= 1;
        state.is_exclusive = false;
        state.held_up = 0;
        for root in roots {
            state.roots_at_work.remove(root);
        }
    }

    /// What waits is written, then the committers end.
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
    /// Waiting, as far as is known, for nobody but a committer.
    fn ready(&self) -> usize {
        self.waiting.len() - self.held_up
    }

    fn is_worth_a_committer(&self) -> bool {
        self.committers_at_work == 0 || self.ready() >= UNITS_WORTH_A_COMMITTER
    }

    fn next(&mut self) -> Next {
        let Some((_, since)) = self.waiting.get(self.held_up) else {
            return if self.is_closed && self.waiting.is_empty() { Next::End } else { Next::Wait(None) };
        };
        let patient_until = *since + PATIENCE;
        if !self.is_worth_a_committer() && patient_until > Instant::now() {
            return Next::Wait(Some(patient_until));
        }
        let units = self.batch();
        if units.is_empty() {
            // Whoever is at work looks again when that is done.
            return Next::Wait(None);
        }
        let roots: Vec<Uuid> = units.iter().flat_map(Unit::roots).collect();
        self.roots_at_work.extend(roots.iter().copied());
        self.committers_at_work += 1;
        Next::Batch(Taken { units, roots })
    }

    /// A unit with statements is one of its own: the whole transaction stands and falls with it.
    fn batch(&mut self) -> Vec<Unit> {
        let (mut units, mut bytes) = (Vec::new(), 0);
        let mut passed_over: Vec<(Unit, Instant)> = Vec::new();
        let mut passed_roots: HashSet<Uuid> = HashSet::new();
        while units.len() < BATCH_UNITS_MAX && bytes < BATCH_BYTES_MAX && passed_over.len() < PASSED_OVER_MAX {
            let is_next_exclusive = match self.waiting.front() {
                _ if self.is_exclusive => break,
                Some((unit, _)) => unit.is_exclusive(),
                None => break,
            };
            if is_next_exclusive && (self.committers_at_work > 0 || !units.is_empty()) {
                break;
            }
            let Some((unit, since)) = self.waiting.pop_front() else { break };
            let is_free = unit.roots().all(|root| !self.roots_at_work.contains(&root) && !passed_roots.contains(&root));
            let is_alone = !unit.statements.is_empty() || is_next_exclusive;
            if is_free && (units.is_empty() || !is_alone) {
                bytes += weight(&unit);
                units.push(unit);
                if is_alone {
                    self.is_exclusive = is_next_exclusive;
                    break;
                }
            } else {
                passed_roots.extend(unit.roots());
                passed_over.push((unit, since));
            }
        }
        self.held_up = if units.is_empty() { passed_over.len() } else { 0 };
        passed_over.into_iter().rev().for_each(|unit| self.waiting.push_front(unit));
        units
    }
}

impl BrokenRoots {
    /// The roots of a unit that has failed. New ones have nothing that could be met by chance.
    pub fn note(&self, change_sets: &[ChangeSet]) {
        let old = change_sets.iter().filter(|change_set| change_set.revision != RevisionCheck::New);
        let now = Instant::now();
        let mut since = self.lock();
        since.extend(old.map(|change_set| (change_set.root_process_instance_id.0, now)));
        if since.len() > BROKEN_SWEPT_AT {
            since.retain(|_, since| now.duration_since(*since) < BROKEN_FOR);
        }
        self.count.store(since.len(), Ordering::Release);
    }

    pub fn contain_any(&self, change_sets: &[ChangeSet]) -> bool {
        if self.count.load(Ordering::Acquire) == 0 {
            return false;
        }
        let since = self.lock();
        let is_broken = |change_set: &ChangeSet| {
            change_set.revision != RevisionCheck::New && since.contains_key(&change_set.root_process_instance_id.0)
        };
        change_sets.iter().any(is_broken)
    }

    /// It is loaded anew: what comes from now on is decided on that.
    pub fn mend(&self, root: ProcessInstanceId) {
        if self.count.load(Ordering::Acquire) > 0 {
            let mut since = self.lock();
            since.remove(&root.0);
            self.count.store(since.len(), Ordering::Release);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The values that can be large.
fn weight(unit: &Unit) -> usize {
    let variables = unit.change_sets.iter().flat_map(|change_set| &change_set.variables);
    let values = variables.map(|change| match change {
        TableChange::Insert(variable) | TableChange::Update(variable) => bytes(&variable.value),
        TableChange::Delete(_) => 0,
    });
    // Each value is written to history, too.
    values.sum::<usize>() * 2
}

fn bytes(value: &VariableValue) -> usize {
    match value {
        VariableValue::String(text) | VariableValue::Json(text) | VariableValue::Xml(text) => text.len(),
        VariableValue::Bytes(bytes) => bytes.len(),
        VariableValue::File(file) => file.contents.len(),
        VariableValue::Object(object) => object.serialized.as_ref().map_or(0, String::len),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue::new(&Arc::new(StoreMetrics::default()))
    }

    /// A unit for these instances, with or without a statement.
    fn unit(roots: &[u128], note: bool, reach: Reach) -> Unit {
        let change_set = |root: &u128| ChangeSet::new(ProcessInstanceId(Uuid(*root)), RevisionCheck::Untouched);
        let statement = || ExpectedStatement { statement: query::Statement::default(), rows_affected: None };
        Unit {
            change_sets: roots.iter().map(change_set).collect(),
            statements: note.then(statement).into_iter().collect(),
            reach,
            done: WorkDone::Applied,
            reply: oneshot::channel().0,
        }
    }

    fn push(queue: &Queue, roots: &[u128]) {
        queue.push(unit(roots, false, Reach::OwnRows)).expect("there is room");
    }

    /// What a further committer gets, if patience is at its end.
    fn taken(queue: &Queue) -> Vec<Vec<u128>> {
        let mut state = queue.lock();
        state.waiting.iter_mut().for_each(|(_, since)| *since -= PATIENCE);
        match state.next() {
            Next::Batch(taken) => taken.units.iter().map(|unit| unit.roots().map(|root| root.0).collect()).collect(),
            Next::Wait(_) | Next::End => Vec::new(),
        }
    }

    #[test]
    fn units_of_an_instance_keep_their_order() {
        let queue = queue();
        push(&queue, &[1]);
        assert_eq!(taken(&queue), [[1]]);
        for roots in [&[2][..], &[1], &[3], &[1, 2], &[2], &[4]] {
            push(&queue, roots);
        }
        assert_eq!(taken(&queue), [[2], [3], [4]], "one waits, and all that shares an instance with it");
        assert!(taken(&queue).is_empty());
        queue.end(&[Uuid(1)]);
        assert_eq!(taken(&queue), [[1]]);
        queue.end(&[Uuid(2), Uuid(3), Uuid(4)]);
        queue.end(&[Uuid(1)]);
        assert_eq!(taken(&queue), [vec![1, 2], vec![2]]);
    }

    #[test]
    fn what_may_touch_anything_is_alone() {
        let queue = queue();
        push(&queue, &[1]);
        queue.push(unit(&[2], true, Reach::Anything)).expect("there is room");
        push(&queue, &[3]);
        assert_eq!(taken(&queue), [[1]]);
        assert!(taken(&queue).is_empty(), "what is at work comes before it, what was submitted later behind it");
        queue.end(&[Uuid(1)]);
        assert_eq!(taken(&queue), [[2]]);
        assert!(taken(&queue).is_empty());
        queue.end(&[Uuid(2)]);
        assert_eq!(taken(&queue), [[3]]);
    }

    #[test]
    fn a_unit_with_a_note_has_a_transaction_of_its_own_and_holds_up_nobody_else() {
        let queue = queue();
        push(&queue, &[1]);
        queue.push(unit(&[2], true, Reach::OwnRows)).expect("there is room");
        push(&queue, &[2]);
        push(&queue, &[3]);
        assert_eq!(taken(&queue), [[1], [3]]);
        assert_eq!(taken(&queue), [[2]]);
        assert!(taken(&queue).is_empty());
        queue.end(&[Uuid(2)]);
        assert_eq!(taken(&queue), [[2]]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_instance_that_is_held_up_holds_up_no_other_for_long() {
        let queue = queue();
        push(&queue, &[1]);
        assert_eq!(queue.take().await.expect("it is open").roots, [Uuid(1)]);
        push(&queue, &[1]);
        let further = async {
            let taken = queue.take().await.expect("it is open");
            (taken.roots, Instant::now())
        };
        let later = async {
            tokio::time::sleep(PATIENCE * 2).await;
            push(&queue, &[2]);
            Instant::now()
        };
        let ((roots, at), pushed_at) = tokio::join!(further, later);
        assert_eq!((roots, at - pushed_at), (vec![Uuid(2)], PATIENCE));
    }

    #[test]
    fn a_further_committer_waits_for_many_units_or_some_time() {
        let queue = queue();
        push(&queue, &[0]);
        assert!(matches!(queue.lock().next(), Next::Batch(_)));
        push(&queue, &[1]);
        assert!(matches!(queue.lock().next(), Next::Wait(Some(_))));
        (2..=UNITS_WORTH_A_COMMITTER as u128).for_each(|root| push(&queue, &[root]));
        assert!(matches!(queue.lock().next(), Next::Batch(taken) if taken.units.len() == UNITS_WORTH_A_COMMITTER));
    }
}
