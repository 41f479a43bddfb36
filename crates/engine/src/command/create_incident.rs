//! Makes an incident from outside, about whatever an execution does.

use std::sync::Arc;

use types::ExecutionId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::incident::{self, Failure};
use crate::record::IncidentType;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    execution_id: ExecutionId,
    incident_type: &Arc<str>,
    configuration: Option<&Arc<str>>,
    message: Option<&Arc<str>>,
) -> Result<Answer, Rejection> {
    let Some(row) = turn.aggregate.execution(execution_id) else {
        let message = format!("no execution with id `{execution_id}`");
        return Err(Rejection::new(RejectionKind::BadUserRequest, message));
    };
    let activity_id = row.at.as_ref().map(|visit| &visit.activity_id).or(row.continuation.as_ref()).cloned();
    let Some(activity_id) = activity_id else {
        let message = format!("the execution {execution_id} is at no activity");
        return Err(Rejection::new(RejectionKind::BadUserRequest, message));
    };
    let failure = Failure {
        incident_type: IncidentType::Other(incident_type.clone()),
        configuration: configuration.cloned(),
        execution_id,
        activity_id: Some(activity_id),
        failed_activity_id: None,
        job_definition_id: None,
        message: message.cloned(),
        history_configuration: None,
    };
    Ok(Answer::Ready(Reply::IncidentCreated(incident::create(turn, failure))))
}
