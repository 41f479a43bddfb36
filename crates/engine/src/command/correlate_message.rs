//! A message or a signal has come for one that waits for it.

use types::{EventSubscriptionId, ExecutionId};

use crate::command::dispatch::Answer;
use crate::event::{self, Payload};
use crate::record::{EventSubscription, EventType};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: EventSubscriptionId, payload: &Payload) -> Result<Answer, Rejection> {
    let subscription = turn.aggregate.event_subscription(id).cloned();
    let subscription = subscription.ok_or_else(|| nobody_waits(format!("no event subscription with id `{id}`")))?;
    let execution = subscription.execution_id;
    if turn.instance_of(execution).is_suspended {
        return Err(nobody_waits(format!("process instance {} is suspended", subscription.process_instance_id)));
    }
    let step = event::received(turn, &subscription, payload)?;
    turn.agenda.push(step);
    let (process_instance_id, tenant_id) = (subscription.process_instance_id, subscription.tenant_id);
    Ok(Answer::Correlated { execution_id: execution, process_instance_id, tenant_id })
}

pub(super) fn apply_to_execution(
    turn: &mut Turn<'_, '_>,
    id: ExecutionId,
    message_name: &str,
    payload: &Payload,
) -> Result<Answer, Rejection> {
    let waited_for = |row: &&EventSubscription| {
        row.event_type == EventType::Message && row.event_name.as_deref() == Some(message_name)
    };
    let subscription = turn.aggregate.event_subscriptions.by_key(id).find(waited_for).map(|row| row.id);
    match subscription {
        Some(subscription) => apply(turn, subscription, payload),
        None => Err(Rejection::not_found(&format!("wait for the message `{message_name}` of an execution"), id)),
    }
}

fn nobody_waits(message: String) -> Rejection {
    Rejection::new(RejectionKind::MismatchingMessageCorrelation, message)
}
