//! Sets the priority of an external task.

use types::ExternalTaskId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::worker;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: ExternalTaskId, priority: i64) -> Result<Answer, Rejection> {
    worker::external_task(turn, id)?;
    turn.aggregate.external_tasks.update(id, |row| row.priority = priority);
    Ok(Answer::Ready(Reply::Done))
}
