//! Units of work: what a store applies as a whole.

use std::ops::RangeInclusive;
use std::sync::Arc;

use engine::record::ExternalTask;
use engine::{ChangeSet, Snapshot};
use query::Statement;
use types::{ExecutionId, ExternalTaskId, JobId, ProcessInstanceId, TaskId, Timestamp, Uuid, VariableValue};

/// Something of which the aggregate is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocatedBy {
    ProcessInstance(ProcessInstanceId),
    Execution(ExecutionId),
    ExternalTask(ExternalTaskId),
    Task(TaskId),
    Job(JobId),
}

impl LocatedBy {
    /// The process instance that the id names by itself (ADR 0020). Tasks and jobs need not be in any.
    pub fn process_instance(self) -> Option<ProcessInstanceId> {
        match self {
            LocatedBy::ProcessInstance(_) | LocatedBy::Execution(_) | LocatedBy::ExternalTask(_) => {
                Some(ProcessInstanceId(self.uuid().range_start()))
            }
            LocatedBy::Task(_) | LocatedBy::Job(_) => None,
        }
    }

    pub fn uuid(self) -> Uuid {
        match self {
            LocatedBy::ProcessInstance(id) => id.0,
            LocatedBy::Execution(id) => id.0,
            LocatedBy::ExternalTask(id) => id.0,
            LocatedBy::Task(id) => id.0,
            LocatedBy::Job(id) => id.0,
        }
    }
}

#[derive(Debug)]
pub enum Work {
    /// All of them or none; `StoreError::Conflict` if a revision or an epoch is not as expected.
    Apply(Vec<ChangeSet>),
    /// Both as one unit.
    ApplyAndRun(Vec<ChangeSet>, Vec<ExpectedStatement>),
    /// The same, where the statements touch no row that another unit touches.
    ApplyAndNote(Vec<ChangeSet>, Vec<ExpectedStatement>),
    /// Locks tasks that can be fetched.
    Claim(ClaimRequest),
    /// Statements on rows outside aggregates (deployments, definitions, batches), all or none. `Conflict` if one of
    /// those with an expectation touches another number of rows.
    Run(Vec<ExpectedStatement>),
    /// Statements that take away what nobody works on any more, all or none. Where the database can do several things at
    /// once nobody waits for them.
    Remove(Vec<Statement>),
    /// Locks due jobs for a node that runs them.
    ClaimJobs(JobClaim),
    /// Makes tasks fetchable whose lock or retry timeout has run out, at most `limit` of them.
    ReleaseExpired { now: Timestamp, limit: u32 },
}

#[derive(Clone, Debug)]
pub struct ExpectedStatement {
    pub statement: Statement,
    pub rows_affected: Option<u64>,
}

#[derive(Debug)]
pub enum WorkDone {
    Applied,
    Claimed(Vec<LockedExternalTask>),
    Ran,
    /// The locked jobs in the order in which they should be run, and when the next one can be claimed, if not earlier.
    JobsClaimed {
        jobs: Vec<ClaimedJob>,
        next: Option<Timestamp>,
    },
    /// The topics of the released tasks, each once, and when the next one is due.
    Released {
        topics: Vec<Arc<str>>,
        next: Option<Timestamp>,
    },
}

/// fetchAndLock without its REST form.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    pub now: Timestamp,
    pub worker_id: Arc<str>,
    pub tasks_max: u32,
    pub order: Vec<ClaimOrder>,
    pub topics: Vec<ClaimTopic>,
    /// For each topic the tasks that alone are looked at; `None` where all are, empty where that holds for all topics.
    pub candidates: Vec<Option<Vec<TaskKey>>>,
    /// Answers whether the asker is still there when its turn comes; if not, nothing is locked.
    pub is_wanted: ClaimWanted,
    /// Saves a database of one node a look at what the asker knows.
    pub remembered: Remembered,
}

/// Where a task that can be fetched is among those of its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskKey {
    pub create_time: Timestamp,
    pub id: ExternalTaskId,
}

