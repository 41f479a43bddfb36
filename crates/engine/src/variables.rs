//! Variables of scopes: reading, writing, removing, by the rules of the reference.
//!
//! A scope is a process instance, an activity with an execution of its own, one of several concurrent paths, or a user
//! task. Transient variables live beside the stored ones until the command ends and leave no trace.

use std::sync::Arc;

use bpmn::model::VariableEvent;
use types::VariableWrite;
use types::{ActivityInstanceId, ExecutionId, TaskId, Uuid, VariableInstanceId, VariableMap, VariableValue};

use crate::command::{VariablePatch, VariableReach};
use crate::conditional;
use crate::history::{HistoricDetail, HistoricDetailKind, HistoricPlace, HistoricVariableInstance};
use crate::instance::ScopeKey;
use crate::record::{ExecutionKind, VariableInstance, VariablePlace};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

/// The value that a scope sees under a name: its own, or that of the nearest scope around it.
pub(crate) fn lookup(turn: &Turn<'_, '_>, from: ScopeKey, name: &str) -> Option<VariableValue> {
    let name: Arc<str> = name.into();
    let mut next = Some(from);
    while let Some(scope) = next {
        if let Some(value) = local(turn, scope, &name) {
            return Some(value);
        }
        next = turn.aggregate.enclosing_scope(scope);
    }
    None
}

/// The value that a scope itself has under a name.
pub(crate) fn local(turn: &Turn<'_, '_>, scope: ScopeKey, name: &Arc<str>) -> Option<VariableValue> {
    if let Some(value) = turn.transient_variables.get(&(scope, name.clone())) {
        return Some(value.clone());
    }
    turn.aggregate.variable_named(scope, name).map(|variable| variable.value.clone())
}

/// All variables that a scope itself has, in the order of names.
pub(crate) fn all_local(turn: &Turn<'_, '_>, scope: ScopeKey) -> Vec<(Arc<str>, VariableValue)> {
    let stored = turn.aggregate.variables_of(scope).map(|variable| (variable.name.clone(), variable.value.clone()));
    if turn.transient_variables.is_empty() {
        return stored.collect();
    }
    let mut all: std::collections::BTreeMap<Arc<str>, VariableValue> = stored.collect();
    let transient = turn.transient_variables.range((scope, "".into())..).take_while(|((owner, _), _)| *owner == scope);
    all.extend(transient.map(|((_, name), value)| (name.clone(), value.clone())));
    all.into_iter().collect()
}

/// All variables that a scope sees: its own before those of the scopes around it, in the order of names.
pub(crate) fn all_visible(turn: &Turn<'_, '_>, from: ScopeKey) -> Vec<(Arc<str>, VariableValue)> {
    let mut all = std::collections::BTreeMap::new();
    let mut next = Some(from);
    while let Some(scope) = next {
        for (name, value) in all_local(turn, scope) {
            all.entry(name).or_insert(value);
        }
        next = turn.aggregate.enclosing_scope(scope);
    }
    all.into_iter().collect()
}

/// Writes all of them, in the order of names.
pub(crate) fn set_all(
    turn: &mut Turn<'_, '_>,
    scope: ScopeKey,
    reach: VariableReach,
    variables: &VariableMap,
) -> Result<(), Rejection> {
    for (name, write) in variables {
        set(turn, scope, reach, name, write.clone())?;
    }
    Ok(())
}

pub(crate) fn set(
    turn: &mut Turn<'_, '_>,
    scope: ScopeKey,
    reach: VariableReach,
    name: &Arc<str>,
    write: VariableWrite,
) -> Result<(), Rejection> {
    let target = match reach {
        VariableReach::Local => scope,
        VariableReach::Nearest => owner_of(turn, scope, name).unwrap_or_else(|| outermost(turn, scope)),
    };
    set_local(turn, scope, target, name, write)
}

/// A value that is to be stored.
pub(crate) fn lasting(value: VariableValue) -> VariableWrite {
    VariableWrite { value, transient: false }
}

