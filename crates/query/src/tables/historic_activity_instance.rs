use crate::table::{ColumnKind, IN_INSTANCE, Table, optional, required};

/// One visit of an activity.
pub const HISTORIC_ACTIVITY_INSTANCE: Table = Table {
    name: "historic_activity_instance",
    columns: &[
        required("id", ColumnKind::Id),
        required("activity_id", ColumnKind::Text),
        required("parent_id", ColumnKind::Id),
        optional("parent_activity_id", ColumnKind::Text),
        required("process_instance_id", ColumnKind::Id),
        required("execution_id", ColumnKind::Id),
        optional("activity_name", ColumnKind::Text),
        required("activity_type", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        optional("task_id", ColumnKind::Id),
        optional("assignee", ColumnKind::Text),
        required("start_time", ColumnKind::Time),
        optional("end_time", ColumnKind::Time),
        required("sequence", ColumnKind::Integer),
        required("is_canceled", ColumnKind::Boolean),
        required("is_complete_scope", ColumnKind::Boolean),
        optional("called_process_instance_id", ColumnKind::Id),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[],
};
