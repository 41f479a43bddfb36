//! Evaluates the time of a timer again, as its expression is now.

use types::JobId;

use crate::command::dispatch::Answer;
use crate::command::{DueDateBase, Reply};
use crate::rejection::{Rejection, RejectionKind};
use crate::timer;
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: JobId, base: DueDateBase) -> Result<Answer, Rejection> {
    let job = turn.aggregate.job(id).cloned().ok_or_else(|| Rejection::not_found("job", id))?;
    let base = match base {
        DueDateBase::CreateTime => job.create_time,
        DueDateBase::Now => turn.env.now,
    };
    let Some(due_date) = timer::due_again(turn, &job, base)? else {
        let message = format!("job {id} is none of a timer: only those have a due date to recalculate");
        return Err(Rejection::new(RejectionKind::BadUserRequest, message));
    };
    turn.aggregate.jobs.update(id, |row| row.due_date = due_date);
    Ok(Answer::Ready(Reply::Done))
}