/// Modifications first, then deletions.
pub(crate) fn patch(
    turn: &mut Turn<'_, '_>,
    scope: ScopeKey,
    reach: VariableReach,
    patch: &VariablePatch,
) -> Result<(), Rejection> {
    set_all(turn, scope, reach, &patch.modifications)?;
    for name in &patch.deletions {
        let owner = match reach {
            VariableReach::Local => Some(scope),
            VariableReach::Nearest => owner_of(turn, scope, name),
        };
        if let Some(owner) = owner {
            remove(turn, scope, owner, name);
        }
    }
    Ok(())
}

/// The scope has ended: its variables go, their history stays as it is.
pub(crate) fn drop_scope(turn: &mut Turn<'_, '_>, scope: ScopeKey) {
    let ids: Vec<VariableInstanceId> = turn.aggregate.variables_of(scope).map(|variable| variable.id).collect();
    for id in ids {
        turn.aggregate.variables.remove(id);
    }
    drop_transient(turn, scope);
}

/// Moves the variables of an execution that another one replaces. Where both have one of the same name, the moved
/// value wins. With `only_concurrent_local` those stay that belong to the scope itself.
pub(crate) fn move_scope(turn: &mut Turn<'_, '_>, from: ExecutionId, to: ExecutionId, moved: Moved) {
    let owner = turn.execution(from).scope.clone();
    let variables: Vec<VariableInstance> = turn
        .aggregate
        .variables_of(ScopeKey::Execution(from))
        .filter(|variable| match moved {
            Moved::All => true,
            Moved::ConcurrentLocal => variable.activity_instance_id != owner,
        })
        .cloned()
        .collect();
    for variable in variables {
        let existing = turn.aggregate.variable_named(ScopeKey::Execution(to), &variable.name).map(|found| found.id);
        match existing {
            Some(existing) => {
                turn.aggregate.variables.update(existing, |row| row.value = variable.value.clone());
                let revision = turn.aggregate.variable(existing).map_or(0, |existing| existing.revision);
                turn.history.variable_updated(existing, variable.value.clone(), revision);
                turn.aggregate.variables.remove(variable.id);
            }
            None => turn.aggregate.variables.update(variable.id, |row| row.move_to(to)),
        }
    }
    if moved == Moved::All {
        move_transient(turn, ScopeKey::Execution(from), ScopeKey::Execution(to));
    }
}

/// Which variables go with an execution that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    All,
    /// Those that were set on a path beside others, or on an activity.
    ConcurrentLocal,
}

/// The variables of one path belong to the activity it is at, if it is at one.
pub(crate) fn follow_path(turn: &mut Turn<'_, '_>, execution: ExecutionId, activity: Option<&ActivityInstanceId>) {
    if turn.execution(execution).kind != ExecutionKind::Concurrent {
        return;
    }
    let ids: Vec<VariableInstanceId> =
        turn.aggregate.variables_of(ScopeKey::Execution(execution)).map(|variable| variable.id).collect();
    for id in ids {
        turn.aggregate.variables.update(id, |row| row.activity_instance_id = activity.cloned());
    }
}

fn owner_of(turn: &Turn<'_, '_>, from: ScopeKey, name: &Arc<str>) -> Option<ScopeKey> {
    let mut next = Some(from);
    while let Some(scope) = next {
        let is_transient = turn.transient_variables.contains_key(&(scope, name.clone()));
        if is_transient || turn.aggregate.variable_named(scope, name).is_some() {
            return Some(scope);
        }
        next = turn.aggregate.enclosing_scope(scope);
    }
    None
}

fn outermost(turn: &Turn<'_, '_>, from: ScopeKey) -> ScopeKey {
    let mut scope = from;
    while let Some(enclosing) = turn.aggregate.enclosing_scope(scope) {
        scope = enclosing;
    }
    scope
}

