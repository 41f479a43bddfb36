use std::sync::Arc;

use bpmn::model::MULTI_INSTANCE_BODY_SUFFIX;
use types::{ActivityInstanceId, ExecutionId, ProcessInstanceId};

use super::Record;

/// A path of execution. The tree of them is shaped as Camunda shows it over REST (ADR 0001).
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    pub id: ExecutionId,
    pub process_instance_id: ProcessInstanceId,
    /// `None` for the root.
    pub parent_id: Option<ExecutionId>,
    pub kind: ExecutionKind,
    /// The scope it is the execution of: the process itself for a root, an activity for a `Scope`; `None` for a
    /// `Concurrent` one.
    pub scope: Option<ActivityInstanceId>,
    /// The activity it is at, while it is a leaf. For the scope of a task or an event both are the same visit.
    pub at: Option<Visit>,
    /// The activity that a job will enter with it, or has been left and a job will go on after: what Camunda calls a
    /// transition instance. So is an instance of a parallel activity that has ended before the others. It is at no
    /// activity then.
    pub continuation: Option<Arc<str>>,
}

/// What an execution is for. They exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExecutionKind {
    /// The root: scope of the process.
    ProcessInstance,
    /// Scope of an activity: owns its local variables, jobs and subscriptions.
    Scope,
    /// One of several paths in the scope that is its parent.
    Concurrent,
    /// Remembers a scope that has ended and can be compensated: its variables and what can be undone in it.
    EventScope,
    /// Undoes something below the event that has thrown compensation: an activity, or a scope with all that is in it.
    Compensating,
}

/// An execution's stay at an activity.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub activity_id: Arc<str>,
    pub activity_instance_id: ActivityInstanceId,
    /// False where the execution has arrived at a joining gateway and waits for its siblings.
    pub is_active: bool,
}

impl Execution {
    /// Whether it is the scope of a multi-instance body, whose paths are kept when they end and never merged with it.
    pub fn is_multi_instance_body(&self) -> bool {
        let activity_id = self.scope.as_ref().and_then(|scope| scope.activity_id.as_ref());
        activity_id.is_some_and(|id| id.ends_with(MULTI_INSTANCE_BODY_SUFFIX))
    }
}

impl Record for Execution {
    type Id = ExecutionId;

    fn id(&self) -> ExecutionId {
        self.id
    }
}
