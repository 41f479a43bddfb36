use std::sync::Arc;

use types::{ActivityInstanceId, ExecutionId, ProcessDefinitionId, ProcessInstanceId, TaskId, Timestamp};

use super::Record;

/// A task that waits for a person: a user task of a process, or one that stands alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub id: TaskId,
    /// Names the aggregate. Of a task that stands alone it is that of the task it is a part of, else its own id.
    pub root_process_instance_id: ProcessInstanceId,
    /// `None` for one that stands alone.
    pub place: Option<TaskPlace>,
    pub tenant_id: Option<Arc<str>>,
    pub name: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub assignee: Option<Arc<str>>,
    pub owner: Option<Arc<str>>,
    pub priority: i32,
    pub create_time: Timestamp,
    pub last_updated: Option<Timestamp>,
    pub due_date: Option<Timestamp>,
    pub follow_up_date: Option<Timestamp>,
    pub is_suspended: bool,
    pub delegation_state: Option<DelegationState>,
    pub parent_task_id: Option<TaskId>,
    pub identity_links: Vec<IdentityLink>,
    /// Counts the committed changes of an aggregate without a process; kept on the row that it is named after.
    pub revision: u64,
}

/// Where in a process a user task is.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskPlace {
    pub execution_id: ExecutionId,
    pub process_instance_id: ProcessInstanceId,
    pub definition_id: ProcessDefinitionId,
    pub definition_key: Arc<str>,
    pub business_key: Option<Arc<str>>,
    /// Camunda's `taskDefinitionKey`.
    pub activity_id: Arc<str>,
    pub activity_instance_id: ActivityInstanceId,
}

impl Task {
    pub fn execution_id(&self) -> Option<ExecutionId> {
        self.place.as_ref().map(|place| place.execution_id)
    }

    pub fn process_instance_id(&self) -> Option<ProcessInstanceId> {
        self.place.as_ref().map(|place| place.process_instance_id)
    }

    /// Camunda's `taskDefinitionKey`.
    pub fn activity_id(&self) -> Option<&Arc<str>> {
        self.place.as_ref().map(|place| &place.activity_id)
    }

    /// Whether the aggregate is named after it.
    pub fn is_root(&self) -> bool {
        self.place.is_none() && self.root_process_instance_id.0 == self.id.0
    }
}

/// Of a task that its owner gave to somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelegationState {
    /// Whoever has it is to give it back by resolving it.
    Pending,
    Resolved,
}

/// A user or a group that has to do with a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityLink {
    pub kind: IdentityLinkKind,
    pub user_id: Option<Arc<str>>,
    pub group_id: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityLinkKind {
    Candidate,
    Other(Arc<str>),
}

impl IdentityLinkKind {
    pub const CANDIDATE: &str = "candidate";
    pub const ASSIGNEE: &str = "assignee";
    pub const OWNER: &str = "owner";

    pub fn name(&self) -> &str {
        match self {
            IdentityLinkKind::Candidate => IdentityLinkKind::CANDIDATE,
            IdentityLinkKind::Other(name) => name,
        }
    }

    pub fn from_name(name: Arc<str>) -> IdentityLinkKind {
        if &*name == IdentityLinkKind::CANDIDATE { IdentityLinkKind::Candidate } else { IdentityLinkKind::Other(name) }
    }
}

impl DelegationState {
    pub const ALL: [DelegationState; 2] = [DelegationState::Pending, DelegationState::Resolved];

    pub fn name(self) -> &'static str {
        match self {
            DelegationState::Pending => "PENDING",
            DelegationState::Resolved => "RESOLVED",
        }
    }

    /// In any case of letters.
    pub fn from_name(name: &str) -> Option<DelegationState> {
        DelegationState::ALL.into_iter().find(|state| state.name().eq_ignore_ascii_case(name))
    }
}

impl Record for Task {
    type Id = TaskId;

    fn id(&self) -> TaskId {
        self.id
    }
}
