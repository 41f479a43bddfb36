//! Jobs of timer events that wait within an instance.

use std::sync::Arc;

use bpmn::model::{
    BoundaryEvent, BoundaryTrigger, Element, ElementIndex, ElementKind, EventSubProcessStartEvent, EventTrigger,
    TimeoutListener, TimerDefinition, TimerForm,
};
use expression::Value;
use types::{ExecutionId, JobId, Timestamp};

use crate::definition::ProcessDefinition;
use crate::due_date::{self, DueDateError};
use crate::evaluate;
use crate::job;
use crate::record::{Job, JobHandler};
use crate::rejection::{Rejection, RejectionKind};
use crate::retry_cycle::RetryCycle;
use crate::turn::Turn;

/// One for each timer that a scope waits for; `None` is the process.
pub(crate) fn create_jobs(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    scope: Option<ElementIndex>,
    definition: &ProcessDefinition,
) -> Result<(), Rejection> {
    for (index, trigger) in definition.model.events_of(scope) {
        let EventTrigger::Timer(timer) = trigger else { continue };
        let element = definition.model.element(index);
        let (due_date, repeat) = first_due(turn, execution, timer, turn.env.now)?;
        let handler = match element.kind {
            ElementKind::BoundaryEvent(_) => JobHandler::TimerTransition { repeat },
            ElementKind::EventSubProcessStartEvent(_) => JobHandler::TimerStartEventSubprocess { repeat },
            _ => JobHandler::TimerIntermediateTransition { repeat },
        };
        job::create(turn, execution, element, definition, handler, due_date)?;
    }
    let Some(element) = scope.map(|scope| definition.model.element(scope)) else { return Ok(()) };
    for listener in timeout_listeners(element) {
        let (due_date, repeat) = first_due(turn, execution, &listener.timer, turn.env.now)?;
        let handler = JobHandler::TimerTaskListener { listener_id: listener.id.clone(), repeat };
        job::create(turn, execution, element, definition, handler, due_date)?;
    }
    Ok(())
}

fn timeout_listeners(element: &Element) -> &[TimeoutListener] {
    match &element.kind {
        ElementKind::UserTask(task) => &task.timeout_listeners,
        _ => &[],
    }
}

/// The job of the next repetition, where there is one.
pub(crate) fn repeat(turn: &mut Turn<'_, '_>, fired: &Job) -> Result<(), Rejection> {
    let (JobHandler::TimerTransition { repeat: Some(cycle) }
    | JobHandler::TimerStartEventSubprocess { repeat: Some(cycle) }
    | JobHandler::TimerIntermediateTransition { repeat: Some(cycle) }
    | JobHandler::TimerTaskListener { repeat: Some(cycle), .. }) = &fired.handler
    else {
        return Ok(());
    };
    let next = due_date::next_of_cycle(cycle, turn.env.now).map_err(|error| refused(&error))?;
    let Some(due_date) = next else { return Ok(()) };
    let Some(instance) = fired.process_instance_id else { return Ok(()) };
    let id: JobId = turn.new_id_in(instance);
    let create_time = turn.env.now;
    let retries = RetryCycle::of(turn, fired).map_or(turn.env.jobs.retries, |cycle| cycle.retries_of_new());
    let next = Job {
        id,
        due_date: Some(due_date),
        create_time,
        retries,
        exception_message: None,
        exception_details: None,
        failed_activity_id: None,
        ..fired.clone()
    };
    job::insert(turn, next);
    Ok(())
}

/// When a timer is due by what its expression gives now, counted from `base`; `None` for jobs of no timer.
pub(crate) fn due_again(
    turn: &mut Turn<'_, '_>,
    job: &Job,
    base: Timestamp,
) -> Result<Option<Option<Timestamp>>, Rejection> {
    let (Some(execution), Some(activity_id)) = (job.execution_id, &job.activity_id) else { return Ok(None) };
    if matches!(job.handler, JobHandler::AsyncBefore | JobHandler::AsyncStart | JobHandler::AsyncAfter { .. }) {
        return Ok(None);
    }
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(turn.element_named(execution, activity_id)?);
    let Some(timer) = of_job(element, &job.handler) else { return Ok(None) };
    let (due_date, _) = first_due(turn, execution, timer, base)?;
    Ok(Some(due_date))
}

