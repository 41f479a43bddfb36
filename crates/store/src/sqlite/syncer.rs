//! The syncer's thread: brings to the disk what the writer has committed, and answers then.
//!
//! While it waits for the disk the writer applies the next batch (ADR 0022). One sync covers all commits that were handed
//! over before it began. If a sync fails nobody knows what of the log is on the disk, nor would another sync tell: the
//! kernel has given up what it could not write. The process ends then, at once and loudly; nobody was told of what may
//! be lost, and the next start reads what is there.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Instant;

use vfs_layer::{OpenLog, Refusal};

use super::durability::Durability;
use super::gathering::LogSync;
use super::queue::{Answer, Message, Unit, WriterQueue};
use crate::StoreError;
use crate::abort_on_panic::AbortOnPanic;
use crate::metrics::StoreMetrics;

/// Commits that wait for the syncer. When there are more the writer waits.
const COMMITS_WAITING_MAX: usize = 4;

/// A commit on its way to the disk.
pub struct Committed {
    /// As `Durability` counts.
    pub number: u64,
    pub log_sync: LogSync,
    /// What is answered then; `None` if the commit has failed and left nothing.
    pub batch: Option<Batch>,
}

pub struct Batch {
    /// When its first statement was.
    pub begun: Instant,
    /// Among them those that were answered already.
    pub unit_count: usize,
    pub answers: Vec<(Unit, Answer)>,
}

pub struct Syncer {
    /// `None` at the end.
    commits: Option<mpsc::SyncSender<Committed>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    pub fn start(
        log: OpenLog,
        durability: Arc<Durability>,
        writer: WriterQueue,
        metrics: Arc<StoreMetrics>,
    ) -> Result<Syncer, StoreError> {
        let (commits, handed_over) = mpsc::sync_channel(COMMITS_WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("sqlite-syncer".to_owned())
            .spawn(move || {
                let _loud = AbortOnPanic;
                run(log, &handed_over, &durability, &writer, &metrics);
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread for the syncer: {error}")))?;
        Ok(Syncer { commits: Some(commits), thread: Some(thread) })
    }

    pub fn hand_over(&self, committed: Committed) {
        let commits = self.commits.as_ref().expect("it is there until the end");
        commits.send(committed).unwrap_or_else(|_| panic!("the syncer has gone"));
    }
}

/// Everything that was handed over is durable and answered then.
impl Drop for Syncer {
    fn drop(&mut self) {
        self.commits = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(
    mut log: OpenLog,
    commits: &mpsc::Receiver<Committed>,
    durability: &Durability,
    writer: &WriterQueue,
    metrics: &StoreMetrics,
) {
    while let Ok(first) = commits.recv() {
        let mut group = vec![first];
        group.extend(commits.try_iter());
        if group.iter().any(|committed| committed.log_sync == LogSync::Owed)
            && let Err(refusal) = log.sync()
        {
            stop(refusal);
        }
        durability.reach(group.last().expect("there is a first").number);
        writer.tell(Message::Synced);
        group.into_iter().for_each(|committed| committed.answer(metrics));
    }
}

fn stop(refusal: Refusal) -> ! {
    // Before anything of the caller's is dropped, which would be an answer to those who wait.
    let _at_once = AbortOnPanic;
    panic!("the write-ahead log cannot be synced: {refusal}; what was not acknowledged may be lost");
}

impl Committed {
    pub fn answer(self, metrics: &StoreMetrics) {
        let Some(Batch { begun, unit_count, answers }) = self.batch else { return };
        metrics.commits.observe_duration(begun.elapsed());
        metrics.batch_units.observe(unit_count as u64);
        for (unit, answer) in answers {
            unit.answer(answer);
        }
    }
}
