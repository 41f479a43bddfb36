use engine::record::{DelegationState, Task};
use query::{Table, tables};
use types::{ActivityInstanceId, ExecutionId, ProcessDefinitionId, ProcessInstanceId, TaskId};

use super::{RowDecode, RowEncode, RowSink, RowSource, corrupt};
use crate::StoreError;

/// Without its identity links, which are rows of their own.
impl RowEncode for Task {
    const TABLE: &'static Table = &tables::TASK;
    const FIXED: &'static [&'static str] = &[
        "process_instance_id",
        "root_process_instance_id",
        "tenant_id",
        "activity_id",
        "activity_instance_id",
        "create_time",
    ];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.uuid(self.execution_id.0);
        row.uuid(self.process_instance_id.0);
        row.uuid(self.root_process_instance_id.0);
        row.text(&self.definition_id.0);
        row.text(&self.definition_key);
        row.optional_text(self.business_key.as_deref());
        row.optional_text(self.tenant_id.as_deref());
        row.text(&self.activity_id);
        row.uuid(self.activity_instance_id.uuid);
        row.optional_text(self.name.as_deref());
        row.optional_text(self.description.as_deref());
        row.optional_text(self.assignee.as_deref());
        row.optional_text(self.owner.as_deref());
        row.integer(i64::from(self.priority));
        row.time(self.create_time);
        row.optional_time(self.last_updated);
        row.optional_time(self.due_date);
        row.optional_time(self.follow_up_date);
        row.optional_text(self.form_key.as_deref());
        row.boolean(self.is_suspended);
        row.optional_text(self.delegation_state.map(DelegationState::name));
        row.optional_uuid(self.parent_task_id.map(|id| id.0));
    }
}

impl RowDecode for Task {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        let id = TaskId(row.uuid()?);
        let execution_id = ExecutionId(row.uuid()?);
        let process_instance_id = ProcessInstanceId(row.uuid()?);
        let root_process_instance_id = ProcessInstanceId(row.uuid()?);
        let definition_id = ProcessDefinitionId(row.text()?);
        let definition_key = row.text()?;
        let business_key = row.optional_text()?;
        let tenant_id = row.optional_text()?;
        let activity_id = row.text()?;
        let activity_instance_id = ActivityInstanceId::of_activity(activity_id.clone(), row.uuid()?);
        Ok(Task {
            id,
            execution_id,
            process_instance_id,
            root_process_instance_id,
            definition_id,
            definition_key,
            business_key,
            tenant_id,
            activity_id,
            activity_instance_id,
            name: row.optional_text()?,
            description: row.optional_text()?,
            assignee: row.optional_text()?,
            owner: row.optional_text()?,
            priority: row.narrow()?,
            create_time: row.time()?,
            last_updated: row.optional_time()?,
            due_date: row.optional_time()?,
            follow_up_date: row.optional_time()?,
            form_key: row.optional_text()?,
            is_suspended: row.boolean()?,
            delegation_state: delegation_state(row.optional_text()?.as_deref())?,
            parent_task_id: row.optional_uuid()?.map(TaskId),
            identity_links: Vec::new(),
        })
    }
}

fn delegation_state(name: Option<&str>) -> Result<Option<DelegationState>, StoreError> {
    let known = |name| DelegationState::from_name(name).ok_or_else(|| corrupt("a delegation state is unknown"));
    name.map(known).transpose()
}
