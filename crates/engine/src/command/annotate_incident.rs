//! Writes a note on an incident, or takes it away.

use std::sync::Arc;

use types::IncidentId;

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::rejection::Rejection;
use crate::turn::Turn;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: IncidentId,
    annotation: Option<&Arc<str>>,
) -> Result<Answer, Rejection> {
    if turn.aggregate.incident(id).is_none() {
        return Err(Rejection::not_found("incident", id));
    }
    turn.aggregate.incidents.update(id, |row| row.annotation = annotation.cloned());
    turn.history.incident_annotated(id, annotation.cloned());
    Ok(Answer::Ready(Reply::Done))
}
