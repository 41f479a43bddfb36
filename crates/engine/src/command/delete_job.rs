//! Takes a job away. What waits for it waits for ever, unless something else takes it away too.

use types::JobId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::job;
use crate::rejection::Rejection;
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: JobId) -> Result<Answer, Rejection> {
    if turn.aggregate.job(id).is_none() {
        return Err(Rejection::not_found("job", id));
    }
    job::delete(turn, id);
    Ok(Answer::Ready(Reply::Done))
}
