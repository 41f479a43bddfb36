//! Locks of tasks that worker streams have delivered: extended in time, many at once, and given up when a stream goes.

use std::sync::Arc;

use engine::{Command, RejectionKind, Reply};
use futures_util::future::join_all;
use types::{ExternalTaskId, ProcessInstanceId, Timestamp};

use crate::error::Error;
use crate::lane::{Holder, LaneWork};
use crate::shared::Shared;
use crate::stream::Extension;

/// Locks that are extended at once.
const EXTENSIONS_MAX: usize = 500;
/// Locks that are given up at once.
const UNLOCKS_MAX: usize = 500;
/// When an extension is tried again that the database or the load did not allow.
const RETRY_MS: i64 = 500;

impl Shared {
    /// For as long as it is not dropped.
    pub(crate) async fn keep_stream_locks(self: Arc<Self>) {
        loop {
            self.streams.alarm.ring(&self.settings.clock).await;
            loop {
                let due = self.streams.due_extensions(self.now(), EXTENSIONS_MAX);
                if due.is_empty() {
                    break;
                }
                self.extend_locks(due).await;
            }
        }
    }

    async fn extend_locks(self: &Arc<Self>, due: Vec<Extension>) {
        let commands = due.iter().map(|Extension { id, worker_id, lock_duration_ms, .. }| {
            let (worker_id, new_duration_ms) = (Some(worker_id.clone()), Some(*lock_duration_ms));
            (self.clone(), Command::ExtendExternalTaskLock { id: *id, worker_id, new_duration_ms })
        });
        let begun = self.now();
        match Shared::execute_each(commands.collect()).await {
            Ok(results) => {
                for (extension, result) in due.iter().zip(results) {
                    self.note_extension(extension, begun, result);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "locks of worker streams could not be extended; trying again");
                due.iter().for_each(|extension| self.streams.extend_at(extension, begun.plus_ms(RETRY_MS)));
            }
        }
    }

    fn note_extension(&self, extension: &Extension, begun: Timestamp, result: Result<Reply, Error>) {
        let half = (extension.lock_duration_ms / 2).max(1);
        match result {
            Ok(_) => self.streams.extend_at(extension, begun.plus_ms(half)),
            // It is nobody else's as long as its instance is suspended.
            Err(Error::Rejected(rejection)) if rejection.kind == RejectionKind::Suspended => {
                self.streams.extend_at(extension, begun.plus_ms(half));
            }
            Err(Error::Rejected(_)) => self.streams.lost(extension),
            Err(error) => {
                tracing::debug!(task = %extension.id, %error, "a lock could not be extended; trying again");
                self.streams.extend_at(extension, begun.plus_ms(RETRY_MS.min(half)));
            }
        }
    }

    /// Tasks of a worker that has gone.
    pub(crate) fn unlock_held(self: Arc<Self>, worker_id: Arc<str>, held: Vec<(ExternalTaskId, ProcessInstanceId)>) {
        let admitted = self.admission.admit_consequence();
        let handle = self.handle.clone();
        handle.spawn(async move {
            for some in held.chunks(UNLOCKS_MAX) {
                let unlocked = some.iter().map(async |(id, root)| {
                    let work = LaneWork::Unlock { id: *id, holder: Holder::Worker(worker_id.clone()) };
                    self.run(&self.lanes.pin(*root), &work).await
                });
                for ((id, _), result) in some.iter().zip(join_all(unlocked).await) {
                    if let Err(error) = result {
                        tracing::warn!(task = %id, %error, "a task whose worker has gone stays locked");
                    }
                }
            }
            drop(admitted);
        });
    }
}
