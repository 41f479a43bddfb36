//! A task that stands alone is deleted with its parts.

use types::TaskId;

use crate::behavior::user_task::{self, TaskOutcome};
use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: TaskId) -> Result<Answer, Rejection> {
    let task = turn.aggregate.task(id).ok_or_else(|| Rejection::not_found("task", id))?;
    if task.place.is_some() {
        let message = format!("task {id} is part of a running process and ends with it");
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    }
    user_task::delete(turn, id, TaskOutcome::Cancelled);
    Ok(Answer::Ready(Reply::Done))
}
