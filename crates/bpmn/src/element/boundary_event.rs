//! `boundaryEvent`: error, escalation, compensation, cancel, message, signal or timer, attached to an activity of the same scope.

use std::sync::Arc;

use crate::attribute::{self, camunda};
use crate::document::Node;
use crate::element::escalation::{self, CatchingForm};
use crate::element::{compensation, event_definition, event_trigger};
use crate::io_mapping;
use crate::model::{BoundaryEvent, BoundaryTrigger, ElementIndex, ElementKind};
use crate::process::check_job_priority;
use crate::scope::{ProcessBuilder, Scope, Target};
use crate::unsupported;

/// What a boundary event waits for, in order of precedence.
const KINDS: [&str; 8] = [
    "timerEventDefinition",
    "errorEventDefinition",
    "signalEventDefinition",
    "cancelEventDefinition",
    "compensateEventDefinition",
    "messageEventDefinition",
    "escalationEventDefinition",
    "conditionalEventDefinition",
];

pub(crate) fn read<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) {
    let id = attribute::id(node).unwrap_or_default();
    check_job_priority(node, builder.report);
    let host = host(builder, scope, node);
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    let definition = event_definition::of_event(node, &KINDS, builder.report);
    let trigger = read_trigger(builder, node, definition, host, id);
    let (Some(host), Some(trigger), false) = (host, trigger, is_refused) else {
        io_mapping::refuse(node, builder.report);
        return builder.refuse(scope, node);
    };
    if let (BoundaryTrigger::Event(trigger), Some((definition, _))) = (&trigger, definition) {
        event_trigger::check_is_unique(builder, Some(host), event_trigger::wait_of(trigger), definition, id);
    }
    io_mapping::refuse(node, builder.report);
    let is_compensation = matches!(trigger, BoundaryTrigger::Compensation);
    let host = if is_compensation { builder.activity_of(host) } else { host };
    let is_interrupting = attribute::is_true(node.attribute("cancelActivity").or(Some("true")));
    let kind = ElementKind::BoundaryEvent(BoundaryEvent { host, is_interrupting, trigger });
    match builder.add(scope, node, kind) {
        Some(index) => {
            let host = builder.arena.element_mut(host);
            host.boundary_events.push(index);
            host.is_scope |= !is_compensation;
        }
        None => builder.report.doubt(node, &[], "attribute 'id' is missing on boundaryEvent"),
    }
}

fn host<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) -> Option<ElementIndex> {
    let reference = node.attribute("attachedToRef").unwrap_or_default().trim();
    if reference.is_empty() {
        builder.report.error(node, "attribute 'attachedToRef' is required on boundaryEvent");
    }
    let host = match builder.find(scope, reference) {
        // Camunda: what undoes an activity is not there yet when boundary events are read.
        Target::Element(host) if !builder.arena.element(builder.activity_of(host)).is_for_compensation => Some(host),
        Target::Refused => return None,
        Target::Element(_) | Target::Nothing => None,
    };
    if host.is_none() {
        let message = format!("Invalid reference in boundary event: no activity '{reference}' in the same scope");
        builder.report.error(node, message.as_str());
        builder.report.give_up(node, message);
    }
    host
}

fn read_trigger<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    node: Node<'d>,
    definition: Option<(Node<'d>, &'static str)>,
    host: Option<ElementIndex>,
    id: &str,
) -> Option<BoundaryTrigger> {
    let Some((definition, kind)) = definition else {
        builder.report.error(node, "a boundary event must wait for an event");
        return None;
    };
    match kind {
        "errorEventDefinition" => Some(error(builder, definition)),
        "escalationEventDefinition" => escalation(builder, node, definition, host, id),
        "compensateEventDefinition" => {
            compensation(builder, host?, definition, id);
            Some(BoundaryTrigger::Compensation)
        }
        "cancelEventDefinition" => {
            cancel(builder, node, definition, id);
            check_is_only_cancel(builder, host?, definition, id);
            Some(BoundaryTrigger::Cancel)
        }
        _ => event_trigger::read(builder, node, definition, id).map(BoundaryTrigger::Event),
    }
}

fn escalation(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    node: Node<'_>,
    definition: Node<'_>,
    host: Option<ElementIndex>,
    id: &str,
) -> Option<BoundaryTrigger> {
    if !matches!(host_name(node), Some("subProcess" | "transaction" | "callActivity" | "userTask")) {
        let message = "an escalation boundary event must be attached to a subprocess, a call activity or a user task";
        builder.report.error(node, message);
        return None;
    }
    escalation::caught(builder, CatchingForm::BoundaryEvent, Some(host?), definition, id)
}

/// What kind of element an event is attached to, whether that can be read or not.
fn host_name<'d>(node: Node<'d>) -> Option<&'d str> {
    let host = node.attribute("attachedToRef").map(str::trim)?;
    let found = node.parent_element()?.children().find(|sibling| attribute::id(*sibling) == Some(host))?;
    Some(found.tag_name().name())
}

fn compensation(builder: &mut ProcessBuilder<'_, '_, '_>, host: ElementIndex, definition: Node<'_>, id: &str) {
    if has_other(builder, builder.activity_of(host), &BoundaryTrigger::Compensation) {
        let message = "more than one boundary event with compensateEventDefinition on one activity";
        builder.report.error_for(definition, &[id], message);
    }
    compensation::check_caught(builder, definition, id);
}

fn cancel(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, definition: Node<'_>, id: &str) {
    if host_name(node) != Some("transaction") {
        let message = "a boundary event with cancelEventDefinition must be attached to a transaction subprocess";
        builder.report.error_for(definition, &[id], message);
    }
}

fn check_is_only_cancel(builder: &mut ProcessBuilder<'_, '_, '_>, host: ElementIndex, definition: Node<'_>, id: &str) {
    if has_other(builder, host, &BoundaryTrigger::Cancel) {
        let message = "more than one boundary event with cancelEventDefinition on one transaction subprocess";
        builder.report.error_for(definition, &[id], message);
    }
}

fn has_other(builder: &ProcessBuilder<'_, '_, '_>, host: ElementIndex, trigger: &BoundaryTrigger) -> bool {
    builder.arena.element(host).boundary_events.iter().any(|event| match &builder.arena.element(*event).kind {
        ElementKind::BoundaryEvent(event) => std::mem::discriminant(&event.trigger) == std::mem::discriminant(trigger),
        _ => false,
    })
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
