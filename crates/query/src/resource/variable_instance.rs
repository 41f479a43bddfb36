//! `/variable-instance`

use std::sync::LazyLock;

use super::{
    Output, OutputValue, Resource, VariablePart, by_id, constant, left_join, shown, shown_as, sort,
    sort_activity_instance,
};
use crate::condition::Condition;
use crate::error::QueryErrorKind;
use crate::filter::{
    Filter, FilterKind, ListForm, Membership, ValueForm, VariableOperator, VariableScope, equal, filter, like,
    modifier, no_rows, one_of, tenants,
};
use crate::tables::{PROCESS_INSTANCE as INSTANCE, VARIABLE};

pub static VARIABLE_INSTANCES: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "variable-instance",
    source: VARIABLE.source(),
    joins: vec![left_join(INSTANCE.source(), &[("id", VARIABLE.col("process_instance_id"))])],
    unless: Vec::new(),
    key: by_id(VARIABLE.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("variableName", VARIABLE.col("name")),
        sort("variableType", VARIABLE.col("value_type")),
        sort_activity_instance("activityInstanceId", VARIABLE.col("activity_id"), VARIABLE.col("activity_instance_id")),
        sort("tenantId", VARIABLE.col("tenant_id")),
    ],
    rules: Vec::new(),
    tie_break: vec![VARIABLE.col("id")],
});

fn outputs() -> Vec<Output> {
    let activity_instance = OutputValue::ActivityInstance {
        activity: VARIABLE.col("activity_id"),
        id: VARIABLE.col("activity_instance_id"),
    };
    let part = |part| OutputValue::Variable(part, VARIABLE.name);
    let null = serde_json::Value::Null;
    vec![
        shown_as("type", part(VariablePart::Type)),
        shown_as("value", part(VariablePart::Value)),
        shown_as("valueInfo", part(VariablePart::Info)),
        shown("id", VARIABLE.col("id")),
        shown("name", VARIABLE.col("name")),
        shown("processDefinitionId", INSTANCE.col("definition_id")),
        shown("processInstanceId", VARIABLE.col("process_instance_id")),
        shown("executionId", VARIABLE.col("execution_id")),
        constant("caseInstanceId", null.clone()),
        constant("caseExecutionId", null.clone()),
        shown("taskId", VARIABLE.col("task_id")),
        constant("batchId", null),
        shown_as("activityInstanceId", activity_instance),
        shown_as("errorMessage", part(VariablePart::Error)),
        shown("tenantId", VARIABLE.col("tenant_id")),
    ]
}

fn filters() -> Vec<Filter> {
    let form = ListForm::Split;
    let listed = |name| FilterKind::List { column: VARIABLE.col(name), membership: Membership::In, form };
    let scopes = vec![
        listed("task_id"),
        FilterKind::And {
            inner: Box::new(listed("execution_id")),
            condition: Condition::is_null(VARIABLE.col("task_id")),
            unless: None,
        },
    ];
    vec![
        equal("variableName", VARIABLE.col("name")),
        like("variableNameLike", VARIABLE.col("name")),
        modifier("variableNamesIgnoreCase"),
        modifier("variableValuesIgnoreCase"),
        filter(
            "variableValues",
            FilterKind::Variables(VariableScope {
                source: VARIABLE.source(),
                link: None,
                operators: VariableOperator::ALL_BUT_NOT_LIKE,
                refusal: QueryErrorKind::NotValid,
            }),
        ),
        one_of("executionIdIn", VARIABLE.col("execution_id"), form),
        one_of("processInstanceIdIn", VARIABLE.col("process_instance_id"), form),
        no_rows("caseExecutionIdIn", ValueForm::List(form)),
        no_rows("caseInstanceIdIn", ValueForm::List(form)),
        one_of("taskIdIn", VARIABLE.col("task_id"), form),
        // Batches keep no variables here.
        no_rows("batchIdIn", ValueForm::List(form)),
        filter("variableScopeIdIn", FilterKind::AnyOf(scopes, Condition::NOTHING)),
        filter(
            "activityInstanceIdIn",
            FilterKind::ActivityInstance {
                activity: VARIABLE.col("activity_id"),
                id: VARIABLE.col("activity_instance_id"),
                form: Some(form),
            },
        ),
        tenants("tenantIdIn", VARIABLE.col("tenant_id"), ListForm::Optional, None),
    ]
}
