//! Asynchronous continuations: where a path stops until a job goes on with it.
//!
//! While it waits the execution is at no activity. Before an activity that has not begun; after one it has ended
//! already.

use bpmn::model::{Element, ElementIndex, ExecutionEvent, FlowIndex};
use types::{ExecutionId, JobId};

use crate::agenda::Step;
use crate::instance::Aggregate;
use crate::listener::{self, Manner};
use crate::record::{Job, JobHandler};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::{incident, job, variables};

/// A job enters the element.
pub(crate) fn wait_before(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: ElementIndex,
) -> Result<(), Rejection> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(element);
    wait(turn, execution, element);
    let handler = match turn.starts_later.take_if(|starting| *starting == execution) {
        Some(_) => JobHandler::AsyncStart,
        None => JobHandler::AsyncBefore,
    };
    job::create(turn, execution, element, definition, handler, None)
}

/// The execution has left an element; a job takes the flow, or ends the path where there is none.
pub(crate) fn wait_after(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: ElementIndex,
    flow: Option<FlowIndex>,
) -> Result<(), Rejection> {
    let definition = turn.definition_of(execution)?;
    let flow = flow.map(|flow| definition.model.flow(flow).id.clone());
    let element = definition.model.element(element);
    wait(turn, execution, element);
    job::create(turn, execution, element, definition, JobHandler::AsyncAfter { flow }, None)
}

fn wait(turn: &mut Turn<'_, '_>, execution: ExecutionId, element: &Element) {
    turn.aggregate.executions.update(execution, |row| {
        row.at = None;
        row.continuation = Some(element.id.clone());
    });
    variables::follow_path(turn, execution, None);
}

/// What a job does with its execution; `None` for jobs that are no continuations.
pub(crate) fn step_of(turn: &mut Turn<'_, '_>, job: &Job) -> Result<Option<Step>, Rejection> {
    let (Some(execution), Some(activity_id)) = (job.execution_id, &job.activity_id) else { return Ok(None) };
    let step = match &job.handler {
        JobHandler::AsyncBefore | JobHandler::AsyncStart => {
            Step::Begin { execution, element: turn.element_named(execution, activity_id)? }
        }
        JobHandler::AsyncAfter { flow: Some(flow) } => {
            Step::Take { execution, flow: flow_named(turn, execution, activity_id, flow)? }
        }
        JobHandler::AsyncAfter { flow: None } => {
            Step::Finish { execution, element: turn.element_named(execution, activity_id)? }
        }
        _ => return Ok(None),
    };
    turn.aggregate.executions.update(execution, |row| row.continuation = None);
    if job.handler == JobHandler::AsyncStart {
        let root = ExecutionId::from(turn.instance_of(execution).id);
        listener::process(turn, root, ExecutionEvent::Start, Manner::Regular, Some(activity_id.clone()))?;
    }
    Ok(Some(step))
}

/// Where a path goes on that waits for its job; `None` if it waits for none.
pub(crate) fn destination_of(turn: &Turn<'_, '_>, execution: ExecutionId) -> Result<Option<ElementIndex>, Rejection> {
    let row = turn.execution(execution);
    let Some(activity_id) = row.continuation.clone() else { return Ok(None) };
    let flow = turn.aggregate.jobs.by_key(execution).find_map(|job| match &job.handler {
        JobHandler::AsyncAfter { flow } => flow.clone(),
        _ => None,
    });
    match flow {
        Some(flow) => {
            let index = flow_named(turn, execution, &activity_id, &flow)?;
            Ok(Some(turn.definition_of(execution)?.model.flow(index).target))
        }
        None => turn.element_named(execution, &activity_id).map(Some),
    }
}

fn flow_named(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    activity_id: &str,
    flow: &str,
) -> Result<FlowIndex, Rejection> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(turn.element_named(execution, activity_id)?);
    let found = element.outgoing.iter().find(|index| *definition.model.flow(**index).id == *flow);
    found.copied().ok_or_else(|| {
        let message = format!("the definition {} has no flow `{flow}` out of `{activity_id}`", definition.id);
        Rejection::new(RejectionKind::ProcessEngine, message)
    })
}

/// Another execution waits in place of `from`: with its job, and the incident of that.
pub(crate) fn move_to(turn: &mut Turn<'_, '_>, from: ExecutionId, to: ExecutionId) {
    let Some(waiting) = turn.aggregate.execution(from).and_then(|row| row.continuation.clone()) else { return };
    for id in continuations_of(turn.aggregate, from) {
        turn.aggregate.jobs.update(id, |row| row.execution_id = Some(to));
        for incident in incident::all_about(turn, from, id.0) {
            turn.aggregate.incidents.update(incident, |row| row.execution_id = Some(to));
        }
    }
    turn.aggregate.executions.update(from, |row| row.continuation = None);
    turn.aggregate.executions.update(to, |row| row.continuation = Some(waiting));
}

/// Nothing goes on any more where the execution waits.
pub(crate) fn drop_of(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    for id in continuations_of(turn.aggregate, execution) {
        turn.aggregate.jobs.remove(id);
        incident::delete_all_about(turn, execution, id.0);
    }
    turn.aggregate.executions.update(execution, |row| row.continuation = None);
}

fn continuations_of(aggregate: &Aggregate, execution: ExecutionId) -> Vec<JobId> {
    aggregate
        .jobs
        .by_key(execution)
        .filter(|job| {
            matches!(job.handler, JobHandler::AsyncBefore | JobHandler::AsyncStart | JobHandler::AsyncAfter { .. })
        })
        .map(|job| job.id)
        .collect()
}
