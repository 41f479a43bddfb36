//! All that one command changes. A store applies it as one unit or not at all.

use std::sync::Arc;

use types::{ExternalTaskId, JobId, ProcessInstanceId};

use crate::history::HistoryChange;
use crate::record::{
    EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Record, Task, VariableInstance,
};

#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSet {
    /// Names the aggregate.
    pub root_process_instance_id: ProcessInstanceId,
    pub revision: RevisionCheck,
    /// What the root numbers next, where that moves on; kept with its revision.
    pub next_number: Option<u32>,
    /// External tasks that this change set was decided on. If one of them has another epoch by now, nothing is applied.
    pub guards: Vec<ExternalTaskGuard>,
    /// Whether the definitions of instances that begin are looked at before anything is applied.
    pub definitions: DefinitionCheck,
    /// The job whose work this is, where another node may have taken it over. Nothing is applied then.
    pub job: Option<JobGuard>,
    pub process_instances: Vec<TableChange<ProcessInstance>>,
    pub executions: Vec<TableChange<Execution>>,
    pub external_tasks: Vec<TableChange<ExternalTask>>,
    pub tasks: Vec<TableChange<Task>>,
    pub variables: Vec<TableChange<VariableInstance>>,
    pub jobs: Vec<TableChange<Job>>,
    pub event_subscriptions: Vec<TableChange<EventSubscription>>,
    pub incidents: Vec<TableChange<Incident>>,
    pub history: Vec<HistoryChange>,
}

/// How the revision of the aggregate is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevisionCheck {
    /// The aggregate is new.
    New,
    /// It must be `expected`, and is one more afterwards.
    Bump { expected: u64 },
    /// The same of an aggregate without a process, whose revision is on the row of the task that it is named after.
    BumpTask { expected: u64 },
    /// Only rows of external tasks change, which their guards protect.
    Untouched,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalTaskGuard {
    pub id: ExternalTaskId,
    pub lock_epoch: u64,
}

/// How sure it is that the definitions of instances that begin are as the change set was decided on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefinitionCheck {
    /// Nobody else changes them.
    #[default]
    Known,
    /// Another node may have deleted one, or suspended that of a root instance. Nothing is applied then, and none of them
    /// is deleted or suspended before this is.
    Checked,
}

/// A job that a node has locked. It may be taken back from it, but must not be given to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobGuard {
    pub id: JobId,
    pub owner: Arc<str>,
}

/// A row is shared with the aggregate that it is a row of.
#[derive(Clone, Debug, PartialEq)]
pub enum TableChange<R: Record> {
    Insert(Arc<R>),
    Update(Arc<R>),
    Delete(R::Id),
}

impl ChangeSet {
    pub fn new(root_process_instance_id: ProcessInstanceId, revision: RevisionCheck) -> Self {
        ChangeSet {
            root_process_instance_id,
            revision,
            next_number: None,
            guards: Vec::new(),
            definitions: DefinitionCheck::Known,
            job: None,
            process_instances: Vec::new(),
            executions: Vec::new(),
            external_tasks: Vec::new(),
            tasks: Vec::new(),
            variables: Vec::new(),
            jobs: Vec::new(),
            event_subscriptions: Vec::new(),
            incidents: Vec::new(),
            history: Vec::new(),
        }
    }
}
