//! Cancels and starts activities of a running instance.

use types::{ProcessDefinitionId, ProcessInstanceId};

use crate::command::Reply;
use crate::command::dispatch::Answer;
use crate::modification::{self, Modification};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    definition_id: Option<&ProcessDefinitionId>,
    modification: &Modification,
) -> Result<Answer, Rejection> {
    let Some(instance) = turn.aggregate.process_instance(id) else {
        return Err(Rejection::not_found("process instance", id));
    };
    if let Some(expected) = definition_id
        && instance.definition_id != *expected
    {
        let message = format!("the process instance {id} is one of {} and not of {expected}", instance.definition_id);
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    }
    modification::begin(turn, id, modification);
    Ok(Answer::Ready(Reply::Done))
}
