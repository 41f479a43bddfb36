//! `boundaryEvent`: error, message or timer, attached to an activity of the same scope.

use std::sync::Arc;

use expression::Expression;

use crate::attribute::{self, bpmn_child, camunda};
use crate::document::Node;
use crate::element::event_definition;
use crate::io_mapping;
use crate::model::{BoundaryEvent, BoundaryTrigger, ElementIndex, ElementKind, TimerDefinition, TimerForm};
use crate::scope::{ProcessBuilder, Scope, Target};
use crate::unsupported;

pub(crate) fn read<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) {
    let Some(id) = attribute::id(node) else {
        return builder.report.error(node, "attribute 'id' is missing on boundaryEvent");
    };
    let host = host(builder, scope, node);
    io_mapping::refuse(node, builder.report);
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    let trigger = read_trigger(builder, node, id);
    let (Some(host), Some(trigger), false) = (host, trigger, is_refused) else { return builder.refuse(node) };
    check_message_is_unique(builder, host, &trigger, node, id);
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

fn read_trigger(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<BoundaryTrigger> {
    let definition = event_definition::of_event(node, builder.report);
    match definition.map(|definition| (definition, definition.tag_name().name())) {
        Some((definition, "errorEventDefinition")) => Some(error(builder, definition)),
        Some((definition, "messageEventDefinition")) => message(builder, definition, id),
        Some((definition, "timerEventDefinition")) => timer(builder, node, definition, id).map(BoundaryTrigger::Timer),
        _ => {
            unsupported::refuse_event_definition(node, definition, builder.report);
            None
        }
    }
}

fn error(builder: &ProcessBuilder<'_, '_, '_>, definition: Node<'_>) -> BoundaryTrigger {
    BoundaryTrigger::Error {
        error_code: definition
            .attribute("errorRef")
            .and_then(|reference| builder.definitions.error(reference).error_code),
        error_code_variable: camunda(definition, "errorCodeVariable").map(Arc::from),
        error_message_variable: camunda(definition, "errorMessageVariable").map(Arc::from),
    }
}

fn message(builder: &mut ProcessBuilder<'_, '_, '_>, definition: Node<'_>, id: &str) -> Option<BoundaryTrigger> {
    let Some(reference) = definition.attribute("messageRef") else {
        builder.report.error_for(definition, &[id], "attribute 'messageRef' is required");
        // Camunda: a reference that is missing is a wrong one too.
        builder.report.error_for(definition, &[id], "Invalid 'messageRef': no message without id.");
        return None;
    };
    let Some(message) = builder.definitions.message(reference) else {
        builder.report.error_for(
            definition,
            &[id],
            format!("Invalid 'messageRef': no message with id '{reference}' found."),
        );
        return None;
    };
    match message.name.clone().filter(|name| !name.text().is_empty()) {
        Some(name) => Some(BoundaryTrigger::Message { name }),
        None => {
            builder.report.error_for(
                definition,
                &[id],
                "Cannot have a message event subscription with an empty or missing name",
            );
            None
        }
    }
}

fn check_message_is_unique(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    host: ElementIndex,
    trigger: &BoundaryTrigger,
    node: Node<'_>,
    id: &str,
) {
    let BoundaryTrigger::Message { name } = trigger else { return };
    if !builder.subscribe(host, name.text()) {
        let host = &builder.arena.element(host).id;
        let message = format!(
            "Cannot have more than one message event subscription with name '{}' for scope '{host}'",
            name.text(),
        );
        let definition = bpmn_child(node, "messageEventDefinition").unwrap_or(node);
        builder.report.error_for(definition, &[id], message);
    }
}

/// The first of `timeDate`, `timeCycle` and `timeDuration`. When a text is no date, duration or cycle shows when it is due.
fn timer(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    event: Node<'_>,
    definition: Node<'_>,
    id: &str,
) -> Option<TimerDefinition> {
    let forms = [("timeDate", TimerForm::Date), ("timeCycle", TimerForm::Cycle), ("timeDuration", TimerForm::Duration)];
    let given = forms.into_iter().find_map(|(name, form)| Some((bpmn_child(definition, name)?, form)));
    let Some((node, form)) = given else {
        let message = "Timer needs configuration (either timeDate, timeCycle or timeDuration is needed).";
        builder.report.error_for(definition, &[id], message);
        return None;
    };
    if form == TimerForm::Cycle && attribute::is_true(event.attribute("cancelActivity").or(Some("true"))) {
        builder.report.warning(
            node,
            &[id],
            "a time cycle is not recommended for a boundary event that cancels its activity",
        );
    }
    let expression = builder.expression(attribute::text(node).trim(), node)?;
    let job_priority = camunda(event, "jobPriority").and_then(|text| Expression::parse(text).ok());
    Some(TimerDefinition { form, expression, job_priority })
}
