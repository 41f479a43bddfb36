//! `/history/activity-instance`

use std::sync::LazyLock;

use super::{
    Output, OutputValue, Resource, constant, removal_time, removal_time_joins, shown, shown_as, sort,
    sort_activity_instance,
};
use crate::condition::{Comparison, Condition, Term, column};
use crate::filter::{Filter, FilterKind, ListForm, compare, equal, filter, flag, like, tenants, without_tenant};
use crate::tables::HISTORIC_ACTIVITY_INSTANCE as ACTIVITY;

pub static HISTORIC_ACTIVITY_INSTANCES: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/activity-instance",
    source: ACTIVITY.source(),
    joins: removal_time_joins(ACTIVITY.source()),
    unless: Vec::new(),
    key: id(),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort_activity_instance("activityInstanceId", ACTIVITY.col("activity_id"), ACTIVITY.col("id")),
        sort("instanceId", ACTIVITY.col("process_instance_id")),
        sort("executionId", ACTIVITY.col("execution_id")),
        sort("activityId", ACTIVITY.col("activity_id")),
        sort("activityName", ACTIVITY.col("activity_name")),
        sort("activityType", ACTIVITY.col("activity_type")),
        sort("startTime", ACTIVITY.col("start_time")),
        sort("endTime", ACTIVITY.col("end_time")),
        sort("duration", Term::Difference(ACTIVITY.col("end_time"), ACTIVITY.col("start_time"))),
        sort("definitionId", column("instance", "definition_id")),
        sort("occurrence", ACTIVITY.col("sequence")),
        sort("tenantId", ACTIVITY.col("tenant_id")),
    ],
    rules: Vec::new(),
    tie_break: vec![ACTIVITY.col("id")],
});

fn id() -> FilterKind {
    FilterKind::ActivityInstance { activity: ACTIVITY.col("activity_id"), id: ACTIVITY.col("id"), form: None }
}

fn outputs() -> Vec<Output> {
    let own_id = OutputValue::ActivityInstance { activity: ACTIVITY.col("activity_id"), id: ACTIVITY.col("id") };
    let parent_id =
        OutputValue::ActivityInstance { activity: ACTIVITY.col("parent_activity_id"), id: ACTIVITY.col("parent_id") };
    let duration = OutputValue::Duration { start: ACTIVITY.col("start_time"), end: ACTIVITY.col("end_time") };
    let null = serde_json::Value::Null;
    vec![
        shown_as("id", own_id),
        shown_as("parentActivityInstanceId", parent_id),
        shown("activityId", ACTIVITY.col("activity_id")),
        shown("activityName", ACTIVITY.col("activity_name")),
        shown("activityType", ACTIVITY.col("activity_type")),
        shown("processDefinitionKey", column("instance", "definition_key")),
        shown("processDefinitionId", column("instance", "definition_id")),
        shown("processInstanceId", ACTIVITY.col("process_instance_id")),
        shown("executionId", ACTIVITY.col("execution_id")),
        shown("taskId", ACTIVITY.col("task_id")),
        shown("assignee", ACTIVITY.col("assignee")),
        shown("calledProcessInstanceId", ACTIVITY.col("called_process_instance_id")),
        constant("calledCaseInstanceId", null),
        shown("startTime", ACTIVITY.col("start_time")),
        shown("endTime", ACTIVITY.col("end_time")),
        shown_as("durationInMillis", duration),
        shown("canceled", ACTIVITY.col("is_canceled")),
        shown("completeScope", ACTIVITY.col("is_complete_scope")),
        shown("tenantId", ACTIVITY.col("tenant_id")),
        removal_time(),
        shown("rootProcessInstanceId", column("instance", "root_process_instance_id")),
    ]
}

fn filters() -> Vec<Filter> {
    vec![
        filter("activityInstanceId", id()),
        equal("processInstanceId", ACTIVITY.col("process_instance_id")),
        equal("processDefinitionId", column("instance", "definition_id")),
        equal("executionId", ACTIVITY.col("execution_id")),
        equal("activityId", ACTIVITY.col("activity_id")),
        equal("activityName", ACTIVITY.col("activity_name")),
        like("activityNameLike", ACTIVITY.col("activity_name")),
        equal("activityType", ACTIVITY.col("activity_type")),
        equal("taskAssignee", ACTIVITY.col("assignee")),
        flag("finished", Condition::is_not_null(ACTIVITY.col("end_time"))),
        flag("unfinished", Condition::is_null(ACTIVITY.col("end_time"))),
        flag("completeScope", Condition::equal(ACTIVITY.col("is_complete_scope"), 1)).slot("state"),
        flag("canceled", Condition::equal(ACTIVITY.col("is_canceled"), 1)).slot("state"),
        compare("startedBefore", ACTIVITY.col("start_time"), Comparison::AtMost),
        compare("startedAfter", ACTIVITY.col("start_time"), Comparison::AtLeast),
        compare("finishedBefore", ACTIVITY.col("end_time"), Comparison::AtMost),
        compare("finishedAfter", ACTIVITY.col("end_time"), Comparison::AtLeast),
        tenants("tenantIdIn", ACTIVITY.col("tenant_id"), ListForm::Optional, None),
        without_tenant(ACTIVITY.col("tenant_id")),
    ]
}
