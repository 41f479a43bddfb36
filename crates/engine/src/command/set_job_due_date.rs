//! Sets when a job is due; without a date it is due at once.

use types::{JobId, Timestamp};

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::rejection::Rejection;
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: JobId, due_date: Option<Timestamp>) -> Result<Answer, Rejection> {
    if turn.aggregate.job(id).is_none() {
        return Err(Rejection::not_found("job", id));
    }
    turn.aggregate.jobs.update(id, |row| row.due_date = due_date);
    Ok(Answer::Ready(Reply::Done))
}
