//! Sets and removes variables of an execution, or of those around it.

use types::ExecutionId;

use crate::command::dispatch::Answer;
use crate::command::{Reply, VariablePatch, VariableReach};
use crate::conditional;
use crate::instance::ScopeKey;
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::variables;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    execution_id: ExecutionId,
    reach: VariableReach,
    patch: &VariablePatch,
) -> Result<Answer, Rejection> {
    if turn.aggregate.execution(execution_id).is_none() {
        return Err(Rejection::not_found("execution", execution_id));
    }
    variables::patch(turn, ScopeKey::Execution(execution_id), reach, patch)?;
    conditional::follow_changes(turn)?;
    Ok(Answer::Ready(Reply::Done))
}
