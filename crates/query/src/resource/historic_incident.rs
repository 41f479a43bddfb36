//! `/history/incident`

use std::sync::LazyLock;

use super::{Output, OutputValue, Resource, Rule, by_id, removal_time, removal_time_joins, shown, shown_as, sort};
use crate::condition::{Comparison, Condition};
use crate::error::QueryErrorKind;
use crate::filter::{
    Filter, FilterKind, ListForm, compare, equal, filter, flag, like, one_of, tenants, without_tenant,
};
use crate::tables::HISTORIC_INCIDENT as INCIDENT;
use crate::value::SqlValue;

pub static HISTORIC_INCIDENTS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/incident",
    source: INCIDENT.source(),
    joins: removal_time_joins(INCIDENT.source()),
    unless: Vec::new(),
    key: by_id(INCIDENT.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("incidentId", INCIDENT.col("id")),
        sort("incidentMessage", INCIDENT.col("message")),
        sort("createTime", INCIDENT.col("create_time")),
        sort("endTime", INCIDENT.col("end_time")),
        sort("incidentType", INCIDENT.col("incident_type")),
        sort("executionId", INCIDENT.col("execution_id")),
        sort("activityId", INCIDENT.col("activity_id")),
        sort("processInstanceId", INCIDENT.col("process_instance_id")),
        sort("processDefinitionId", INCIDENT.col("definition_id")),
        sort("processDefinitionKey", INCIDENT.col("definition_key")),
        sort("causeIncidentId", INCIDENT.col("cause_incident_id")),
        sort("rootCauseIncidentId", INCIDENT.col("root_cause_incident_id")),
        sort("configuration", INCIDENT.col("configuration")),
        sort("historyConfiguration", INCIDENT.col("history_configuration")),
        sort("tenantId", INCIDENT.col("tenant_id")),
        sort("incidentState", INCIDENT.col("state")),
    ],
    rules: vec![Rule::AtMostOne(&["open", "resolved", "deleted"], QueryErrorKind::Refused)],
    tie_break: vec![INCIDENT.col("id")],
});

const OPEN: i64 = 0;
const RESOLVED: i64 = 1;
const DELETED: i64 = 2;

fn outputs() -> Vec<Output> {
    let state = |name, state| shown_as(name, OutputValue::Is(INCIDENT.col("state"), SqlValue::Integer(state)));
    vec![
        shown("id", INCIDENT.col("id")),
        shown("processDefinitionKey", INCIDENT.col("definition_key")),
        shown("processDefinitionId", INCIDENT.col("definition_id")),
        shown("processInstanceId", INCIDENT.col("process_instance_id")),
        shown("executionId", INCIDENT.col("execution_id")),
        shown("createTime", INCIDENT.col("create_time")),
        shown("endTime", INCIDENT.col("end_time")),
        shown("incidentType", INCIDENT.col("incident_type")),
        shown("failedActivityId", INCIDENT.col("failed_activity_id")),
        shown("activityId", INCIDENT.col("activity_id")),
        shown("causeIncidentId", INCIDENT.col("cause_incident_id")),
        shown("rootCauseIncidentId", INCIDENT.col("root_cause_incident_id")),
        shown("configuration", INCIDENT.col("configuration")),
        shown("historyConfiguration", INCIDENT.col("history_configuration")),
        shown("incidentMessage", INCIDENT.col("message")),
        shown("tenantId", INCIDENT.col("tenant_id")),
        shown("jobDefinitionId", INCIDENT.col("job_definition_id")),
        state("open", OPEN),
        state("deleted", DELETED),
        state("resolved", RESOLVED),
        removal_time(),
        shown("rootProcessInstanceId", INCIDENT.col("root_process_instance_id")),
        shown("annotation", INCIDENT.col("annotation")),
    ]
}

fn filters() -> Vec<Filter> {
    let state = |state: i64| Condition::equal(INCIDENT.col("state"), state);
    vec![
        equal("incidentId", INCIDENT.col("id")),
        equal("incidentType", INCIDENT.col("incident_type")),
        equal("incidentMessage", INCIDENT.col("message")),
        like("incidentMessageLike", INCIDENT.col("message")),
        equal("processDefinitionId", INCIDENT.col("definition_id")),
        equal("processDefinitionKey", INCIDENT.col("definition_key")),
        one_of("processDefinitionKeyIn", INCIDENT.col("definition_key"), ListForm::Split),
        equal("processInstanceId", INCIDENT.col("process_instance_id")),
        equal("executionId", INCIDENT.col("execution_id")),
        compare("createTimeBefore", INCIDENT.col("create_time"), Comparison::Less),
        compare("createTimeAfter", INCIDENT.col("create_time"), Comparison::Greater),
        compare("endTimeBefore", INCIDENT.col("end_time"), Comparison::Less),
        compare("endTimeAfter", INCIDENT.col("end_time"), Comparison::Greater),
        equal("activityId", INCIDENT.col("activity_id")),
        equal("failedActivityId", INCIDENT.col("failed_activity_id")),
        equal("causeIncidentId", INCIDENT.col("cause_incident_id")),
        equal("rootCauseIncidentId", INCIDENT.col("root_cause_incident_id")),
        equal("configuration", INCIDENT.col("configuration")),
        equal("historyConfiguration", INCIDENT.col("history_configuration")),
        // Camunda: `open=false` means the same as `open=true`.
        filter("open", FilterKind::Flag { when_true: state(OPEN), when_false: state(OPEN) }),
        flag("resolved", state(RESOLVED)),
        flag("deleted", state(DELETED)),
        tenants("tenantIdIn", INCIDENT.col("tenant_id"), ListForm::Optional, None),
        without_tenant(INCIDENT.col("tenant_id")),
        one_of("jobDefinitionIdIn", INCIDENT.col("job_definition_id"), ListForm::Optional),
    ]
}
