//! Sets and removes variables of a user task, or of the executions around it.

use types::TaskId;

use crate::command::dispatch::Answer;
use crate::command::{Reply, VariablePatch, VariableReach};
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
    if turn.aggregate.task(id).is_none() {
        return Err(Rejection::not_found("task", id));
    }
    variables::patch(turn, ScopeKey::Task(id), reach, patch)?;
    let now = turn.env.now;
    turn.aggregate.tasks.update(id, |row| row.last_updated = Some(now));
    Ok(Answer::Ready(Reply::Done))
}
