use engine::history::HistoricVariableInstance;
use query::{Table, tables};

use super::value::encode_value;
use super::{RowEncode, RowSink};

/// `state` of a variable that is there.
pub const CREATED: &str = "CREATED";
/// `state` of a variable that was removed.
pub const DELETED: &str = "DELETED";

impl RowEncode for HistoricVariableInstance {
    const TABLE: &'static Table = &tables::HISTORIC_VARIABLE;
    const FIXED: &'static [&'static str] = &[];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        row.uuid(self.process_instance_id.0);
        row.uuid(self.root_process_instance_id.0);
        row.uuid(self.execution_id.0);
        row.optional_uuid(self.task_id.map(|id| id.0));
        row.optional_text(self.activity_instance_id.activity_id.as_deref());
        row.uuid(self.activity_instance_id.uuid);
        row.text(&self.definition_id.0);
        row.text(&self.definition_key);
        row.optional_text(self.tenant_id.as_deref());
        row.text(&self.name);
        row.time(self.create_time);
        row.text(CREATED);
        encode_value(&self.value, row);
    }
}
