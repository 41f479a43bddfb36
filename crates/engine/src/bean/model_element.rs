//! The element of the model that an execution is at, as `execution.bpmnModelElementInstance` gives it.

use expression::Value;
use types::ExecutionId;

use crate::turn::Turn;

use super::{execution, optional};

pub(crate) fn property(turn: &Turn<'_, '_>, id: ExecutionId, name: &str) -> Option<Value> {
    let definition = turn.definition_of(id).ok()?;
    let activity = execution::current_activity(turn, id);
    let element = activity.as_ref().and_then(|activity| turn.element_named(id, activity).ok());
    let (of_id, of_name) = match element {
        Some(element) => {
            let element = definition.model.element(element);
            (Some(&element.id), element.name.as_ref())
        }
        None => (Some(&definition.key), definition.model.name.as_ref()),
    };
    Some(match name {
        "id" => optional(of_id),
        "name" => optional(of_name),
        _ => return None,
    })
}
