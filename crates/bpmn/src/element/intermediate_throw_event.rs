//! `intermediateThrowEvent`: message, as an external task.

use crate::document::Node;
use crate::element::{event_definition, external_task};
use crate::model::{ElementKind, ExternalTaskForm};
use crate::scope::ProcessBuilder;
use crate::unsupported;

pub(crate) fn read(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<ElementKind> {
    let definition = event_definition::of_event(node, builder.report);
    match definition {
        Some(definition) if definition.tag_name().name() == "messageEventDefinition" => {
            external_task::of_message(builder, ExternalTaskForm::MessageThrowEvent, definition, id)
        }
        _ => {
            unsupported::refuse_event_definition(node, definition, builder.report);
            None
        }
    }
}
