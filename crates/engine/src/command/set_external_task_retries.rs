//! Sets the retries of an external task. The incident of one without retries comes and goes with them.

use types::{ExternalTaskId, HistoryId};

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::incident::{self, Failure};
use crate::record::{ExternalTask, IncidentType};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

use super::worker;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: ExternalTaskId, retries: i32) -> Result<Answer, Rejection> {
    if retries < 0 {
        let message = format!("retries is {retries}: the number of retries cannot be negative");
        return Err(Rejection::new(RejectionKind::BadUserRequest, message));
    }
    let task = worker::external_task(turn, id)?;
    set_retries(turn, &task, retries, None);
    Ok(Answer::Ready(Reply::Done))
}

/// An incident that is there already keeps its message. `failure` is the newest entry in the log.
pub(super) fn set_retries(turn: &mut Turn<'_, '_>, task: &ExternalTask, retries: i32, failure: Option<HistoryId>) {
    let had_retries = task.retries.is_none_or(|retries| retries > 0);
    if had_retries && retries <= 0 {
        incident::create(
            turn,
            Failure {
                incident_type: IncidentType::FailedExternalTask,
                configuration: Some(task.id.to_string().into()),
                execution_id: task.execution_id,
                activity_id: Some(task.activity_id.clone()),
                failed_activity_id: None,
                job_definition_id: None,
                message: task.error_message.clone(),
                history_configuration: failure.map(|id| id.0),
            },
        );
    } else if !had_retries && retries > 0 {
        incident::resolve_all_about(turn, task.execution_id, task.id.0);
    }
    turn.aggregate.external_tasks.update(task.id, |row| row.retries = Some(retries));
}
