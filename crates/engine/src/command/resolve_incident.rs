//! Someone has looked after an incident that was made from outside. Those of tasks and jobs go with their cause only.

use types::IncidentId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::incident;
use crate::record::IncidentType;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: IncidentId) -> Result<Answer, Rejection> {
    let row = turn.aggregate.incident(id).ok_or_else(|| Rejection::not_found("incident", id))?;
    match &row.incident_type {
        IncidentType::FailedExternalTask | IncidentType::FailedJob => {
            let message = format!("an incident of the type {} cannot be resolved by hand", row.incident_type.name());
            return Err(Rejection::new(RejectionKind::BadUserRequest, message));
        }
        IncidentType::Other(_) => incident::resolve(turn, id),
    }
    Ok(Answer::Ready(Reply::Done))
}
