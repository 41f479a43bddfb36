use crate::table::{ColumnKind, IN_INSTANCE, Table, index, optional, partial_index, required};

/// Work of the engine itself. `process_instance_id` is empty for jobs of batches and definitions.
///
/// `lock_expiration` is from when on a job may be claimed, whatever its due date: empty while nobody has looked at it,
/// 0 once it was found to be due, the end of its owner's lock, or, without an owner, of a pause (ADR 0016).
pub const JOB: Table = Table {
    name: "job",
    columns: &[
        required("id", ColumnKind::Id),
        optional("job_definition_id", ColumnKind::Id),
        required("handler", ColumnKind::Text),
        optional("handler_configuration", ColumnKind::Text),
        optional("batch_id", ColumnKind::Id),
        optional("execution_id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Id),
        optional("root_process_instance_id", ColumnKind::Id),
        optional("definition_id", ColumnKind::Text),
        optional("definition_key", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        optional("activity_id", ColumnKind::Text),
        optional("due_date", ColumnKind::Time),
        required("create_time", ColumnKind::Time),
        required("retries", ColumnKind::Integer),
        required("priority", ColumnKind::Integer),
        required("is_suspended", ColumnKind::Boolean),
        required("is_exclusive", ColumnKind::Boolean),
        optional("exception_message", ColumnKind::Text),
        optional("exception_details", ColumnKind::Text),
        optional("failed_activity_id", ColumnKind::Text),
        optional("lock_owner", ColumnKind::Text),
        optional("lock_expiration", ColumnKind::Time),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[
        partial_index(
            "job_claimable",
            &["priority DESC", "create_time", "id"],
            "retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) <= 0",
        ),
        partial_index(
            "job_next_claimable",
            &["coalesce(lock_expiration, due_date, 0)"],
            "retries > 0 AND is_suspended = 0 AND coalesce(lock_expiration, due_date, 0) > 0",
        ),
        partial_index("job_locked", &["process_instance_id"], "lock_owner IS NOT NULL"),
        partial_index("job_by_batch", &["batch_id"], "batch_id IS NOT NULL"),
        index("job_by_definition", &["job_definition_id"]),
        partial_index("job_by_process_definition", &["definition_id"], "process_instance_id IS NULL"),
    ],
};
