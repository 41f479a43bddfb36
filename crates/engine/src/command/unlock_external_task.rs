//! Takes the lock off an external task, whoever holds it.

use types::ExternalTaskId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::worker;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: ExternalTaskId) -> Result<Answer, Rejection> {
    worker::external_task(turn, id)?;
    turn.aggregate.external_tasks.update(id, |row| {
        row.worker_id = None;
        row.lock_expiration = None;
    });
    Ok(Answer::Ready(Reply::Done))
}
