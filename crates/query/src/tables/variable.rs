use crate::table::{ColumnKind, IN_INSTANCE, Table, optional, partial_index, required};

/// A named value in a scope. The value lies in the columns that its type uses.
///
/// `is_inner` is 1 for one that was not made in the scope of the process: its id is in the upper half of the range of its
/// instance, so that a look at the variables of the process does not meet it.
pub const VARIABLE: Table = Table {
    name: "variable",
    columns: &[
        required("id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Id),
        optional("execution_id", ColumnKind::Id),
        optional("task_id", ColumnKind::Id),
        optional("activity_id", ColumnKind::Text),
        optional("activity_instance_id", ColumnKind::Id),
        optional("tenant_id", ColumnKind::Text),
        required("name", ColumnKind::Text),
        required("create_time", ColumnKind::Time),
        required("value_type", ColumnKind::Text),
        optional("text_value", ColumnKind::Text),
        optional("integer_value", ColumnKind::Integer),
        optional("real_value", ColumnKind::Real),
        optional("bytes_value", ColumnKind::Blob),
        optional("value_info", ColumnKind::Text),
        required("revision", ColumnKind::Integer),
        required("is_inner", ColumnKind::Boolean),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[
        partial_index("variable_by_execution", &["execution_id"], "is_inner = 1"),
        partial_index("variable_by_task", &["task_id"], "task_id IS NOT NULL"),
    ],
};