fn set_local(
    turn: &mut Turn<'_, '_>,
    from: ScopeKey,
    scope: ScopeKey,
    name: &Arc<str>,
    write: VariableWrite,
) -> Result<(), Rejection> {
    let key = (scope, name.clone());
    let stored = turn.aggregate.variable_named(scope, name).map(|variable| variable.id);
    let is_transient = turn.transient_variables.contains_key(&key);
    if write.transient != is_transient && (stored.is_some() || is_transient) {
        // Camunda: a name is either transient or not as long as its scope has it.
        let message = format!(
            "cannot set the variable `{name}`: a transient one does not replace one that is stored, nor the other way round"
        );
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    }
    let event = if stored.is_some() || is_transient { VariableEvent::Update } else { VariableEvent::Create };
    conditional::variable_changed(turn, scope, name, event);
    if write.transient {
        turn.transient_variables.insert(key, write.value);
        return Ok(());
    }
    match stored {
        Some(id) => {
            turn.aggregate.variables.update(id, |row| {
                row.value = write.value.clone();
                row.revision += 1;
            });
            let revision = turn.aggregate.variable(id).map_or(0, |variable| variable.revision);
            turn.history.variable_updated(id, write.value, revision);
            log_write(turn, from, id);
        }
        None => {
            let id = create(turn, scope, name, write.value);
            log_write(turn, from, id);
        }
    }
    Ok(())
}

fn create(turn: &mut Turn<'_, '_>, scope: ScopeKey, name: &Arc<str>, value: VariableValue) -> VariableInstanceId {
    let (execution, task_id) = match scope {
        ScopeKey::Execution(execution) => (Some(execution), None),
        ScopeKey::Task(task) => (execution_of_task(turn, task), Some(task)),
    };
    let place = execution.map(|execution| {
        let activity_instance_id = owning_activity_instance(turn, execution, task_id);
        historic_place(turn, execution, activity_instance_id)
    });
    let kept_of = turn.input_scope.as_ref().filter(|(scope, _)| Some(*scope) == execution).map(|(_, outer)| outer);
    let historic = place.clone().map(|place| HistoricPlace {
        activity_instance_id: kept_of.cloned().unwrap_or(place.activity_instance_id),
        ..place
    });
    let tenant_id = match (execution, task_id) {
        (Some(execution), _) => turn.instance_of(execution).tenant_id.clone(),
        (None, Some(task)) => turn.aggregate.task(task).and_then(|task| task.tenant_id.clone()),
        (None, None) => None,
    };
    let id = match execution {
        // Those of the process are together: tasks see all of them, and of the others few.
        Some(execution) if task_id.is_none() && turn.execution(execution).parent_id.is_none() => {
            turn.new_id_at(execution)
        }
        Some(execution) => VariableInstanceId(turn.new_id_at::<Uuid>(execution).in_upper_half()),
        None => turn.new_id(),
    };
    let create_time = turn.env.now;
    turn.aggregate.variables.insert(VariableInstance {
        id,
        place: place.as_ref().map(|place| VariablePlace {
            process_instance_id: place.process_instance_id,
            execution_id: place.execution_id,
        }),
        task_id,
        activity_instance_id: place.as_ref().map(|place| place.activity_instance_id.clone()),
        tenant_id: tenant_id.clone(),
        name: name.clone(),
        value: value.clone(),
        create_time,
        revision: 0,
    });
    turn.history.variable_created(HistoricVariableInstance {
        id,
        name: name.clone(),
        value,
        place: historic,
        task_id,
        tenant_id,
        create_time,
        first_write: None,
    });
    id
}

pub(crate) fn historic_place(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    activity: ActivityInstanceId,
) -> HistoricPlace {
    let instance = turn.instance_of(execution);
    HistoricPlace {
        process_instance_id: instance.id,
        root_process_instance_id: instance.root_process_instance_id,
        execution_id: execution,
        activity_instance_id: activity,
        definition_id: instance.definition_id.clone(),
        definition_key: instance.definition_key.clone(),
    }
}