/// The timer that a job of an element is due by.
pub(crate) fn of_job<'m>(element: &'m Element, handler: &JobHandler) -> Option<&'m TimerDefinition> {
    match handler {
        JobHandler::TimerTaskListener { listener_id, .. } => {
            let listener = timeout_listeners(element).iter().find(|listener| listener.id == *listener_id);
            listener.map(|listener| &listener.timer)
        }
        _ => of_element(element),
    }
}

/// The timer that an event waits for.
pub(crate) fn of_element(element: &Element) -> Option<&TimerDefinition> {
    let trigger = match &element.kind {
        ElementKind::BoundaryEvent(BoundaryEvent { trigger: BoundaryTrigger::Event(trigger), .. }) => trigger,
        ElementKind::EventSubProcessStartEvent(EventSubProcessStartEvent {
            trigger: BoundaryTrigger::Event(trigger),
            ..
        }) => trigger,
        ElementKind::IntermediateCatchEvent(event) => &event.trigger,
        ElementKind::EventStartEvent(event) => &event.trigger,
        _ => return None,
    };
    match trigger {
        EventTrigger::Timer(timer) => Some(timer),
        _ => None,
    }
}

/// The repetitions after a job's come so much later. Those of a cron expression cannot.
pub(crate) fn move_repetitions(turn: &mut Turn<'_, '_>, job: &Job, by_ms: i64) -> Result<(), Rejection> {
    let (JobHandler::TimerTransition { repeat: Some(cycle) }
    | JobHandler::TimerStartEventSubprocess { repeat: Some(cycle) }
    | JobHandler::TimerIntermediateTransition { repeat: Some(cycle) }
    | JobHandler::TimerTaskListener { repeat: Some(cycle), .. }) = &job.handler
    else {
        return Ok(());
    };
    let Some(moved) = due_date::moved_cycle(cycle, by_ms) else {
        let message = format!("the repetitions of `{cycle}` cannot be moved");
        return Err(Rejection::new(RejectionKind::BadUserRequest, message));
    };
    turn.aggregate.jobs.update(job.id, |row| {
        if let JobHandler::TimerTransition { repeat }
        | JobHandler::TimerStartEventSubprocess { repeat }
        | JobHandler::TimerIntermediateTransition { repeat }
        | JobHandler::TimerTaskListener { repeat, .. } = &mut row.handler
        {
            *repeat = Some(moved.into());
        }
    });
    Ok(())
}

/// When the timer is due first, and how a cycle goes on.
fn first_due(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    timer: &TimerDefinition,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<Arc<str>>), Rejection> {
    due(timer, &evaluate::value(turn, execution, &timer.expression)?, now)
}

/// The same for what the expression has given.
pub(crate) fn due(
    timer: &TimerDefinition,
    value: &Value,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<Arc<str>>), Rejection> {
    let text = match value {
        Value::Date(instant) | Value::DateTime(instant) => return Ok((Some(*instant), None)),
        Value::String(text) => text,
        other => return Err(evaluate::wrong_type(&timer.expression, other, "a Date or a String")),
    };
    let due = match timer.form {
        TimerForm::Date => due_date::date(text, now).map(Some),
        TimerForm::Duration => due_date::duration(text, now).map(Some),
        TimerForm::Cycle => due_date::next_of_cycle(text, now),
    };
    let due = due.map_err(|error| refused(&error))?;
    let repeat = match timer.form {
        TimerForm::Cycle => Some(due_date::anchored_cycle(text, now).into()),
        TimerForm::Date | TimerForm::Duration => None,
    };
    Ok((due, repeat))
}

pub(crate) fn refused(error: &DueDateError) -> Rejection {
    Rejection::new(RejectionKind::ProcessEngine, format!("couldn't resolve the time of a timer: {error}"))
}
