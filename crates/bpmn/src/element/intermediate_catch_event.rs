//! `intermediateCatchEvent`: waits for an event, or is where a link leads to.

use crate::attribute;
use crate::document::Node;
use crate::element::{event_definition, event_trigger, link_event};
use crate::io_mapping;
use crate::model::{ElementIndex, ElementKind, IntermediateCatchEvent};
use crate::process::check_job_priority;
use crate::scope::{ProcessBuilder, Scope};
use crate::unsupported;

/// What an intermediate event waits for, in order of precedence.
const KINDS: [&str; 5] = [
    "timerEventDefinition",
    "signalEventDefinition",
    "messageEventDefinition",
    "linkEventDefinition",
    "conditionalEventDefinition",
];

/// Reads an event that stands for itself, or behind a gateway that waits in its place.
pub(crate) fn read<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    scope: Scope<'d>,
    node: Node<'d>,
    gateway: Option<ElementIndex>,
) -> Option<ElementIndex> {
    // Camunda: nothing can refer to an element without an id, so it does nothing. What is wrong with it is wrong.
    let id = attribute::id(node).unwrap_or_default();
    check_job_priority(node, builder.report);
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    let kind = kind(builder, node, id, gateway);
    let (Some(kind), false) = (kind, is_refused) else {
        builder.refuse(scope, node);
        return None;
    };
    let wait = match &kind {
        ElementKind::IntermediateCatchEvent(event) => event_trigger::wait_of(&event.trigger),
        _ => None,
    };
    let index = builder.add(scope, node, kind)?;
    let definition =
        event_definition::of_event(node, &KINDS, builder.report).map_or(node, |(definition, _)| definition);
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
    match event_definition::of_event(node, &KINDS, builder.report) {
        Some((definition, "linkEventDefinition")) => {
            if gateway.is_some() {
                builder.report.error(node, "a catching link event is not allowed after an event-based gateway");
            }
            link_event::catch(builder, node, definition, id);
            Some(ElementKind::LinkCatchEvent)
        }
        Some((definition, _)) => {
            let trigger = event_trigger::read(builder, node, definition, id)?;
            Some(ElementKind::IntermediateCatchEvent(IntermediateCatchEvent { trigger, gateway }))
        }
        None => {
            builder.report.error(node, "an intermediate catch event must wait for an event");
            None
        }
    }
}
