//! The ways to the committers: bounded, and in order of submission for everything that shares an instance.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::{ChangeSet, RevisionCheck, TableChange};
use tokio::sync::{mpsc, oneshot, watch};
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
    pub done: WorkDone,
    pub reply: Reply,
}

#[derive(Debug)]
pub enum Message {
    Unit(Box<Unit>),
    /// A unit that spans committers.
    Meeting(Arc<Meeting>),
}

/// The last committer to arrive applies the unit; the others wait for that.
#[derive(Debug)]
pub struct Meeting {
    missing: AtomicUsize,
    unit: Mutex<Option<Box<Unit>>>,
    over: watch::Sender<bool>,
}

/// The sending side of all committers.
#[derive(Debug)]
pub struct Queues {
    senders: Vec<mpsc::UnboundedSender<Message>>,
    metrics: Arc<StoreMetrics>,
    /// Held while a meeting is put in several queues, so that any two meetings stand in the same order everywhere.
    convening: Mutex<()>,
}

/// A committer's side.
#[derive(Debug)]
pub struct Inbox {
    receiver: mpsc::UnboundedReceiver<Message>,
    metrics: Arc<StoreMetrics>,
    /// What was taken from the queue and did not fit.
    next: Option<Message>,
}

/// What a committer does next.
#[derive(Debug)]
pub enum Batch {
    Units(Vec<Unit>),
    Meeting(Arc<Meeting>),
}

/// Roots of which a unit has failed: they take no unit until they are loaded again (ADR 0015).
#[derive(Debug, Default)]
pub struct BrokenRoots {
    count: AtomicUsize,
    since: Mutex<HashMap<Uuid, Instant>>,
}

impl Queues {
    pub fn new(committers: usize, metrics: &Arc<StoreMetrics>) -> (Queues, Vec<Inbox>) {
        let (senders, inboxes) = (0..committers)
            .map(|_| {
                let (sender, receiver) = mpsc::unbounded_channel();
                (sender, Inbox { receiver, metrics: metrics.clone(), next: None })
            })
            .unzip();
        (Queues { senders, metrics: metrics.clone(), convening: Mutex::new(()) }, inboxes)
    }

    pub fn push(&self, unit: Unit) -> Result<(), StoreError> {
        if self.metrics.writes_waiting.increment() >= QUEUE_LENGTH_MAX {
            self.metrics.writes_waiting.decrement();
            return Err(StoreError::Unavailable("too much work waits to be written".to_owned()));
        }
        let unit = Box::new(unit);
        let committers = self.committers_of(&unit);
        // Statements run at meetings only, even where one committer meets itself.
        if let ([committer], true) = (committers.as_slice(), unit.statements.is_empty()) {
            return self.send(*committer, Message::Unit(unit));
        }
        let meeting = Arc::new(Meeting {
            missing: AtomicUsize::new(committers.len()),
            unit: Mutex::new(Some(unit)),
            over: watch::Sender::new(false),
        });
        let _convening = self.convening.lock().unwrap_or_else(PoisonError::into_inner);
        committers.into_iter().try_for_each(|committer| self.send(committer, Message::Meeting(meeting.clone())))
    }

    fn send(&self, committer: usize, message: Message) -> Result<(), StoreError> {
        self.senders[committer].send(message).map_err(|_| StoreError::Unavailable("it is closed".to_owned()))
    }

    /// Statements may touch anything, so that what is queued up anywhere comes before them.
    fn committers_of(&self, unit: &Unit) -> Vec<usize> {
        if !unit.statements.is_empty() || unit.change_sets.is_empty() {
            return (0..self.senders.len()).collect();
        }
        let roots = unit.change_sets.iter().map(|change_set| change_set.root_process_instance_id);
        let committers: BTreeSet<usize> = roots.map(|root| self.committer_of(root)).collect();
        committers.into_iter().collect()
    }

    /// The last bits of an id are random.
    fn committer_of(&self, root: ProcessInstanceId) -> usize {
        let bytes = root.0.to_bytes();
        (usize::from(bytes[15]) ^ usize::from(bytes[13])) % self.senders.len()
    }
}

impl Inbox {
    /// Waits for work; `None` once there will be no more. Units that are there already come together.
    pub async fn wait(&mut self) -> Option<Batch> {
        let first = match self.next.take() {
            Some(message) => message,
            None => self.receiver.recv().await?,
        };
        let first = match first {
            Message::Meeting(meeting) => return Some(Batch::Meeting(meeting)),
            Message::Unit(unit) => unit,
        };
        let mut bytes = weight(&first);
        let mut units = vec![*first];
        while units.len() < BATCH_UNITS_MAX && bytes < BATCH_BYTES_MAX {
            match self.receiver.try_recv() {
                Ok(Message::Unit(unit)) => {
                    bytes += weight(&unit);
                    units.push(*unit);
                }
                Ok(meeting @ Message::Meeting(_)) => {
                    self.next = Some(meeting);
                    break;
                }
                Err(_) => break,
            }
        }
        units.iter().for_each(|_| self.metrics.writes_waiting.decrement());
        Some(Batch::Units(units))
    }

    pub fn meeting_is_over(&self) {
        self.metrics.writes_waiting.decrement();
    }
}

impl Meeting {
    /// The unit for the one who arrives last.
    pub fn arrive(&self) -> Option<Box<Unit>> {
        if self.missing.fetch_sub(1, Ordering::AcqRel) > 1 {
            return None;
        }
        self.unit.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn end(&self) {
        self.over.send_replace(true);
    }

    pub async fn wait(&self) {
        let mut over = self.over.subscribe();
        // The sender lives in this meeting.
        let _ = over.wait_for(|over| *over).await;
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
