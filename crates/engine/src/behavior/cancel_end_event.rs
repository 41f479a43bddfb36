//! Cancel end event.
//!
//! Whatever else runs in its transaction is cancelled before it is entered (`tree::interrupt_scope`). `enter`: undoes what
//! has ended in the transaction, as a compensation throw event does. `resume`: all is undone; the transaction is
//! cancelled, and its cancel boundary event is next. `cancel`: nothing is left to do.

use bpmn::model::{BoundaryTrigger, ElementIndex, ElementKind};
use types::{ExecutionId, VariableMap};

use crate::agenda::Step;
use crate::compensation;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

use super::Next;

pub(crate) fn enter(turn: &mut Turn<'_, '_>, execution: ExecutionId, index: ElementIndex) -> Result<Next, Rejection> {
    boundary_event(turn, execution, index)?;
    let handlers = compensation::in_scope_of(turn, execution, None)?;
    if handlers.is_empty() {
        return resume(turn, execution, index);
    }
    compensation::throw(turn, execution, handlers)?;
    Ok(Next::Wait)
}

pub(crate) fn resume(turn: &mut Turn<'_, '_>, execution: ExecutionId, index: ElementIndex) -> Result<Next, Rejection> {
    let (host, event) = boundary_event(turn, execution, index)?;
    let mut next = turn.execution(execution).parent_id;
    while let Some(id) = next {
        if turn.scope_element(id)? == Some(host) {
            turn.agenda.push(Step::FireEvent { execution: id, event, variables: VariableMap::new() });
            break;
        }
        next = turn.execution(id).parent_id;
    }
    Ok(Next::Wait)
}

/// The event and what it is attached to: the transaction, or its multi-instance body.
fn boundary_event(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    index: ElementIndex,
) -> Result<(ElementIndex, ElementIndex), Rejection> {
    let definition = turn.definition_of(execution)?;
    let model = &definition.model;
    let transaction = model.element(index).parent;
    let body = transaction.and_then(|transaction| model.element(transaction).parent);
    let body = body.filter(|body| matches!(model.element(*body).kind, ElementKind::MultiInstanceBody(_)));
    for host in [transaction, body].into_iter().flatten() {
        let mut events = model.catching_events(Some(host));
        if let Some(event) = events.find(|event| matches!(event.trigger, BoundaryTrigger::Cancel)) {
            return Ok((host, event.handler));
        }
    }
    let id = &model.element(index).id;
    let message = format!("the transaction of the cancel end event `{id}` has no cancel boundary event");
    Err(Rejection::new(RejectionKind::NullValue, message))
}
