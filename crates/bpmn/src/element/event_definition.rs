//! What an event waits for or throws.

use crate::attribute::bpmn_children;
use crate::document::Node;
use crate::report::Report;

/// The definition of an event; none is an event that just happens.
pub(crate) fn of_event<'d>(event: Node<'d>, report: &mut Report<'_>) -> Option<Node<'d>> {
    if definitions(event).nth(1).is_some() {
        report.error(event, "more than one event definition in an event is not executable yet");
    }
    first(event)
}

pub(crate) fn first<'d>(event: Node<'d>) -> Option<Node<'d>> {
    definitions(event).next()
}

fn definitions<'d>(event: Node<'d>) -> impl Iterator<Item = Node<'d>> {
    bpmn_children(event).filter(|child| {
        let name = child.tag_name().name();
        name.ends_with("EventDefinition") || name == "eventDefinitionRef"
    })
}
