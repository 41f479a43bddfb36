use engine::record::ExternalTask;
use query::{Table, tables};
use types::{ActivityInstanceId, ExecutionId, ExternalTaskId, ProcessDefinitionId, ProcessInstanceId, Timestamp};

use super::{RowDecode, RowEncode, RowSink, RowSource};
use crate::StoreError;

/// `available_at` of a task that can be fetched.
pub const AVAILABLE_NOW: i64 = 0;

/// What the table's column of that name says: 0, the end of a lock or retry timeout, or nothing.
///
/// A timeout that has already run out stays a time: what comes first of a claim and a release makes it 0.
pub fn available_at(task: &ExternalTask) -> Option<i64> {
    task.fetchable_from()?;
    Some(task.lock_expiration.map_or(AVAILABLE_NOW, locked_until))
}

/// Before 1970 nothing was locked: 0 is taken.
pub fn locked_until(time: Timestamp) -> i64 {
    time.0.max(1)
}

impl RowEncode for ExternalTask {
    const TABLE: &'static Table = &tables::EXTERNAL_TASK;
    const FIXED: &'static [&'static str] = &[
        "process_instance_id",
        "root_process_instance_id",
        "tenant_id",
        "activity_id",
        "activity_instance_id",
        "topic",
        "create_time",
    ];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.uuid(self.execution_id.0);
        row.uuid(self.process_instance_id.0);
        row.uuid(self.root_process_instance_id.0);
        row.text(&self.definition_id.0);
        row.text(&self.definition_key);
        row.optional_text(self.definition_version_tag.as_deref());
        row.optional_text(self.business_key.as_deref());
        row.optional_text(self.tenant_id.as_deref());
        row.text(&self.activity_id);
        row.uuid(self.activity_instance_id.uuid);
        row.text(&self.topic);
        row.integer(self.priority);
        row.time(self.create_time);
        row.boolean(self.is_suspended);
        row.optional_text(self.worker_id.as_deref());
        row.optional_time(self.lock_expiration);
        row.counter(self.lock_epoch);
        row.optional_integer(self.retries.map(i64::from));
        row.optional_text(self.error_message.as_deref());
        row.optional_text(self.error_details.as_deref());
        row.optional_integer(available_at(self));
    }
}

impl RowDecode for ExternalTask {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        let id = ExternalTaskId(row.uuid()?);
        let execution_id = ExecutionId(row.uuid()?);
        let process_instance_id = ProcessInstanceId(row.uuid()?);
        let root_process_instance_id = ProcessInstanceId(row.uuid()?);
        let definition_id = ProcessDefinitionId(row.text()?);
        let definition_key = row.text()?;
        let definition_version_tag = row.optional_text()?;
        let business_key = row.optional_text()?;
        let tenant_id = row.optional_text()?;
        let activity_id = row.text()?;
        let activity_instance_id = ActivityInstanceId::of_activity(activity_id.clone(), row.uuid()?);
        let task = ExternalTask {
            id,
            execution_id,
            process_instance_id,
            root_process_instance_id,
            definition_id,
            definition_key,
            definition_version_tag,
            business_key,
            tenant_id,
            activity_id,
            activity_instance_id,
            topic: row.text()?,
            priority: row.integer()?,
            create_time: row.time()?,
            is_suspended: row.boolean()?,
            worker_id: row.optional_text()?,
            lock_expiration: row.optional_time()?,
            lock_epoch: row.narrow()?,
            retries: row.optional_narrow()?,
            error_message: row.optional_text()?,
            error_details: row.optional_text()?,
        };
        row.skip()?;
        Ok(task)
    }
}
