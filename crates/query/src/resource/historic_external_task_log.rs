//! `/history/external-task-log`

use std::sync::LazyLock;

use super::{
    Output, OutputValue, Resource, by_id, removal_time, removal_time_joins, shown, shown_as, sort,
    sort_activity_instance,
};
use crate::condition::{Comparison, Condition, column};
use crate::filter::{Filter, FilterKind, ListForm, compare, equal, filter, flag, one_of, tenants, without_tenant};
use crate::tables::HISTORIC_EXTERNAL_TASK_LOG as LOG;
use crate::value::SqlValue;

pub static HISTORIC_EXTERNAL_TASK_LOGS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/external-task-log",
    source: LOG.source(),
    joins: removal_time_joins(LOG.source()),
    unless: Vec::new(),
    key: by_id(LOG.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("timestamp", LOG.col("logged_at")),
        sort("externalTaskId", LOG.col("external_task_id")),
        sort("topicName", LOG.col("topic")),
        sort("workerId", LOG.col("worker_id")),
        sort("retries", LOG.col("retries")),
        sort("priority", LOG.col("priority")),
        sort("activityId", LOG.col("activity_id")),
        sort_activity_instance("activityInstanceId", LOG.col("activity_id"), LOG.col("activity_instance_id")),
        sort("executionId", LOG.col("execution_id")),
        sort("processInstanceId", LOG.col("process_instance_id")),
        sort("processDefinitionId", column("instance", "definition_id")),
        sort("processDefinitionKey", column("instance", "definition_key")),
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
    let activity_instance =
        OutputValue::ActivityInstance { activity: LOG.col("activity_id"), id: LOG.col("activity_instance_id") };
    let kind = |name, kind| shown_as(name, OutputValue::Is(LOG.col("kind"), SqlValue::Integer(kind)));
    vec![
        shown("id", LOG.col("id")),
        shown("timestamp", LOG.col("logged_at")),
        removal_time(),
        shown("externalTaskId", LOG.col("external_task_id")),
        shown("topicName", LOG.col("topic")),
        shown("workerId", LOG.col("worker_id")),
        shown("priority", LOG.col("priority")),
        shown("retries", LOG.col("retries")),
        shown("errorMessage", LOG.col("error_message")),
        shown("activityId", LOG.col("activity_id")),
        shown_as("activityInstanceId", activity_instance),
        shown("executionId", LOG.col("execution_id")),
        shown("processInstanceId", LOG.col("process_instance_id")),
        shown("processDefinitionId", column("instance", "definition_id")),
        shown("processDefinitionKey", column("instance", "definition_key")),
        shown("tenantId", LOG.col("tenant_id")),
        shown("rootProcessInstanceId", column("instance", "root_process_instance_id")),
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
        equal("externalTaskId", LOG.col("external_task_id")),
        equal("topicName", LOG.col("topic")),
        equal("workerId", LOG.col("worker_id")),
        equal("errorMessage", LOG.col("error_message")),
        one_of("activityIdIn", LOG.col("activity_id"), ListForm::SplitStrict),
        filter(
            "activityInstanceIdIn",
            FilterKind::ActivityInstance {
                activity: LOG.col("activity_id"),
                id: LOG.col("activity_instance_id"),
                form: Some(ListForm::SplitStrict),
            },
        ),
        one_of("executionIdIn", LOG.col("execution_id"), ListForm::SplitStrict),
        equal("processInstanceId", LOG.col("process_instance_id")),
        equal("processDefinitionId", column("instance", "definition_id")),
        equal("processDefinitionKey", column("instance", "definition_key")),
        kind("creationLog", CREATED),
        kind("failureLog", FAILED),
        kind("successLog", SUCCEEDED),
        kind("deletionLog", DELETED),
        compare("priorityHigherThanOrEquals", LOG.col("priority"), Comparison::AtLeast),
        compare("priorityLowerThanOrEquals", LOG.col("priority"), Comparison::AtMost),
        tenants("tenantIdIn", LOG.col("tenant_id"), ListForm::Split, None),
        without_tenant(LOG.col("tenant_id")),
    ]
}
