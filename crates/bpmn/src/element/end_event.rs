//! `endEvent`: none, error, escalation, compensation, cancel, signal, terminate, and message as an external task or without an effect.

use crate::attribute;
use crate::document::Node;
use crate::element::escalation::{self, ThrowingForm};
use crate::element::{compensation, event_definition, external_task, signal_throw_event};
use crate::io_mapping;
use crate::model::{ElementKind, ExternalTaskForm, SubProcessForm};
use crate::process::check_job_priority;
use crate::scope::{ProcessBuilder, Scope};
use crate::unsupported;

/// What an end event throws, in order of precedence.
const KINDS: [&str; 7] = [
    "errorEventDefinition",
    "cancelEventDefinition",
    "terminateEventDefinition",
    "messageEventDefinition",
    "signalEventDefinition",
    "compensateEventDefinition",
    "escalationEventDefinition",
];

pub(crate) fn read<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) {
    // Camunda: nothing can refer to an element without an id, so it does nothing. What is wrong with it is wrong.
    let id = attribute::id(node).unwrap_or_default();
    check_job_priority(node, builder.report);
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    let kind = match event_definition::of_event(node, &KINDS, builder.report) {
        None => Some(ElementKind::NoneEndEvent),
        Some((definition, "errorEventDefinition")) => error(builder, definition, id),
        Some((definition, "escalationEventDefinition")) => {
            escalation::thrown(builder, ThrowingForm::EndEvent, definition, id)
        }
        Some((definition, "compensateEventDefinition")) => {
            Some(ElementKind::CompensationThrowEvent(compensation::thrown(builder, scope, definition, id)))
        }
        Some((definition, "cancelEventDefinition")) => cancel(builder, scope, definition, id),
        Some((_, "terminateEventDefinition")) => Some(ElementKind::TerminateEndEvent),
        Some((definition, "signalEventDefinition")) => signal_throw_event::read(builder, node, definition, id),
        Some((definition, _)) => external_task::of_message(builder, ExternalTaskForm::MessageEndEvent, definition, id),
    };
    match kind {
        Some(kind) if !is_refused => add(builder, scope, node, kind, id),
        _ => builder.refuse(scope, node),
    }
}

fn add<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>, kind: ElementKind, id: &str) {
    let Some(index) = builder.add(scope, node, kind) else { return };
    if let Some(input_output) = io_mapping::read(node, id, builder.report) {
        if !input_output.outputs.is_empty() {
            builder.report.error(node, "camunda:outputParameter is not allowed on element type 'endEvent'");
        }
        builder.set_input_output(index, node, input_output);
    }
}

fn cancel(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    scope: Scope<'_>,
    definition: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    let around = scope.element.map(|element| &builder.arena.element(element).kind);
    if !matches!(around, Some(ElementKind::SubProcess { form: SubProcessForm::Transaction, .. })) {
        let message = "an end event with cancelEventDefinition must be within a transaction subprocess";
        builder.report.error_for(definition, &[id], message);
        return None;
    }
    Some(ElementKind::CancelEndEvent)
}

fn error(builder: &mut ProcessBuilder<'_, '_, '_>, definition: Node<'_>, id: &str) -> Option<ElementKind> {
    let Some(reference) = definition.attribute("errorRef").filter(|reference| !reference.is_empty()) else {
        builder.report.error_for(definition, &[id], "'errorRef' attribute is mandatory on error end event");
        return None;
    };
    let error = builder.definitions.error(reference);
    if error.error_code.as_deref().is_none_or(str::is_empty) {
        let message = format!("the error '{reference}' has no 'errorCode', which an error that is thrown must have");
        builder.report.error_for(definition, &[id], message);
        return None;
    }
    Some(ElementKind::ErrorEndEvent { error })
}
