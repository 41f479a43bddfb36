//! What an execution waits for has happened, by word of the caller.

use bpmn::model::ElementKind;
use types::{ExecutionId, VariableMap};

use crate::agenda::Step;
use crate::behavior;
use crate::command::dispatch::Answer;
use crate::command::{Reply, VariableReach};
use crate::instance::ScopeKey;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: ExecutionId, variables: &VariableMap) -> Result<Answer, Rejection> {
    let row = turn.aggregate.execution(id).ok_or_else(|| Rejection::not_found("execution", id))?;
    let at = row.at.as_ref().map(|visit| visit.activity_id.clone());
    if turn.instance_of(id).is_suspended {
        return Err(Rejection::new(RejectionKind::Suspended, format!("execution {id} is suspended")));
    }
    variables::set_all(turn, ScopeKey::Execution(id), VariableReach::Nearest, variables)?;
    let Some(activity_id) = at else { return Err(waits_for_nothing(id)) };
    let element = turn.element_named(id, &activity_id)?;
    let definition = turn.definition_of(id)?;
    match definition.model.element(element).kind {
        ElementKind::ReceiveTask { .. }
        | ElementKind::IntermediateCatchEvent(_)
        | ElementKind::UserTask(_)
        | ElementKind::ExternalTask(_) => {}
        _ => return Err(waits_for_nothing(id)),
    }
    behavior::cancel(turn, id, element)?;
    turn.agenda.push(Step::Leave { execution: id });
    Ok(Answer::Ready(Reply::Done))
}

fn waits_for_nothing(id: ExecutionId) -> Rejection {
    let message = format!("execution {id} is at nothing that waits for a signal");
    Rejection::new(RejectionKind::ProcessEngine, message)
}
