//! `/history/job-log`

use std::sync::LazyLock;

use super::{Output, OutputValue, Resource, by_id, left_join, removal_time_joins, shown, shown_as, sort};
use crate::condition::{Comparison, Condition, column};
use crate::filter::{Filter, ListForm, compare, equal, flag, one_of, tenants, without_tenant};
use crate::tables::{HISTORIC_BATCH as BATCH, HISTORIC_JOB_LOG as LOG};
use crate::value::SqlValue;

pub static HISTORIC_JOB_LOGS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/job-log",
    source: LOG.source(),
    joins: removal_time_joins(LOG.source())
        .into_iter()
        .chain([left_join(BATCH.source(), &[("id", LOG.col("batch_id"))])])
        .collect(),
    unless: Vec::new(),
    key: by_id(LOG.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("timestamp", LOG.col("logged_at")),
        sort("jobId", LOG.col("job_id")),
        sort("jobDueDate", LOG.col("due_date")),
        sort("jobRetries", LOG.col("retries")),
        sort("jobPriority", LOG.col("priority")),
        sort("jobDefinitionId", LOG.col("job_definition_id")),
        sort("activityId", LOG.col("activity_id")),
        sort("executionId", LOG.col("execution_id")),
        sort("processInstanceId", LOG.col("process_instance_id")),
        sort("processDefinitionId", LOG.col("definition_id")),
        sort("processDefinitionKey", LOG.col("definition_key")),
        sort("deploymentId", LOG.col("deployment_id")),
        // Ids grow with time.
        sort("occurrence", LOG.col("id")),
        sort("hostname", LOG.col("host_name")),
        sort("tenantId", LOG.col("tenant_id")),
    ],
    rules: Vec::new(),
    tie_break: vec![LOG.col("id")],
});

const CREATED: i64 = 0;
const FAILED: i64 = 1;
const SUCCEEDED: i64 = 2;
const DELETED: i64 = 3;

fn outputs() -> Vec<Output> {
    let kind = |name, kind| shown_as(name, OutputValue::Is(LOG.col("kind"), SqlValue::Integer(kind)));
    vec![
        shown("id", LOG.col("id")),
        shown("timestamp", LOG.col("logged_at")),
        shown_as(
            "removalTime",
            OutputValue::RemovalTime(vec![
                column("instance", "removal_time"),
                column("root", "removal_time"),
                BATCH.col("removal_time"),
            ]),
        ),
        shown("jobId", LOG.col("job_id")),
        shown("jobDueDate", LOG.col("due_date")),
        shown("jobRetries", LOG.col("retries")),
        shown("jobPriority", LOG.col("priority")),
        shown("jobExceptionMessage", LOG.col("exception_message")),
        shown("failedActivityId", LOG.col("failed_activity_id")),
        shown("jobDefinitionId", LOG.col("job_definition_id")),
        shown("jobDefinitionType", LOG.col("job_type")),
        shown("jobDefinitionConfiguration", LOG.col("job_configuration")),
        shown("activityId", LOG.col("activity_id")),
        shown("executionId", LOG.col("execution_id")),
        shown("processInstanceId", LOG.col("process_instance_id")),
        shown("processDefinitionId", LOG.col("definition_id")),
        shown("processDefinitionKey", LOG.col("definition_key")),
        shown("deploymentId", LOG.col("deployment_id")),
        shown("rootProcessInstanceId", LOG.col("root_process_instance_id")),
        shown("tenantId", LOG.col("tenant_id")),
        shown("hostname", LOG.col("host_name")),
        shown("batchId", LOG.col("batch_id")),
        kind("creationLog", CREATED),
        kind("failureLog", FAILED),
        kind("successLog", SUCCEEDED),
        kind("deletionLog", DELETED),
    ]
}

fn filters() -> Vec<Filter> {
    let kind = |name, kind: i64| flag(name, Condition::equal(LOG.col("kind"), kind)).slot("kind");
    vec![
        equal("logId", LOG.col("id")),
        equal("jobId", LOG.col("job_id")),
        equal("jobExceptionMessage", LOG.col("exception_message")),
        equal("jobDefinitionId", LOG.col("job_definition_id")),
        equal("jobDefinitionType", LOG.col("job_type")),
        equal("jobDefinitionConfiguration", LOG.col("job_configuration")),
        one_of("activityIdIn", LOG.col("activity_id"), ListForm::SplitStrict),
        one_of("failedActivityIdIn", LOG.col("failed_activity_id"), ListForm::SplitStrict),
        one_of("executionIdIn", LOG.col("execution_id"), ListForm::SplitStrict),
        equal("processInstanceId", LOG.col("process_instance_id")),
        equal("processDefinitionId", LOG.col("definition_id")),
        equal("processDefinitionKey", LOG.col("definition_key")),
        equal("deploymentId", LOG.col("deployment_id")),
        equal("hostname", LOG.col("host_name")),
        compare("jobPriorityHigherThanOrEquals", LOG.col("priority"), Comparison::AtLeast),
        compare("jobPriorityLowerThanOrEquals", LOG.col("priority"), Comparison::AtMost),
        kind("creationLog", CREATED),
        kind("failureLog", FAILED),
        kind("successLog", SUCCEEDED),
        kind("deletionLog", DELETED),
        tenants("tenantIdIn", LOG.col("tenant_id"), ListForm::Optional, None),
        without_tenant(LOG.col("tenant_id")),
    ]
}
