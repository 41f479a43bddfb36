//! Sets and removes variables of a user task, or of the executions around it.

use types::TaskId;

use crate::behavior::user_task;
use crate::command::dispatch::Answer;
use crate::command::{Reply, VariablePatch, VariableReach};
use crate::conditional;
use crate::instance::ScopeKey;
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::variables;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: TaskId,
    reach: VariableReach,
    patch: &VariablePatch,
) -> Result<Answer, Rejection> {
    let task = turn.aggregate.task(id).ok_or_else(|| Rejection::not_found("task", id))?;
    let assignee = task.assignee.clone();
    variables::patch(turn, ScopeKey::Task(id), reach, patch)?;
    conditional::follow_changes(turn)?;
    user_task::updated(turn, id, assignee.as_ref())?;
    Ok(Answer::Ready(Reply::Done))
}
