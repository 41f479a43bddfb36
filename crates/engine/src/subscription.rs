//! Waits for events that come from outside.

use bpmn::model::{ElementIndex, EventTrigger, ProcessModel};
use types::{EventSubscriptionId, ExecutionId};

use crate::evaluate;
use crate::record::{EventSubscription, EventType};
use crate::rejection::Rejection;
use crate::turn::Turn;

/// One for each message, signal and condition that a scope waits for; `None` is the process.
pub(crate) fn create(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    scope: Option<ElementIndex>,
    model: &ProcessModel,
) -> Result<(), Rejection> {
    for (index, trigger) in model.events_of(scope) {
        let (event_type, name) = match trigger {
            EventTrigger::Message { name } => (EventType::Message, Some(name)),
            EventTrigger::Signal { name } => (EventType::Signal, Some(name)),
            EventTrigger::Conditional(_) => (EventType::Conditional, None),
            EventTrigger::Timer(_) => continue,
        };
        let event_name = evaluate::optional_text(turn, execution, name)?;
        let id: EventSubscriptionId = turn.new_id_at(execution);
        let instance = turn.instance_of(execution);
        let row = EventSubscription {
            id,
            event_type,
            event_name,
            execution_id: execution,
            process_instance_id: instance.id,
            activity_id: model.element(index).id.clone(),
            tenant_id: instance.tenant_id.clone(),
            create_time: turn.env.now,
            compensating_execution_id: None,
        };
        turn.aggregate.event_subscriptions.insert(row);
    }
    Ok(())
}

/// All but what can be compensated.
pub(crate) fn remove_waits(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    let of_execution = turn.aggregate.event_subscriptions.by_key(execution);
    let waits = of_execution.filter(|subscription| subscription.event_type != EventType::Compensate);
    let ids: Vec<EventSubscriptionId> = waits.map(|subscription| subscription.id).collect();
    for id in ids {
        turn.aggregate.event_subscriptions.remove(id);
    }
}

pub(crate) fn remove_all(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    let ids: Vec<EventSubscriptionId> =
        turn.aggregate.event_subscriptions.by_key(execution).map(|subscription| subscription.id).collect();
    for id in ids {
        turn.aggregate.event_subscriptions.remove(id);
    }
}
