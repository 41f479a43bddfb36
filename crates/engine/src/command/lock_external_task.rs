//! Locks an external task for a worker, for a time that counts from now.

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
    lock_duration_ms: Option<i64>,
) -> Result<Answer, Rejection> {
    let worker_id = worker::worker_given(worker_id)?;
    let lock_duration_ms = worker::duration_given("lockDuration", lock_duration_ms)?;
    let task = worker::external_task(turn, id)?;
    let now = turn.env.now;
    if let (Some(holder), Some(until)) = (&task.worker_id, task.lock_expiration)
        && holder != worker_id
        && now <= until
    {
        let message =
            format!("external task {id} cannot be locked by worker `{worker_id}`: `{holder}` holds it until {until}");
        return Err(Rejection::new(RejectionKind::BadUserRequest, message));
    }
    // Camunda: a suspended task can be locked, and so can one that waits for its retry.
    turn.aggregate.external_tasks.update(id, |row| {
        row.worker_id = Some(worker_id.clone());
        row.lock_expiration = Some(now.plus_ms(lock_duration_ms));
    });
    Ok(Answer::Ready(Reply::Done))
}
