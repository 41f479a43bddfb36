//! Cancel end event.
//!
//! Whatever else runs in its transaction is cancelled before it is entered (`tree::interrupt_scope`). `enter`: undoes what
//! has ended in the transaction, as a compensation throw event does. `resume`: all is undone; the transaction is
//! cancelled, and its cancel boundary event is next. `cancel`: nothing is left to do.

use bpmn::model::{BoundaryTrigger, ElementIndex};
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
    let event = boundary_event(turn, execution, index)?;
    let transaction = turn.execution(execution).parent_id.map(|parent| turn.aggregate.scope_execution_of(parent));
    if let Some(transaction) = transaction {
        turn.agenda.push(Step::FireEvent { execution: transaction, event, variables: VariableMap::new() });
    }
    Ok(Next::Wait)
}

/// Of the transaction, or of its multi-instance body.
fn boundary_event(turn: &Turn<'_, '_>, execution: ExecutionId, index: ElementIndex) -> Result<ElementIndex, Rejection> {
    let definition = turn.definition_of(execution)?;
    let transaction = definition.model.element(index).parent;
    let mut events = definition.model.catching_events(transaction);
    let event = events.find(|event| matches!(event.trigger, BoundaryTrigger::Cancel));
    event.map(|event| event.handler).ok_or_else(|| {
        let id = &definition.model.element(index).id;
        let message = format!("the transaction of the cancel end event `{id}` has no cancel boundary event");
        Rejection::new(RejectionKind::NullValue, message)
    })
}
