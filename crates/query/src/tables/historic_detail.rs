use crate::table::{ColumnKind, Table, index, optional, required};

/// One write of a variable, or one field of a form that was sent in.
pub const HISTORIC_DETAIL: Table = Table {
    name: "historic_detail",
    columns: &[
        required("id", ColumnKind::Id),
        required("kind", ColumnKind::Text),
        required("time", ColumnKind::Time),
        optional("process_instance_id", ColumnKind::Id),
        optional("root_process_instance_id", ColumnKind::Id),
        optional("execution_id", ColumnKind::Id),
        optional("activity_id", ColumnKind::Text),
        optional("activity_instance_id", ColumnKind::Id),
        optional("task_id", ColumnKind::Id),
        optional("definition_id", ColumnKind::Text),
        optional("definition_key", ColumnKind::Text),
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
    indexes: &[index("historic_detail_by_process_instance", &["process_instance_id"])],
};
