//! Compensation throw and compensation end event.
//!
//! `enter`: undoes what has ended in its scope, or one activity of it, each in an execution of its own below this one,
//! the newest first; without any it is left at once. `resume`: all is undone; next is its leaving. `cancel`: what undoes
//! has been cancelled before, nothing is left to do.

use bpmn::model::CompensationThrowEvent;
use types::ExecutionId;

use crate::compensation;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::Next;

pub(crate) fn enter(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    event: &CompensationThrowEvent,
) -> Result<Next, Rejection> {
    let handlers = compensation::in_scope_of(turn, execution, event.activity.as_deref())?;
    if handlers.is_empty() {
        return Ok(Next::Leave);
    }
    compensation::throw(turn, execution, handlers)?;
    Ok(Next::Wait)
}

pub(crate) fn resume() -> Next {
    Next::Leave
}
