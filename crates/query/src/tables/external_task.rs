use crate::table::{ColumnKind, IN_INSTANCE, Table, optional, partial_index, required};

/// Work for workers, denormalised so that fetchAndLock needs no join.
///
/// `available_at` is 0 while the task can be fetched, the end of its lock or retry timeout in milliseconds while that
/// lasts, and NULL while it cannot be fetched at all (suspended, or no retries left).
pub const EXTERNAL_TASK: Table = Table {
    name: "external_task",
    columns: &[
        required("id", ColumnKind::Id),
        required("execution_id", ColumnKind::Id),
        required("process_instance_id", ColumnKind::Id),
        required("root_process_instance_id", ColumnKind::Id),
        required("definition_id", ColumnKind::Text),
        required("definition_key", ColumnKind::Text),
        optional("definition_version_tag", ColumnKind::Text),
        optional("business_key", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        required("activity_id", ColumnKind::Text),
        required("activity_instance_id", ColumnKind::Id),
        required("topic", ColumnKind::Text),
        required("priority", ColumnKind::Integer),
        required("create_time", ColumnKind::Time),
        required("is_suspended", ColumnKind::Boolean),
        optional("worker_id", ColumnKind::Text),
        optional("lock_expiration", ColumnKind::Time),
        required("lock_epoch", ColumnKind::Integer),
        optional("retries", ColumnKind::Integer),
        optional("error_message", ColumnKind::Text),
        optional("error_details", ColumnKind::Text),
        optional("available_at", ColumnKind::Time),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[
        partial_index(
            "external_task_fetch_in_order",
            &["topic", "create_time", "id"],
            "available_at = 0 AND priority <> 0",
        ),
        partial_index(
            "external_task_fetch_by_priority",
            &["topic", "priority DESC", "create_time", "id"],
            "available_at = 0",
        ),
        partial_index("external_task_next_available", &["available_at"], "available_at > 0"),
    ],
};
