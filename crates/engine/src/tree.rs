//! The tree of executions: how it grows, moves and shrinks (ADR 0001).
//!
//! Its shape is what REST shows. A scope with one path runs that path itself, or by one child that is the scope of an
//! activity. With several paths every one is a concurrent child. When one of two concurrent children is gone, the
//! scope takes over the path of the other. Indexes answer every question here, so that the number of siblings does
//! not matter.

use std::sync::Arc;

use bpmn::model::{Element, ElementIndex, ElementKind, FlowIndex};
use types::{ActivityInstanceId, ExecutionId, ExternalTaskId, ProcessInstanceId, TaskId, Uuid, VariableMap};

use crate::agenda::Step;
use crate::behavior;
use crate::behavior::multi_instance_body;
use crate::behavior::user_task::TaskOutcome;
use crate::command::VariableReach;
use crate::evaluate::Interruption;
use crate::history::{ActivityEnd, EndState, HistoricActivityInstance};
use crate::instance::ScopeKey;
use crate::listener::{self, Manner};
use crate::record::{Execution, ExecutionKind, JobHandler, Visit};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables::{self, Moved};
use crate::{compensation, continuation, incident, job, mapping, process_instance, subscription, timer};

/// Brings an execution to an element: into a child execution where the element is a scope. Answers the execution that
/// is at the element then.
pub(crate) fn enter_activity(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    index: ElementIndex,
) -> Result<ExecutionId, Rejection> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(index);
    let enclosing = turn.enclosing_activity_instance(execution);
    let activity_instance_id = ActivityInstanceId::of_activity(element.id.clone(), turn.new_id_at::<Uuid>(execution));
    let visit =
        Visit { activity_id: element.id.clone(), activity_instance_id: activity_instance_id.clone(), is_active: true };
    if !element.is_scope || element.kind.encloses_elements() {
        variables::follow_path(turn, execution, Some(&activity_instance_id));
    }
    let at = if element.is_scope {
        turn.aggregate.executions.update(execution, |row| row.at = None);
        create_child(turn, execution, ExecutionKind::Scope, Some(visit))?
    } else {
        turn.aggregate.executions.update(execution, |row| row.at = Some(visit));
        execution
    };
    if element.is_scope {
        subscription::create(turn, at, Some(index), &definition.model)?;
    }
    begin(turn, at, index, (activity_instance_id, enclosing))?;
    Ok(at)
}

/// The same for an execution that is there already, and that the activity has to itself.
///
/// Camunda: such an activity waits for no message or signal.
pub(crate) fn enter_in(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    index: ElementIndex,
    enclosing: ActivityInstanceId,
) -> Result<(), Rejection> {
    let definition = turn.definition_of(execution)?;
    let activity_id = definition.model.element(index).id.clone();
    let activity_instance_id = ActivityInstanceId::of_activity(activity_id.clone(), turn.new_id_at::<Uuid>(execution));
    turn.aggregate.executions.update(execution, |row| {
        row.scope = Some(activity_instance_id.clone());
        row.at = Some(Visit { activity_id, activity_instance_id: activity_instance_id.clone(), is_active: true });
    });
    begin(turn, execution, index, (activity_instance_id, enclosing))
}

/// The activity instance, within the enclosing one, with all that belongs to it.
fn begin(
    turn: &mut Turn<'_, '_>,
    at: ExecutionId,
    index: ElementIndex,
    (id, enclosing): (ActivityInstanceId, ActivityInstanceId),
) -> Result<(), Rejection> {
    let definition = turn.definition_of(at)?;
    let element = definition.model.element(index);
    // Camunda: the inputs of a sub-process are kept in the history as variables of what encloses it.
    if matches!(element.kind, ElementKind::SubProcess { .. }) && !element.inputs.is_empty() {
        turn.input_scope = Some((at, enclosing.clone()));
    }
    mapping::map_inputs(turn, at, element)?;
    turn.input_scope = None;
    if element.is_scope {
        timer::create_jobs(turn, at, Some(index), definition)?;
    }
    record_start(turn, at, element, id, enclosing);
    Ok(())
}

