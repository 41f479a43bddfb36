//! Gives a lock that has not run out another length, which counts from now and may be shorter.

use std::sync::Arc;

use types::ExternalTaskId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

use super::worker;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: ExternalTaskId,
    worker_id: Option<&Arc<str>>,
    new_duration_ms: Option<i64>,
) -> Result<Answer, Rejection> {
    // Camunda: the duration is looked at before the worker.
    let new_duration_ms = worker::duration_given("newDuration", new_duration_ms)?;
    let worker_id = worker::worker_given(worker_id)?;
    let task = worker::external_task_of(turn, id, worker_id)?;
    let now = turn.env.now;
    if task.lock_expiration.is_none_or(|until| until < now) {
        let message = format!("the lock of external task {id} has run out: it cannot be extended");
        return Err(Rejection::new(RejectionKind::BadUserRequest, message));
    }
    worker::must_be_active(&task)?;
    turn.aggregate.external_tasks.update(id, |row| row.lock_expiration = Some(now.plus_ms(new_duration_ms)));
    Ok(Answer::Ready(Reply::Done))
}
