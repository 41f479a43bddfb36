//! What a worker must bring to be let at an external task.

use std::sync::Arc;

use types::ExternalTaskId;

use crate::record::ExternalTask;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

pub(super) fn worker_given(worker_id: Option<&Arc<str>>) -> Result<&Arc<str>, Rejection> {
    worker_id.ok_or_else(|| Rejection::new(RejectionKind::NullValue, "workerId is null"))
}

pub(super) fn duration_given(name: &str, duration_ms: Option<i64>) -> Result<i64, Rejection> {
    match duration_ms {
        Some(duration_ms) if duration_ms > 0 => Ok(duration_ms),
        other => {
            let given = other.map_or_else(|| "null".to_owned(), |given| given.to_string());
            Err(Rejection::new(RejectionKind::BadUserRequest, format!("{name} is {given}: it must be greater than 0")))
        }
    }
}

pub(super) fn external_task(turn: &Turn<'_, '_>, id: ExternalTaskId) -> Result<ExternalTask, Rejection> {
    turn.aggregate.external_task(id).cloned().ok_or_else(|| Rejection::not_found("external task", id))
}

/// The task, if it was last locked by this worker; whether the lock has run out does not matter.
pub(super) fn external_task_of(
    turn: &Turn<'_, '_>,
    id: ExternalTaskId,
    worker_id: &Arc<str>,
) -> Result<ExternalTask, Rejection> {
    let task = external_task(turn, id)?;
    if task.worker_id.as_ref() == Some(worker_id) {
        return Ok(task);
    }
    let message = match &task.worker_id {
        Some(other) => format!("external task {id} is locked by worker `{other}`, not by `{worker_id}`"),
        None => format!("external task {id} is not locked by worker `{worker_id}`"),
    };
    Err(Rejection::new(RejectionKind::BadUserRequest, message))
}

pub(super) fn must_be_active(task: &ExternalTask) -> Result<(), Rejection> {
    if task.is_suspended {
        return Err(Rejection::new(RejectionKind::Suspended, format!("external task {} is suspended", task.id)));
    }
    Ok(())
}
