use crate::table::{ColumnKind, Table, index, optional, partial_index, required};

/// The last value of a variable.
pub const HISTORIC_VARIABLE: Table = Table {
    name: "historic_variable",
    columns: &[
        required("id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Id),
        optional("root_process_instance_id", ColumnKind::Id),
        optional("execution_id", ColumnKind::Id),
        optional("task_id", ColumnKind::Id),
        optional("activity_id", ColumnKind::Text),
        optional("activity_instance_id", ColumnKind::Id),
        optional("definition_id", ColumnKind::Text),
        optional("definition_key", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        required("name", ColumnKind::Text),
        required("create_time", ColumnKind::Time),
        required("state", ColumnKind::Text),
        required("value_type", ColumnKind::Text),
        optional("text_value", ColumnKind::Text),
        optional("integer_value", ColumnKind::Integer),
        optional("real_value", ColumnKind::Real),
        optional("bytes_value", ColumnKind::Blob),
        optional("value_info", ColumnKind::Text),
    ],
    primary_key: &["id"],
    indexes: &[
        index("historic_variable_by_process_instance", &["process_instance_id"]),
        partial_index("historic_variable_by_task", &["task_id"], "task_id IS NOT NULL"),
    ],
};
