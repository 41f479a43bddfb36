use engine::history::HistoricIncident;
use query::{Table, tables};
use types::ProcessDefinitionId;

use super::{RowEncode, RowSink};

/// `state` of an incident that nobody has resolved yet.
pub const OPEN: i64 = 0;
/// `state` of an incident whose cause is gone.
pub const RESOLVED: i64 = 1;
/// `state` of an incident that went with its instance.
pub const DELETED: i64 = 2;

impl RowEncode for HistoricIncident {
    const TABLE: &'static Table = &tables::HISTORIC_INCIDENT;
    const FIXED: &'static [&'static str] = &[];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.text(self.incident_type.name());
        row.optional_text(self.message.as_deref());
        row.optional_text(self.configuration.as_deref());
        row.optional_uuid(self.history_configuration);
        row.time(self.create_time);
        row.null();
        row.integer(OPEN);
        row.optional_uuid(self.execution_id.map(|id| id.0));
        row.optional_uuid(self.process_instance_id.map(|id| id.0));
        row.optional_uuid(self.root_process_instance_id.map(|id| id.0));
        row.optional_text(self.definition_id.as_ref().map(ProcessDefinitionId::as_str));
        row.optional_text(self.definition_key.as_deref());
        row.optional_text(self.tenant_id.as_deref());
        row.optional_text(self.activity_id.as_deref());
        row.optional_text(self.failed_activity_id.as_deref());
        row.optional_uuid(self.job_definition_id.map(|id| id.0));
        row.uuid(self.cause_incident_id.0);
        row.uuid(self.root_cause_incident_id.0);
        row.null();
    }
}
