//! Sets when a job is due; without a date it is due at once.

use types::{JobId, Timestamp};

use crate::command::dispatch::Answer;
use crate::command::{FollowingRepetitions, Reply};
use crate::rejection::Rejection;
use crate::timer;
use crate::turn::Turn;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: JobId,
    due_date: Option<Timestamp>,
    following: FollowingRepetitions,
) -> Result<Answer, Rejection> {
    let job = turn.aggregate.job(id).cloned().ok_or_else(|| Rejection::not_found("job", id))?;
    if let (FollowingRepetitions::Moved, Some(new), Some(old)) = (following, due_date, job.due_date) {
        timer::move_repetitions(turn, &job, new.0 - old.0)?;
    }
    turn.aggregate.jobs.update(id, |row| row.due_date = due_date);
    Ok(Answer::Ready(Reply::Done))
}
