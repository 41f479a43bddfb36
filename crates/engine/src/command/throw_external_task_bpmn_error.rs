//! A worker reports an error that the model may catch.

use std::sync::Arc;

use types::{ExternalTaskId, VariableMap};

use crate::agenda::{BpmnError, Step};
use crate::command::dispatch::Answer;
use crate::command::{Reply, VariableReach};
use crate::instance::ScopeKey;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

use super::worker;
use crate::variables;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: ExternalTaskId,
    worker_id: Option<&Arc<str>>,
    (error_code, error_message): (Option<&Arc<str>>, Option<&Arc<str>>),
    variables: &VariableMap,
) -> Result<Answer, Rejection> {
    let worker_id = worker::worker_given(worker_id)?;
    let Some(error_code) = error_code else {
        return Err(Rejection::new(RejectionKind::NullValue, "errorCode is null"));
    };
    let task = worker::external_task_of(turn, id, worker_id)?;
    worker::must_be_active(&task)?;
    if error_code.is_empty() {
        return Err(Rejection::new(RejectionKind::ProcessEngine, "errorCode is empty"));
    }
    let execution = task.execution_id;
    variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Nearest, variables)?;
    let error = BpmnError::modelled(Some(error_code.clone()), error_message.cloned());
    turn.agenda.push(Step::Throw { execution, error });
    Ok(Answer::Ready(Reply::Done))
}
