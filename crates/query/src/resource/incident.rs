//! `/incident`

use std::sync::LazyLock;

use super::{Resource, by_id, shown, sort};
use crate::condition::Comparison;
use crate::filter::{ListForm, compare, equal, like, one_of, tenants};
use crate::tables::INCIDENT;

pub static INCIDENTS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "incident",
    source: INCIDENT.source(),
    joins: Vec::new(),
    unless: Vec::new(),
    key: by_id(INCIDENT.col("id")),
    outputs: vec![
        shown("id", INCIDENT.col("id")),
        shown("processDefinitionId", INCIDENT.col("definition_id")),
        shown("processInstanceId", INCIDENT.col("process_instance_id")),
        shown("executionId", INCIDENT.col("execution_id")),
        shown("incidentTimestamp", INCIDENT.col("create_time")),
        shown("incidentType", INCIDENT.col("incident_type")),
        shown("activityId", INCIDENT.col("activity_id")),
        shown("failedActivityId", INCIDENT.col("failed_activity_id")),
        shown("causeIncidentId", INCIDENT.col("cause_incident_id")),
        shown("rootCauseIncidentId", INCIDENT.col("root_cause_incident_id")),
        shown("configuration", INCIDENT.col("configuration")),
        shown("incidentMessage", INCIDENT.col("message")),
        shown("tenantId", INCIDENT.col("tenant_id")),
        shown("jobDefinitionId", INCIDENT.col("job_definition_id")),
        shown("annotation", INCIDENT.col("annotation")),
    ],
    filters: vec![
        equal("incidentId", INCIDENT.col("id")),
        equal("incidentType", INCIDENT.col("incident_type")),
        equal("incidentMessage", INCIDENT.col("message")),
        like("incidentMessageLike", INCIDENT.col("message")),
        equal("processDefinitionId", INCIDENT.col("definition_id")),
        one_of("processDefinitionKeyIn", INCIDENT.col("definition_key"), ListForm::Split),
        equal("processInstanceId", INCIDENT.col("process_instance_id")),
        equal("executionId", INCIDENT.col("execution_id")),
        compare("incidentTimestampBefore", INCIDENT.col("create_time"), Comparison::Less),
        compare("incidentTimestampAfter", INCIDENT.col("create_time"), Comparison::Greater),
        equal("activityId", INCIDENT.col("activity_id")),
        equal("failedActivityId", INCIDENT.col("failed_activity_id")),
        equal("causeIncidentId", INCIDENT.col("cause_incident_id")),
        equal("rootCauseIncidentId", INCIDENT.col("root_cause_incident_id")),
        equal("configuration", INCIDENT.col("configuration")),
        tenants("tenantIdIn", INCIDENT.col("tenant_id"), ListForm::Optional, None),
        one_of("jobDefinitionIdIn", INCIDENT.col("job_definition_id"), ListForm::Optional),
    ],
    sorts: vec![
        sort("incidentId", INCIDENT.col("id")),
        sort("incidentMessage", INCIDENT.col("message")),
        sort("incidentTimestamp", INCIDENT.col("create_time")),
        sort("incidentType", INCIDENT.col("incident_type")),
        sort("executionId", INCIDENT.col("execution_id")),
        sort("activityId", INCIDENT.col("activity_id")),
        sort("processInstanceId", INCIDENT.col("process_instance_id")),
        sort("processDefinitionId", INCIDENT.col("definition_id")),
        sort("causeIncidentId", INCIDENT.col("cause_incident_id")),
        sort("rootCauseIncidentId", INCIDENT.col("root_cause_incident_id")),
        sort("configuration", INCIDENT.col("configuration")),
        sort("tenantId", INCIDENT.col("tenant_id")),
    ],
    rules: Vec::new(),
    tie_break: vec![INCIDENT.col("id")],
});
