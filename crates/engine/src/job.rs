//! Jobs of process instances: how they come to be, move and go.

use bpmn::model::Element;
use expression::{Expression, Value};
use types::{ExecutionId, HistoryId, JobId, Timestamp};

use crate::definition::ProcessDefinition;
use crate::evaluate;
use crate::history::{JobLogEntry, JobLogKind};
use crate::incident;
use crate::record::{Job, JobHandler};
use crate::rejection::{Rejection, RejectionKind};
use crate::retry_cycle::RetryCycle;
use crate::timer;
use crate::turn::Turn;

pub(crate) fn create(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &Element,
    definition: &ProcessDefinition,
    handler: JobHandler,
    due_date: Option<Timestamp>,
) -> Result<(), Rejection> {
    let id: JobId = turn.new_id_at(execution);
    let timer = timer::of_job(element, &handler);
    let job_definition = definition.job_definitions.iter().find(|candidate| {
        // The listeners of one task each have theirs.
        let is_same = || timer.is_some_and(|timer| timer.job_configuration() == candidate.configuration);
        candidate.is_of(&element.id, &handler)
            && (!matches!(handler, JobHandler::TimerTaskListener { .. }) || is_same())
    });
    let priority = match job_definition.and_then(|found| found.override_priority) {
        Some(priority) => priority,
        None => priority(turn, execution, element, definition)?,
    };
    let cycle = RetryCycle::of_element(turn, execution, element);
    let retries = cycle.map_or(turn.env.jobs.retries, |cycle| cycle.retries_of_new());
    let is_exclusive = match &handler {
        JobHandler::AsyncBefore | JobHandler::AsyncStart | JobHandler::AsyncAfter { .. } => {
            element.asynchronous.is_exclusive
        }
        _ => timer.is_none_or(|timer| timer.is_exclusive),
    };
    let instance = turn.instance_of(execution);
    let job = Job {
        id,
        job_definition_id: job_definition.map(|found| found.id),
        handler,
        execution_id: Some(execution),
        process_instance_id: Some(instance.id),
        root_process_instance_id: Some(instance.root_process_instance_id),
        definition_id: Some(instance.definition_id.clone()),
        definition_key: Some(instance.definition_key.clone()),
        tenant_id: instance.tenant_id.clone(),
        activity_id: Some(element.id.clone()),
        due_date,
        create_time: turn.env.now,
        retries,
        priority,
        is_suspended: instance.is_suspended || job_definition.is_some_and(|found| found.is_suspended),
        is_exclusive,
        exception_message: None,
        exception_details: None,
        failed_activity_id: None,
    };
    insert(turn, job);
    Ok(())
}

pub(crate) fn insert(turn: &mut Turn<'_, '_>, job: Job) {
    log(turn, &job, JobLogKind::Created);
    turn.aggregate.jobs.insert(job);
}

/// They go with their execution.
pub(crate) fn remove_all(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    let ids: Vec<JobId> = turn.aggregate.jobs.by_key(execution).map(|job| job.id).collect();
    for id in ids {
        delete(turn, id);
    }
}

/// Nobody needs it any more.
pub(crate) fn delete(turn: &mut Turn<'_, '_>, id: JobId) {
    if let Some(job) = turn.aggregate.jobs.remove(id) {
        log(turn, &job, JobLogKind::Deleted);
        if let Some(execution) = job.execution_id {
            incident::delete_all_about(turn, execution, id.0);
        }
    }
}

/// It has done its work, or is about to.
pub(crate) fn succeed(turn: &mut Turn<'_, '_>, job: &Job) {
    if let Some(execution) = job.execution_id {
        incident::resolve_at_end(turn, execution, job.id.0);
    }
    log(turn, job, JobLogKind::Succeeded);
    turn.aggregate.jobs.remove(job.id);
}

/// Writes an entry about the job as it is now, where entries are kept.
pub(crate) fn log(turn: &mut Turn<'_, '_>, job: &Job, kind: JobLogKind) -> Option<HistoryId> {
    if !turn.history.keeps_logs() {
        return None;
    }
    let id: HistoryId = match job.process_instance_id {
        Some(instance) => turn.new_id_in(instance),
        None => turn.new_id(),
    };
    let definition = job.definition_id.as_ref().and_then(|id| turn.definitions.by_id(id)).cloned();
    let job_definition = definition.as_ref().and_then(|definition| {
        definition.job_definitions.iter().find(|candidate| Some(candidate.id) == job.job_definition_id)
    });
    let is_failure = kind == JobLogKind::Failed;
    let entry = JobLogEntry {
        id,
        kind,
        timestamp: turn.env.now,
        job_id: job.id,
        due_date: job.due_date,
        retries: job.retries,
        priority: job.priority,
        // Only the entry of a failure shows what the job remembers of it.
        exception_message: job.exception_message.clone().filter(|_| is_failure),
        exception_details: job.exception_details.clone().filter(|_| is_failure),
        job_definition_id: job.job_definition_id,
        job_type: job_definition.map_or_else(|| "".into(), |found| found.job_type.into()),
        job_configuration: job_definition.map(|found| found.configuration.as_str().into()),
        activity_id: job.activity_id.clone(),
        failed_activity_id: job.failed_activity_id.clone(),
        execution_id: job.execution_id,
        process_instance_id: job.process_instance_id,
        root_process_instance_id: job.root_process_instance_id,
        definition_id: job.definition_id.clone(),
        definition_key: job.definition_key.clone(),
        deployment_id: definition.as_ref().map(|definition| definition.deployment_id),
        tenant_id: job.tenant_id.clone(),
        host_name: turn.env.host_name.into(),
        batch_id: None,
    };
    turn.history.job_logged(entry);
    Some(id)
}

fn priority(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &Element,
    definition: &ProcessDefinition,
) -> Result<i64, Rejection> {
    let expression = element.job_priority.as_ref().or(definition.model.job_priority.as_ref());
    let Some(expression) = expression else { return Ok(0) };
    match evaluate::value(turn, execution, expression) {
        Ok(value) => priority_of(expression, &value),
        // Camunda: an expression that cannot be evaluated gives priority 0.
        Err(rejection) if rejection.kind == RejectionKind::Expression => Ok(0),
        Err(rejection) => Err(rejection),
    }
}

/// What the expression of a priority has given, as one.
pub(crate) fn priority_of(expression: &Expression, value: &Value) -> Result<i64, Rejection> {
    let number = match value {
        Value::Short(_) | Value::Integer(_) | Value::Long(_) => value.to_long().ok(),
        Value::String(_) if expression.is_literal() => value.to_long().ok(),
        _ => None,
    };
    number.ok_or_else(|| evaluate::wrong_type(expression, value, "a whole number"))
}
