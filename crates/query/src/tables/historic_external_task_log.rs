use crate::table::{ColumnKind, IN_INSTANCE, Table, optional, required};

/// Each creation, failure, success and deletion of an external task.
pub const HISTORIC_EXTERNAL_TASK_LOG: Table = Table {
    name: "historic_external_task_log",
    columns: &[
        required("id", ColumnKind::Id),
        required("kind", ColumnKind::Integer),
        required("logged_at", ColumnKind::Time),
        required("external_task_id", ColumnKind::Id),
        required("topic", ColumnKind::Text),
        optional("worker_id", ColumnKind::Text),
        required("priority", ColumnKind::Integer),
        optional("retries", ColumnKind::Integer),
        optional("error_message", ColumnKind::Text),
        optional("error_details", ColumnKind::Text),
        required("activity_id", ColumnKind::Text),
        required("activity_instance_id", ColumnKind::Id),
        required("execution_id", ColumnKind::Id),
        required("process_instance_id", ColumnKind::Id),
        optional("tenant_id", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[],
};
