//! The way to the writer's thread: bounded, in order of submission.

use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use types::Timestamp;

use crate::StoreError;
use crate::claimed::ClaimedTask;
use crate::metrics::StoreMetrics;
use crate::work::{ClaimedJob, Work};

/// More than this many messages wait for nobody: work is refused then.
pub const QUEUE_LENGTH_MAX: usize = 100_000;

pub enum Message {
    Unit(Unit),
    /// A read on the writer's connection, outside of its transactions.
    Read(Box<dyn FnOnce(&Connection) + Send>),
    /// What was committed is durable, as far as `Durability` says.
    Synced,
    /// What comes after it is not done any more.
    Close,
}

/// A unit of work with the one who waits for it.
pub struct Unit {
    pub work: Work,
    pub reply: oneshot::Sender<Answer>,
}

pub type Answer = Result<UnitDone, StoreError>;

impl Unit {
    pub fn answer(self, answer: Answer) {
        // Who has gone does not need to know.
        let _ = self.reply.send(answer);
    }
}

impl AsRef<Work> for Unit {
    fn as_ref(&self) -> &Work {
        &self.work
    }
}

/// `WorkDone` as the writer knows it: tasks without their variables.
pub enum UnitDone {
    Applied,
    /// In the commit of this number, which need not be durable yet.
    Claimed {
        tasks: Vec<ClaimedTask>,
        commit: u64,
    },
    Ran,
    JobsClaimed {
        jobs: Vec<ClaimedJob>,
        next: Option<Timestamp>,
    },
    Released {
        topics: Vec<Arc<str>>,
        next: Option<Timestamp>,
    },
}

/// The sending side.
#[derive(Clone)]
pub struct WriterQueue {
    sender: mpsc::Sender<Message>,
    metrics: Arc<StoreMetrics>,
}

/// The writer's side.
pub struct WriterInbox {
    receiver: mpsc::Receiver<Message>,
    metrics: Arc<StoreMetrics>,
}

pub fn writer_queue(metrics: &Arc<StoreMetrics>) -> (WriterQueue, WriterInbox) {
    let (sender, receiver) = mpsc::channel();
    let (metrics, inbox_metrics) = (metrics.clone(), metrics.clone());
    (WriterQueue { sender, metrics }, WriterInbox { receiver, metrics: inbox_metrics })
}

impl WriterQueue {
    pub fn push(&self, message: Message) -> Result<(), StoreError> {
        if self.metrics.writes_waiting.increment() >= QUEUE_LENGTH_MAX {
            self.metrics.writes_waiting.decrement();
            return Err(StoreError::Unavailable("too much work waits to be written".to_owned()));
        }
        self.sender.send(message).map_err(|_| StoreError::Unavailable("it is closed".to_owned()))
    }

    /// Lets the writer end after what has been submitted so far.
    pub fn close(&self) {
        self.tell(Message::Close);
    }

    /// What is no work and is never refused.
    pub fn tell(&self, message: Message) {
        // A writer that has ended needs no news.
        let _ = self.sender.send(message);
    }
}

impl WriterInbox {
    /// Waits for a message.
    pub fn wait(&self) -> Message {
        self.taken(self.receiver.recv().ok()).unwrap_or(Message::Close)
    }

    /// Waits for a message no longer than this.
    pub fn wait_for(&self, timeout: Duration) -> Option<Message> {
        match self.receiver.recv_timeout(timeout) {
            Ok(message) => self.taken(Some(message)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Message::Close),
        }
    }

    /// What is there already.
    pub fn next(&self) -> Option<Message> {
        self.taken(self.receiver.try_recv().ok())
    }

    fn taken(&self, message: Option<Message>) -> Option<Message> {
        if let Some(Message::Unit(_) | Message::Read(_)) = message {
            self.metrics.writes_waiting.decrement();
        }
        message
    }
}
