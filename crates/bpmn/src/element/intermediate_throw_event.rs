//! `intermediateThrowEvent`: none, escalation, compensation, signal, and message as an external task or without an effect.

use crate::document::Node;
use crate::element::escalation::{self, ThrowingForm};
use crate::element::{compensation, event_definition, external_task, link_event, signal_throw_event};
use crate::model::{ElementKind, ExternalTaskForm, PassThroughForm};
use crate::scope::{ProcessBuilder, Scope};

/// What an intermediate event throws, in order of precedence.
const KINDS: [&str; 5] = [
    "linkEventDefinition",
    "signalEventDefinition",
    "compensateEventDefinition",
    "messageEventDefinition",
    "escalationEventDefinition",
];

pub(crate) fn read<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    scope: Scope<'d>,
    node: Node<'d>,
    id: &'d str,
) -> Option<ElementKind> {
    match event_definition::of_event(node, &KINDS, builder.report) {
        None => Some(ElementKind::PassThrough { form: PassThroughForm::NoneThrowEvent }),
        Some((definition, "escalationEventDefinition")) => {
            escalation::thrown(builder, ThrowingForm::IntermediateEvent, definition, id)
        }
        Some((definition, "compensateEventDefinition")) => {
            Some(ElementKind::CompensationThrowEvent(compensation::thrown(builder, scope, definition, id)))
        }
        Some((definition, "signalEventDefinition")) => signal_throw_event::read(builder, node, definition, id),
        Some((definition, "linkEventDefinition")) => {
            link_event::throw(builder, definition, id);
            None
        }
        Some((definition, _)) => {
            external_task::of_message(builder, ExternalTaskForm::MessageThrowEvent, definition, id)
        }
    }
}
