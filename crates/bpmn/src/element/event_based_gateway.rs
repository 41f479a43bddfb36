//! `eventBasedGateway`: waits for the events behind it; the first one decides.

use crate::attribute::{self, bpmn_children_named};
use crate::document::{BPMN, Node};
use crate::element::intermediate_catch_event;
use crate::io_mapping;
use crate::model::ElementKind;
use crate::scope::{ProcessBuilder, Scope};

/// Reads the gateway and the events that its flows lead to. The flows themselves are not part of the model.
pub(crate) fn read<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>, id: &'d str) {
    let Some(index) = builder.add(scope, node, ElementKind::EventBasedGateway { events: Vec::new() }) else { return };
    if attribute::is_true(attribute::camunda(node, "asyncAfter")) {
        builder.report.error(node, "an event-based gateway cannot be asyncAfter: it is left by the event that happens");
    }
    let flows = bpmn_children_named(scope.node, "sequenceFlow")
        .filter(|flow| flow.attribute("sourceRef").is_some_and(|source| source.trim() == id));
    let mut found = Vec::new();
    for flow in flows {
        let target = flow.attribute("targetRef").unwrap_or_default().trim();
        let Some(sibling) = scope.node.children().find(|child| attribute::id(*child) == Some(target)) else { continue };
        if sibling.has_tag_name((BPMN, "intermediateCatchEvent")) {
            found.extend(intermediate_catch_event::read(builder, scope, sibling, Some(index)));
        } else {
            let message = "an event-based gateway can only be connected to elements of type intermediateCatchEvent";
            builder.report.error(node, message);
        }
    }
    if io_mapping::read(node, id, builder.report).is_some() {
        io_mapping::refuse(node, builder.report);
    }
    if let ElementKind::EventBasedGateway { events } = &mut builder.arena.element_mut(index).kind {
        *events = found;
    }
}
