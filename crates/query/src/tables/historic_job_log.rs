use crate::table::{ColumnKind, IN_INSTANCE, Table, index, optional, partial_index, required};

/// Each creation, failure, success and deletion of a job.
pub const HISTORIC_JOB_LOG: Table = Table {
    name: "historic_job_log",
    columns: &[
        required("id", ColumnKind::Id),
        required("kind", ColumnKind::Integer),
        required("logged_at", ColumnKind::Time),
        required("job_id", ColumnKind::Id),
        optional("due_date", ColumnKind::Time),
        required("retries", ColumnKind::Integer),
        required("priority", ColumnKind::Integer),
        optional("exception_message", ColumnKind::Text),
        optional("exception_details", ColumnKind::Text),
        optional("job_definition_id", ColumnKind::Id),
        required("job_type", ColumnKind::Text),
        optional("job_configuration", ColumnKind::Text),
        optional("activity_id", ColumnKind::Text),
        optional("failed_activity_id", ColumnKind::Text),
        optional("execution_id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Id),
        optional("root_process_instance_id", ColumnKind::Id),
        optional("definition_id", ColumnKind::Text),
        optional("definition_key", ColumnKind::Text),
        optional("deployment_id", ColumnKind::Id),
        optional("tenant_id", ColumnKind::Text),
        required("host_name", ColumnKind::Text),
        optional("batch_id", ColumnKind::Id),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[
        index("historic_job_log_by_job", &["job_id"]),
        partial_index("historic_job_log_by_batch", &["batch_id"], "batch_id IS NOT NULL"),
        partial_index("historic_job_log_by_definition", &["definition_id"], "process_instance_id IS NULL"),
        partial_index("historic_job_log_by_deployment", &["deployment_id"], "process_instance_id IS NULL"),
    ],
};
