//! `boundaryEvent`: error, escalation, compensation, cancel, message, signal or timer, attached to an activity of the same scope.

use std::sync::Arc;

use crate::attribute::{self, camunda};
use crate::document::Node;
use crate::element::escalation::{self, CatchingForm};
use crate::element::{compensation, event_definition, event_trigger};
use crate::io_mapping;
use crate::model::{BoundaryEvent, BoundaryTrigger, ElementIndex, ElementKind, SubProcessForm};
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
    let is_compensation = matches!(trigger, BoundaryTrigger::Compensation);
    let host = if is_compensation { builder.activity_of(host) } else { host };
    let is_interrupting = attribute::is_true(node.attribute("cancelActivity").or(Some("true")));
    let kind = ElementKind::BoundaryEvent(BoundaryEvent { host, is_interrupting, trigger });
    if let Some(index) = builder.add(scope, node, kind) {
        let host = builder.arena.element_mut(host);
        host.boundary_events.push(index);
        host.is_scope |= !is_compensation;
    }
}

fn host<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) -> Option<ElementIndex> {
    let reference = node.attribute("attachedToRef").unwrap_or_default().trim();
    if reference.is_empty() {
        builder.report.error(node, "attribute 'attachedToRef' is required on boundaryEvent");
    }
    match builder.find(scope, reference) {
        // Camunda: what undoes other activities is not there yet when boundary events are read.
        Target::Element(host) if !builder.arena.element(builder.activity_of(host)).is_for_compensation => Some(host),
        Target::Refused => None,
        Target::Element(_) | Target::Nothing => {
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
        Some(definition) if definition.tag_name().name() == "compensateEventDefinition" => {
            compensation(builder, host?, definition, id);
            Some(BoundaryTrigger::Compensation)
        }
        Some(definition) if definition.tag_name().name() == "cancelEventDefinition" => {
            cancel(builder, host?, definition, id);
            Some(BoundaryTrigger::Cancel)
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
    let can_escalate = matches!(
        builder.arena.element(builder.activity_of(host)).kind,
        ElementKind::SubProcess { .. } | ElementKind::CallActivity(_) | ElementKind::UserTask(_)
    );
    if !can_escalate {
        let message = "an escalation boundary event must be attached to a subprocess, a call activity or a user task";
        builder.report.error(node, message);
        return None;
    }
    escalation::caught(builder, CatchingForm::BoundaryEvent, Some(host), definition, id)
}

fn compensation(builder: &mut ProcessBuilder<'_, '_, '_>, host: ElementIndex, definition: Node<'_>, id: &str) {
    if has_other(builder, builder.activity_of(host), &BoundaryTrigger::Compensation) {
        let message = "more than one boundary event with compensateEventDefinition on one activity";
        builder.report.error_for(definition, &[id], message);
    }
    compensation::check_caught(builder, definition, id);
}

fn cancel(builder: &mut ProcessBuilder<'_, '_, '_>, host: ElementIndex, definition: Node<'_>, id: &str) {
    let transaction = &builder.arena.element(builder.activity_of(host)).kind;
    if !matches!(transaction, ElementKind::SubProcess { form: SubProcessForm::Transaction, .. }) {
        let message = "a boundary event with cancelEventDefinition must be attached to a transaction subprocess";
        builder.report.error_for(definition, &[id], message);
    }
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
