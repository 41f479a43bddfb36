//! `/external-task`

use std::sync::LazyLock;

use super::{Output, OutputValue, Resource, by_id, left_join, shown, shown_as, sort};
use crate::condition::{Comparison, Condition, Operand};
use crate::error::QueryErrorKind;
use crate::filter::{
    Filter, FilterKind, ListForm, VariableOperator, VariableScope, compare, equal, filter, flag, like, modifier,
    one_of, tenants,
};
use crate::tables::{EXTERNAL_TASK as TASK, PROCESS_DEFINITION as DEFINITION, VARIABLE};

pub static EXTERNAL_TASKS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "external-task",
    source: TASK.source(),
    joins: vec![left_join(DEFINITION.source(), &[("id", TASK.col("definition_id"))])],
    unless: Vec::new(),
    key: by_id(TASK.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("id", TASK.col("id")),
        sort("lockExpirationTime", TASK.col("lock_expiration")),
        sort("processInstanceId", TASK.col("process_instance_id")),
        sort("processDefinitionId", TASK.col("definition_id")),
        sort("processDefinitionKey", TASK.col("definition_key")),
        sort("taskPriority", TASK.col("priority")),
        sort("createTime", TASK.col("create_time")),
        sort("tenantId", TASK.col("tenant_id")),
    ],
    rules: Vec::new(),
    tie_break: vec![TASK.col("id")],
});

fn outputs() -> Vec<Output> {
    let activity_instance =
        OutputValue::ActivityInstance { activity: TASK.col("activity_id"), id: TASK.col("activity_instance_id") };
    vec![
        shown("activityId", TASK.col("activity_id")),
        shown_as("activityInstanceId", activity_instance),
        shown("errorMessage", TASK.col("error_message")),
        shown("executionId", TASK.col("execution_id")),
        shown("id", TASK.col("id")),
        shown("lockExpirationTime", TASK.col("lock_expiration")),
        shown("createTime", TASK.col("create_time")),
        shown("processDefinitionId", TASK.col("definition_id")),
        shown("processDefinitionKey", TASK.col("definition_key")),
        shown("processDefinitionVersionTag", TASK.col("definition_version_tag")),
        shown("processInstanceId", TASK.col("process_instance_id")),
        shown("retries", TASK.col("retries")),
        shown("suspended", TASK.col("is_suspended")),
        shown("workerId", TASK.col("worker_id")),
        shown("topicName", TASK.col("topic")),
        shown("tenantId", TASK.col("tenant_id")),
        shown("priority", TASK.col("priority")),
        shown("businessKey", TASK.col("business_key")),
    ]
}

fn filters() -> Vec<Filter> {
    let expiration = TASK.col("lock_expiration");
    let retries = TASK.col("retries");
    vec![
        equal("externalTaskId", TASK.col("id")),
        one_of("externalTaskIdIn", TASK.col("id"), ListForm::Split),
        equal("activityId", TASK.col("activity_id")),
        one_of("activityIdIn", TASK.col("activity_id"), ListForm::Optional),
        compare("lockExpirationBefore", expiration, Comparison::Less),
        compare("lockExpirationAfter", expiration, Comparison::Greater),
        equal("topicName", TASK.col("topic")),
        flag("locked", Condition::compare(expiration, Comparison::Greater, Operand::Now)),
        flag(
            "notLocked",
            Condition::Any(vec![
                Condition::is_null(expiration),
                Condition::compare(expiration, Comparison::Less, Operand::Now),
            ]),
        ),
        equal("executionId", TASK.col("execution_id")),
        equal("processInstanceId", TASK.col("process_instance_id")),
        one_of("processInstanceIdIn", TASK.col("process_instance_id"), ListForm::Optional),
        equal("processDefinitionKey", TASK.col("definition_key")),
        one_of("processDefinitionKeyIn", TASK.col("definition_key"), ListForm::Split),
        equal("processDefinitionId", TASK.col("definition_id")),
        equal("processDefinitionName", DEFINITION.col("name")),
        like("processDefinitionNameLike", DEFINITION.col("name")),
        flag("active", Condition::equal(TASK.col("is_suspended"), 0)).slot("suspension"),
        flag("suspended", Condition::equal(TASK.col("is_suspended"), 1)).slot("suspension"),
        compare("priorityHigherThanOrEquals", TASK.col("priority"), Comparison::AtLeast),
        compare("priorityLowerThanOrEquals", TASK.col("priority"), Comparison::AtMost),
        flag(
            "withRetriesLeft",
            Condition::Any(vec![Condition::is_null(retries), Condition::compare(retries, Comparison::Greater, 0)]),
        )
        .slot("retries"),
        flag("noRetriesLeft", Condition::equal(retries, 0)).slot("retries"),
        modifier("variableValuesIgnoreCase"),
        modifier("variableNamesIgnoreCase"),
        filter(
            "processVariables",
            FilterKind::Variables(VariableScope {
                source: VARIABLE.source(),
                link: Some(
                    Condition::equal(VARIABLE.col("process_instance_id"), TASK.col("process_instance_id"))
                        .and(Condition::is_null(VARIABLE.col("task_id"))),
                ),
                operators: VariableOperator::ALL,
                refusal: QueryErrorKind::Refused,
            }),
        ),
        equal("workerId", TASK.col("worker_id")),
        tenants("tenantIdIn", TASK.col("tenant_id"), ListForm::Optional, None),
    ]
}
