use crate::table::{ColumnKind, Table, optional, partial_index, required};

/// What is kept of a batch.
pub const HISTORIC_BATCH: Table = Table {
    name: "historic_batch",
    columns: &[
        required("id", ColumnKind::Id),
        required("batch_type", ColumnKind::Text),
        required("total_jobs", ColumnKind::Integer),
        required("batch_jobs_per_seed", ColumnKind::Integer),
        required("invocations_per_batch_job", ColumnKind::Integer),
        required("seed_job_definition_id", ColumnKind::Id),
        required("monitor_job_definition_id", ColumnKind::Id),
        required("batch_job_definition_id", ColumnKind::Id),
        optional("tenant_id", ColumnKind::Text),
        required("start_time", ColumnKind::Time),
        optional("execution_start_time", ColumnKind::Time),
        optional("end_time", ColumnKind::Time),
        optional("removal_time", ColumnKind::Time),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[partial_index(
        "historic_batch_removable",
        &["removal_time"],
        "removal_time IS NOT NULL AND end_time IS NOT NULL",
    )],
};
