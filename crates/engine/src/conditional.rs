//! Conditional events: what changes of variables lead to.
//!
//! A change is remembered when it happens and looked at before the next step, from the scope of the variable downwards.
//! A scope that is just being entered looks at its conditions once itself, right before its activity begins; changes of
//! its own variables until then count for nothing.

use std::sync::Arc;

use bpmn::model::{ConditionalTrigger, ElementKind, EventTrigger, VariableEvent};
use types::{EventSubscriptionId, ExecutionId, VariableMap};

use crate::instance::ScopeKey;
use crate::record::{EventSubscription, EventType, Task};
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::{agenda, evaluate, event};

/// A variable that has come, changed or gone.
#[derive(Clone, Debug)]
pub(crate) struct VariableChange {
    /// The execution whose scope has the variable, or that is at the task that has it.
    pub execution: ExecutionId,
    pub name: Arc<str>,
    pub event: VariableEvent,
}

/// Remembers a change, if the process has conditions at all.
pub(crate) fn variable_changed(turn: &mut Turn<'_, '_>, scope: ScopeKey, name: &Arc<str>, event: VariableEvent) {
    let execution = match scope {
        ScopeKey::Execution(execution) => Some(execution),
        ScopeKey::Task(task) => turn.aggregate.task(task).and_then(Task::execution_id),
    };
    let Some(execution) = execution.filter(|id| turn.aggregate.execution(*id).is_some()) else { return };
    if turn.definition_of(execution).is_ok_and(|definition| definition.model.has_conditional_events) {
        turn.variable_changes.push(VariableChange { execution, name: name.clone(), event });
    }
}

/// Lets everything that waits for a condition look at the changes so far.
pub(crate) fn look_at_changes(turn: &mut Turn<'_, '_>) -> Result<(), Rejection> {
    for change in std::mem::take(&mut turn.variable_changes) {
        if turn.aggregate.execution(change.execution).is_none() {
            continue;
        }
        for subscription in waits_below(turn, change.execution) {
            look(turn, subscription, Some(&change))?;
        }
    }
    Ok(())
}

/// The same where nothing else is under way: what a change leads to happens before the next one is looked at.
pub(crate) fn follow_changes(turn: &mut Turn<'_, '_>) -> Result<(), Rejection> {
    for change in std::mem::take(&mut turn.variable_changes) {
        if turn.aggregate.execution(change.execution).is_none() {
            continue;
        }
        for subscription in waits_below(turn, change.execution) {
            look(turn, subscription, Some(&change))?;
            agenda::run(turn)?;
        }
    }
    Ok(())
}

/// What has happened to the variables of a scope itself counts for nothing any more, as it is left.
pub(crate) fn forget_changes_of(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    turn.variable_changes.retain(|change| change.execution != execution);
}

/// An activity is about to begin in a scope of its own: changes of others, then the conditions of its events.
pub(crate) fn scope_entered(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<(), Rejection> {
    if !turn.definition_of(execution)?.model.has_conditional_events {
        return Ok(());
    }
    let element = turn.element_at(execution)?;
    if !turn.definition_of(execution)?.model.element(element).is_scope {
        return look_at_changes(turn);
    }
    let own = waits_of(turn, execution);
    for change in std::mem::take(&mut turn.variable_changes) {
        if change.execution == execution || turn.aggregate.execution(change.execution).is_none() {
            continue;
        }
        for subscription in waits_below(turn, change.execution) {
            if !own.contains(&subscription) {
                look(turn, subscription, Some(&change))?;
            }
        }
    }
    for subscription in own {
        if turn.aggregate.event_subscription(subscription).is_some_and(|wait| is_attached(turn, wait)) {
            look(turn, subscription, None)?;
        }
    }
    Ok(())
}

/// The inside of a scope is about to begin, by the step that is next: the conditions of its event sub-processes. One
/// that interrupts begins in its place.
pub(crate) fn inside_begins(turn: &mut Turn<'_, '_>, scope: ExecutionId) -> Result<(), Rejection> {
    let mut own = waits_of(turn, scope);
    own.retain(|id| turn.aggregate.event_subscription(*id).is_some_and(|wait| !is_attached(turn, wait)));
    if own.is_empty() {
        return Ok(());
    }
    turn.aggregate.executions.update(scope, |row| row.at = None);
    for subscription in own {
        look(turn, subscription, None)?;
    }
    Ok(())
}

/// Whether the event of a wait is attached to an activity.
fn is_attached(turn: &Turn<'_, '_>, wait: &EventSubscription) -> bool {
    let element = turn.element_named(wait.execution_id, &wait.activity_id);
    let definition = turn.definition_of(wait.execution_id);
    matches!((element, definition), (Ok(element), Ok(definition))
        if matches!(definition.model.element(element).kind, ElementKind::BoundaryEvent(_)))
}

/// The first event behind a gateway whose condition holds as the gateway is entered.
pub(crate) fn holding_behind_gateway(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
) -> Result<Option<EventSubscriptionId>, Rejection> {
    for id in waits_of(turn, execution) {
        let Some(subscription) = turn.aggregate.event_subscription(id).cloned() else { continue };
        let definition = turn.definition_of(execution)?;
        let index = turn.element_named(execution, &subscription.activity_id)?;
        let ElementKind::IntermediateCatchEvent(catch) = &definition.model.element(index).kind else { continue };
        let EventTrigger::Conditional(trigger) = &catch.trigger else { continue };
        if evaluate::holds(turn, execution, &trigger.condition)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Fires the event of a wait if its condition holds and it looks at changes like this one. Without a change a catch event
/// does not look.
fn look(turn: &mut Turn<'_, '_>, id: EventSubscriptionId, change: Option<&VariableChange>) -> Result<(), Rejection> {
    let Some(subscription) = turn.aggregate.event_subscription(id).cloned() else { return Ok(()) };
    let execution = subscription.execution_id;
    let definition = turn.definition_of(execution)?;
    let index = turn.element_named(execution, &subscription.activity_id)?;
    let Some(trigger) = definition.model.condition_of(index) else { return Ok(()) };
    let is_catch_event = matches!(definition.model.element(index).kind, ElementKind::IntermediateCatchEvent(_));
    let is_concerned = change.map_or(!is_catch_event, |change| looks_at(trigger, change));
    if !is_concerned || !evaluate::holds(turn, execution, &trigger.condition)? {
        return Ok(());
    }
    let step = event::happened(turn, execution, index, VariableMap::new())?;
    agenda::work_off(turn, step)
}

fn looks_at(trigger: &ConditionalTrigger, change: &VariableChange) -> bool {
    trigger.variable_name.as_ref().is_none_or(|name| *name == change.name)
        && (trigger.variable_events.is_empty() || trigger.variable_events.contains(&change.event))
}

fn waits_of(turn: &Turn<'_, '_>, execution: ExecutionId) -> Vec<EventSubscriptionId> {
    let waits = turn.aggregate.event_subscriptions.by_key(execution);
    waits.filter(|wait| wait.event_type == EventType::Conditional).map(|wait| wait.id).collect()
}

/// Those of an execution and of all below it, outer ones first.
fn waits_below(turn: &Turn<'_, '_>, top: ExecutionId) -> Vec<EventSubscriptionId> {
    let (mut found, mut open) = (Vec::new(), vec![top]);
    while let Some(id) = open.pop() {
        found.extend(waits_of(turn, id));
        let children: Vec<ExecutionId> = turn.aggregate.children(id).map(|child| child.id).collect();
        open.extend(children.into_iter().rev());
    }
    found
}
