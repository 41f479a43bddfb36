//! `/batch` and `/batch/statistics`

use std::sync::LazyLock;

use super::{Output, OutputValue, Resource, Sign, Sort, by_id, constant, shown, shown_as, sort};
use crate::condition::{Comparison, Condition, Subquery, Term};
use crate::filter::{
    Filter, FilterKind, ListForm, ValueForm, compare, equal, filter, flag, no_rows, tenants, without_tenant,
};
use crate::tables::{BATCH, JOB};

pub static BATCHES: LazyLock<Resource> = LazyLock::new(|| {
    let mut filters = filters();
    // Camunda: documented for the list too, but read by the statistics only.
    for name in ["createdBy", "startedBefore", "startedAfter", "withFailures", "withoutFailures"] {
        filters.push(filter(name, FilterKind::Ignored));
    }
    resource("batch", outputs(), filters, sorts())
});

pub static BATCH_STATISTICS: LazyLock<Resource> = LazyLock::new(|| {
    let mut outputs = outputs();
    outputs.extend(counts());
    let mut filters = filters();
    filters.extend([
        // Nobody is known to have created a batch.
        no_rows("createdBy", ValueForm::Text),
        compare("startedBefore", BATCH.col("start_time"), Comparison::Less),
        compare("startedAfter", BATCH.col("start_time"), Comparison::Greater),
        flag("withFailures", Condition::Exists(Box::new(failed_jobs()))),
        flag("withoutFailures", Condition::Exists(Box::new(failed_jobs())).not()),
    ]);
    let mut sorts = sorts();
    sorts.push(sort("startTime", BATCH.col("start_time")));
    resource("batch/statistics", outputs, filters, sorts)
});

fn resource(name: &'static str, outputs: Vec<Output>, filters: Vec<Filter>, sorts: Vec<Sort>) -> Resource {
    Resource {
        name,
        source: BATCH.source(),
        joins: Vec::new(),
        unless: Vec::new(),
        key: by_id(BATCH.col("id")),
        outputs,
        filters,
        sorts,
        rules: Vec::new(),
        tie_break: vec![BATCH.col("id")],
    }
}

fn outputs() -> Vec<Output> {
    vec![
        shown("id", BATCH.col("id")),
        shown("type", BATCH.col("batch_type")),
        shown("totalJobs", BATCH.col("total_jobs")),
        shown("jobsCreated", BATCH.col("jobs_created")),
        shown("batchJobsPerSeed", BATCH.col("batch_jobs_per_seed")),
        shown("invocationsPerBatchJob", BATCH.col("invocations_per_batch_job")),
        shown("seedJobDefinitionId", BATCH.col("seed_job_definition_id")),
        shown("monitorJobDefinitionId", BATCH.col("monitor_job_definition_id")),
        shown("batchJobDefinitionId", BATCH.col("batch_job_definition_id")),
        shown("suspended", BATCH.col("is_suspended")),
        shown("tenantId", BATCH.col("tenant_id")),
        constant("createUserId", serde_json::Value::Null),
        shown("startTime", BATCH.col("start_time")),
        shown("executionStartTime", BATCH.col("execution_start_time")),
    ]
}

/// Camunda: a batch job that was deleted counts as completed.
fn counts() -> Vec<Output> {
    let total = || Term::Column(BATCH.col("total_jobs"));
    let created = || Term::Column(BATCH.col("jobs_created"));
    let left = || Term::Count(Box::new(jobs()));
    let failed = Term::Count(Box::new(failed_jobs()));
    let remaining = vec![(Sign::Plus, total()), (Sign::Minus, created()), (Sign::Plus, left())];
    vec![
        shown_as("remainingJobs", OutputValue::Sum(remaining)),
        shown_as("completedJobs", OutputValue::Sum(vec![(Sign::Plus, created()), (Sign::Minus, left())])),
        shown_as("failedJobs", OutputValue::Sum(vec![(Sign::Plus, failed)])),
    ]
}

/// The batch's jobs that do its work, not those that create or watch them.
fn jobs() -> Subquery {
    Subquery {
        from: JOB.source(),
        joins: Vec::new(),
        condition: Condition::equal(JOB.col("job_definition_id"), BATCH.col("batch_job_definition_id")),
    }
}

fn failed_jobs() -> Subquery {
    let mut failed = jobs();
    failed.condition = failed.condition.and(Condition::equal(JOB.col("retries"), 0));
    failed
}

fn filters() -> Vec<Filter> {
    let suspended = FilterKind::Flag {
        when_true: Condition::equal(BATCH.col("is_suspended"), 1),
        when_false: Condition::equal(BATCH.col("is_suspended"), 0),
    };
    vec![
        equal("batchId", BATCH.col("id")),
        equal("type", BATCH.col("batch_type")),
        without_tenant(BATCH.col("tenant_id")),
        tenants("tenantIdIn", BATCH.col("tenant_id"), ListForm::Optional, None),
        filter("suspended", suspended),
    ]
}

fn sorts() -> Vec<Sort> {
    vec![sort("batchId", BATCH.col("id")), sort("tenantId", BATCH.col("tenant_id"))]
}
