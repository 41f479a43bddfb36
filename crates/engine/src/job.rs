//! Jobs of process instances: how they come to be, move and go.

use bpmn::model::Element;
use expression::{Expression, Value};
use types::{ExecutionId, JobId, Timestamp};

use crate::definition::ProcessDefinition;
use crate::evaluate;
use crate::record::{Job, JobHandler};
use crate::rejection::Rejection;
use crate::turn::Turn;

pub(crate) fn create(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &Element,
    definition: &ProcessDefinition,
    handler: JobHandler,
    due_date: Option<Timestamp>,
) -> Result<(), Rejection> {
    let id: JobId = turn.new_id();
    let job_definition = definition
        .job_definitions
        .iter()
        .find(|candidate| candidate.is_of(&element.id, &handler))
        .map(|found| found.id);
    let priority = priority(turn, execution, element, definition)?;
    let instance = turn.instance_of(execution);
    let job = Job {
        id,
        job_definition_id: job_definition,
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
        retries: Job::RETRIES_DEFAULT,
        priority,
        is_suspended: instance.is_suspended,
        exception_message: None,
        exception_details: None,
        failed_activity_id: None,
        lock_owner: None,
        lock_expiration: None,
    };
    turn.aggregate.jobs.insert(job);
    Ok(())
}

/// They go with their execution.
pub(crate) fn remove_all(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    let ids: Vec<JobId> = turn.aggregate.jobs.by_key(execution).map(|job| job.id).collect();
    for id in ids {
        turn.aggregate.jobs.remove(id);
    }
}

fn priority(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &Element,
    definition: &ProcessDefinition,
) -> Result<i64, Rejection> {
    let expression = element.job_priority.as_ref().or(definition.model.job_priority.as_ref());
    let Some(expression) = expression else { return Ok(0) };
    priority_of(expression, &evaluate::value(turn, execution, expression)?)
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
