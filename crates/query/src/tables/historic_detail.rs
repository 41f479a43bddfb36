use crate::Dialect;
use crate::table::{ColumnKind, IN_INSTANCE, Table, View, optional, required};

/// One write of a variable that is not in the variable's own row, or one field of a form that was sent in.
pub const HISTORIC_DETAIL: Table = Table {
    name: "historic_detail",
    columns: &[
        required("id", ColumnKind::Id),
        required("kind", ColumnKind::Text),
        required("time", ColumnKind::Time),
        optional("process_instance_id", ColumnKind::Id),
        optional("execution_id", ColumnKind::Id),
        optional("activity_id", ColumnKind::Text),
        optional("activity_instance_id", ColumnKind::Id),
        optional("task_id", ColumnKind::Id),
        optional("tenant_id", ColumnKind::Text),
        required("name", ColumnKind::Text),
        optional("variable_instance_id", ColumnKind::Id),
        optional("revision", ColumnKind::Integer),
        required("is_initial", ColumnKind::Boolean),
        required("value_type", ColumnKind::Text),
        optional("text_value", ColumnKind::Text),
        optional("integer_value", ColumnKind::Integer),
        optional("real_value", ColumnKind::Real),
        optional("bytes_value", ColumnKind::Blob),
        optional("value_info", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[],
};

macro_rules! first_values {
    () => {
        "SELECT id, CAST('variableUpdate' AS TEXT), create_time, process_instance_id, execution_id, \
         CAST(CASE WHEN writer_activity_instance_id IS NULL THEN activity_id ELSE writer_activity_id END AS TEXT), \
         CAST(coalesce(writer_activity_instance_id, activity_instance_id) AS {id}), task_id, tenant_id, name, id, \
         CAST(0 AS bigint), first_write, value_type, text_value, integer_value, real_value, bytes_value, value_info \
         FROM historic_variable WHERE first_write IS NOT NULL"
    };
}

/// The details that variables with their first value stand for, cell by cell. They have the ids of the variables.
///
/// The casts make the cells alike, so that SQLite can merge the rows of both tables by id.
pub fn first_values(dialect: Dialect) -> String {
    first_values!().replace("{id}", ColumnKind::Id.sql_type(dialect))
}

/// All details.
pub const EVERY_HISTORIC_DETAIL: Table = Table {
    name: "every_historic_detail",
    columns: HISTORIC_DETAIL.columns,
    primary_key: &[],
    clustered_by: IN_INSTANCE,
    indexes: &[],
};

pub const EVERY_HISTORIC_DETAIL_VIEW: View = View {
    table: &EVERY_HISTORIC_DETAIL,
    query: concat!(
        "SELECT id, kind, time, process_instance_id, execution_id, activity_id, activity_instance_id, task_id, \
         tenant_id, name, variable_instance_id, revision, is_initial, value_type, text_value, integer_value, real_value, \
         bytes_value, value_info FROM historic_detail UNION ALL ",
        first_values!()
    ),
};
