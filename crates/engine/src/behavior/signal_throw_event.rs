//! Signal throw and signal end event.
//!
//! `enter`: all that waits for the signal in this tree of instances takes it; then the event is left, unless one of them
//! has cancelled it. What waits elsewhere is told by whoever runs the command, in the same unit of work. Never waits.

use std::sync::Arc;

use bpmn::model::SignalThrowEvent;
use types::{EventSubscriptionId, ExecutionId};

use crate::event::{Delivery, Payload};
use crate::outcome::ThrownSignal;
use crate::record::EventType;
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::{evaluate, passing};

use super::Next;

pub(crate) fn enter(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    event: &SignalThrowEvent,
) -> Result<Next, Rejection> {
    let business_key = evaluate::optional_text(turn, execution, event.business_key.as_ref())?;
    let variables = passing::collect(turn, execution, &event.payload)?;
    let Some(name) = evaluate::text(turn, execution, &event.name)? else { return Ok(Next::Leave) };
    let tenant_id = turn.instance_of(execution).tenant_id.clone();
    let payload = Payload { variables: variables.clone(), ..Payload::default() };
    let deliveries = receivers(turn, &name, tenant_id.as_ref())
        .into_iter()
        .map(|subscription| Delivery { subscription, payload: payload.clone() })
        .collect();
    turn.thrown_signals.push(ThrownSignal { name, tenant_id, variables, business_key });
    Ok(Next::LeaveAfter(deliveries))
}

/// Camunda: a signal of a tenant reaches what belongs to no tenant too, but not the other way round.
fn receivers(turn: &Turn<'_, '_>, name: &str, tenant_id: Option<&Arc<str>>) -> Vec<EventSubscriptionId> {
    let is_receiver = |row: &&crate::record::EventSubscription| {
        row.event_type == EventType::Signal
            && row.event_name.as_deref() == Some(name)
            && (row.tenant_id.is_none() || row.tenant_id.as_ref() == tenant_id)
    };
    turn.aggregate.event_subscriptions().filter(is_receiver).map(|row| row.id).collect()
}
