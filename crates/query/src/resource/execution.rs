//! `/execution`

use std::sync::LazyLock;

use super::{Resource, by_id, constant, left_join, shown, sort};
use crate::condition::{Comparison, Condition, Subquery};
use crate::error::QueryErrorKind;
use crate::filter::{
    CaseRule, Filter, FilterKind, ListForm, TextMatching, VariableOperator, VariableScope, equal, exists, filter, flag,
    modifier, tenants,
};
use crate::tables::{EVENT_SUBSCRIPTION as SUBSCRIPTION, EXECUTION, INCIDENT, PROCESS_INSTANCE as INSTANCE, VARIABLE};

pub static EXECUTIONS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "execution",
    source: EXECUTION.source(),
    joins: vec![left_join(INSTANCE.source(), &[("id", EXECUTION.col("process_instance_id"))])],
    unless: Vec::new(),
    key: by_id(EXECUTION.col("id")),
    outputs: vec![
        shown("id", EXECUTION.col("id")),
        shown("processInstanceId", EXECUTION.col("process_instance_id")),
        constant("ended", false),
        shown("tenantId", INSTANCE.col("tenant_id")),
    ],
    filters: filters(),
    sorts: vec![
        sort("instanceId", EXECUTION.col("process_instance_id")),
        sort("definitionKey", INSTANCE.col("definition_key")),
        sort("definitionId", INSTANCE.col("definition_id")),
        sort("tenantId", INSTANCE.col("tenant_id")),
    ],
    rules: Vec::new(),
    tie_break: vec![EXECUTION.col("id")],
});

fn filters() -> Vec<Filter> {
    let incidents = || Subquery {
        from: INCIDENT.source(),
        joins: Vec::new(),
        condition: Condition::equal(INCIDENT.col("execution_id"), EXECUTION.col("id")),
    };
    let same = |name| FilterKind::Compare(INCIDENT.col(name), Comparison::Equal);
    let message_like =
        FilterKind::Text { column: INCIDENT.col("message"), matching: TextMatching::Like, case: CaseRule::Kept };
    let local = Condition::equal(VARIABLE.col("execution_id"), EXECUTION.col("id"));
    let of_instance = Condition::equal(VARIABLE.col("process_instance_id"), EXECUTION.col("process_instance_id"))
        .and(Condition::is_null(VARIABLE.col("task_id")));
    vec![
        equal("processDefinitionId", INSTANCE.col("definition_id")),
        equal("processDefinitionKey", INSTANCE.col("definition_key")),
        equal("businessKey", INSTANCE.col("business_key")),
        equal("processInstanceId", EXECUTION.col("process_instance_id")),
        equal("activityId", EXECUTION.col("activity_id")),
        waits_for("signalEventSubscriptionName", "signal"),
        waits_for("messageEventSubscriptionName", "message"),
        flag("active", Condition::equal(INSTANCE.col("is_suspended"), 0)).slot("suspension"),
        flag("suspended", Condition::equal(INSTANCE.col("is_suspended"), 1)).slot("suspension"),
        exists("incidentId", incidents(), same("id")),
        exists("incidentType", incidents(), same("incident_type")),
        exists("incidentMessage", incidents(), same("message")),
        exists("incidentMessageLike", incidents(), message_like),
        tenants("tenantIdIn", INSTANCE.col("tenant_id"), ListForm::Optional, None),
        modifier("variableNamesIgnoreCase"),
        modifier("variableValuesIgnoreCase"),
        variables("variables", local, VariableOperator::ALL_BUT_NOT_LIKE),
        // Camunda: an execution's query knows only two operators for variables of the instance.
        variables("processVariables", of_instance, VariableOperator::EQUALITY),
    ]
}

/// A subscription of that type to an event of the given name.
fn waits_for(name: &'static str, event_type: &str) -> Filter {
    let subscriptions = Subquery {
        from: SUBSCRIPTION.source(),
        joins: Vec::new(),
        condition: Condition::equal(SUBSCRIPTION.col("execution_id"), EXECUTION.col("id"))
            .and(Condition::equal(SUBSCRIPTION.col("event_type"), event_type)),
    };
    exists(name, subscriptions, FilterKind::Compare(SUBSCRIPTION.col("event_name"), Comparison::Equal))
}

fn variables(name: &'static str, link: Condition, operators: &'static [VariableOperator]) -> Filter {
    let refusal = QueryErrorKind::NotValid;
    filter(
        name,
        FilterKind::Variables(VariableScope { source: VARIABLE.source(), link: Some(link), operators, refusal }),
    )
}
