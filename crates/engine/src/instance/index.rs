//! By what the rows of each table are found, besides their id.
//!
//! Every key is a function of the row alone, so that undoing a change also undoes its index entries.

use std::sync::Arc;

use types::{ExecutionId, TaskId};

use crate::record::{
    EventSubscription, Execution, ExecutionKind, ExternalTask, Incident, Job, ProcessInstance, Record, Task,
    VariableInstance,
};

/// A record with the keys of its secondary index.
pub trait IndexedRecord: Record<Id: MinimumId> {
    type Key: Ord + Clone + std::fmt::Debug;

    /// At most two keys per row are enough for every table.
    fn keys(&self) -> [Option<Self::Key>; 2];
}

/// Executions by parent, apart from those that remember ended scopes, and those that wait at a joining gateway by parent and gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExecutionKey {
    ChildOf(ExecutionId),
    EventScopeOf(ExecutionId),
    WaitingIn(ExecutionId, Arc<str>),
}

/// User tasks by the execution that is at them, those that stand alone by the task that they are a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskKey {
    Execution(ExecutionId),
    PartOf(TaskId),
}

/// Who owns a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScopeKey {
    Execution(ExecutionId),
    Task(TaskId),
}

/// Names are unique within a scope. Without a name it comes before all keys of its scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VariableKey {
    pub scope: ScopeKey,
    pub name: Option<Arc<str>>,
}

impl IndexedRecord for ProcessInstance {
    /// The calling execution.
    type Key = ExecutionId;

    fn keys(&self) -> [Option<ExecutionId>; 2] {
        [self.super_execution_id, None]
    }
}

impl IndexedRecord for Execution {
    type Key = ExecutionKey;

    fn keys(&self) -> [Option<ExecutionKey>; 2] {
        let Some(parent) = self.parent_id else { return [None, None] };
        let waiting = self
            .at
            .as_ref()
            .filter(|visit| !visit.is_active)
            .map(|visit| ExecutionKey::WaitingIn(parent, visit.activity_id.clone()));
        let child = match self.kind {
            ExecutionKind::EventScope => ExecutionKey::EventScopeOf(parent),
            _ => ExecutionKey::ChildOf(parent),
        };
        [Some(child), waiting]
    }
}

impl IndexedRecord for VariableInstance {
    type Key = VariableKey;

    fn keys(&self) -> [Option<VariableKey>; 2] {
        [Some(VariableKey { scope: self.scope_key(), name: Some(self.name.clone()) }), None]
    }
}

impl VariableInstance {
    pub fn scope_key(&self) -> ScopeKey {
        match (self.task_id, &self.place) {
            (Some(task), _) => ScopeKey::Task(task),
            (None, Some(place)) => ScopeKey::Execution(place.execution_id),
            (None, None) => unreachable!("a variable is in a scope of a process or local to a task"),
        }
    }
}

impl IndexedRecord for ExternalTask {
    type Key = ExecutionId;

    fn keys(&self) -> [Option<ExecutionId>; 2] {
        [Some(self.execution_id), None]
    }
}

impl IndexedRecord for Task {
    type Key = TaskKey;

    fn keys(&self) -> [Option<TaskKey>; 2] {
        match &self.place {
            Some(place) => [Some(TaskKey::Execution(place.execution_id)), None],
            None => [self.parent_task_id.map(TaskKey::PartOf), None],
        }
    }
}

impl IndexedRecord for Job {
    type Key = ExecutionId;

    fn keys(&self) -> [Option<ExecutionId>; 2] {
        [self.execution_id, None]
    }
}

impl IndexedRecord for EventSubscription {
    type Key = ExecutionId;

    fn keys(&self) -> [Option<ExecutionId>; 2] {
        [Some(self.execution_id), None]
    }
}

impl IndexedRecord for Incident {
    type Key = ExecutionId;

    fn keys(&self) -> [Option<ExecutionId>; 2] {
        [self.execution_id, None]
    }
}

/// The smallest id of its kind: where the rows under a key begin.
pub trait MinimumId {
    const MINIMUM: Self;
}

macro_rules! minimum_id {
    ($($id:ident),*) => {$(
        impl MinimumId for types::$id {
            const MINIMUM: Self = types::$id(types::Uuid(0));
        }
    )*};
}

minimum_id!(
    ProcessInstanceId,
    ExecutionId,
    ExternalTaskId,
    TaskId,
    VariableInstanceId,
    JobId,
    EventSubscriptionId,
    IncidentId
);
