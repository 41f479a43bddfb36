use crate::table::{ColumnKind, IN_INSTANCE, Table, optional, partial_index, required};

/// The last value of a variable.
///
/// `first_write` is there while that is the first one, where writes are kept: the row stands for the detail of that write, too,
/// and says whether it was among those that the instance was started with. The writer's activity instance is there where
/// it is not the variable's own.
pub const HISTORIC_VARIABLE: Table = Table {
    name: "historic_variable",
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
        required("state", ColumnKind::Text),
        required("value_type", ColumnKind::Text),
        optional("text_value", ColumnKind::Text),
        optional("integer_value", ColumnKind::Integer),
        optional("real_value", ColumnKind::Real),
        optional("bytes_value", ColumnKind::Blob),
        optional("value_info", ColumnKind::Text),
        optional("first_write", ColumnKind::Boolean),
        optional("writer_activity_id", ColumnKind::Text),
        optional("writer_activity_instance_id", ColumnKind::Id),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[partial_index("historic_variable_by_task", &["task_id"], "task_id IS NOT NULL")],
};