/// Keeps what was just written to a variable, and from where.
fn log_write(turn: &mut Turn<'_, '_>, from: ScopeKey, id: VariableInstanceId) {
    if let Some(variable) = turn.aggregate.variable(id).filter(|_| turn.history.keeps_details()) {
        log_detail(turn, from, variable.clone());
    }
}

fn log_detail(turn: &mut Turn<'_, '_>, from: ScopeKey, variable: VariableInstance) {
    let writer = match from {
        ScopeKey::Execution(execution) => Some(execution),
        ScopeKey::Task(task) => execution_of_task(turn, task),
    };
    let mut is_initial = false;
    let mut place = None;
    if let (Some(writer), Some(owner)) = (writer, variable.execution_id()) {
        let activity_instance_id = match &turn.execution(writer).at {
            Some(visit) => visit.activity_instance_id.clone(),
            None => turn.enclosing_activity_instance(writer),
        };
        let is_starting = turn.execution(writer).at.is_none() && turn.aggregate.children(writer).next().is_none();
        is_initial = is_starting && variable.revision == 0 && activity_instance_id.activity_id.is_none();
        place = Some(historic_place(turn, owner, activity_instance_id));
    }
    let id = match &place {
        Some(HistoricPlace { process_instance_id, .. }) => turn.new_id_in(*process_instance_id),
        None => turn.new_id(),
    };
    let detail = HistoricDetail {
        id,
        kind: HistoricDetailKind::VariableUpdate {
            variable_instance_id: variable.id,
            revision: variable.revision,
            is_initial,
        },
        time: turn.env.now,
        name: variable.name,
        value: variable.value,
        place,
        task_id: variable.task_id,
        tenant_id: variable.tenant_id,
    };
    turn.history.detail_logged(variable.id, detail);
}

/// `None` for a task that stands alone.
fn execution_of_task(turn: &Turn<'_, '_>, task: TaskId) -> Option<ExecutionId> {
    turn.aggregate.task(task).expect("a task scope is asked for of tasks that exist").execution_id()
}

/// A scope's variables belong to the scope's activity instance; those of a concurrent path or a task to the activity
/// that it is at.
fn owning_activity_instance(turn: &Turn<'_, '_>, execution: ExecutionId, task: Option<TaskId>) -> ActivityInstanceId {
    let row = turn.execution(execution);
    match (&row.scope, task) {
        (Some(scope), None) => scope.clone(),
        _ => match &row.at {
            Some(visit) => visit.activity_instance_id.clone(),
            None => turn.enclosing_activity_instance(execution),
        },
    }
}

fn remove(turn: &mut Turn<'_, '_>, from: ScopeKey, scope: ScopeKey, name: &Arc<str>) {
    if turn.transient_variables.remove(&(scope, name.clone())).is_some() {
        conditional::variable_changed(turn, scope, name, VariableEvent::Delete);
        return;
    }
    let id = turn.aggregate.variable_named(scope, name).map(|variable| variable.id);
    if let Some(removed) = id.and_then(|id| turn.aggregate.variables.remove(id)) {
        turn.history.variable_deleted(removed.id);
        if turn.history.keeps_details() {
            let mut removed = Arc::unwrap_or_clone(removed);
            removed.revision += 1;
            removed.value = VariableValue::null_of(removed.value.variable_type());
            log_detail(turn, from, removed);
        }
        conditional::variable_changed(turn, scope, name, VariableEvent::Delete);
    }
}

fn drop_transient(turn: &mut Turn<'_, '_>, scope: ScopeKey) {
    turn.transient_variables.retain(|(owner, _), _| *owner != scope);
}

fn move_transient(turn: &mut Turn<'_, '_>, from: ScopeKey, to: ScopeKey) {
    let keys: Vec<(ScopeKey, Arc<str>)> =
        turn.transient_variables.keys().filter(|(owner, _)| *owner == from).cloned().collect();
    for key in keys {
        if let Some(value) = turn.transient_variables.remove(&key) {
            turn.transient_variables.insert((to, key.1), value);
        }
    }
}
