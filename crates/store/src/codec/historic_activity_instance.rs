use engine::history::HistoricActivityInstance;
use query::{Table, tables};

use super::{RowEncode, RowSink};

impl RowEncode for HistoricActivityInstance {
    const TABLE: &'static Table = &tables::HISTORIC_ACTIVITY_INSTANCE;
    const FIXED: &'static [&'static str] = &[];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.uuid);
        // The process itself has no row here.
        row.text(self.id.activity_id.as_deref().unwrap_or_default());
        row.uuid(self.parent.uuid);
        row.optional_text(self.parent.activity_id.as_deref());
        row.uuid(self.process_instance_id.0);
        row.uuid(self.execution_id.0);
        row.optional_text(self.activity_name.as_deref());
        row.text(self.activity_type);
        row.optional_text(self.tenant_id.as_deref());
        row.optional_uuid(self.task_id.map(|id| id.0));
        row.optional_text(self.assignee.as_deref());
        row.time(self.start_time);
        row.optional_time(self.end.map(|end| end.end_time));
        row.counter(self.sequence);
        row.boolean(self.end.is_some_and(|end| end.is_canceled));
        row.boolean(self.end.is_some_and(|end| end.is_complete_scope));
        row.optional_uuid(self.called_process_instance_id.map(|id| id.0));
    }
}
