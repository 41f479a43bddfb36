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
        let place = self.place.as_ref();
        row.optional_uuid(place.map(|place| place.process_instance_id.0));
        row.optional_uuid(place.map(|place| place.execution_id.0));
        row.optional_uuid(self.task_id.map(|id| id.0));
        row.optional_text(place.and_then(|place| place.activity_instance_id.activity_id.as_deref()));
        row.optional_uuid(place.map(|place| place.activity_instance_id.uuid));
        row.optional_text(self.tenant_id.as_deref());
        row.text(&self.name);
        row.time(self.create_time);
        row.text(CREATED);
        encode_value(&self.value, row);
        let first = self.first_write.as_ref();
        row.optional_integer(first.map(|write| i64::from(write.is_initial)));
        let writer = first.and_then(|write| write.activity_instance_id.as_ref());
        row.optional_text(writer.and_then(|id| id.activity_id.as_deref()));
        row.optional_uuid(writer.map(|id| id.uuid));
    }
}
