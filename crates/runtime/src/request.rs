//! What the runtime is asked for beyond commands on one aggregate, and what it answers.

use std::sync::Arc;

use engine::{DueDateBase, FollowingRepetitions, Modification, Skipped, StartedProcessInstance};
use store::{ClaimOrder, ClaimTopic, LockedExternalTask};
use types::{
    BatchId, DeploymentId, ExecutionId, JobDefinitionId, ProcessDefinitionId, ProcessInstanceId, TaskId, Timestamp,
    Uuid, VariableMap, VariableValue,
};

/// Which version of a definition is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DefinitionSelector {
    ById(ProcessDefinitionId),
    Latest { key: Arc<str>, tenant: TenantChoice },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TenantChoice {
    /// Whichever; more than one match is refused where one is needed.
    Any,
    None,
    Of(Arc<str>),
}

#[derive(Clone, Debug)]
pub struct FetchRequest {
    pub worker_id: Arc<str>,
    pub tasks_max: u32,
    pub order: Vec<ClaimOrder>,
    pub topics: Vec<FetchTopic>,
    /// How long to wait for a first task; 0 asks once.
    pub async_response_timeout_ms: u64,
}

#[derive(Clone, Debug)]
pub struct FetchTopic {
    pub claim: ClaimTopic,
    pub extension_properties: ExtensionProperties,
}

/// Whether a task comes with the `camunda:properties` of its element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionProperties {
    Included,
    Left,
}

#[derive(Clone, Debug)]
pub struct FetchedTask {
    pub locked: LockedExternalTask,
    /// Empty unless asked for.
    pub extension_properties: Vec<(Arc<str>, Arc<str>)>,
}

#[derive(Clone, Debug)]
pub struct NewDeployment {
    pub name: Option<Arc<str>>,
    pub source: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    /// Names are unique.
    pub resources: Vec<NewResource>,
    pub duplicate_filtering: DuplicateFiltering,
    /// The definitions are suspended until then.
    pub activate_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct NewResource {
    pub name: Arc<str>,
    pub contents: Arc<[u8]>,
}

/// What happens to resources that the newest deployment of the same name and tenant has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateFiltering {
    Off,
    /// Nothing is deployed if no resource is new or changed; else all are.
    WholeDeployment,
    /// Only new and changed ones are deployed.
    ChangedOnly,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Deployed {
    /// The existing one where duplicate filtering left nothing to deploy.
    pub deployment: Deployment,
    /// Those that this deployment made, in order of resources; empty where nothing was deployed.
    pub definitions: Vec<DefinitionRow>,
}

/// A row of `deployment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub id: DeploymentId,
    pub name: Option<Arc<str>>,
    pub source: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    pub deploy_time: Timestamp,
}

/// A row of `process_definition`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionRow {
    pub id: ProcessDefinitionId,
    pub key: Arc<str>,
    pub version: u32,
    pub name: Option<Arc<str>>,
    pub category: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub version_tag: Option<Arc<str>>,
    pub deployment_id: DeploymentId,
    pub resource_name: Arc<str>,
    pub diagram_resource_name: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    pub is_suspended: bool,
    pub history_time_to_live_days: Option<u32>,
    pub is_startable_in_tasklist: bool,
}

/// A file that a form is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormResource {
    pub name: Arc<str>,
    pub contents: Arc<[u8]>,
}

/// What goes along with a deleted deployment or definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cascade {
    /// Refused while there are running instances; history stays.
    Off,
    /// Running instances and history go too.
    On,
}

#[derive(Clone, Debug, Default)]
pub struct MessageCorrelation {
    pub name: Arc<str>,
    pub business_key: Option<Arc<str>>,
    pub process_instance_id: Option<ProcessInstanceId>,
    /// Each must be equal to a variable that the execution's instance has.
    pub correlation_keys: Vec<(Arc<str>, VariableValue)>,
    /// Each must be equal to a variable that is local to the waiting execution.
    pub local_correlation_keys: Vec<(Arc<str>, VariableValue)>,
    pub tenant: Option<TenantChoice>,
    pub variables: VariableMap,
    pub local_variables: VariableMap,
    pub triggered_scope_variables: VariableMap,
    pub reach: MessageReach,
}

/// A signal from outside.
#[derive(Clone, Debug)]
pub struct Signal {
    pub name: Arc<str>,
    /// The only one to get it; `None` is everything that waits.
    pub execution_id: Option<ExecutionId>,
    pub tenant: Option<TenantChoice>,
    pub variables: VariableMap,
}

/// Variables that conditional start events look at.
#[derive(Clone, Debug, Default)]
pub struct ConditionEvaluation {
    pub variables: VariableMap,
    pub business_key: Option<Arc<str>>,
    /// Only this one; `None` is every process.
    pub definition_id: Option<ProcessDefinitionId>,
    pub tenant: Option<TenantChoice>,
}

/// How many receivers a message may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageReach {
    /// Exactly one.
    #[default]
    One,
    /// Any number, none included.
    All,
}