/// Ends the activity that an execution is at and sends it along the flows, each on a path of its own where there are
/// several.
pub(crate) fn leave_activity(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    flows: &[FlowIndex],
) -> Result<(), Rejection> {
    let element = turn.element_at(execution)?;
    let is_asynchronous = turn.definition_of(execution)?.model.element(element).asynchronous.after;
    record_end(turn, execution, Ending::Left);
    let execution = close_activity(turn, execution)?;
    let paths = match flows {
        [_] => vec![execution],
        _ => fork(turn, execution, flows.len())?,
    };
    if is_asynchronous {
        for (path, flow) in paths.into_iter().zip(flows) {
            continuation::wait_after(turn, path, element, Some(*flow))?;
        }
        return Ok(());
    }
    for (path, flow) in paths.into_iter().zip(flows).rev() {
        turn.agenda.push(Step::Take { execution: path, flow: *flow });
    }
    Ok(())
}

/// Ends the activity that an execution is at, and its path with it. The last path of a scope ends the scope.
pub(crate) fn end_path(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<(), Rejection> {
    let element = turn.element_at(execution)?;
    let definition = turn.definition_of(execution)?;
    let kind = turn.execution(execution).kind;
    // Camunda: a joining gateway without a way on completes the scope only where no other path is left.
    let is_open_gateway = matches!(definition.model.element(element).kind, ElementKind::ParallelGateway);
    let is_undoing = compensation::is_undoing(turn, execution, definition.model.element(element));
    let is_open_path = is_open_gateway && kind == ExecutionKind::Concurrent;
    let completes_scope = !is_open_path && !is_undoing;
    record_end(turn, execution, if completes_scope { Ending::CompletedScope } else { Ending::Left });
    // Camunda: what undoes something goes on at once.
    if definition.model.element(element).asynchronous.after && !is_undoing {
        // After an error that nothing caught the task is still there.
        behavior::external_task::cancel(turn, execution);
        return continuation::wait_after(turn, execution, element, None);
    }
    turn.agenda.push(Step::Finish { execution, element });
    Ok(())
}

/// What is left to do for a path whose last activity has ended.
pub(crate) fn finish_path(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: ElementIndex,
) -> Result<(), Rejection> {
    let definition = turn.definition_of(execution)?;
    let last_activity = definition.model.element(element).id.clone();
    let is_undoing = compensation::is_undoing(turn, execution, definition.model.element(element));
    let row = turn.execution(execution);
    let is_its_scope = row.scope.as_ref().is_some_and(|scope| scope.activity_id.as_ref() == Some(&last_activity));
    // After a job it is at no activity any more; the scope of an activity goes with it.
    let execution = if row.at.is_some() || is_its_scope { close_activity(turn, execution)? } else { execution };
    if is_undoing {
        return compensation::done(turn, execution);
    }
    end_between_activities(turn, execution, last_activity)
}

/// Ends a path that is at no activity, having left `last_activity`.
pub(crate) fn end_between_activities(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    last_activity: Arc<str>,
) -> Result<(), Rejection> {
    let row = turn.execution(execution);
    match (row.kind, row.parent_id) {
        (ExecutionKind::Concurrent, Some(parent)) if turn.execution(parent).is_multi_instance_body() => {
            let definition = turn.definition_of(parent)?;
            let body = turn.element_at(parent)?;
            let kind = &definition.model.element(body).kind;
            let element = multi_instance_body::characteristics(kind).expect("its id says that it is a body");
            multi_instance_body::instance_ended(turn, parent, execution, element, last_activity)
        }
        (ExecutionKind::Concurrent, Some(parent)) => {
            remove(turn, execution);
            prune(turn, parent);
            Ok(())
        }
        (ExecutionKind::Scope | ExecutionKind::Compensating, _) => {
            turn.agenda.push(Step::Resume { execution });
            Ok(())
        }
        _ => process_instance::complete(turn, execution, last_activity),
    }
}

/// The waiting paths of a joining gateway end; the given one goes on alone.
pub(crate) fn join(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<(), Rejection> {
    let row = turn.execution(execution);
    let Some(parent) = row.parent_id.filter(|_| row.kind == ExecutionKind::Concurrent) else {
        set_active(turn, execution);
        turn.agenda.push(Step::Leave { execution });
        return Ok(());
    };
    let activity_id = turn.visit_of(execution).activity_id;
    let definition = turn.definition_of(execution)?;
    let is_open_ended = definition.model.element(turn.element_at(execution)?).outgoing.is_empty();
    let ending = if is_open_ended { Ending::CompletedScope } else { Ending::Left };
    let others: Vec<ExecutionId> = turn
        .aggregate
        .waiting_at(parent, &activity_id)
        .map(|waiting| waiting.id)
        .filter(|id| *id != execution)
        .collect();
    if !others.is_empty() {
        variables::drop_scope(turn, ScopeKey::Execution(execution));
    }
    set_active(turn, execution);
    turn.agenda.push(Step::Leave { execution });
    for other in others {
        record_end(turn, other, ending);
        remove(turn, other);
        prune(turn, parent);
    }
    Ok(())
}

/// An event has happened that the scope waits for which an execution is.
pub(crate) fn fire_event(
    turn: &mut Turn<'_, '_>,
    host: ExecutionId,
    event: ElementIndex,
    variables: &VariableMap,
) -> Result<(), Rejection> {
    let definition = turn.definition_of(host)?;
    let handler = match (&definition.model.element(event).kind, definition.model.element(event).parent) {
        (ElementKind::EventSubProcessStartEvent(_), Some(event_sub_process)) => event_sub_process,
        _ => event,
    };
    let path = make_way(turn, host, handler)?;
    variables::set_all(turn, ScopeKey::Execution(path), VariableReach::Local, variables)?;
    turn.agenda.push(Step::Enter { execution: path, element: handler });
    Ok(())
}

/// Answers the path that an event of a scope goes on with. An interrupting boundary event cancels the activity that it
/// is attached to and goes on in its place, as one behind a gateway does; an interrupting event sub-process cancels what
/// runs in its scope; others get a path beside that.
pub(crate) fn make_way(
    turn: &mut Turn<'_, '_>,
    host: ExecutionId,
    handler: ElementIndex,
) -> Result<ExecutionId, Rejection> {
    let definition = turn.definition_of(host)?;
    let is_interrupting = definition.model.catching_event(handler).is_none_or(|event| event.is_interrupting);
    let is_event_sub_process = matches!(definition.model.element(handler).kind, ElementKind::SubProcess { .. });
    match turn.execution(host).parent_id.filter(|_| !is_event_sub_process) {
        Some(parent) if is_interrupting => {
            let reason = format!("Cancel scope activity Activity({}) executed.", definition.model.element(handler).id);
            cancel_as(turn, host, &CancelledAs::internal(reason))?;
            Ok(parent)
        }
        Some(parent) => {
            let scope = turn.aggregate.scope_execution_of(parent);
            create_concurrent(turn, scope)
        }
        None if is_interrupting => {
            interrupt(turn, host)?;
            Ok(host)
        }
        None => create_concurrent(turn, host),
    }
}

/// Cancels all that runs in a scope. The scope itself stays, but waits for nothing any more.
pub(crate) fn interrupt(turn: &mut Turn<'_, '_>, scope: ExecutionId) -> Result<(), Rejection> {
    let children: Vec<ExecutionId> = turn.aggregate.children(scope).map(|child| child.id).collect();
    for child in children {
        cancel(turn, child)?;
    }
    cancel_visit(turn, scope)?;
    end_waiting(turn, scope)?;
    turn.agenda.forget(scope);
    turn.aggregate.executions.update(scope, |row| {
        row.at = None;
        row.continuation = None;
    });
    remove_tasks(turn, scope);
    job::remove_all(turn, scope);
    subscription::remove_waits(turn, scope);
    Ok(())
}

/// Cancels all that runs in the scope of an execution that is about to enter an element. The scope itself enters it.
pub(crate) fn interrupt_scope(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<ExecutionId, Rejection> {
    let scope = turn.aggregate.scope_execution_of(execution);
    if scope != execution {
        remove(turn, execution);
    }
    interrupt(turn, scope)?;
    Ok(scope)
}

/// How executions are cancelled, and what is said of the called instances that end with them.
pub(crate) struct CancelledAs {
    pub state: EndState,
    pub reason: Option<Arc<str>>,
}

impl CancelledAs {
    /// By what happens in the process itself.
    pub fn internal(reason: impl Into<Arc<str>>) -> CancelledAs {
        CancelledAs { state: EndState::InternallyTerminated, reason: Some(reason.into()) }
    }
}

/// Ends an execution and everything below it, leaves first, as cancelled.
pub(crate) fn cancel(turn: &mut Turn<'_, '_>, top: ExecutionId) -> Result<(), Rejection> {
    cancel_as(turn, top, &CancelledAs { state: EndState::InternallyTerminated, reason: None })
}

/// The same, of what is below in called instances too.
pub(crate) fn cancel_as(turn: &mut Turn<'_, '_>, top: ExecutionId, how: &CancelledAs) -> Result<(), Rejection> {
    for id in leaves_first(turn, top) {
        let is_called = id != top && turn.execution(id).kind == ExecutionKind::ProcessInstance;
        cancel_one(turn, id)?;
        if is_called {
            process_instance::end_cancelled(turn, id, how)?;
        }
    }
    Ok(())
}

/// Cancels the activity that an execution is at, and every scope around it that nothing else runs in. Answers the
/// instance where that would be all of it, and leaves it to the caller to end that.
pub(crate) fn cancel_branch(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    how: &CancelledAs,
) -> Result<Option<ProcessInstanceId>, Rejection> {
    let mut top = execution;
    loop {
        let row = turn.execution(top);
        let Some(parent) = row.parent_id else { return Ok(Some(row.process_instance_id)) };
        if turn.aggregate.children(parent).nth(1).is_none() {
            top = parent;
            continue;
        }
        cancel_as(turn, top, how)?;
        if turn.execution(parent).is_multi_instance_body() {
            multi_instance_body::instance_removed(turn, parent)?;
        } else {
            prune(turn, parent);
        }
        return Ok(None);
    }
}

/// Cancels a path with the scopes that it alone runs in, and takes it out of its scope.
pub(crate) fn cancel_path(turn: &mut Turn<'_, '_>, top: ExecutionId, how: &CancelledAs) -> Result<(), Rejection> {
    let parent = turn.execution(top).parent_id.expect("the path of a scope has a parent");
    cancel_as(turn, top, how)?;
    let scope = turn.aggregate.scope_execution_of(parent);
    if scope != parent {
        remove(turn, parent);
    }
    if turn.execution(scope).is_multi_instance_body() {
        return multi_instance_body::instance_removed(turn, scope);
    }
    prune(turn, scope);
    Ok(())
}

/// Cancels all that runs in a process; what else belongs to its scope stays.
pub(crate) fn empty(turn: &mut Turn<'_, '_>, root: ExecutionId, how: &CancelledAs) -> Result<(), Rejection> {
    cancel_as(turn, root, how)?;
    continuation::drop_of(turn, root);
    turn.aggregate.executions.update(root, |row| row.at = None);
    Ok(())
}

fn cancel_one(turn: &mut Turn<'_, '_>, id: ExecutionId) -> Result<(), Rejection> {
    let continuation = turn.execution(id).continuation.clone();
    cancel_visit(turn, id)?;
    cancel_waiting_sub_process(turn, id)?;
    let execution = turn.execution(id).clone();
    if let Some(scope) = execution.scope.as_ref().filter(|_| has_activity(turn, &execution)) {
        // Where only the job after the activity is left, the activity itself has ended.
        let has_ended = continuation.is_some() && continuation == scope.activity_id;
        let is_elsewhere = execution.at.as_ref().is_none_or(|visit| visit.activity_instance_id != *scope);
        if is_elsewhere && !has_ended {
            turn.aggregate.executions.update(id, |row| row.at = None);
            listener::activity_ended(turn, id, Manner::Cancelled).map_err(Interruption::into_rejection)?;
        }
        if !has_ended {
            record_ended(turn, scope, Ending::Cancelled);
        }
        let definition = turn.definition_of(id)?;
        let activity_id = scope.activity_id.as_ref().expect("the scope of an activity names it");
        let element = turn.element_named(id, activity_id)?;
        turn.aggregate.executions.update(id, |row| row.at = None);
        // Camunda: outputs are mapped for a cancelled activity, too.
        mapping::map_outputs(turn, id, definition.model.element(element))?;
    }
    if execution.kind != ExecutionKind::ProcessInstance {
        remove(turn, id);
    }
    Ok(())
}

/// Whether an execution is the scope of an activity that runs. One that undoes all of a scope which has ended is not.
fn has_activity(turn: &Turn<'_, '_>, execution: &Execution) -> bool {
    match execution.kind {
        ExecutionKind::Scope => true,
        ExecutionKind::Compensating => turn.definition_of(execution.id).is_ok_and(|definition| {
            let element = turn.scope_element(execution.id).ok().flatten();
            element.is_some_and(|element| definition.model.element(element).is_for_compensation)
        }),
        ExecutionKind::ProcessInstance | ExecutionKind::Concurrent | ExecutionKind::EventScope => false,
    }
}

/// Ends the activity that an execution is at. What it is the scope of has not ended yet.
fn cancel_visit(turn: &mut Turn<'_, '_>, id: ExecutionId) -> Result<(), Rejection> {
    let execution = turn.execution(id);
    let Some(visit) = execution.at.clone() else { return Ok(()) };
    let is_at_its_scope = execution.scope.as_ref() == Some(&visit.activity_instance_id);
    let element = turn.element_named(id, &visit.activity_id)?;
    listener::activity_ended(turn, id, Manner::Cancelled).map_err(Interruption::into_rejection)?;
    behavior::cancel(turn, id, element)?;
    if !is_at_its_scope {
        record_ended(turn, &visit.activity_instance_id, Ending::Cancelled);
    }
    Ok(())
}

/// Camunda: where a scope itself waits for a job, the listeners of the activity before or after that are told of an end.
fn end_waiting(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<(), Rejection> {
    let Some(activity_id) = turn.execution(execution).continuation.clone() else { return Ok(()) };
    let activity_instance_id = ActivityInstanceId::of_activity(activity_id.clone(), turn.new_id_at::<Uuid>(execution));
    let visit = Visit { activity_id, activity_instance_id, is_active: true };
    turn.aggregate.executions.update(execution, |row| row.at = Some(visit));
    listener::activity_ended(turn, execution, Manner::Cancelled).map_err(Interruption::into_rejection)?;
    turn.aggregate.executions.update(execution, |row| row.at = None);
    Ok(())
}

/// Camunda: a sub-process that a job is about to enter in a scope alone ends as if it had begun.
fn cancel_waiting_sub_process(turn: &mut Turn<'_, '_>, id: ExecutionId) -> Result<(), Rejection> {
    let row = turn.execution(id);
    let is_scope = row.kind == ExecutionKind::Scope;
    let Some(activity_id) = row.continuation.clone().filter(|_| is_scope) else { return Ok(()) };
    let definition = turn.definition_of(id)?;
    let element = definition.model.element(turn.element_named(id, &activity_id)?);
    let is_before = turn.aggregate.jobs.by_key(id).any(|job| matches!(job.handler, JobHandler::AsyncBefore));
    if !is_before || !matches!(element.kind, ElementKind::SubProcess { .. }) {
        return Ok(());
    }
    end_waiting(turn, id)?;
    mapping::map_outputs(turn, id, element)
}

/// Everything below `top` and itself, called instances included, children before their parents.
fn leaves_first(turn: &Turn<'_, '_>, top: ExecutionId) -> Vec<ExecutionId> {
    let mut found = Vec::new();
    let mut open = vec![top];
    while let Some(id) = open.pop() {
        found.push(id);
        open.extend(turn.aggregate.children(id).map(|child| child.id));
        open.extend(turn.aggregate.called_by(id).map(|instance| ExecutionId::from(instance.id)));
    }
    found.reverse();
    found
}

/// Adds a path to a scope. A path that the scope ran itself, or by one child, becomes a concurrent one first.
pub(crate) fn create_concurrent(turn: &mut Turn<'_, '_>, scope: ExecutionId) -> Result<ExecutionId, Rejection> {
    let children: Vec<(ExecutionId, ExecutionKind)> =
        turn.aggregate.children(scope).take(2).map(|child| (child.id, child.kind)).collect();
    match children[..] {
        [] => {
            replace_by_concurrent(turn, scope)?;
        }
        [(child, ExecutionKind::Scope)] => {
            let between = create_child(turn, scope, ExecutionKind::Concurrent, None)?;
            turn.aggregate.executions.update(child, |row| row.parent_id = Some(between));
            variables::move_scope(turn, scope, between, Moved::ConcurrentLocal);
        }
        _ => {}
    }
    create_child(turn, scope, ExecutionKind::Concurrent, None)
}

/// The path that a scope ran itself goes on in a concurrent child.
fn replace_by_concurrent(turn: &mut Turn<'_, '_>, scope: ExecutionId) -> Result<ExecutionId, Rejection> {
    let at = turn.execution(scope).at.clone();
    turn.aggregate.executions.update(scope, |row| row.at = None);
    let path = create_child(turn, scope, ExecutionKind::Concurrent, at.clone())?;
    variables::move_scope(turn, scope, path, Moved::ConcurrentLocal);
    move_tasks(turn, scope, path);
    continuation::move_to(turn, scope, path);
    if let Some(visit) = at {
        record_move(turn, &visit.activity_instance_id, path);
    }
    turn.agenda.redirect(scope, path);
    Ok(path)
}

fn fork(turn: &mut Turn<'_, '_>, execution: ExecutionId, paths: usize) -> Result<Vec<ExecutionId>, Rejection> {
    let row = turn.execution(execution);
    let (first, scope) = match (row.kind, row.parent_id) {
        (ExecutionKind::Concurrent, Some(parent)) => (execution, parent),
        _ => (replace_by_concurrent(turn, execution)?, execution),
    };
    let mut forked = vec![first];
    for _ in 1..paths {
        forked.push(create_child(turn, scope, ExecutionKind::Concurrent, None)?);
    }
    Ok(forked)
}

/// A scope with one concurrent child left takes over its path.
fn prune(turn: &mut Turn<'_, '_>, scope: ExecutionId) {
    let mut children: Vec<Execution> = turn.aggregate.children(scope).take(2).cloned().collect();
    let (Some(last), true) = (children.pop(), children.is_empty()) else { return };
    if last.kind != ExecutionKind::Concurrent {
        return;
    }
    let grandchildren: Vec<ExecutionId> = turn.aggregate.children(last.id).map(|child| child.id).collect();
    for grandchild in grandchildren {
        turn.aggregate.executions.update(grandchild, |row| row.parent_id = Some(scope));
    }
    variables::move_scope(turn, last.id, scope, Moved::All);
    move_tasks(turn, last.id, scope);
    continuation::move_to(turn, last.id, scope);
    turn.aggregate.executions.remove(last.id);
    turn.agenda.redirect(last.id, scope);
    if let Some(visit) = &last.at {
        record_move(turn, &visit.activity_instance_id, scope);
    }
    turn.aggregate.executions.update(scope, |row| row.at = last.at);
}

/// Takes the activity off an execution. The execution of a scope is removed with all it owns; its parent goes on.
fn close_activity(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<ExecutionId, Rejection> {
    let row = turn.execution(execution).clone();
    let is_scope = matches!(row.kind, ExecutionKind::Scope | ExecutionKind::Compensating);
    let is_at_its_scope = row.at.as_ref().is_none_or(|at| Some(&at.activity_instance_id) == row.scope.as_ref());
    let Some(parent) = row.parent_id.filter(|_| is_scope && is_at_its_scope) else {
        turn.aggregate.executions.update(execution, |row| row.at = None);
        return Ok(execution);
    };
    let element = turn.element_at(execution)?;
    let definition = turn.definition_of(execution)?;
    mapping::map_outputs(turn, execution, definition.model.element(element))?;
    remove(turn, execution);
    Ok(parent)
}

pub(crate) fn create_child(
    turn: &mut Turn<'_, '_>,
    parent: ExecutionId,
    kind: ExecutionKind,
    at: Option<Visit>,
) -> Result<ExecutionId, Rejection> {
    let executions_max = turn.env.limits.executions_max as usize;
    if turn.aggregate.executions.len() >= executions_max {
        let message = format!("one instance may have at most {executions_max} executions");
        return Err(Rejection::new(RejectionKind::LimitReached, message));
    }
    let id: ExecutionId = turn.new_id_at(parent);
    let process_instance_id = turn.execution(parent).process_instance_id;
    let scope = match kind {
        ExecutionKind::Scope => at.as_ref().map(|visit| visit.activity_instance_id.clone()),
        ExecutionKind::Concurrent
        | ExecutionKind::ProcessInstance
        | ExecutionKind::EventScope
        | ExecutionKind::Compensating => None,
    };
    turn.aggregate.executions.insert(Execution {
        id,
        process_instance_id,
        parent_id: Some(parent),
        kind,
        scope,
        at,
        continuation: None,
    });
    Ok(id)
}

/// Remembers a scope that has ended.
pub(crate) fn create_event_scope(
    turn: &mut Turn<'_, '_>,
    parent: ExecutionId,
    scope: &ActivityInstanceId,
) -> Result<ExecutionId, Rejection> {
    let id = create_child(turn, parent, ExecutionKind::EventScope, None)?;
    turn.aggregate.executions.update(id, |row| row.scope = Some(scope.clone()));
    Ok(id)
}

/// Removes an execution without children, the ended scopes that it remembers, and all that belongs to them.
pub(crate) fn remove(turn: &mut Turn<'_, '_>, id: ExecutionId) {
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        open.extend(turn.aggregate.event_scopes(id).map(|inner| inner.id));
        remove_one(turn, id);
    }
}

fn remove_one(turn: &mut Turn<'_, '_>, id: ExecutionId) {
    remove_tasks(turn, id);
    variables::drop_scope(turn, ScopeKey::Execution(id));
    job::remove_all(turn, id);
    subscription::remove_all(turn, id);
    incident::delete_all_of(turn, id);
    turn.aggregate.executions.remove(id);
}

fn remove_tasks(turn: &mut Turn<'_, '_>, id: ExecutionId) {
    let external: Vec<ExternalTaskId> = turn.aggregate.external_tasks.by_key(id).map(|task| task.id).collect();
    for task in external {
        behavior::external_task::delete(turn, task);
    }
    let tasks: Vec<TaskId> = turn.aggregate.tasks_at(id).map(|task| task.id).collect();
    for task in tasks {
        behavior::user_task::delete(turn, task, TaskOutcome::Cancelled);
    }
}

/// User tasks, and with them their variables, follow the execution that is at them.
fn move_tasks(turn: &mut Turn<'_, '_>, from: ExecutionId, to: ExecutionId) {
    let tasks: Vec<TaskId> = turn.aggregate.tasks_at(from).map(|task| task.id).collect();
    for task in tasks {
        turn.aggregate.tasks.update(task, |row| {
            if let Some(place) = &mut row.place {
                place.execution_id = to;
            }
        });
        let variables: Vec<_> = turn.aggregate.variables_of(ScopeKey::Task(task)).map(|variable| variable.id).collect();
        for variable in variables {
            turn.aggregate.variables.update(variable, |row| row.move_to(to));
        }
    }
}

/// The visit of the execution waits no longer.
fn set_active(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    turn.aggregate.executions.update(execution, |row| {
        if let Some(visit) = &mut row.at {
            visit.is_active = true;
        }
    });
}

/// How an activity instance ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Left,
    CompletedScope,
    Cancelled,
}

fn record_start(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &Element,
    id: ActivityInstanceId,
    parent: ActivityInstanceId,
) {
    if is_passed_silently(element) {
        return;
    }
    let sequence = turn.next_sequence();
    let instance = turn.instance_of(execution);
    let row = HistoricActivityInstance {
        id,
        parent,
        process_instance_id: instance.id,
        root_process_instance_id: instance.root_process_instance_id,
        execution_id: execution,
        definition_id: instance.definition_id.clone(),
        definition_key: instance.definition_key.clone(),
        activity_name: element.name.clone(),
        activity_type: element.activity_type(),
        tenant_id: instance.tenant_id.clone(),
        task_id: None,
        assignee: None,
        called_process_instance_id: None,
        start_time: turn.env.now,
        sequence,
        end: None,
    };
    turn.history.activity_started(row);
}

fn record_end(turn: &mut Turn<'_, '_>, execution: ExecutionId, ending: Ending) {
    let id = turn.visit_of(execution).activity_instance_id;
    let is_silent = turn.definition_of(execution).is_ok_and(|definition| {
        turn.element_at(execution).is_ok_and(|element| is_passed_silently(definition.model.element(element)))
    });
    if !is_silent {
        record_ended(turn, &id, ending);
    }
}

/// Camunda: history knows nothing of link events.
fn is_passed_silently(element: &Element) -> bool {
    matches!(element.kind, ElementKind::LinkCatchEvent)
}

fn record_ended(turn: &mut Turn<'_, '_>, id: &ActivityInstanceId, ending: Ending) {
    let end = ActivityEnd {
        end_time: turn.env.now,
        is_canceled: ending == Ending::Cancelled,
        is_complete_scope: ending == Ending::CompletedScope,
    };
    turn.history.activity_ended(id, end);
}

fn record_move(turn: &mut Turn<'_, '_>, id: &ActivityInstanceId, execution: ExecutionId) {
    let assignee: Option<Arc<str>> = turn.aggregate.tasks_at(execution).next().and_then(|task| task.assignee.clone());
    turn.history.activity_moved(id, execution, assignee);
}
