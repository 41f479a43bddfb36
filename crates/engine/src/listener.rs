//! Execution and task listeners: what runs beside the path, and when.
//!
//! Listeners of one event run in document order, each on what the ones before it have done.

use std::sync::Arc;

use bpmn::model::{Action, ElementKind, ExecutionEvent, ExecutionListener, FlowIndex, TaskEvent};
use types::{ExecutionId, TaskId};

use crate::agenda::Step;
use crate::evaluate::{self, Interruption};
use crate::record::Task;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

/// What a listener is told of.
#[derive(Clone, Debug)]
pub(crate) struct Notified {
    pub execution: ExecutionId,
    pub event: &'static str,
    pub activity_id: Option<Arc<str>>,
    pub flow_id: Option<Arc<str>>,
    pub is_canceled: bool,
}

/// What has become of a task event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Heard {
    Regular,
    /// A listener threw an error, which is on the agenda: nothing else happens to the task.
    Thrown,
}

/// Whether an activity ends as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Regular,
    Cancelled,
}

/// The activity that the execution is at, or that it is the scope of, begins.
pub(crate) fn activity_started(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<(), Interruption> {
    of_activity(turn, execution, ExecutionEvent::Start, Manner::Regular)
}

/// The activity that the execution is at, or that it is the scope of, ends.
pub(crate) fn activity_ended(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    manner: Manner,
) -> Result<(), Interruption> {
    if turn.failed_end_listeners.contains(&turn.visit_of(execution).activity_instance_id) {
        return Ok(());
    }
    of_activity(turn, execution, ExecutionEvent::End, manner)
}

/// A listener that was told of the end has thrown: when the activity is ended for it, none is told again.
pub(crate) fn end_has_failed(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    let activity_instance = turn.visit_of(execution).activity_instance_id;
    turn.failed_end_listeners.insert(activity_instance);
}

/// A process instance begins at, or ends after, an activity.
pub(crate) fn process(
    turn: &mut Turn<'_, '_>,
    root: ExecutionId,
    event: ExecutionEvent,
    manner: Manner,
    activity_id: Option<Arc<str>>,
) -> Result<(), Rejection> {
    let definition = turn.definition_of(root)?;
    let notified = notified(root, event, manner, activity_id);
    run(turn, &definition.model.listeners, event, notified).map_err(Interruption::into_rejection)
}

/// A flow is taken; the execution has left `source` and is not at its target yet.
pub(crate) fn flow_taken(turn: &mut Turn<'_, '_>, execution: ExecutionId, flow: FlowIndex) -> Result<(), Interruption> {
    let definition = turn.definition_of(execution)?;
    let flow = definition.model.flow(flow);
    if flow.listeners.is_empty() {
        return Ok(());
    }
    let notified = Notified {
        execution,
        event: "take",
        activity_id: Some(definition.model.element(flow.source).id.clone()),
        flow_id: Some(flow.id.clone()),
        is_canceled: false,
    };
    run_actions(turn, flow.listeners.iter(), notified)
}

/// Tells the listeners of a user task. The task may be gone afterwards.
pub(crate) fn task(turn: &mut Turn<'_, '_>, id: TaskId, event: TaskEvent) -> Result<Heard, Rejection> {
    let Some(task) = turn.aggregate.task(id).filter(|_| !turn.skipped.custom_listeners) else {
        return Ok(Heard::Regular);
    };
    let Some(place) = &task.place else { return Ok(Heard::Regular) };
    let (execution, activity_id) = (place.execution_id, place.activity_id.clone());
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(turn.element_named(execution, &activity_id)?);
    let ElementKind::UserTask(element) = &element.kind else { return Ok(Heard::Regular) };
    let actions = element.listeners.iter().filter(|listener| listener.event == event).map(|listener| &listener.action);
    tell(turn, id, event, actions)
}

/// Tells one listener of the user task that the execution is at that its time has come.
pub(crate) fn timeout(turn: &mut Turn<'_, '_>, execution: ExecutionId, listener_id: &str) -> Result<(), Rejection> {
    let gone = || {
        let message = format!("the timeout listener `{listener_id}` has no task that it could be told of");
        Rejection::new(RejectionKind::ProcessEngine, message)
    };
    let id = turn.aggregate.tasks_at(execution).next().map(|task| task.id).ok_or_else(gone)?;
    let definition = turn.definition_of(execution)?;
    let ElementKind::UserTask(element) = &definition.model.element(turn.element_at(execution)?).kind else {
        return Err(gone());
    };
    let listener = element.timeout_listeners.iter().find(|listener| *listener.id == *listener_id).ok_or_else(gone)?;
    let _ = tell(turn, id, TaskEvent::Timeout, std::iter::once(&listener.action))?;
    Ok(())
}

fn tell<'m>(
    turn: &mut Turn<'_, '_>,
    id: TaskId,
    event: TaskEvent,
    actions: impl Iterator<Item = &'m Action>,
) -> Result<Heard, Rejection> {
    let execution = turn.aggregate.task(id).and_then(Task::execution_id);
    let execution = execution.expect("listeners are told of tasks of a process that exist");
    let before = turn.task_event.replace(event);
    let mut result = Ok(());
    for action in actions {
        if result.is_ok() && turn.aggregate.task(id).is_some() {
            result = evaluate::action_of_task(turn, id, action).map(drop);
        }
    }
    turn.task_event = before;
    match result {
        Ok(()) => Ok(Heard::Regular),
        // Camunda: an error thrown while a task is deleted is none that a model can catch.
        Err(Interruption::Thrown(error)) if event != TaskEvent::Delete => {
            turn.agenda.push(Step::Throw { execution, error });
            Ok(Heard::Thrown)
        }
        Err(interruption) => Err(interruption.into_rejection()),
    }
}

fn of_activity(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    event: ExecutionEvent,
    manner: Manner,
) -> Result<(), Interruption> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(turn.element_at(execution)?);
    if element.listeners.is_empty() {
        return Ok(());
    }
    let notified = notified(execution, event, manner, Some(element.id.clone()));
    run(turn, &element.listeners, event, notified)
}

fn notified(execution: ExecutionId, event: ExecutionEvent, manner: Manner, activity_id: Option<Arc<str>>) -> Notified {
    let event = match event {
        ExecutionEvent::Start => "start",
        ExecutionEvent::End => "end",
    };
    Notified { execution, event, activity_id, flow_id: None, is_canceled: manner == Manner::Cancelled }
}

fn run(
    turn: &mut Turn<'_, '_>,
    listeners: &[ExecutionListener],
    event: ExecutionEvent,
    notified: Notified,
) -> Result<(), Interruption> {
    let actions = listeners.iter().filter(|listener| listener.event == event).map(|listener| &listener.action);
    run_actions(turn, actions, notified)
}

fn run_actions<'m>(
    turn: &mut Turn<'_, '_>,
    mut actions: impl Iterator<Item = &'m Action>,
    notified: Notified,
) -> Result<(), Interruption> {
    if turn.skipped.custom_listeners {
        return Ok(());
    }
    let execution = notified.execution;
    let before = turn.notified.replace(notified);
    let result = actions.try_for_each(|action| evaluate::action(turn, execution, action).map(drop));
    turn.notified = before;
    result
}
