//! Incidents: made when a task or job is out of retries, or from outside; resolved when the cause has gone, deleted
//! with their owner. An incident of a called instance has one in each of its callers, which goes with it.

use std::sync::Arc;

use types::{ExecutionId, IncidentId, JobDefinitionId, Uuid};

use crate::history::HistoricIncident;
use crate::record::{Incident, IncidentType};
use crate::turn::Turn;

/// What failed, where.
pub(crate) struct Failure {
    pub incident_type: IncidentType,
    /// The external task or job, or whatever the maker says.
    pub configuration: Option<Arc<str>>,
    pub execution_id: ExecutionId,
    pub activity_id: Option<Arc<str>>,
    pub failed_activity_id: Option<Arc<str>>,
    pub job_definition_id: Option<JobDefinitionId>,
    pub message: Option<Arc<str>>,
    /// The newest failure in the log.
    pub history_configuration: Option<Uuid>,
}

/// Where an incident comes from, if not from itself.
#[derive(Clone, Copy)]
struct Origin {
    cause: IncidentId,
    root_cause: IncidentId,
}

pub(crate) fn create(turn: &mut Turn<'_, '_>, failure: Failure) -> IncidentId {
    let incident_type = failure.incident_type.clone();
    let mut called_by = turn.instance_of(failure.execution_id).super_execution_id;
    let root_cause = insert(turn, failure, None);
    let mut cause = root_cause;
    while let Some(execution_id) = called_by {
        let activity_id = activity_of(turn, execution_id);
        let caused = Failure {
            incident_type: incident_type.clone(),
            configuration: None,
            execution_id,
            activity_id: activity_id.clone(),
            failed_activity_id: activity_id,
            job_definition_id: None,
            message: None,
            history_configuration: None,
        };
        cause = insert(turn, caused, Some(Origin { cause, root_cause }));
        called_by = turn.instance_of(execution_id).super_execution_id;
    }
    root_cause
}

fn activity_of(turn: &Turn<'_, '_>, execution: ExecutionId) -> Option<Arc<str>> {
    let row = turn.execution(execution);
    row.at.as_ref().map(|visit| visit.activity_id.clone())
}

fn insert(turn: &mut Turn<'_, '_>, failure: Failure, origin: Option<Origin>) -> IncidentId {
    let id: IncidentId = turn.new_id_at(failure.execution_id);
    let Origin { cause, root_cause } = origin.unwrap_or(Origin { cause: id, root_cause: id });
    let create_time = turn.env.now;
    let instance = turn.instance_of(failure.execution_id).clone();
    turn.aggregate.incidents.insert(Incident {
        id,
        incident_type: failure.incident_type.clone(),
        message: failure.message.clone(),
        configuration: failure.configuration.clone(),
        execution_id: Some(failure.execution_id),
        process_instance_id: Some(instance.id),
        definition_id: Some(instance.definition_id.clone()),
        definition_key: Some(instance.definition_key.clone()),
        tenant_id: instance.tenant_id.clone(),
        activity_id: failure.activity_id.clone(),
        failed_activity_id: failure.failed_activity_id.clone(),
        job_definition_id: failure.job_definition_id,
        create_time,
        cause_incident_id: cause,
        root_cause_incident_id: root_cause,
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
        cause_incident_id: cause,
        root_cause_incident_id: root_cause,
    });
    id
}

/// What failed can be tried again.
pub(crate) fn resolve_all_about(turn: &mut Turn<'_, '_>, execution: ExecutionId, configuration: Uuid) {
    let ids = all_about(turn, execution, configuration);
    end(turn, &ids, IncidentEnd::Resolved);
}

/// What failed is tried again, and has succeeded if the command does.
pub(crate) fn resolve_at_end(turn: &mut Turn<'_, '_>, execution: ExecutionId, configuration: Uuid) {
    turn.resolving.extend(all_about(turn, execution, configuration));
}

/// The command has succeeded.
pub(crate) fn resolve_tried(turn: &mut Turn<'_, '_>) {
    let mut ids = std::mem::take(&mut turn.resolving);
    ids.retain(|id| turn.aggregate.incident(*id).is_some());
    end(turn, &ids, IncidentEnd::Resolved);
}

/// What failed is gone.
pub(crate) fn delete_all_about(turn: &mut Turn<'_, '_>, execution: ExecutionId, configuration: Uuid) {
    let ids = all_about(turn, execution, configuration);
    end(turn, &ids, IncidentEnd::Deleted);
}

pub(crate) fn all_about(turn: &Turn<'_, '_>, execution: ExecutionId, configuration: Uuid) -> Vec<IncidentId> {
    let mut found = turn.aggregate.incidents.by_key(execution).peekable();
    if found.peek().is_none() {
        return Vec::new();
    }
    let configuration = configuration.to_string();
    found.filter(|incident| incident.configuration.as_deref() == Some(&configuration)).map(|row| row.id).collect()
}

/// The execution that they belong to is gone.
pub(crate) fn delete_all_of(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    let ids: Vec<IncidentId> = turn.aggregate.incidents.by_key(execution).map(|incident| incident.id).collect();
    end(turn, &ids, IncidentEnd::Deleted);
}

/// Someone has looked after it.
pub(crate) fn resolve(turn: &mut Turn<'_, '_>, id: IncidentId) {
    end(turn, &[id], IncidentEnd::Resolved);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IncidentEnd {
    Resolved,
    Deleted,
}

fn end(turn: &mut Turn<'_, '_>, ids: &[IncidentId], how: IncidentEnd) {
    let end_time = turn.env.now;
    for id in ids {
        let mut next = Some(*id);
        while let Some(id) = next {
            let caused = caused_by(turn, id);
            turn.aggregate.incidents.remove(id);
            // Camunda: an incident about the job that runs is resolved even if its execution ends before the job does;
            // those that it has caused are deleted with it then.
            let is_deleted = how == IncidentEnd::Deleted && !turn.resolving.contains(&id);
            turn.history.incident_ended(id, end_time, is_deleted);
            next = caused;
        }
    }
}

/// The incident that another one has in the calling instance.
fn caused_by(turn: &Turn<'_, '_>, id: IncidentId) -> Option<IncidentId> {
    let execution = turn.aggregate.incident(id)?.execution_id?;
    let called_by = turn.instance_of(execution).super_execution_id?;
    let mut there = turn.aggregate.incidents.by_key(called_by);
    there.find(|incident| incident.cause_incident_id == id).map(|incident| incident.id)
}
