use engine::record::ProcessInstance;
use query::{Table, tables};
use types::{ExecutionId, ProcessDefinitionId, ProcessInstanceId};

use super::{RowDecode, RowEncode, RowSink, RowSource};
use crate::StoreError;

impl RowEncode for ProcessInstance {
    const TABLE: &'static Table = &tables::PROCESS_INSTANCE;
    // The revision has statements of its own.
    const FIXED: &'static [&'static str] = &[
        "root_process_instance_id",
        "super_execution_id",
        "definition_id",
        "definition_key",
        "tenant_id",
        "start_time",
        "revision",
        "case_instance_id",
    ];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.uuid(self.root_process_instance_id.0);
        row.optional_uuid(self.super_execution_id.map(|id| id.0));
        row.text(&self.definition_id.0);
        row.text(&self.definition_key);
        row.optional_text(self.business_key.as_deref());
        row.optional_text(self.tenant_id.as_deref());
        row.boolean(self.is_suspended);
        row.time(self.start_time);
        row.counter(self.revision);
        row.counter(u64::from(self.next_number));
        row.optional_text(self.case_instance_id.as_deref());
    }
}

impl RowDecode for ProcessInstance {
    fn decode(row: &mut impl RowSource) -> Result<Self, StoreError> {
        Ok(ProcessInstance {
            id: ProcessInstanceId(row.uuid()?),
            root_process_instance_id: ProcessInstanceId(row.uuid()?),
            super_execution_id: row.optional_uuid()?.map(ExecutionId),
            definition_id: ProcessDefinitionId(row.text()?),
            definition_key: row.text()?,
            business_key: row.optional_text()?,
            tenant_id: row.optional_text()?,
            is_suspended: row.boolean()?,
            start_time: row.time()?,
            revision: row.narrow()?,
            next_number: row.narrow()?,
            case_instance_id: row.optional_text()?,
        })
    }
}
