//! Records that running a job failed: it costs a retry and, at zero, makes an incident.

use std::sync::Arc;

use types::JobId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::set_job_retries::set_retries;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: JobId, message: &Arc<str>) -> Result<Answer, Rejection> {
    let job = turn.aggregate.job(id).cloned().ok_or_else(|| Rejection::not_found("job", id))?;
    turn.aggregate.jobs.update(id, |row| {
        row.exception_message = Some(message.clone());
        row.exception_details = Some(message.clone());
        row.failed_activity_id = row.activity_id.clone();
        row.lock_owner = None;
        row.lock_expiration = None;
    });
    set_retries(turn, id, (job.retries - 1).max(0))?;
    Ok(Answer::Ready(Reply::Done))
}
