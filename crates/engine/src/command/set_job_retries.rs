//! Sets the retries of a job. The incident of one without retries comes and goes with them.

use types::{HistoryId, JobId};

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::incident::{self, Failure};
use crate::record::{IncidentType, Job};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: JobId, retries: i32) -> Result<Answer, Rejection> {
    if retries < 0 {
        let message = format!("retries is {retries}: the number of retries cannot be negative");
        return Err(Rejection::new(RejectionKind::BadUserRequest, message));
    }
    set_retries(turn, id, retries)?;
    Ok(Answer::Ready(Reply::Done))
}

fn set_retries(turn: &mut Turn<'_, '_>, id: JobId, retries: i32) -> Result<(), Rejection> {
    let job = turn.aggregate.job(id).cloned().ok_or_else(|| Rejection::not_found("job", id))?;
    set_retries_after(turn, &job, retries, None);
    Ok(())
}

/// `failure` is the newest entry in the log.
pub(super) fn set_retries_after(turn: &mut Turn<'_, '_>, job: &Job, retries: i32, failure: Option<HistoryId>) {
    turn.aggregate.jobs.update(job.id, |row| row.retries = retries);
    let Some(execution_id) = job.execution_id else { return };
    if job.retries > 0 && retries == 0 {
        let failure = Failure {
            incident_type: IncidentType::FailedJob,
            configuration: Some(job.id.to_string().into()),
            execution_id,
            activity_id: job.activity_id.clone(),
            failed_activity_id: job.failed_activity_id.clone(),
            job_definition_id: job.job_definition_id,
            message: job.exception_message.clone(),
            history_configuration: failure.map(|id| id.0),
        };
        incident::create(turn, failure);
    } else if job.retries == 0 && retries > 0 {
        incident::resolve_all_about(turn, execution_id, job.id.0);
    }
}
