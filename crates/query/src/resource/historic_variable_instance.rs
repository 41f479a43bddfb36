//! `/history/variable-instance`

use std::sync::LazyLock;

use super::{
    Output, OutputValue, Resource, Rule, VariablePart, by_id, constant, removal_time, removal_time_joins, shown,
    shown_as, sort,
};
use crate::condition::{Comparison, Condition, column};
use crate::error::QueryErrorKind;
use crate::filter::{
    CaseRule, Filter, FilterKind, ListForm, TextMatching, ValueForm, equal, filter, modifier, no_rows, one_of, tenants,
    text, without_tenant,
};
use crate::tables::HISTORIC_VARIABLE as VARIABLE;

pub static HISTORIC_VARIABLE_INSTANCES: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/variable-instance",
    source: VARIABLE.source(),
    joins: removal_time_joins(VARIABLE.source()),
    unless: vec![("includeDeleted", Condition::compare(VARIABLE.col("state"), Comparison::NotEqual, "DELETED"))],
    key: by_id(VARIABLE.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("instanceId", VARIABLE.col("process_instance_id")),
        sort("variableName", VARIABLE.col("name")),
        sort("tenantId", VARIABLE.col("tenant_id")),
    ],
    rules: vec![Rule::Needs("variableValue", &["variableName"], QueryErrorKind::InvalidValue)],
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
        shown("processDefinitionKey", column("instance", "definition_key")),
        shown("processDefinitionId", column("instance", "definition_id")),
        shown("processInstanceId", VARIABLE.col("process_instance_id")),
        shown("executionId", VARIABLE.col("execution_id")),
        shown_as("activityInstanceId", activity_instance),
        constant("caseDefinitionKey", null.clone()),
        constant("caseDefinitionId", null.clone()),
        constant("caseInstanceId", null.clone()),
        constant("caseExecutionId", null),
        shown("taskId", VARIABLE.col("task_id")),
        shown_as("errorMessage", part(VariablePart::Error)),
        shown("tenantId", VARIABLE.col("tenant_id")),
        shown("state", VARIABLE.col("state")),
        shown("createTime", VARIABLE.col("create_time")),
        removal_time(),
        shown("rootProcessInstanceId", column("instance", "root_process_instance_id")),
    ]
}

fn filters() -> Vec<Filter> {
    let form = ListForm::Split;
    let names = CaseRule::IgnoredIf("variableNamesIgnoreCase");
    vec![
        equal("processInstanceId", VARIABLE.col("process_instance_id")),
        equal("processDefinitionId", column("instance", "definition_id")),
        equal("processDefinitionKey", column("instance", "definition_key")),
        no_rows("caseInstanceId", ValueForm::Text),
        text("variableName", VARIABLE.col("name"), TextMatching::Equal, names),
        text("variableNameLike", VARIABLE.col("name"), TextMatching::Like, names),
        filter("variableValue", FilterKind::VariableValue { source: VARIABLE.source() }),
        filter("variableTypeIn", FilterKind::VariableTypes(VARIABLE.col("value_type"))),
        modifier("variableNamesIgnoreCase"),
        modifier("variableValuesIgnoreCase"),
        one_of("executionIdIn", VARIABLE.col("execution_id"), form),
        one_of("taskIdIn", VARIABLE.col("task_id"), form),
        one_of("processInstanceIdIn", VARIABLE.col("process_instance_id"), form),
        filter(
            "activityInstanceIdIn",
            FilterKind::ActivityInstance {
                activity: VARIABLE.col("activity_id"),
                id: VARIABLE.col("activity_instance_id"),
                form: Some(form),
            },
        ),
        no_rows("caseExecutionIdIn", ValueForm::List(form)),
        no_rows("caseActivityIdIn", ValueForm::List(form)),
        tenants("tenantIdIn", VARIABLE.col("tenant_id"), ListForm::Optional, None),
        without_tenant(VARIABLE.col("tenant_id")),
        modifier("includeDeleted"),
        one_of("variableNameIn", VARIABLE.col("name"), form),
    ]
}
