//! What happens when an event happens that a scope has waited for.

use bpmn::model::{ElementIndex, ElementKind, EventTrigger};
use types::{EventSubscriptionId, ExecutionId, VariableMap};

use crate::agenda::{self, Step};
use crate::command::VariableReach;
use crate::instance::ScopeKey;
use crate::record::EventSubscription;
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::variables;

/// Variables that come with an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payload {
    /// To the nearest scope that has the variable, seen from the one that waits.
    pub variables: VariableMap,
    /// To the scope that waits.
    pub local_variables: VariableMap,
    /// To the path that the event starts or goes on with.
    pub triggered_scope_variables: VariableMap,
}

/// An event on its way to one that waits for it.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub subscription: EventSubscriptionId,
    pub payload: Payload,
}

/// Lets the one that waits take its event at once. One that no longer waits is passed over.
pub(crate) fn deliver_now(turn: &mut Turn<'_, '_>, delivery: &Delivery) -> Result<(), Rejection> {
    let Some(subscription) = turn.aggregate.event_subscription(delivery.subscription).cloned() else { return Ok(()) };
    let step = received(turn, &subscription, &delivery.payload)?;
    agenda::work_off(turn, step)
}

/// Writes the payload and says what happens to the one that waits.
pub(crate) fn received(
    turn: &mut Turn<'_, '_>,
    subscription: &EventSubscription,
    payload: &Payload,
) -> Result<Step, Rejection> {
    let execution = subscription.execution_id;
    let element = turn.element_named(execution, &subscription.activity_id)?;
    let scope = ScopeKey::Execution(execution);
    variables::set_all(turn, scope, VariableReach::Nearest, &payload.variables)?;
    variables::set_all(turn, scope, VariableReach::Local, &payload.local_variables)?;
    let mut triggered = payload.triggered_scope_variables.clone();
    if is_message_catch_event(turn, execution, element)? {
        variables::set_all(turn, scope, VariableReach::Local, &std::mem::take(&mut triggered))?;
    }
    happened(turn, execution, element, triggered)
}

/// The event that is `element` has happened for a scope that waits for it.
pub(crate) fn happened(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    element: ElementIndex,
    variables: VariableMap,
) -> Result<Step, Rejection> {
    let row = turn.execution(execution);
    let at = row.at.as_ref().map(|visit| &visit.activity_id);
    let own = at.or(row.scope.as_ref().and_then(|scope| scope.activity_id.as_ref()));
    let is_own = own == Some(&turn.definition_of(execution)?.model.element(element).id);
    Ok(if is_own { Step::Leave { execution } } else { Step::FireEvent { execution, event: element, variables } })
}

fn is_message_catch_event(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    element: ElementIndex,
) -> Result<bool, Rejection> {
    let definition = turn.definition_of(execution)?;
    let ElementKind::IntermediateCatchEvent(event) = &definition.model.element(element).kind else { return Ok(false) };
    Ok(matches!(event.trigger, EventTrigger::Message { .. }))
}
