//! Suspends or activates one job.

use types::JobId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::rejection::Rejection;
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: JobId, is_suspended: bool) -> Result<Answer, Rejection> {
    if turn.aggregate.job(id).is_none() {
        return Err(Rejection::not_found("job", id));
    }
    turn.aggregate.jobs.update(id, |row| row.is_suspended = is_suspended);
    Ok(Answer::Ready(Reply::Done))
}
