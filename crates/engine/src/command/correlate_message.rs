//! A message has come for one that waits for it.

use types::{EventSubscriptionId, VariableMap};

use crate::agenda::Step;
use crate::command::VariableReach;
use crate::command::dispatch::Answer;
use crate::instance::ScopeKey;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

pub(super) fn apply(
    turn: &mut Turn<'_, '_>,
    id: EventSubscriptionId,
    variables: &VariableMap,
    local_variables: &VariableMap,
) -> Result<Answer, Rejection> {
    let subscription = turn.aggregate.event_subscription(id).cloned();
    let subscription = subscription.ok_or_else(|| nobody_waits(format!("no event subscription with id `{id}`")))?;
    let execution = subscription.execution_id;
    if turn.instance_of(execution).is_suspended {
        return Err(nobody_waits(format!("process instance {} is suspended", subscription.process_instance_id)));
    }
    variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Nearest, variables)?;
    variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Local, local_variables)?;
    let event = turn.element_named(execution, &subscription.activity_id)?;
    turn.agenda.push(Step::FireBoundaryEvent { execution, event });
    let process_instance_id = subscription.process_instance_id;
    Ok(Answer::Correlated { execution_id: execution, process_instance_id })
}

fn nobody_waits(message: String) -> Rejection {
    Rejection::new(RejectionKind::MismatchingMessageCorrelation, message)
}
