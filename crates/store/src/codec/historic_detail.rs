use engine::history::{HistoricDetail, HistoricDetailKind};
use query::{Dialect, Table, tables};

use super::value::encode_value;
use super::{RowEncode, RowSink};

/// Writes out the details that variables stand for, before the values of those change, where the condition holds.
pub fn insert_first_values(condition: &str, dialect: Dialect) -> String {
    format!("INSERT INTO historic_detail {} AND {condition}", tables::first_values(dialect))
}

impl RowEncode for HistoricDetail {
    const TABLE: &'static Table = &tables::HISTORIC_DETAIL;
    const FIXED: &'static [&'static str] = &[];

    fn encode(&self, row: &mut impl RowSink) {
        row.uuid(self.id.0);
        let (kind, variable) = match self.kind {
            HistoricDetailKind::VariableUpdate { variable_instance_id, revision, is_initial } => {
                ("variableUpdate", Some((variable_instance_id, revision, is_initial)))
            }
            HistoricDetailKind::FormField => ("formField", None),
        };
        row.text(kind);
        row.time(self.time);
        let place = self.place.as_ref();
        row.optional_uuid(place.map(|place| place.process_instance_id.0));
        row.optional_uuid(place.map(|place| place.execution_id.0));
        row.optional_text(place.and_then(|place| place.activity_instance_id.activity_id.as_deref()));
        row.optional_uuid(place.map(|place| place.activity_instance_id.uuid));
        row.optional_uuid(self.task_id.map(|id| id.0));
        row.optional_text(self.tenant_id.as_deref());
        row.text(&self.name);
        row.optional_uuid(variable.map(|(id, ..)| id.0));
        row.optional_integer(variable.map(|(_, revision, _)| i64::from(revision)));
        row.boolean(variable.is_some_and(|(.., is_initial)| is_initial));
        encode_value(&self.value, row);
    }
}