/// Takes due jobs, the highest priority first, then the oldest. An exclusive job stays while another node has locked an
/// exclusive job of the same instance.
#[derive(Clone, Debug)]
pub struct JobClaim {
    pub now: Timestamp,
    /// The node. What it has locked itself holds back none of its claims.
    pub owner: Arc<str>,
    pub locked_until: Timestamp,
    pub jobs_max: u32,
    pub priorities: RangeInclusive<i64>,
    /// What the node gives back before that.
    pub releases: Vec<JobRelease>,
}

/// Ends the lock of a job, if it is still the claimer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRelease {
    pub id: JobId,
    /// Nobody claims it before.
    pub not_before: Option<Timestamp>,
}

/// A job that was just locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedJob {
    pub id: JobId,
    /// Of the aggregate that it belongs to; `None` for jobs outside of instances.
    pub root: Option<ProcessInstanceId>,
}

/// Shared with the request that waits for the claim.
#[derive(Clone, Debug)]
pub struct ClaimWanted(pub Arc<std::sync::atomic::AtomicBool>);

/// What somebody has in memory of instances as they are stored, and would like to have.
pub trait RememberedVariables: Send + Sync {
    /// What would come with a task that is locked now; `None` where that is not known for certain.
    fn of(&self, task: &ExternalTask, wanted: &ClaimVariables) -> Option<NamedValues>;

    /// The variables of a task have to be read. Answers the instance, by its root, if all of it should be read instead; it
    /// is read after this call.
    fn begin_reading(&self, task: &ExternalTask) -> Option<ProcessInstanceId>;

    /// An instance that should be read. Those of which there is nothing, or much, are not handed over.
    fn keep(&self, root: ProcessInstanceId, snapshot: Snapshot);
}

#[derive(Clone, Default)]
pub struct Remembered(pub Option<Arc<dyn RememberedVariables>>);

impl std::fmt::Debug for Remembered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Remembered").field(&self.0.is_some()).finish()
    }
}

/// First come, first served is always the last criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimOrder {
    PriorityDescending,
    CreateTimeAscending,
    CreateTimeDescending,
}

#[derive(Clone, Debug)]
pub struct ClaimTopic {
    pub name: Arc<str>,
    pub lock_duration_ms: i64,
    pub business_key: Option<Arc<str>>,
    /// Any of them, where there are any.
    pub definition_ids: Vec<Arc<str>>,
    pub definition_keys: Vec<Arc<str>>,
    /// Camunda: a pattern of SQL LIKE.
    pub definition_version_tag: Option<Arc<str>>,
    pub tenants: ClaimTenants,
    /// Camunda: any of them, each equal by value and type.
    pub process_variables: Vec<(Arc<str>, VariableValue)>,
    pub variables: ClaimVariables,
}

impl ClaimTopic {
    /// Whether there is no task of the topic that it does not want.
    pub fn takes_all(&self) -> bool {
        self.business_key.is_none()
            && self.definition_ids.is_empty()
            && self.definition_keys.is_empty()
            && self.definition_version_tag.is_none()
            && self.tenants == ClaimTenants::Any
            && self.process_variables.is_empty()
    }
}

impl ClaimRequest {
    /// Of one of its topics.
    pub fn candidates_of(&self, topic: usize) -> Option<&[TaskKey]> {
        self.candidates.get(topic)?.as_deref()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimTenants {
    Any,
    None,
    OneOf(Vec<Arc<str>>),
}

/// Which variables come with a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimVariables {
    /// `None` is all that the task can see.
    pub names: Option<Vec<Arc<str>>>,
    pub is_local_only: bool,
}

/// Values of variables in order of their names.
pub type NamedValues = Vec<(Arc<str>, VariableValue)>;

/// A task that was just locked, with the variables that it can see: the nearest of each name.
#[derive(Clone, Debug)]
pub struct LockedExternalTask {
    pub task: ExternalTask,
    pub variables: NamedValues,
}
