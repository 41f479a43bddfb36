use crate::table::{ColumnKind, Table, optional, required};

/// Work on many instances, done in jobs.
pub const BATCH: Table = Table {
    name: "batch",
    columns: &[
        required("id", ColumnKind::Id),
        required("batch_type", ColumnKind::Text),
        required("total_jobs", ColumnKind::Integer),
        required("jobs_created", ColumnKind::Integer),
        required("batch_jobs_per_seed", ColumnKind::Integer),
        required("invocations_per_batch_job", ColumnKind::Integer),
        required("seed_job_definition_id", ColumnKind::Id),
        required("monitor_job_definition_id", ColumnKind::Id),
        required("batch_job_definition_id", ColumnKind::Id),
        required("is_suspended", ColumnKind::Boolean),
        optional("tenant_id", ColumnKind::Text),
        required("start_time", ColumnKind::Time),
        optional("execution_start_time", ColumnKind::Time),
        required("configuration", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[],
};
