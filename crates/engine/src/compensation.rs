//! Compensation: what has ended is remembered, and undone when it is asked for.
//!
//! An activity with a handler leaves a subscription with the scope that it was in. A scope in which something can be
//! undone leaves an execution that remembers its variables and subscriptions. The event that throws compensation
//! becomes the parent of all that undoes, and goes on when none of it is left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bpmn::model::{Element, ElementIndex, ElementKind, ProcessModel, SubProcessForm};
use types::{ActivityInstanceId, EventSubscriptionId, ExecutionId, Uuid, VariableInstanceId};

use crate::agenda::{self, Step};
use crate::command::VariableReach;
use crate::instance::ScopeKey;
use crate::record::{EventSubscription, EventType, ExecutionKind};
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::{tree, variables};

/// The activity that an execution is at is about to be left: it is remembered if it can be undone.
pub(crate) fn remember(turn: &mut Turn<'_, '_>, execution: ExecutionId, index: ElementIndex) -> Result<(), Rejection> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(index);
    if element.kind.encloses_elements() {
        remember_scope(turn, execution, element, &definition.model)?;
    }
    match element.compensation_handler {
        Some(handler) if !is_event_sub_process(definition.model.element(handler)) => {
            let scope = scope_around(turn, execution, element);
            subscribe(turn, scope, definition.model.element(handler), None);
        }
        _ => {}
    }
    Ok(())
}

/// Keeps the variables of a scope and what can be undone in it.
fn remember_scope(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &Element,
    model: &ProcessModel,
) -> Result<(), Rejection> {
    let handler = element.compensation_handler.map(|handler| model.element(handler));
    let subscriptions = subscriptions_of(turn, execution);
    if subscriptions.is_empty() && !handler.is_some_and(is_event_sub_process) {
        return Ok(());
    }
    let scope = scope_around(turn, execution, element);
    let instance_id = ActivityInstanceId::of_activity(element.id.clone(), turn.new_id_at::<Uuid>(execution));
    let kept = tree::create_event_scope(turn, scope, &instance_id)?;
    for (name, value) in variables::all_local(turn, ScopeKey::Execution(execution)) {
        let value = variables::lasting(value);
        variables::set(turn, ScopeKey::Execution(kept), VariableReach::Local, &name, value)?;
    }
    for subscription in subscriptions {
        // Camunda: it is another subscription, as old as the first.
        let id: EventSubscriptionId = turn.new_id_at(kept);
        turn.aggregate.event_subscriptions.remove(subscription.id);
        turn.aggregate.event_subscriptions.insert(EventSubscription { id, execution_id: kept, ..subscription });
    }
    let inner: Vec<ExecutionId> = turn.aggregate.event_scopes(execution).map(|inner| inner.id).collect();
    for inner in inner {
        turn.aggregate.executions.update(inner, |row| row.parent_id = Some(kept));
    }
    let handler = handler.filter(|handler| matches!(handler.kind, ElementKind::SubProcess { .. }));
    subscribe(turn, scope, handler.unwrap_or(element), Some(kept));
    Ok(())
}

/// What can be undone in the scope that an event stands in, the oldest first. An event sub-process undoes what is in the
/// scope around it.
pub(crate) fn in_scope_of(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    activity: Option<&str>,
) -> Result<Vec<EventSubscription>, Rejection> {
    let definition = turn.definition_of(execution)?;
    let mut found = Vec::new();
    let mut next = turn.execution(execution).parent_id;
    while let Some(id) = next {
        let scope = turn.aggregate.scope_execution_of(id);
        found.extend(subscriptions_of(turn, scope));
        let element = turn.scope_element(scope)?.map(|element| definition.model.element(element));
        next = turn.execution(scope).parent_id.filter(|_| element.is_some_and(is_event_sub_process));
    }
    if let Some(activity) = activity {
        let handler = handler_of(&definition.model, activity);
        found.retain(|subscription| Some(&*subscription.activity_id) == handler);
    }
    found.sort_by_key(|subscription| (subscription.create_time, subscription.id));
    Ok(found)
}

/// Undoes all of these below an execution, which waits for that.
pub(crate) fn throw(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    subscriptions: Vec<EventSubscription>,
) -> Result<(), Rejection> {
    turn.aggregate.executions.update(execution, |row| row.at = None);
    share_activity_instances(turn, &subscriptions);
    for subscription in subscriptions {
        turn.aggregate.event_subscriptions.remove(subscription.id);
        let handler = turn.element_named(execution, &subscription.activity_id)?;
        let compensating = match subscription.compensating_execution_id {
            Some(kept) => {
                turn.aggregate.executions.update(kept, |row| {
                    row.parent_id = Some(execution);
                    row.kind = ExecutionKind::Compensating;
                });
                kept
            }
            None => tree::create_child(turn, execution, ExecutionKind::Compensating, None)?,
        };
        // The newest is undone first.
        turn.agenda.push(Step::Compensate { execution: compensating, handler });
    }
    Ok(())
}

/// Camunda: scopes of one activity that are undone together are one activity instance.
fn share_activity_instances(turn: &mut Turn<'_, '_>, subscriptions: &[EventSubscription]) {
    let mut shared: BTreeMap<Option<Arc<str>>, ActivityInstanceId> = BTreeMap::new();
    for kept in subscriptions.iter().filter_map(|subscription| subscription.compensating_execution_id) {
        let Some(scope) = turn.execution(kept).scope.clone() else { continue };
        let scope = shared.entry(scope.activity_id.clone()).or_insert(scope).clone();
        show_variables_at(turn, kept, Some(&scope));
        turn.aggregate.executions.update(kept, |row| row.scope = Some(scope));
    }
}

