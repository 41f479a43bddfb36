//! `boundaryEvent`: error, escalation, message, signal or timer, attached to an activity of the same scope.

use std::sync::Arc;

use crate::attribute::{self, camunda};
use crate::document::Node;
use crate::element::escalation::{self, CatchingForm};
use crate::element::{event_definition, event_trigger};
use crate::io_mapping;
use crate::model::{BoundaryEvent, BoundaryTrigger, ElementIndex, ElementKind};
use crate::scope::{ProcessBuilder, Scope, Target};
use crate::unsupported;

pub(crate) fn read<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) {
    let Some(id) = attribute::id(node) else {
        return builder.report.error(node, "attribute 'id' is missing on boundaryEvent");
    };
    let host = host(builder, scope, node);
    io_mapping::refuse(node, builder.report);
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    let trigger = read_trigger(builder, node, host, id);
    let (Some(host), Some(trigger), false) = (host, trigger, is_refused) else { return builder.refuse(node) };
    if let BoundaryTrigger::Event(trigger) = &trigger {
        let definition = event_definition::first(node).unwrap_or(node);
        event_trigger::check_is_unique(builder, Some(host), event_trigger::wait_of(trigger), definition, id);
    }
    let is_interrupting = attribute::is_true(node.attribute("cancelActivity").or(Some("true")));
    let kind = ElementKind::BoundaryEvent(BoundaryEvent { host, is_interrupting, trigger });
    if let Some(index) = builder.add(scope, node, kind) {
        let host = builder.arena.element_mut(host);
        host.boundary_events.push(index);
        host.is_scope = true;
    }
}

fn host<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) -> Option<ElementIndex> {
    let reference = node.attribute("attachedToRef").unwrap_or_default().trim();
    if reference.is_empty() {
        builder.report.error(node, "attribute 'attachedToRef' is required on boundaryEvent");
    }
    match builder.find(scope, reference) {
        Target::Element(host) => Some(host),
        Target::Refused => None,
        Target::Nothing => {
            let message = format!("Invalid reference in boundary event: no activity '{reference}' in the same scope");
            builder.report.error(node, message);
            None
        }
    }
}

fn read_trigger(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    node: Node<'_>,
    host: Option<ElementIndex>,
    id: &str,
) -> Option<BoundaryTrigger> {
    let definition = event_definition::of_event(node, builder.report);
    match definition {
        Some(definition) if definition.tag_name().name() == "errorEventDefinition" => Some(error(builder, definition)),
        Some(definition) if definition.tag_name().name() == "escalationEventDefinition" => {
            escalation(builder, node, definition, host?, id)
        }
        Some(definition) if event_trigger::is_known(definition) => {
            event_trigger::read(builder, node, definition, id).map(BoundaryTrigger::Event)
        }
        _ => {
            unsupported::refuse_event_definition(node, definition, builder.report);
            None
        }
    }
}

fn escalation(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    node: Node<'_>,
    definition: Node<'_>,
    host: ElementIndex,
    id: &str,
) -> Option<BoundaryTrigger> {
    let can_escalate =
        matches!(builder.arena.element(host).kind, ElementKind::SubProcess { .. } | ElementKind::UserTask(_));
    if !can_escalate {
        let message = "an escalation boundary event must be attached to a subprocess, a call activity or a user task";
        builder.report.error(node, message);
        return None;
    }
    escalation::caught(builder, CatchingForm::BoundaryEvent, Some(host), definition, id)
}

pub(crate) fn error(builder: &ProcessBuilder<'_, '_, '_>, definition: Node<'_>) -> BoundaryTrigger {
    BoundaryTrigger::Error {
        error_code: definition
            .attribute("errorRef")
            .and_then(|reference| builder.definitions.error(reference).error_code),
        error_code_variable: camunda(definition, "errorCodeVariable").map(Arc::from),
        error_message_variable: camunda(definition, "errorMessageVariable").map(Arc::from),
    }
}
