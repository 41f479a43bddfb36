use crate::table::{ColumnKind, Table, index, optional, partial_index, required};

/// A named value in a scope. The value lies in the columns that its type uses.
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
    ],
    primary_key: &["id"],
    indexes: &[
        index("variable_by_process_instance", &["process_instance_id", "name"]),
        index("variable_by_execution", &["execution_id"]),
        partial_index("variable_by_task", &["task_id"], "task_id IS NOT NULL"),
    ],
};
