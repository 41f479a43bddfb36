//! Ends an instance from outside: everything that runs is cancelled.

use std::sync::Arc;

use types::ProcessInstanceId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::modification::Skipped;
use crate::process_instance;
use crate::rejection::Rejection;
use crate::turn::Turn;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    delete_reason: Option<&Arc<str>>,
    skipped: Skipped,
) -> Result<Answer, Rejection> {
    if turn.aggregate.process_instance(id).is_none() {
        return Err(Rejection::not_found("process instance", id));
    }
    turn.skipped = skipped;
    process_instance::delete(turn, id, delete_reason.cloned())?;
    Ok(Answer::Ready(Reply::Done))
}
