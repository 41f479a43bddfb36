//! Exclusive gateway.
//!
//! `enter`: goes on at once by the first flow whose condition holds, in document order, else by the default flow; if
//! there is no such flow the command is refused. It never joins: every arrival passes. Never waits.

use bpmn::model::{Element, FlowIndex, ProcessModel};
use types::ExecutionId;

use crate::evaluate;
use crate::rejection::Rejection;
use crate::turn::Turn;

use super::{Next, outgoing};

pub(crate) fn enter() -> Next {
    Next::Leave
}

/// A flow without a condition always holds, the default flow only where no other does.
pub(crate) fn flows(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    model: &ProcessModel,
    element: &Element,
) -> Result<Vec<FlowIndex>, Rejection> {
    for index in &element.outgoing {
        let holds = match &model.flow(*index).condition {
            // Camunda: a condition on the default flow is looked at in its turn.
            Some(condition) => evaluate::condition(turn, execution, condition)?,
            None => Some(*index) != element.default_flow,
        };
        if holds {
            return Ok(vec![*index]);
        }
    }
    element.default_flow.map(|flow| vec![flow]).ok_or_else(|| outgoing::no_flow(element))
}
