use std::sync::Arc;

use types::{ActivityInstanceId, ExecutionId, ExternalTaskId, ProcessDefinitionId, ProcessInstanceId, Timestamp};

use super::Record;

/// Work that waits for a worker, with all that fetchAndLock filters by and answers, so that it needs no join.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalTask {
    pub id: ExternalTaskId,
    pub execution_id: ExecutionId,
    pub process_instance_id: ProcessInstanceId,
    pub root_process_instance_id: ProcessInstanceId,
    pub definition_id: ProcessDefinitionId,
    pub definition_key: Arc<str>,
    pub definition_version_tag: Option<Arc<str>>,
    pub business_key: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    pub activity_id: Arc<str>,
    pub activity_instance_id: ActivityInstanceId,
    pub topic: Arc<str>,
    pub priority: i64,
    pub create_time: Timestamp,
    pub is_suspended: bool,
    /// Kept when the lock runs out, until someone else takes the task.
    pub worker_id: Option<Arc<str>>,
    /// Also set without a worker: the end of a failure's retry timeout.
    pub lock_expiration: Option<Timestamp>,
    /// Counts every change of worker, expiration, retries or priority; a change set that uses the task checks it.
    pub lock_epoch: u64,
    /// `None` until a worker reports a failure.
    pub retries: Option<i32>,
    /// At most `ERROR_MESSAGE_LENGTH_MAX` characters.
    pub error_message: Option<Arc<str>>,
    pub error_details: Option<Arc<str>>,
}

impl ExternalTask {
    /// Camunda: longer messages are cut, not refused.
    pub const ERROR_MESSAGE_LENGTH_MAX: usize = 666;

    /// A command moves `lock_epoch` by one. What goes past the lanes (a claim, the suspension of many) moves it, and
    /// the revision of an aggregate, by this much: a chain of commands that was decided in memory can then never
    /// arrive by chance at the number that such a change has left.
    pub const FOREIGN_EPOCH_STEP: u64 = 1 << 20;

    /// From when on fetchAndLock may hand it out; `None` while it may not at all. Past times mean at once.
    pub fn fetchable_from(&self) -> Option<Timestamp> {
        if self.is_suspended || self.retries.is_some_and(|retries| retries <= 0) {
            return None;
        }
        Some(self.lock_expiration.unwrap_or(self.create_time))
    }
}

impl Record for ExternalTask {
    type Id = ExternalTaskId;

    fn id(&self) -> ExternalTaskId {
        self.id
    }
}
