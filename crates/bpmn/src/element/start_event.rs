//! `startEvent`: where a process or an embedded sub-process begins.

use std::sync::Arc;

use crate::attribute::{self, bpmn_children_named, camunda};
use crate::document::Node;
use crate::element::event_definition;
use crate::io_mapping;
use crate::model::{ElementIndex, ElementKind};
use crate::scope::{ProcessBuilder, Scope};
use crate::unsupported;

/// Reads the start events of a scope, which must have one; the first is where it begins.
pub(crate) fn read_all<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>) -> Option<ElementIndex> {
    let mut first = None;
    let mut nodes = bpmn_children_named(scope.node, "startEvent").peekable();
    if nodes.peek().is_none() {
        let message = format!("{} must define a startEvent element", scope.node.tag_name().name());
        builder.report.error(scope.node, message);
    }
    for node in nodes {
        let event = read(builder, scope, node);
        match (first, event) {
            (None, event) => first = event,
            (Some(_), Some(_)) => {
                let id = attribute::id(node).unwrap_or_default();
                builder.report.error_for(scope.node, &[id], "multiple none start events are not supported");
            }
            (Some(_), None) => {}
        }
    }
    first
}

fn read<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) -> Option<ElementIndex> {
    let Some(id) = attribute::id(node) else {
        builder.report.error(node, "attribute 'id' is missing on startEvent");
        return None;
    };
    io_mapping::refuse(node, builder.report);
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    let definition = event_definition::of_event(node, builder.report);
    match definition {
        None => {}
        Some(definition) if scope.element.is_some() => {
            let message = format!("{} is not allowed on start event within a subprocess", definition.tag_name().name());
            builder.report.error_for(definition, &[id], message);
        }
        Some(_) => unsupported::refuse_event_definition(node, definition, builder.report),
    }
    if is_refused || definition.is_some() {
        builder.refuse(node);
        return None;
    }
    let initiator = camunda(node, "initiator").map(Arc::from);
    builder.add(scope, node, ElementKind::NoneStartEvent { initiator })
}
