//! `/history/batch`

use std::sync::LazyLock;

use super::{Resource, by_id, constant, shown, sort};
use crate::condition::Condition;
use crate::filter::{FilterKind, ListForm, equal, filter, tenants, without_tenant};
use crate::tables::HISTORIC_BATCH as BATCH;

pub static HISTORIC_BATCHES: LazyLock<Resource> = LazyLock::new(|| {
    let completed = FilterKind::Flag {
        when_true: Condition::is_not_null(BATCH.col("end_time")),
        when_false: Condition::is_null(BATCH.col("end_time")),
    };
    Resource {
        name: "history/batch",
        source: BATCH.source(),
        joins: Vec::new(),
        unless: Vec::new(),
        key: by_id(BATCH.col("id")),
        outputs: vec![
            shown("id", BATCH.col("id")),
            shown("type", BATCH.col("batch_type")),
            shown("totalJobs", BATCH.col("total_jobs")),
            shown("batchJobsPerSeed", BATCH.col("batch_jobs_per_seed")),
            shown("invocationsPerBatchJob", BATCH.col("invocations_per_batch_job")),
            shown("seedJobDefinitionId", BATCH.col("seed_job_definition_id")),
            shown("monitorJobDefinitionId", BATCH.col("monitor_job_definition_id")),
            shown("batchJobDefinitionId", BATCH.col("batch_job_definition_id")),
            shown("tenantId", BATCH.col("tenant_id")),
            constant("createUserId", serde_json::Value::Null),
            shown("startTime", BATCH.col("start_time")),
            shown("endTime", BATCH.col("end_time")),
            shown("removalTime", BATCH.col("removal_time")),
            shown("executionStartTime", BATCH.col("execution_start_time")),
        ],
        filters: vec![
            equal("batchId", BATCH.col("id")),
            equal("type", BATCH.col("batch_type")),
            filter("completed", completed),
            without_tenant(BATCH.col("tenant_id")),
            tenants("tenantIdIn", BATCH.col("tenant_id"), ListForm::Optional, None),
        ],
        sorts: vec![
            sort("batchId", BATCH.col("id")),
            sort("startTime", BATCH.col("start_time")),
            sort("endTime", BATCH.col("end_time")),
            sort("tenantId", BATCH.col("tenant_id")),
        ],
        rules: Vec::new(),
        tie_break: vec![BATCH.col("id")],
    }
});
