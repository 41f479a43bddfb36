use engine::history::HistoricProcessInstance;
use query::{Table, tables};

use super::{RowEncode, RowSink};

/// `state` of an instance that runs and may go on.
pub const ACTIVE: &str = "ACTIVE";
/// `state` of an instance that is suspended.
pub const SUSPENDED: &str = "SUSPENDED";

impl RowEncode for HistoricProcessInstance {
    const TABLE: &'static Table = &tables::HISTORIC_PROCESS_INSTANCE;
    const FIXED: &'static [&'static str] = &[];

    fn encode(&self, row: &mut impl RowSink) {
        let end = self.end.as_ref();
        let running = if self.is_suspended { SUSPENDED } else { ACTIVE };
        row.uuid(self.id.0);
        row.uuid(self.root_process_instance_id.0);
        row.optional_uuid(self.super_process_instance_id.map(|id| id.0));
        row.optional_uuid(self.restarted_process_instance_id.map(|id| id.0));
        row.text(&self.definition_id.0);
        row.text(&self.definition_key);
        row.optional_text(self.business_key.as_deref());
        row.optional_text(self.tenant_id.as_deref());
        row.time(self.start_time);
        row.optional_time(end.map(|end| end.end_time));
        row.text(&self.start_activity_id);
        row.optional_text(end.and_then(|end| end.end_activity_id.as_deref()));
        row.text(end.map_or(running, |end| end.state.name()));
        row.optional_text(end.and_then(|end| end.delete_reason.as_deref()));
        row.optional_time(end.and_then(|end| end.removal_time).or(self.removal_time));
        row.optional_text(self.case_instance_id.as_deref());
    }
}
