//! Events that throw or catch an escalation.

use std::sync::Arc;

use crate::attribute::camunda;
use crate::document::Node;
use crate::model::{BoundaryTrigger, ElementIndex, ElementKind, EscalationThrowEvent};
use crate::scope::{CaughtEscalation, ProcessBuilder};

/// Whether an event that throws ends its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThrowingForm {
    IntermediateEvent,
    EndEvent,
}

/// What catches an escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CatchingForm {
    BoundaryEvent,
    EventSubProcess,
}

pub(crate) fn thrown(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    form: ThrowingForm,
    definition: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    let Some(reference) = definition.attribute("escalationRef") else {
        builder.report.error_for(definition, &[id], "attribute 'escalationRef' is required to throw an escalation");
        return None;
    };
    let code = escalation(builder, reference, definition, id)?;
    let Some(escalation_code) = code else {
        let message =
            format!("the escalation '{reference}' has no 'escalationCode', which one that is thrown must have");
        builder.report.error_for(definition, &[id], message);
        return None;
    };
    let is_end_event = form == ThrowingForm::EndEvent;
    Some(ElementKind::EscalationThrowEvent(EscalationThrowEvent { is_end_event, escalation_code }))
}

/// The trigger of an event that catches escalations thrown in `scope`, which is `None` for the process.
pub(crate) fn caught(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    form: CatchingForm,
    scope: Option<ElementIndex>,
    definition: Node<'_>,
    id: &str,
) -> Option<BoundaryTrigger> {
    let escalation_code = match definition.attribute("escalationRef") {
        Some(reference) => escalation(builder, reference, definition, id)?,
        None => None,
    };
    let by_event_sub_process = form == CatchingForm::EventSubProcess;
    let caught = CaughtEscalation { by_event_sub_process, code: escalation_code.clone() };
    if let Some(other) = builder.catch_escalation(scope, caught) {
        let what = match form {
            CatchingForm::BoundaryEvent => "escalation boundary event",
            CatchingForm::EventSubProcess => "escalation event subprocess",
        };
        let message = match (&escalation_code, &other.code) {
            (Some(code), Some(_)) => format!("more than one {what} with the escalation code '{code}' in one scope"),
            _ => {
                format!("an {what} without escalation code catches all escalations of its scope, which has another one")
            }
        };
        builder.report.error_for(definition, &[id], message);
    }
    Some(BoundaryTrigger::Escalation {
        escalation_code,
        escalation_code_variable: camunda(definition, "escalationCodeVariable").map(Arc::from),
    })
}

/// The code of an escalation, where it has one.
fn escalation(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    reference: &str,
    definition: Node<'_>,
    id: &str,
) -> Option<Option<Arc<str>>> {
    let found = builder.definitions.escalation(reference).cloned();
    if found.is_none() {
        builder.report.error_for(definition, &[id], format!("no escalation with id '{reference}' found"));
    }
    found
}
