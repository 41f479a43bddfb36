//! Error end event.
//!
//! `enter`: throws its error outwards; next is the event that catches it, or the end of the path where none does.
//! Never waits.

use bpmn::model::ErrorReference;
use types::ExecutionId;

use crate::agenda::BpmnError;
use crate::evaluate;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::Next;

pub(crate) fn enter(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    error: &ErrorReference,
) -> Result<Next, Rejection> {
    let message = evaluate::optional_text(turn, execution, error.error_message.as_ref())?;
    Ok(Next::Throw(BpmnError::modelled(error.error_code.clone(), message)))
}
