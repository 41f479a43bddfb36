use engine::history::{JobLogEntry, JobLogKind};
use query::{Table, tables};
use types::ProcessDefinitionId;

use super::{RowEncode, RowSink};

/// What the column `kind` says.
pub fn kind_number(kind: JobLogKind) -> i64 {
    match kind {
        JobLogKind::Created => 0,
        JobLogKind::Failed => 1,
        JobLogKind::Succeeded => 2,
        JobLogKind::Deleted => 3,
    }
}

impl RowEncode for JobLogEntry {
    const TABLE: &'static Table = &tables::HISTORIC_JOB_LOG;
    const FIXED: &'static [&'static str] = &[];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.integer(kind_number(self.kind));
        row.time(self.timestamp);
        row.uuid(self.job_id.0);
        row.optional_time(self.due_date);
        row.integer(i64::from(self.retries));
        row.integer(self.priority);
        row.optional_text(self.exception_message.as_deref());
        row.optional_text(self.exception_details.as_deref());
        row.optional_uuid(self.job_definition_id.map(|id| id.0));
        row.text(&self.job_type);
        row.optional_text(self.job_configuration.as_deref());
        row.optional_text(self.activity_id.as_deref());
        row.optional_text(self.failed_activity_id.as_deref());
        row.optional_uuid(self.execution_id.map(|id| id.0));
        row.optional_uuid(self.process_instance_id.map(|id| id.0));
        row.optional_uuid(self.root_process_instance_id.map(|id| id.0));
        row.optional_text(self.definition_id.as_ref().map(ProcessDefinitionId::as_str));
        row.optional_text(self.definition_key.as_deref());
        row.optional_uuid(self.deployment_id.map(|id| id.0));
        row.optional_text(self.tenant_id.as_deref());
        row.text(&self.host_name);
        row.optional_uuid(self.batch_id.map(|id| id.0));
    }
}
