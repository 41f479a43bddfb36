//! `/history/detail`

use std::sync::LazyLock;

use types::Uuid;

use super::{
    Output, OutputValue, Resource, VariablePart, constant, removal_time, removal_time_joins, shown, shown_as, sort,
    sort_same_in_order,
};
use crate::condition::{Comparison, Condition, column};
use crate::filter::{
    CaseRule, Filter, FilterKind, ListForm, TextMatching, ValueForm, compare, equal, filter, flag, no_rows, one_of,
    tenants, text, without_tenant,
};
use crate::lowering::with_write_id;
use crate::tables::EVERY_HISTORIC_DETAIL as DETAIL;

pub static HISTORIC_DETAILS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/detail",
    source: DETAIL.source(),
    joins: removal_time_joins(DETAIL.source()),
    unless: Vec::new(),
    key: FilterKind::WriteId { id: DETAIL.col("id"), variable: DETAIL.col("variable_instance_id") },
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("processInstanceId", DETAIL.col("process_instance_id")),
        sort("variableName", DETAIL.col("name")),
        // Camunda: sorts by a value that all rows share, which leaves them as they were written.
        sort_same_in_order("variableType", DETAIL.col("time")),
        sort("variableRevision", DETAIL.col("revision")),
        sort("formPropertyId", DETAIL.col("name")),
        sort("time", DETAIL.col("time")),
        // Camunda: counts the writes of each variable by itself.
        sort("occurrence", DETAIL.col("revision")),
        sort("tenantId", DETAIL.col("tenant_id")),
    ],
    rules: Vec::new(),
    tie_break: vec![DETAIL.col("id")],
});

/// The detail that is shown under an id.
pub fn with_id(id: Uuid) -> Condition {
    with_write_id(DETAIL.col("id"), DETAIL.col("variable_instance_id"), id)
}

fn outputs() -> Vec<Output> {
    let activity_instance =
        OutputValue::ActivityInstance { activity: DETAIL.col("activity_id"), id: DETAIL.col("activity_instance_id") };
    let part = |part| OutputValue::Variable(part, DETAIL.name);
    let null = || serde_json::Value::Null;
    vec![
        shown("type", DETAIL.col("kind")),
        shown_as("id", OutputValue::WriteId { id: DETAIL.col("id"), variable: DETAIL.col("variable_instance_id") }),
        shown("processDefinitionKey", column("instance", "definition_key")),
        shown("processDefinitionId", column("instance", "definition_id")),
        shown("processInstanceId", DETAIL.col("process_instance_id")),
        shown_as("activityInstanceId", activity_instance),
        shown("executionId", DETAIL.col("execution_id")),
        constant("caseDefinitionKey", null()),
        constant("caseDefinitionId", null()),
        constant("caseInstanceId", null()),
        constant("caseExecutionId", null()),
        shown("taskId", DETAIL.col("task_id")),
        shown("tenantId", DETAIL.col("tenant_id")),
        constant("userOperationId", null()),
        shown("time", DETAIL.col("time")),
        removal_time(),
        shown("rootProcessInstanceId", column("instance", "root_process_instance_id")),
        shown("variableName", DETAIL.col("name")),
        shown("variableInstanceId", DETAIL.col("variable_instance_id")),
        shown_as("variableType", part(VariablePart::Type)),
        shown_as("value", part(VariablePart::Value)),
        shown_as("valueInfo", part(VariablePart::Info)),
        shown("initial", DETAIL.col("is_initial")),
        shown("revision", DETAIL.col("revision")),
        shown_as("errorMessage", part(VariablePart::Error)),
    ]
}

fn filters() -> Vec<Filter> {
    let kind = |kind: &str| Condition::equal(DETAIL.col("kind"), kind);
    let activity_instance = FilterKind::ActivityInstance {
        activity: DETAIL.col("activity_id"),
        id: DETAIL.col("activity_instance_id"),
        form: None,
    };
    vec![
        equal("processInstanceId", DETAIL.col("process_instance_id")),
        one_of("processInstanceIdIn", DETAIL.col("process_instance_id"), ListForm::Optional),
        equal("executionId", DETAIL.col("execution_id")),
        equal("taskId", DETAIL.col("task_id")),
        filter("activityInstanceId", activity_instance),
        no_rows("caseInstanceId", ValueForm::Text),
        no_rows("caseExecutionId", ValueForm::Text),
        equal("variableInstanceId", DETAIL.col("variable_instance_id")),
        filter("variableTypeIn", FilterKind::VariableTypes(DETAIL.col("value_type"))),
        text("variableNameLike", DETAIL.col("name"), TextMatching::Like, CaseRule::Ignored),
        tenants("tenantIdIn", DETAIL.col("tenant_id"), ListForm::Optional, None),
        without_tenant(DETAIL.col("tenant_id")),
        // Operations of users are not kept.
        no_rows("userOperationId", ValueForm::Text),
        flag("formFields", kind("formField")).slot("kind"),
        flag("variableUpdates", kind("variableUpdate")).slot("kind"),
        flag("excludeTaskDetails", Condition::is_null(DETAIL.col("task_id"))),
        flag("initial", Condition::equal(DETAIL.col("is_initial"), 1)),
        compare("occurredBefore", DETAIL.col("time"), Comparison::AtMost),
        compare("occurredAfter", DETAIL.col("time"), Comparison::AtLeast),
    ]
}
