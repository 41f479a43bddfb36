//! A worker could not do its work: the task remembers the error, waits for its retry, or makes an incident. An error
//! event definition of the task that holds turns the failure into a BPMN error.

use std::sync::Arc;

use types::{ExternalTaskId, VariableMap};

use crate::agenda::{BpmnError, Step};
use crate::behavior::external_task as behavior;
use crate::command::dispatch::Answer;
use crate::command::{Reply, VariableReach};
use crate::history::ExternalTaskLogKind;
use crate::instance::ScopeKey;
use crate::record::ExternalTask;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

use super::complete_external_task::{OnFailedExpression, error_that_holds};
use super::set_external_task_retries::set_retries;
use super::worker;

/// What a worker reports.
pub(super) struct Failure<'c> {
    pub error_message: Option<&'c Arc<str>>,
    pub error_details: Option<&'c Arc<str>>,
    pub retries: i32,
    pub retry_timeout_ms: i64,
    pub variables: &'c VariableMap,
    pub local_variables: &'c VariableMap,
}

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: ExternalTaskId,
    worker_id: Option<&Arc<str>>,
    failure: &Failure<'_>,
) -> Result<Answer, Rejection> {
    let worker_id = worker::worker_given(worker_id)?;
    not_negative("retries", i64::from(failure.retries))?;
    not_negative("retryTimeout", failure.retry_timeout_ms)?;
    let task = worker::external_task_of(turn, id, worker_id)?;
    worker::must_be_active(&task)?;
    let execution = task.execution_id;
    variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Nearest, failure.variables)?;
    variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Local, failure.local_variables)?;
    let message = failure.error_message.map(cut);
    turn.aggregate.external_tasks.update(id, |row| {
        row.error_message = message.clone();
        // Camunda: details stay when a later failure brings none.
        if let Some(details) = failure.error_details {
            row.error_details = Some(details.clone());
        }
    });
    if let Some(code) = error_that_holds(turn, execution, OnFailedExpression::Ignore)? {
        turn.agenda.push(Step::Throw { execution, error: BpmnError::modelled(code, message) });
        return Ok(Answer::Ready(Reply::Done));
    }
    let until = turn.env.now.plus_ms(failure.retry_timeout_ms);
    turn.aggregate.external_tasks.update(id, |row| row.lock_expiration = Some(until));
    // Camunda: the log shows the retries from before the failure.
    let entry = behavior::log(turn, id, ExternalTaskLogKind::Failed);
    let task = worker::external_task(turn, id)?;
    set_retries(turn, &task, failure.retries, entry);
    Ok(Answer::Ready(Reply::Done))
}

fn not_negative(name: &str, number: i64) -> Result<(), Rejection> {
    if number < 0 {
        let message = format!("{name} is {number}: it must be greater than or equal to 0");
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    }
    Ok(())
}

fn cut(message: &Arc<str>) -> Arc<str> {
    match message.char_indices().nth(ExternalTask::ERROR_MESSAGE_LENGTH_MAX) {
        Some((end, _)) => message[..end].into(),
        None => message.clone(),
    }
}
