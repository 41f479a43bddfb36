//! Intermediate catch event and receive task.
//!
//! What they wait for is made with the execution that they are the scope of. `enter`: waits, unless it is for a condition
//! that holds already; behind an event-based gateway, which has waited in its place, an event goes on at once. `resume`:
//! the event has happened; next is the leaving. The wait goes with its execution, so `cancel` has nothing to do.

use bpmn::model::EventTrigger;
use types::ExecutionId;

use crate::evaluate;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::Next;

pub(crate) fn enter() -> Next {
    Next::Wait
}

pub(crate) fn enter_event(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    trigger: &EventTrigger,
) -> Result<Next, Rejection> {
    Ok(match trigger {
        EventTrigger::Conditional(trigger) if evaluate::holds(turn, execution, &trigger.condition)? => Next::Leave,
        _ => Next::Wait,
    })
}

pub(crate) fn enter_from_gateway() -> Next {
    Next::Leave
}

pub(crate) fn resume() -> Next {
    Next::Leave
}
