//! `/job`

use std::sync::LazyLock;

use super::{Resource, Rule, by_id, left_join, shown, sort};
use crate::condition::{Comparison, Condition, Operand};
use crate::error::QueryErrorKind;
use crate::filter::{
    Filter, FilterKind, ListForm, compare, equal, filter, flag, modifier, one_of, tenants, without_tenant,
};
use crate::tables::{JOB, PROCESS_INSTANCE as INSTANCE};
use crate::value::SqlValue;

pub static JOBS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "job",
    source: JOB.source(),
    joins: vec![left_join(INSTANCE.source(), &[("id", JOB.col("process_instance_id"))])],
    unless: Vec::new(),
    key: by_id(JOB.col("id")),
    outputs: vec![
        shown("id", JOB.col("id")),
        shown("jobDefinitionId", JOB.col("job_definition_id")),
        shown("processInstanceId", JOB.col("process_instance_id")),
        shown("processDefinitionId", JOB.col("definition_id")),
        shown("processDefinitionKey", JOB.col("definition_key")),
        shown("executionId", JOB.col("execution_id")),
        shown("exceptionMessage", JOB.col("exception_message")),
        shown("failedActivityId", JOB.col("failed_activity_id")),
        shown("retries", JOB.col("retries")),
        shown("dueDate", JOB.col("due_date")),
        shown("suspended", JOB.col("is_suspended")),
        shown("priority", JOB.col("priority")),
        shown("tenantId", JOB.col("tenant_id")),
        shown("createTime", JOB.col("create_time")),
        shown("batchId", JOB.col("batch_id")),
    ],
    filters: filters(),
    sorts: vec![
        sort("jobId", JOB.col("id")),
        sort("executionId", JOB.col("execution_id")),
        sort("processInstanceId", JOB.col("process_instance_id")),
        sort("processDefinitionId", JOB.col("definition_id")),
        sort("processDefinitionKey", JOB.col("definition_key")),
        sort("jobRetries", JOB.col("retries")),
        sort("jobDueDate", JOB.col("due_date")),
        sort("jobPriority", JOB.col("priority")),
        sort("tenantId", JOB.col("tenant_id")),
    ],
    rules: vec![Rule::AtMostOne(&["timers", "messages"], QueryErrorKind::InvalidValue)],
    tie_break: vec![JOB.col("id")],
});

/// Handlers that wait for a time. All others are to be run at once.
const TIMERS: [&str; 7] = [
    "timer-transition",
    "timer-intermediate-transition",
    "timer-start-event",
    "timer-start-event-subprocess",
    "timer-task-listener",
    "suspension",
    "job-definition-suspension",
];

fn filters() -> Vec<Filter> {
    let is_timer = || {
        let handlers = TIMERS.map(|handler| SqlValue::Text(handler.into()));
        Condition::OneOf(JOB.col("handler").into(), handlers.into())
    };
    let retries_left = || Condition::compare(JOB.col("retries"), Comparison::Greater, 0);
    let executable = Condition::All(vec![
        retries_left(),
        Condition::Any(vec![
            Condition::is_null(JOB.col("due_date")),
            Condition::compare(JOB.col("due_date"), Comparison::AtMost, Operand::Now),
        ]),
        Condition::Any(vec![
            Condition::is_null(JOB.col("execution_id")),
            Condition::equal(INSTANCE.col("is_suspended"), 0),
        ]),
    ]);
    let failed = Condition::Any(vec![
        Condition::is_not_null(JOB.col("exception_message")),
        Condition::is_not_null(JOB.col("exception_details")),
    ]);
    vec![
        equal("activityId", JOB.col("activity_id")),
        equal("jobId", JOB.col("id")),
        one_of("jobIds", JOB.col("id"), ListForm::Split),
        equal("executionId", JOB.col("execution_id")),
        equal("processInstanceId", JOB.col("process_instance_id")),
        one_of("processInstanceIds", JOB.col("process_instance_id"), ListForm::Split),
        equal("processDefinitionId", JOB.col("definition_id")),
        equal("processDefinitionKey", JOB.col("definition_key")),
        flag("withRetriesLeft", retries_left()),
        flag("executable", executable),
        flag("timers", is_timer()),
        // Camunda: a job that is always there is neither.
        flag(
            "messages",
            is_timer().not().and(Condition::compare(JOB.col("handler"), Comparison::NotEqual, "history-cleanup")),
        ),
        flag("withException", failed),
        equal("exceptionMessage", JOB.col("exception_message")),
        equal("failedActivityId", JOB.col("failed_activity_id")),
        flag("noRetriesLeft", Condition::equal(JOB.col("retries"), 0)),
        flag("active", Condition::equal(JOB.col("is_suspended"), 0)).slot("suspension"),
        flag("suspended", Condition::equal(JOB.col("is_suspended"), 1)).slot("suspension"),
        compare("priorityHigherThanOrEquals", JOB.col("priority"), Comparison::AtLeast),
        compare("priorityLowerThanOrEquals", JOB.col("priority"), Comparison::AtMost),
        equal("jobDefinitionId", JOB.col("job_definition_id")),
        filter("dueDates", FilterKind::TimeConditions { column: JOB.col("due_date"), less: Comparison::Less }),
        // Camunda: `lt` includes the time itself here.
        filter("createTimes", FilterKind::TimeConditions { column: JOB.col("create_time"), less: Comparison::AtMost }),
        tenants("tenantIdIn", JOB.col("tenant_id"), ListForm::Optional, Some("includeJobsWithoutTenantId")),
        without_tenant(JOB.col("tenant_id")),
        modifier("includeJobsWithoutTenantId"),
        flag("acquired", Condition::compare(JOB.col("lock_expiration"), Comparison::Greater, Operand::Now)),
    ]
}
