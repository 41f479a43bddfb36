use engine::record::{VariableInstance, VariablePlace};
use query::{Table, tables};
use types::{ExecutionId, ProcessInstanceId, TaskId, VariableInstanceId};

use super::value::{decode_value, encode_value};
use super::{RowDecode, RowEncode, RowSink, RowSource, corrupt};
use crate::StoreError;

impl RowEncode for VariableInstance {
    const TABLE: &'static Table = &tables::VARIABLE;
    const FIXED: &'static [&'static str] = &["process_instance_id", "tenant_id", "name", "create_time", "is_inner"];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        let place = self.place.as_ref();
        row.optional_uuid(place.map(|place| place.process_instance_id.0));
        row.optional_uuid(place.map(|place| place.execution_id.0));
        row.optional_uuid(self.task_id.map(|id| id.0));
        row.optional_text(self.activity_instance_id.as_ref().and_then(|id| id.activity_id.as_deref()));
        row.optional_uuid(self.activity_instance_id.as_ref().map(|id| id.uuid));
        row.optional_text(self.tenant_id.as_deref());
        row.text(&self.name);
        row.time(self.create_time);
        encode_value(&self.value, row);
        row.counter(u64::from(self.revision));
        row.boolean(self.id.0.is_in_upper_half());
    }
}

impl RowDecode for VariableInstance {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        let id = VariableInstanceId(row.uuid()?);
        let process_instance_id = row.optional_uuid()?.map(ProcessInstanceId);
        let execution_id = row.optional_uuid()?.map(ExecutionId);
        let task_id = row.optional_uuid()?.map(TaskId);
        let activity_instance_id = row.optional_activity_instance()?;
        let place = match (process_instance_id, execution_id, task_id) {
            (Some(process_instance_id), Some(execution_id), _) => {
                Some(VariablePlace { process_instance_id, execution_id })
            }
            (None, None, Some(_)) => None,
            _ => return Err(corrupt("a variable is in a process or that of a task that stands alone")),
        };
        let variable = VariableInstance {
            id,
            place,
            task_id,
            activity_instance_id,
            tenant_id: row.optional_text()?,
            name: row.text()?,
            create_time: row.time()?,
            value: decode_value(row)?,
            revision: row.narrow()?,
        };
        row.skip()?;
        Ok(variable)
    }
}
