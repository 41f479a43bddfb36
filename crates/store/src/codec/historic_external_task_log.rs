use engine::history::{ExternalTaskLogEntry, ExternalTaskLogKind};
use query::{Table, tables};

use super::{RowEncode, RowSink};

/// What the column `kind` says.
pub fn kind_number(kind: ExternalTaskLogKind) -> i64 {
    match kind {
        ExternalTaskLogKind::Created => 0,
        ExternalTaskLogKind::Failed => 1,
        ExternalTaskLogKind::Succeeded => 2,
        ExternalTaskLogKind::Deleted => 3,
    }
}

impl RowEncode for ExternalTaskLogEntry {
    const TABLE: &'static Table = &tables::HISTORIC_EXTERNAL_TASK_LOG;
    const FIXED: &'static [&'static str] = &[];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.integer(kind_number(self.kind));
        row.time(self.timestamp);
        row.uuid(self.external_task_id.0);
        row.text(&self.topic);
        row.optional_text(self.worker_id.as_deref());
        row.integer(self.priority);
        row.optional_integer(self.retries.map(i64::from));
        row.optional_text(self.error_message.as_deref());
        row.optional_text(self.error_details.as_deref());
        row.text(&self.activity_id);
        row.uuid(self.activity_instance_id.uuid);
        row.uuid(self.execution_id.0);
        row.uuid(self.process_instance_id.0);
        row.optional_text(self.tenant_id.as_deref());
    }
}
