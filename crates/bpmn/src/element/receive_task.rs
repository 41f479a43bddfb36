//! `receiveTask`: waits for its message, or for a signal from outside where it has none.

use crate::document::Node;
use crate::element::event_trigger;
use crate::model::ElementKind;
use crate::scope::ProcessBuilder;

pub(crate) fn read(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<ElementKind> {
    let trigger = match node.attribute("messageRef") {
        Some(_) => Some(event_trigger::message(builder, node, id)?),
        None => None,
    };
    Some(ElementKind::ReceiveTask { trigger })
}
