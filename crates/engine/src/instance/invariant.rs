//! What holds for every aggregate between two commands.

use std::fmt::Display;

use types::{ExecutionId, ProcessInstanceId};

use crate::record::{Execution, ExecutionKind, Record, Task};

use super::aggregate::Aggregate;
use super::index::ExecutionKey;

/// Rows that no command can have left behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("broken invariant: {0}")]
pub struct BrokenInvariant(pub String);

/// Checks the whole aggregate: after loading it, and in debug builds after each command.
pub(super) fn check(aggregate: &Aggregate) -> Result<(), BrokenInvariant> {
    check_instances(aggregate)?;
    for execution in aggregate.executions.iter() {
        check_execution(aggregate, execution)?;
    }
    check_owners(aggregate)?;
    for task in aggregate.external_tasks.iter() {
        require(task.worker_id.is_none() || task.lock_expiration.is_some(), "a lock has an end", task.id)?;
    }
    for job in aggregate.jobs.iter() {
        require(job.retries >= 0, "a job has no negative retries", job.id)?;
    }
    Ok(())
}

fn check_instances(aggregate: &Aggregate) -> Result<(), BrokenInvariant> {
    let roots = aggregate.process_instances.iter().filter(|i| i.id == i.root_process_instance_id).count();
    let expected = usize::from(!aggregate.process_instances.is_empty());
    require(roots == expected, "there is one root", roots)?;
    for instance in aggregate.process_instances.iter() {
        let root = aggregate.executions.get(ExecutionId::from(instance.id));
        require(
            root.is_some_and(|e| e.kind == ExecutionKind::ProcessInstance),
            "an instance has its execution",
            instance.id,
        )?;
        let caller = instance.super_execution_id.map(|caller| aggregate.executions.get(caller));
        let has_caller = caller.is_none_or(|caller| caller.is_some_and(|caller| caller.at.is_some()));
        require(has_caller, "a called instance has a caller", instance.id)?;
    }
    Ok(())
}

fn check_execution(aggregate: &Aggregate, execution: &Execution) -> Result<(), BrokenInvariant> {
    let id = execution.id;
    let instance = aggregate.process_instances.get(execution.process_instance_id);
    require(instance.is_some(), "an execution belongs to an instance", id)?;
    match execution.kind {
        ExecutionKind::ProcessInstance => {
            require(execution.parent_id.is_none(), "the root execution has no parent", id)?;
            require(
                ProcessInstanceId::from(id) == execution.process_instance_id,
                "the root has its instance's id",
                id,
            )?;
        }
        ExecutionKind::EventScope => {
            let parent = execution.parent_id.and_then(|parent| aggregate.executions.get(parent));
            require(parent.is_some(), "an execution has a parent", id)?;
            require(execution.at.is_none(), "an ended scope is at no activity", id)?;
            return require(execution.scope.is_some(), "scopes name their activity", id);
        }
        ExecutionKind::Scope | ExecutionKind::Concurrent | ExecutionKind::Compensating => {
            let parent = execution.parent_id.and_then(|parent| aggregate.executions.get(parent));
            let Some(parent) = parent else { return broken("an execution has a parent", id) };
            let is_nowhere = parent.at.is_none() && parent.continuation.is_none();
            require(is_nowhere, "what has children is at no activity", parent.id)?;
            if execution.kind == ExecutionKind::Concurrent {
                require(parent.kind != ExecutionKind::Concurrent, "a concurrent execution runs in a scope", id)?;
            }
        }
    }
    require(
        (execution.kind == ExecutionKind::Concurrent) == execution.scope.is_none(),
        "scopes name their activity",
        id,
    )?;
    let mut children = aggregate.executions.by_key(ExecutionKey::ChildOf(id));
    match (children.next(), children.next()) {
        (None, _) => {
            let is_somewhere = execution.at.is_some() != execution.continuation.is_some();
            require(is_somewhere, "a leaf is at an activity or on the way with a job", id)
        }
        (Some(_), None) if execution.is_multi_instance_body() => Ok(()),
        (Some(only), None) => require(only.kind != ExecutionKind::Concurrent, "an only child is a scope", only.id),
        (Some(_), Some(_)) => {
            require(execution.kind != ExecutionKind::Concurrent, "a concurrent execution has one child", id)?;
            let are_concurrent = aggregate
                .executions
                .by_key(ExecutionKey::ChildOf(id))
                .all(|child| matches!(child.kind, ExecutionKind::Concurrent | ExecutionKind::Compensating));
            require(are_concurrent, "several children are concurrent", id)
        }
    }
}

fn check_owners(aggregate: &Aggregate) -> Result<(), BrokenInvariant> {
    let is_there = |id: ExecutionId| aggregate.executions.get(id).is_some();
    for row in aggregate.external_tasks.iter() {
        let at = aggregate.executions.get(row.execution_id).and_then(|execution| execution.at.as_ref());
        let is_at_it = at.is_some_and(|visit| visit.activity_instance_id == row.activity_instance_id);
        require(is_at_it, "an external task's execution is at it", row.id)?;
    }
    for row in aggregate.tasks.iter() {
        check_task(aggregate, row)?;
    }
    for row in aggregate.variables.iter() {
        let has_scope = match &row.place {
            Some(place) => is_there(place.execution_id),
            None => row.task_id.is_some(),
        };
        require(has_scope, "a variable has a scope", row.id)?;
        let has_task = row.task_id.is_none_or(|task| aggregate.tasks.get(task).is_some());
        require(has_task, "a task's variable has its task", row.id)?;
    }
    for row in aggregate.jobs.iter() {
        require(row.execution_id.is_some_and(is_there), "a job has an execution", row.id())?;
    }
    for row in aggregate.event_subscriptions.iter() {
        require(is_there(row.execution_id), "a subscription has an execution", row.id)?;
    }
    for row in aggregate.incidents.iter() {
        require(row.execution_id.is_some_and(is_there), "an incident has an execution", row.id)?;
    }
    Ok(())
}

fn check_task(aggregate: &Aggregate, row: &Task) -> Result<(), BrokenInvariant> {
    let Some(place) = &row.place else {
        let is_part = || row.parent_task_id.is_some_and(|parent| aggregate.tasks.get(parent).is_some());
        return require(row.is_root() || is_part(), "a task without a process is a root or a part", row.id);
    };
    let at = aggregate.executions.get(place.execution_id).and_then(|execution| execution.at.as_ref());
    let is_at_it = at.is_some_and(|visit| visit.activity_instance_id == place.activity_instance_id);
    require(is_at_it, "a task's execution is at it", row.id)
}

fn require(holds: bool, rule: &str, id: impl Display) -> Result<(), BrokenInvariant> {
    if holds { Ok(()) } else { broken(rule, id) }
}

fn broken(rule: &str, id: impl Display) -> Result<(), BrokenInvariant> {
    Err(BrokenInvariant(format!("{rule} ({id})")))
}
