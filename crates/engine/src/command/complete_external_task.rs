//! A worker has done its work: variables are set, the task goes, its execution goes on. An error event definition of
//! the task that holds turns the completion into a BPMN error.

use std::sync::Arc;

use bpmn::model::{ElementKind, ErrorEventDefinition};
use expression::Value;
use types::{ExecutionId, ExternalTaskId, VariableMap};

use crate::agenda::{BpmnError, Step};
use crate::behavior::external_task as behavior;
use crate::command::dispatch::Answer;
use crate::command::{Reply, VariableReach};
use crate::history::ExternalTaskLogKind;
use crate::instance::ScopeKey;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::worker;
use crate::{evaluate, incident, variables};

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: ExternalTaskId,
    worker_id: Option<&Arc<str>>,
    variables: &VariableMap,
    local_variables: &VariableMap,
) -> Result<Answer, Rejection> {
    let worker_id = worker::worker_given(worker_id)?;
    let task = worker::external_task_of(turn, id, worker_id)?;
    worker::must_be_active(&task)?;
    let execution = task.execution_id;
    variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Nearest, variables)?;
    variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Local, local_variables)?;
    if let Some(code) = error_that_holds(turn, execution, OnFailedExpression::Refuse)? {
        let error = BpmnError::modelled(code, task.error_message);
        turn.agenda.push(Step::Throw { execution, error });
        return Ok(Answer::Ready(Reply::Done));
    }
    behavior::log(turn, id, ExternalTaskLogKind::Succeeded);
    incident::resolve_all_about(turn, execution, id.0);
    turn.aggregate.external_tasks.remove(id);
    turn.agenda.push(Step::Resume { execution });
    Ok(Answer::Ready(Reply::Done))
}

/// What becomes of an error event definition that cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnFailedExpression {
    Refuse,
    Ignore,
}

/// The code of the first error event definition whose expression gives true.
pub(super) fn error_that_holds(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    on_failed: OnFailedExpression,
) -> Result<Option<Option<Arc<str>>>, Rejection> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(turn.element_at(execution)?);
    let ElementKind::ExternalTask(task) = &element.kind else { return Ok(None) };
    for ErrorEventDefinition { error, expression } in &task.error_event_definitions {
        let Some(expression) = expression else { continue };
        match (evaluate::value(turn, execution, expression), on_failed) {
            (Ok(Value::Boolean(true)), _) => return Ok(Some(error.error_code.clone())),
            (Ok(_), _) | (Err(_), OnFailedExpression::Ignore) => {}
            (Err(rejection), OnFailedExpression::Refuse) => return Err(rejection),
        }
    }
    Ok(None)
}
