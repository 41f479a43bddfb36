//! Sets the retries of a job. The incident of one without retries comes and goes with them.

use types::JobId;

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

pub(super) fn set_retries(turn: &mut Turn<'_, '_>, id: JobId, retries: i32) -> Result<(), Rejection> {
    let job = turn.aggregate.job(id).cloned().ok_or_else(|| Rejection::not_found("job", id))?;
    turn.aggregate.jobs.update(id, |row| row.retries = retries);
    if job.retries > 0 && retries == 0 {
        create_incident(turn, &job);
    } else if job.retries == 0 && retries > 0 {
        resolve_incident(turn, &job);
    }
    Ok(())
}

pub(super) fn resolve_incident(turn: &mut Turn<'_, '_>, job: &Job) {
    if let Some(execution) = job.execution_id {
        incident::resolve_all_about(turn, execution, job.id.0);
    }
}

fn create_incident(turn: &mut Turn<'_, '_>, job: &Job) {
    let Some(execution_id) = job.execution_id else { return };
    incident::create(
        turn,
        Failure {
            incident_type: IncidentType::FailedJob,
            configuration: job.id.0,
            execution_id,
            activity_id: job.activity_id.clone(),
            failed_activity_id: job.failed_activity_id.clone(),
            job_definition_id: job.job_definition_id,
            message: job.exception_message.clone(),
            history_configuration: None,
        },
    );
}