/// What a message has led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Correlated {
    Execution {
        id: ExecutionId,
        process_instance_id: ProcessInstanceId,
        tenant_id: Option<Arc<str>>,
        /// Those of the process's scope.
        variables: Vec<(Arc<str>, VariableValue)>,
    },
    Started(StartedProcessInstance),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuspensionState {
    Active,
    Suspended,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionSuspension {
    pub which: DefinitionSet,
    pub state: SuspensionState,
    pub instances: InstancesOfDefinition,
    /// `None` is at once; otherwise a job does it then.
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefinitionSet {
    ById(ProcessDefinitionId),
    /// All versions.
    ByKey {
        key: Arc<str>,
        tenant: TenantChoice,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstancesOfDefinition {
    Included,
    Left,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceSet {
    Ids(Vec<ProcessInstanceId>),
    OfDefinitions(DefinitionSet),
}

/// When the history is cleaned up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    Now,
    /// In the batch window that is open or comes next.
    InWindow,
}

/// When a history may be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalTime {
    At(Timestamp),
    Never,
    /// As long after its end as its definition says; never without such a word.
    Calculated,
}

/// For what of a tree of instances something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalTimeReach {
    /// For one instance alone.
    Instance,
    /// For all of the tree, with its root.
    Tree,
}

/// Whose comment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentOwner {
    Task(TaskId),
    /// The one that the comment itself names.
    ProcessInstance(ProcessInstanceId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewComment {
    pub task_id: TaskId,
    /// Whatever the writer says.
    pub process_instance_id: Option<Arc<str>>,
    pub message: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttachment {
    pub task_id: TaskId,
    pub name: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub attachment_type: Option<Arc<str>>,
    pub contents: AttachmentContents,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachmentContents {
    Url(Arc<str>),
    Bytes(Arc<[u8]>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewBatch {
    pub work: BatchWork,
    /// Of what is to be worked on; at least one, doubles count once.
    pub ids: Vec<Uuid>,
    pub tenant_id: Option<Arc<str>>,
}

/// What a batch does to each of its things.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchWork {
    SetExternalTaskRetries {
        retries: i32,
    },
    SetJobRetries {
        retries: i32,
        /// `None` leaves it as it is.
        due_date: Option<Option<Timestamp>>,
    },
    /// Those that are not there are passed over.
    DeleteProcessInstances {
        delete_reason: Option<Arc<str>>,
        skipped: Skipped,
    },
    /// The same; one that still runs is refused.
    DeleteHistoricProcessInstances,
    /// When their history may be removed.
    SetRemovalTimeOfProcessInstances {
        removal_time: RemovalTime,
        reach: RemovalTimeReach,
    },
    /// The same of what is kept of batches.
    SetRemovalTimeOfBatches {
        removal_time: RemovalTime,
    },
    SetSuspension {
        state: SuspensionState,
    },
    SetVariables {
        variables: VariableMap,
    },
    CorrelateMessage {
        /// Without one, whatever message an execution waits for.
        name: Option<Arc<str>>,
        variables: VariableMap,
    },
    ModifyProcessInstances {
        /// An instance of another one is refused.
        definition_id: Option<ProcessDefinitionId>,
        modification: Modification,
    },
    RestartProcessInstances(Restart),
}

/// How instances that have ended start once more.
#[derive(Clone, Debug, PartialEq)]
pub struct Restart {
    /// That of all of them.
    pub definition_id: ProcessDefinitionId,
    pub modification: Modification,
    pub keeps_business_key: bool,
    pub variables: RestartedVariables,
}

/// Which of the process's variables a restarted instance gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartedVariables {
    /// As they were at the end.
    Last,
    /// As they were at the start.
    Initial,
}

/// A row of `batch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub id: BatchId,
    /// For example `set-external-task-retries`.
    pub batch_type: Arc<str>,
    pub total_jobs: u32,
    pub jobs_created: u32,
    pub batch_jobs_per_seed: u32,
    pub invocations_per_batch_job: u32,
    pub seed_job_definition_id: JobDefinitionId,
    pub monitor_job_definition_id: JobDefinitionId,
    pub batch_job_definition_id: JobDefinitionId,
    pub is_suspended: bool,
    pub tenant_id: Option<Arc<str>>,
    pub start_time: Timestamp,
    pub execution_start_time: Option<Timestamp>,
}

/// What is to become of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobChange {
    /// The due date stays where none is given.
    Retries {
        retries: i32,
        due_date: Option<Option<Timestamp>>,
    },
    DueDate {
        due_date: Option<Timestamp>,
        following: FollowingRepetitions,
    },
    Recalculation(DueDateBase),
    Priority(i64),
    Suspension(SuspensionState),
    Delete,
}

/// Jobs that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobSet {
    OfJobDefinition(JobDefinitionId),
    OfProcessInstance(ProcessInstanceId),
    OfDefinitions(DefinitionSet),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobDefinitionSet {
    ById(JobDefinitionId),
    OfDefinitions(DefinitionSet),
}

/// What becomes of the jobs of a job definition that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobsOfDefinition {
    Included,
    Left,
}
