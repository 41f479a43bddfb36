//! Event sub-processes: a scope that an event begins, as long as the scope around it runs.

use crate::attribute;
use crate::document::Node;
use crate::element::escalation::{self, CatchingForm};
use crate::element::{boundary_event, compensation, event_definition, event_trigger};
use crate::model::{BoundaryTrigger, ElementKind, EventSubProcessStartEvent, SubProcessForm};
use crate::scope::{ProcessBuilder, Scope};

/// What begins an event sub-process, in order of precedence.
const KINDS: [&str; 7] = [
    "errorEventDefinition",
    "messageEventDefinition",
    "signalEventDefinition",
    "timerEventDefinition",
    "compensateEventDefinition",
    "escalationEventDefinition",
    "conditionalEventDefinition",
];

/// Whether a scope is an event sub-process.
pub(crate) fn is_one(builder: &ProcessBuilder<'_, '_, '_>, scope: Scope<'_>) -> bool {
    let kind = scope.element.map(|element| &builder.arena.element(element).kind);
    matches!(kind, Some(ElementKind::SubProcess { form: SubProcessForm::Event, .. }))
}

/// Reads the start event of an event sub-process.
pub(crate) fn start_event(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    scope: Scope<'_>,
    node: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    let is_interrupting = attribute::is_true(node.attribute("isInterrupting").or(Some("true")));
    let around = scope.element.and_then(|element| builder.arena.element(element).parent);
    let Some((definition, kind)) = event_definition::of_event(node, &KINDS, builder.report) else {
        builder.report.error(node, "the start event of an event subprocess must wait for an event");
        return None;
    };
    let trigger = match kind {
        "errorEventDefinition" => {
            if !is_interrupting {
                builder.report.error(node, "an error start event of an event subprocess must be interrupting");
            }
            boundary_event::error(builder, definition)
        }
        "escalationEventDefinition" => {
            escalation::caught(builder, CatchingForm::EventSubProcess, around, definition, id)?
        }
        "compensateEventDefinition" => compensation::start_event(builder, scope, node, definition, id)?,
        _ => {
            let trigger = event_trigger::read(builder, node, definition, id)?;
            event_trigger::check_is_unique(builder, around, event_trigger::wait_of(&trigger), definition, id);
            BoundaryTrigger::Event(trigger)
        }
    };
    Some(ElementKind::EventSubProcessStartEvent(EventSubProcessStartEvent { is_interrupting, trigger }))
}
