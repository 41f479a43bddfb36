//! Jobs of timer events that wait within an instance.

use std::sync::Arc;

use bpmn::model::{ElementIndex, ElementKind, EventTrigger, TimerDefinition, TimerForm};
use expression::Value;
use types::{ExecutionId, JobId, Timestamp};

use crate::definition::ProcessDefinition;
use crate::due_date::{self, DueDateError};
use crate::evaluate;
use crate::job;
use crate::record::{Job, JobHandler};
use crate::rejection::{Rejection, RejectionKind};
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
        let (due_date, repeat) = first_due(turn, execution, timer)?;
        let handler = match element.kind {
            ElementKind::BoundaryEvent(_) => JobHandler::TimerTransition { repeat },
            ElementKind::EventSubProcessStartEvent(_) => JobHandler::TimerStartEventSubprocess { repeat },
            _ => JobHandler::TimerIntermediateTransition { repeat },
        };
        job::create(turn, execution, element, definition, handler, due_date)?;
    }
    Ok(())
}

/// The job of the next repetition, where there is one.
pub(crate) fn repeat(turn: &mut Turn<'_, '_>, fired: &Job) -> Result<(), Rejection> {
    let (JobHandler::TimerTransition { repeat: Some(cycle) }
    | JobHandler::TimerStartEventSubprocess { repeat: Some(cycle) }
    | JobHandler::TimerIntermediateTransition { repeat: Some(cycle) }) = &fired.handler
    else {
        return Ok(());
    };
    let next = due_date::next_of_cycle(cycle, turn.env.now).map_err(|error| refused(&error))?;
    let Some(due_date) = next else { return Ok(()) };
    let id: JobId = turn.new_id();
    let create_time = turn.env.now;
    let next = Job {
        id,
        due_date: Some(due_date),
        create_time,
        retries: Job::RETRIES_DEFAULT,
        exception_message: None,
        exception_details: None,
        failed_activity_id: None,
        lock_owner: None,
        lock_expiration: None,
        ..fired.clone()
    };
    turn.aggregate.jobs.insert(next);
    Ok(())
}

/// When the timer is due first, and how a cycle goes on.
fn first_due(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    timer: &TimerDefinition,
) -> Result<(Option<Timestamp>, Option<Arc<str>>), Rejection> {
    let now = turn.env.now;
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
