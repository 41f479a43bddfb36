//! `intermediateCatchEvent`: waits for an event, or is where a link leads to.

use crate::attribute;
use crate::document::Node;
use crate::element::{event_definition, event_trigger, link_event};
use crate::io_mapping;
use crate::model::{ElementIndex, ElementKind, IntermediateCatchEvent};
use crate::scope::{ProcessBuilder, Scope};
use crate::unsupported;

/// Reads an event that stands for itself, or behind a gateway that waits in its place.
pub(crate) fn read<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    scope: Scope<'d>,
    node: Node<'d>,
    gateway: Option<ElementIndex>,
) -> Option<ElementIndex> {
    // Camunda: nothing can refer to an element without an id, so it does nothing.
    let id = attribute::id(node)?;
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    let kind = kind(builder, node, id, gateway);
    let (Some(kind), false) = (kind, is_refused) else {
        builder.refuse(node);
        return None;
    };
    let wait = match &kind {
        ElementKind::IntermediateCatchEvent(event) => event_trigger::wait_of(&event.trigger),
        _ => None,
    };
    let index = builder.add(scope, node, kind)?;
    let definition = event_definition::first(node).unwrap_or(node);
    event_trigger::check_is_unique(builder, Some(gateway.unwrap_or(index)), wait, definition, id);
    if let Some(input_output) = io_mapping::read(node, id, builder.report) {
        builder.set_input_output(index, node, input_output);
    }
    Some(index)
}

fn kind<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    node: Node<'d>,
    id: &'d str,
    gateway: Option<ElementIndex>,
) -> Option<ElementKind> {
    let definition = event_definition::of_event(node, builder.report);
    match definition {
        Some(definition) if event_trigger::is_known(definition) => {
            let trigger = event_trigger::read(builder, node, definition, id)?;
            Some(ElementKind::IntermediateCatchEvent(IntermediateCatchEvent { trigger, gateway }))
        }
        Some(definition) if definition.tag_name().name() == "linkEventDefinition" => {
            if gateway.is_some() {
                builder.report.error(node, "a catching link event is not allowed after an event-based gateway");
            }
            link_event::catch(builder, node, definition, id);
            Some(ElementKind::LinkCatchEvent)
        }
        _ => {
            unsupported::refuse_event_definition(node, definition, builder.report);
            None
        }
    }
}