/// Camunda: the variables of remembered scopes are shown at whatever the scope around them is at. It is looked at where
/// that may have changed.
pub(crate) fn follow_scopes(turn: &mut Turn<'_, '_>) {
    // Whatever is remembered has a subscription.
    if turn.aggregate.event_subscriptions.is_empty() && !turn.has_undone {
        return;
    }
    let mut scopes = BTreeSet::new();
    for (before, after) in turn.aggregate.executions.changed() {
        scopes.extend(after.map(|row| row.id));
        scopes.extend([before, after].into_iter().flatten().filter_map(|row| row.parent_id));
    }
    for scope in scopes {
        let Some(row) = turn.aggregate.execution(scope) else { continue };
        let Ok(definition) = turn.definition_of(scope) else { continue };
        let undone = turn.aggregate.undone_scopes_in(scope, &definition.model);
        let shown: Vec<ExecutionId> = turn.aggregate.event_scopes(scope).chain(undone).map(|row| row.id).collect();
        if !shown.is_empty() {
            let at = turn.aggregate.activity_instance_at(row, &definition.model);
            shown.into_iter().for_each(|id| show_variables_at(turn, id, at.as_ref()));
        }
    }
}

fn show_variables_at(turn: &mut Turn<'_, '_>, execution: ExecutionId, at: Option<&ActivityInstanceId>) {
    let variables = turn.aggregate.variables_of(ScopeKey::Execution(execution));
    let elsewhere: Vec<VariableInstanceId> =
        variables.filter(|variable| variable.activity_instance_id.as_ref() != at).map(|variable| variable.id).collect();
    for id in elsewhere {
        turn.aggregate.variables.update(id, |row| row.activity_instance_id = at.cloned());
    }
}

/// Begins what undoes: the activity itself, the event sub-process in the remembered scope, or all that is in there.
pub(crate) fn perform(turn: &mut Turn<'_, '_>, execution: ExecutionId, handler: ElementIndex) -> Result<(), Rejection> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(handler);
    if element.is_for_compensation && is_event_sub_process(element) {
        turn.agenda.push(Step::Enter { execution, element: handler });
        return Ok(());
    }
    if !element.is_for_compensation {
        let mut inner = subscriptions_of(turn, execution);
        inner.sort_by_key(|subscription| (subscription.create_time, subscription.id));
        if inner.is_empty() {
            return done(turn, execution);
        }
        return throw(turn, execution, inner);
    }
    let row = turn.execution(execution);
    let around = turn.aggregate.activity_instance_around(row, element, &definition.model);
    tree::enter_in(turn, execution, handler, around)?;
    agenda::begun(turn, execution, handler)
}

/// Whether an activity undoes another one, and was not begun for its own sake by a modification.
pub(crate) fn is_undoing(turn: &Turn<'_, '_>, execution: ExecutionId, element: &Element) -> bool {
    element.is_for_compensation
        && std::iter::successors(Some(execution), |id| turn.execution(*id).parent_id)
            .any(|id| turn.execution(id).kind == ExecutionKind::Compensating)
}

/// Something below an execution is undone. When nothing is left to undo, the event that has thrown goes on.
pub(crate) fn done(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<(), Rejection> {
    turn.has_undone = true;
    let mut id = execution;
    while turn.aggregate.children(id).next().is_none() {
        let row = turn.execution(id);
        match (row.kind, row.parent_id) {
            (ExecutionKind::Compensating, Some(parent)) => {
                tree::remove(turn, id);
                id = parent;
            }
            _ => {
                turn.agenda.push(Step::Resume { execution: id });
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The id of what subscriptions for an activity lead to.
fn handler_of<'m>(model: &'m ProcessModel, activity: &str) -> Option<&'m str> {
    let index = model.element_by_id(activity)?;
    let element = model.element(index);
    let body = element.parent.map(|parent| model.element(parent));
    let body =
        body.filter(|parent| matches!(&parent.kind, ElementKind::MultiInstanceBody(body) if body.inner == index));
    Some(match (body, element.compensation_handler) {
        (Some(body), _) => &body.id,
        (None, Some(handler)) => &model.element(handler).id,
        (None, None) => &element.id,
    })
}

fn subscribe(turn: &mut Turn<'_, '_>, scope: ExecutionId, handler: &Element, kept: Option<ExecutionId>) {
    let id: EventSubscriptionId = turn.new_id_at(scope);
    let instance = turn.instance_of(scope);
    let row = EventSubscription {
        id,
        event_type: EventType::Compensate,
        event_name: None,
        execution_id: scope,
        process_instance_id: instance.id,
        activity_id: handler.id.clone(),
        tenant_id: instance.tenant_id.clone(),
        create_time: turn.env.now,
        compensating_execution_id: kept,
    };
    turn.aggregate.event_subscriptions.insert(row);
}

fn subscriptions_of(turn: &Turn<'_, '_>, execution: ExecutionId) -> Vec<EventSubscription> {
    let of_execution = turn.aggregate.event_subscriptions.by_key(execution);
    of_execution.filter(|subscription| subscription.event_type == EventType::Compensate).cloned().collect()
}

/// The execution of the scope that an activity stands in.
fn scope_around(turn: &Turn<'_, '_>, execution: ExecutionId, element: &Element) -> ExecutionId {
    let row = turn.execution(execution);
    let is_own_scope = row.scope.as_ref().and_then(|scope| scope.activity_id.as_ref()) == Some(&element.id);
    match row.parent_id.filter(|_| is_own_scope) {
        Some(parent) => turn.aggregate.scope_execution_of(parent),
        None => turn.aggregate.scope_execution_of(execution),
    }
}

fn is_event_sub_process(element: &Element) -> bool {
    matches!(element.kind, ElementKind::SubProcess { form: SubProcessForm::Event, .. })
}
