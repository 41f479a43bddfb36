//! Incidents: made when a task or job is out of retries, resolved when it has some again, deleted with their owner.

use std::sync::Arc;

use types::{ExecutionId, IncidentId, JobDefinitionId, Uuid};

use crate::history::HistoricIncident;
use crate::record::{Incident, IncidentType};
use crate::turn::Turn;

/// What failed, where.
pub(crate) struct Failure {
    pub incident_type: IncidentType,
    /// The external task or job.
    pub configuration: Uuid,
    pub execution_id: ExecutionId,
    pub activity_id: Option<Arc<str>>,
    pub failed_activity_id: Option<Arc<str>>,
    pub job_definition_id: Option<JobDefinitionId>,
    pub message: Option<Arc<str>>,
    /// The newest failure in the log.
    pub history_configuration: Option<Uuid>,
}

pub(crate) fn create(turn: &mut Turn<'_, '_>, failure: Failure) {
    let id: IncidentId = turn.new_id();
    let create_time = turn.env.now;
    let instance = turn.instance_of(failure.execution_id).clone();
    turn.aggregate.incidents.insert(Incident {
        id,
        incident_type: failure.incident_type,
        message: failure.message.clone(),
        configuration: failure.configuration,
        execution_id: Some(failure.execution_id),
        process_instance_id: Some(instance.id),
        definition_id: Some(instance.definition_id.clone()),
        definition_key: Some(instance.definition_key.clone()),
        tenant_id: instance.tenant_id.clone(),
        activity_id: failure.activity_id.clone(),
        failed_activity_id: failure.failed_activity_id.clone(),
        job_definition_id: failure.job_definition_id,
        create_time,
        cause_incident_id: id,
        root_cause_incident_id: id,
        history_configuration: failure.history_configuration,
        annotation: None,
    });
    turn.history.incident_created(HistoricIncident {
        id,
        incident_type: failure.incident_type,
        message: failure.message,
        configuration: failure.configuration,
        history_configuration: failure.history_configuration,
        create_time,
        execution_id: Some(failure.execution_id),
        process_instance_id: Some(instance.id),
        root_process_instance_id: Some(instance.root_process_instance_id),
        definition_id: Some(instance.definition_id),
        definition_key: Some(instance.definition_key),
        tenant_id: instance.tenant_id,
        activity_id: failure.activity_id,
        failed_activity_id: failure.failed_activity_id,
        job_definition_id: failure.job_definition_id,
        cause_incident_id: id,
        root_cause_incident_id: id,
    });
}

/// What failed can be tried again.
pub(crate) fn resolve_all_about(turn: &mut Turn<'_, '_>, execution: ExecutionId, configuration: Uuid) {
    let ids: Vec<IncidentId> = turn
        .aggregate
        .incidents
        .by_key(execution)
        .filter(|incident| incident.configuration == configuration)
        .map(|incident| incident.id)
        .collect();
    end(turn, &ids, IncidentEnd::Resolved);
}

/// What failed is gone.
pub(crate) fn delete_all_about(turn: &mut Turn<'_, '_>, execution: ExecutionId, configuration: Uuid) {
    let ids: Vec<IncidentId> = turn
        .aggregate
        .incidents
        .by_key(execution)
        .filter(|incident| incident.configuration == configuration)
        .map(|incident| incident.id)
        .collect();
    end(turn, &ids, IncidentEnd::Deleted);
}

/// The execution that they belong to is gone.
pub(crate) fn delete_all_of(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    let ids: Vec<IncidentId> = turn.aggregate.incidents.by_key(execution).map(|incident| incident.id).collect();
    end(turn, &ids, IncidentEnd::Deleted);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IncidentEnd {
    Resolved,
    Deleted,
}

fn end(turn: &mut Turn<'_, '_>, ids: &[IncidentId], how: IncidentEnd) {
    let end_time = turn.env.now;
    for id in ids {
        turn.aggregate.incidents.remove(*id);
        turn.history.incident_ended(*id, end_time, how == IncidentEnd::Deleted);
    }
}
