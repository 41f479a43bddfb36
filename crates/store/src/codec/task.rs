use engine::record::{DelegationState, Task, TaskPlace};
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
        let place = self.place.as_ref();
        row.uuid(self.id.0);
        row.optional_uuid(place.map(|place| place.execution_id.0));
        row.optional_uuid(place.map(|place| place.process_instance_id.0));
        row.uuid(self.root_process_instance_id.0);
        row.optional_text(place.map(|place| place.definition_id.as_str()));
        row.optional_text(place.map(|place| &*place.definition_key));
        row.optional_text(place.and_then(|place| place.business_key.as_deref()));
        row.optional_text(self.tenant_id.as_deref());
        row.optional_text(place.map(|place| &*place.activity_id));
        row.optional_uuid(place.map(|place| place.activity_instance_id.uuid));
        row.optional_text(self.name.as_deref());
        row.optional_text(self.description.as_deref());
        row.optional_text(self.assignee.as_deref());
        row.optional_text(self.owner.as_deref());
        row.integer(i64::from(self.priority));
        row.time(self.create_time);
        row.optional_time(self.last_updated);
        row.optional_time(self.due_date);
        row.optional_time(self.follow_up_date);
        row.boolean(self.is_suspended);
        row.optional_text(self.delegation_state.map(DelegationState::name));
        row.optional_uuid(self.parent_task_id.map(|id| id.0));
        row.counter(self.revision);
    }
}

impl RowDecode for Task {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        let id = TaskId(row.uuid()?);
        let execution_id = row.optional_uuid()?.map(ExecutionId);
        let process_instance_id = row.optional_uuid()?.map(ProcessInstanceId);
        let root_process_instance_id = ProcessInstanceId(row.uuid()?);
        let definition_id = row.optional_text()?.map(ProcessDefinitionId);
        let definition_key = row.optional_text()?;
        let business_key = row.optional_text()?;
        let tenant_id = row.optional_text()?;
        let activity_id = row.optional_text()?;
        let activity_instance = row.optional_uuid()?;
        let place =
            match (execution_id, process_instance_id, definition_id, definition_key, activity_id, activity_instance) {
                (
                    Some(execution_id),
                    Some(process_instance_id),
                    Some(definition_id),
                    Some(key),
                    Some(activity),
                    Some(visit),
                ) => Some(TaskPlace {
                    execution_id,
                    process_instance_id,
                    definition_id,
                    definition_key: key,
                    business_key,
                    activity_instance_id: ActivityInstanceId::of_activity(activity.clone(), visit),
                    activity_id: activity,
                }),
                (None, None, None, None, None, None) => None,
                _ => return Err(corrupt("a task is in a process or stands alone")),
            };
        Ok(Task {
            id,
            root_process_instance_id,
            place,
            tenant_id,
            name: row.optional_text()?,
            description: row.optional_text()?,
            assignee: row.optional_text()?,
            owner: row.optional_text()?,
            priority: row.narrow()?,
            create_time: row.time()?,
            last_updated: row.optional_time()?,
            due_date: row.optional_time()?,
            follow_up_date: row.optional_time()?,
            is_suspended: row.boolean()?,
            delegation_state: delegation_state(row.optional_text()?.as_deref())?,
            parent_task_id: row.optional_uuid()?.map(TaskId),
            revision: row.counter()?,
            identity_links: Vec::new(),
        })
    }
}

fn delegation_state(name: Option<&str>) -> Result<Option<DelegationState>, StoreError> {
    let known = |name| DelegationState::from_name(name).ok_or_else(|| corrupt("a delegation state is unknown"));
    name.map(known).transpose()
}
