//! Whoever works on a user task reports an error that the model may catch.

use std::sync::Arc;

use types::{TaskId, VariableMap};

use crate::agenda::{BpmnError, Step};
use crate::command::dispatch::Answer;
use crate::command::{Reply, VariableReach};
use crate::instance::ScopeKey;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

use super::change_task::active_task;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: TaskId,
    (error_code, error_message): (Option<&Arc<str>>, Option<&Arc<str>>),
    variables: &VariableMap,
) -> Result<Answer, Rejection> {
    let Some(error_code) = error_code.filter(|code| !code.is_empty()) else {
        return Err(Rejection::new(RejectionKind::BadUserRequest, "errorCode is empty"));
    };
    // Camunda: where there is no process, nothing catches the error.
    let Some(execution) = active_task(turn, id)?.execution_id() else {
        let message = format!("nothing catches the error `{error_code}` of task {id}");
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    };
    variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Nearest, variables)?;
    let error = BpmnError::modelled(Some(error_code.clone()), error_message.cloned());
    turn.agenda.push(Step::Throw { execution, error });
    Ok(Answer::Ready(Reply::Done))
}
