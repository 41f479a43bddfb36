//! How most elements are left: by every flow without a condition and every flow whose condition holds, else by the
//! default flow. Without any outgoing flow the path ends.

use bpmn::model::{Element, FlowIndex, ProcessModel};
use types::ExecutionId;

use crate::evaluate;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

pub(crate) fn flows(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    model: &ProcessModel,
    element: &Element,
) -> Result<Vec<FlowIndex>, Rejection> {
    let mut chosen = Vec::new();
    for index in element.outgoing.iter().filter(|index| Some(**index) != element.default_flow) {
        let holds = match &model.flow(*index).condition {
            Some(condition) => evaluate::condition(turn, execution, condition)?,
            None => true,
        };
        if holds {
            chosen.push(*index);
        }
    }
    match element.default_flow {
        _ if !chosen.is_empty() => Ok(chosen),
        Some(default) => Ok(vec![default]),
        None if element.outgoing.is_empty() => Ok(chosen),
        None => Err(no_flow(element)),
    }
}

pub(crate) fn no_flow(element: &Element) -> Rejection {
    let message = format!("no outgoing sequence flow of `{}` can be taken, and it has no default flow", element.id);
    Rejection::new(RejectionKind::ProcessEngine, message)
}
