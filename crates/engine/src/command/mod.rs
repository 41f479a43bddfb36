//! What can be asked of a tree of instances: one file per command.

mod annotate_incident;
mod change_task;
mod complete_external_task;
mod complete_task;
mod correlate_message;
mod create_incident;
mod create_task;
mod delete_job;
mod delete_process_instance;
mod delete_task;
mod dispatch;
mod execute_job;
mod extend_external_task_lock;
mod fail_external_task;
mod fail_job;
mod lock_external_task;
mod modify_process_instance;
mod move_task;
mod patch_task_variables;
mod patch_variables;
mod read_task_form;
mod recalculate_job_due_date;
mod resolve_incident;
mod set_external_task_priority;
mod set_external_task_retries;
mod set_job_due_date;
mod set_job_priority;
mod set_job_retries;
mod set_job_suspension;
mod set_process_instance_suspension;
mod signal_execution;
mod start_process_instance;
mod submit_task_form;
mod throw_external_task_bpmn_error;
mod throw_task_bpmn_error;
mod throw_task_escalation;
mod unlock_external_task;
mod worker;

pub(crate) use dispatch::{apply, complete_reply};

use std::sync::Arc;

use types::{
    EventSubscriptionId, ExecutionId, ExternalTaskId, IncidentId, JobId, ProcessDefinitionId, ProcessInstanceId,
    TaskId, Timestamp, VariableMap, VariableValue,
};

use crate::form::{ShownForm, TaskFormPart};
use crate::modification::{Modification, Skipped};
use crate::record::{DelegationState, IdentityLink, Task, VariableInstance};

/// A command on one aggregate. Durations and times are checked by the command itself, so that every caller gets the
/// same refusal.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Creates the aggregate; `id` becomes the id of the instance and of its root execution.
    StartProcessInstance {
        id: ProcessInstanceId,
        definition_id: ProcessDefinitionId,
        /// The start event that has happened; `None` starts where the process says.
        start_event_id: Option<Arc<str>>,
        keys: InstanceKeys,
        variables: VariableMap,
    },
    /// Creates the aggregate and starts at the places that the instructions name.
    StartProcessInstanceAt {
        id: ProcessInstanceId,
        definition_id: ProcessDefinitionId,
        keys: InstanceKeys,
        variables: VariableMap,
        modification: Modification,
        /// One that has ended and starts once more by this.
        restarted_process_instance_id: Option<ProcessInstanceId>,
    },
    /// Starts as the process says, with what was sent in for its start form.
    SubmitStartForm {
        id: ProcessInstanceId,
        definition_id: ProcessDefinitionId,
        keys: InstanceKeys,
        variables: VariableMap,
    },
    ModifyProcessInstance {
        id: ProcessInstanceId,
        /// Refused for an instance of another one.
        definition_id: Option<ProcessDefinitionId>,
        modification: Modification,
    },
    DeleteProcessInstance {
        id: ProcessInstanceId,
        delete_reason: Option<Arc<str>>,
        skipped: Skipped,
    },
    SetProcessInstanceSuspension {
        id: ProcessInstanceId,
        is_suspended: bool,
    },
    PatchVariables {
        execution_id: ExecutionId,
        reach: VariableReach,
        patch: VariablePatch,
    },
    LockExternalTask {
        id: ExternalTaskId,
        worker_id: Option<Arc<str>>,
        lock_duration_ms: Option<i64>,
    },
    ExtendExternalTaskLock {
        id: ExternalTaskId,
        worker_id: Option<Arc<str>>,
        new_duration_ms: Option<i64>,
    },
    UnlockExternalTask {
        id: ExternalTaskId,
    },
    SetExternalTaskPriority {
        id: ExternalTaskId,
        priority: i64,
    },
    SetExternalTaskRetries {
        id: ExternalTaskId,
        retries: i32,
    },
    CompleteExternalTask {
        id: ExternalTaskId,
        worker_id: Option<Arc<str>>,
        variables: VariableMap,
        local_variables: VariableMap,
    },
    FailExternalTask {
        id: ExternalTaskId,
        worker_id: Option<Arc<str>>,
        error_message: Option<Arc<str>>,
        error_details: Option<Arc<str>>,
        retries: i32,
        retry_timeout_ms: i64,
        variables: VariableMap,
        local_variables: VariableMap,
    },
    ThrowExternalTaskBpmnError {
        id: ExternalTaskId,
        worker_id: Option<Arc<str>>,
        error_code: Option<Arc<str>>,
        error_message: Option<Arc<str>>,
        variables: VariableMap,
    },
    /// One that stands alone. It belongs to the aggregate of the task that it is a part of, or creates its own.
    CreateTask {
        id: TaskId,
        properties: Box<TaskProperties>,
    },
    /// Only one that stands alone.
    DeleteTask {
        id: TaskId,
    },
    /// Changes a task that stands alone so that it is no part of its aggregate any more, and takes it out with all its parts.
    ReleaseTask {
        id: TaskId,
        change: TaskChange,
        /// The aggregate that it belongs to from now on.
        to: ProcessInstanceId,
    },
    /// Takes in what was released, in the same unit of work.
    AdoptTask {
        tree: Box<TaskTree>,
    },
    CompleteTask {
        id: TaskId,
        variables: VariableMap,
    },
    /// Does what `CompleteTask` does, or `TaskChange::Resolve`, with what was sent in for the task's form.
    SubmitTaskForm {
        id: TaskId,
        variables: VariableMap,
    },
    ReadTaskForm {
        id: TaskId,
        part: TaskFormPart,
    },
    ChangeTask {
        id: TaskId,
        change: TaskChange,
    },
    ThrowTaskBpmnError {
        id: TaskId,
        error_code: Option<Arc<str>>,
        error_message: Option<Arc<str>>,
        variables: VariableMap,
    },
    ThrowTaskEscalation {
        id: TaskId,
        escalation_code: Option<Arc<str>>,
        variables: VariableMap,
    },
    PatchTaskVariables {
        id: TaskId,
        reach: VariableReach,
        patch: VariablePatch,
    },
    /// Delivers a message or signal to one subscription, found by the shell.
    CorrelateMessage {
        subscription_id: EventSubscriptionId,
        variables: VariableMap,
        local_variables: VariableMap,
        /// Local ones of the path that the event starts or goes on with.
        triggered_scope_variables: VariableMap,
    },
    /// Delivers a message to an execution that waits for it.
    TriggerExecution {
        id: ExecutionId,
        message_name: Arc<str>,
        variables: VariableMap,
    },
    /// What the execution waits for has happened, whatever it is.
    SignalExecution {
        id: ExecutionId,
        variables: VariableMap,
    },
    ExecuteJob {
        id: JobId,
    },
    /// Records that `ExecuteJob` failed: costs a retry and, at zero, makes an incident.
    FailJob {
        id: JobId,
        message: Arc<str>,
        /// The element that could not be executed.
        failed_activity_id: Option<Arc<str>>,
    },
    DeleteJob {
        id: JobId,
    },
    SetJobRetries {
        id: JobId,
        retries: i32,
    },
    SetJobDueDate {
        id: JobId,
        due_date: Option<Timestamp>,
        following: FollowingRepetitions,
    },
    /// Evaluates the time of a timer again.
    RecalculateJobDueDate {
        id: JobId,
        base: DueDateBase,
    },
    SetJobPriority {
        id: JobId,
        priority: i64,
    },
    SetJobSuspension {
        id: JobId,
        is_suspended: bool,
    },
    CreateIncident {
        execution_id: ExecutionId,
        incident_type: Arc<str>,
        configuration: Option<Arc<str>>,
        message: Option<Arc<str>>,
    },
    ResolveIncident {
        /// Where it is.
        process_instance_id: ProcessInstanceId,
        id: IncidentId,
    },
    AnnotateIncident {
        process_instance_id: ProcessInstanceId,
        id: IncidentId,
        annotation: Option<Arc<str>>,
    },
}

/// What the starter of an instance says that it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceKeys {
    pub business_key: Option<Arc<str>>,
    pub case_instance_id: Option<Arc<str>>,
}

impl From<Option<Arc<str>>> for InstanceKeys {
    /// A business key and no case.
    fn from(business_key: Option<Arc<str>>) -> Self {
        InstanceKeys { business_key, case_instance_id: None }
    }
}

/// What is done to a task that goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskChange {
    /// The user takes it; refused if somebody else has. Nobody takes it back.
    Claim {
        user_id: Option<Arc<str>>,
    },
    Assign {
        user_id: Option<Arc<str>>,
    },
    /// The user works on it for the owner, who is whoever has it if it has none.
    Delegate {
        user_id: Option<Arc<str>>,
    },
    /// It goes back to its owner.
    Resolve {
        variables: VariableMap,
    },
    Replace(Box<TaskProperties>),
    /// What people have added to it is different now: a comment, an attachment.
    Touch,
    /// The kinds `assignee` and `owner` set these.
    AddIdentityLink(IdentityLink),
    DeleteIdentityLink(IdentityLink),
}

/// All of a task that people may change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskProperties {
    pub name: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub priority: i32,
    pub assignee: Option<Arc<str>>,
    pub owner: Option<Arc<str>>,
    pub delegation_state: Option<DelegationState>,
    pub due_date: Option<Timestamp>,
    pub follow_up_date: Option<Timestamp>,
    pub parent_task_id: Option<TaskId>,
    /// It must be the one that the task has.
    pub tenant_id: Option<Arc<str>>,
}

/// A task that stands alone and all its parts, on the way from one aggregate to another.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskTree {
    /// The aggregate that it belongs to from now on.
    pub root_process_instance_id: ProcessInstanceId,
    pub tasks: Vec<Task>,
    pub variables: Vec<VariableInstance>,
}

/// Whether the repetitions after this one move along with its due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowingRepetitions {
    Left,
    Moved,
}

/// From when on a duration is counted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueDateBase {
    CreateTime,
    Now,
}

/// Which scope a variable is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableReach {
    /// That of the execution or task itself.
    Local,
    /// The nearest enclosing scope that has the variable; the outermost where none has.
    Nearest,
}

/// Variables to set and to remove, in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VariablePatch {
    pub modifications: VariableMap,
    pub deletions: Vec<Arc<str>>,
}

/// What a command answers, beyond that it was done.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Done,
    Started(StartedProcessInstance),
    /// Of a message that was correlated: the execution that received it.
    Correlated {
        execution_id: ExecutionId,
        process_instance_id: ProcessInstanceId,
        tenant_id: Option<Arc<str>>,
        /// Those of the process's scope, as they are when the command ends.
        variables: Vec<(Arc<str>, VariableValue)>,
    },
    IncidentCreated(IncidentId),
    TaskForm(Box<ShownForm>),
    /// Of a completed task: the variables of its process's scope, as they are when the command ends.
    Variables(Vec<(Arc<str>, VariableValue)>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct StartedProcessInstance {
    pub id: ProcessInstanceId,
    pub definition_id: ProcessDefinitionId,
    pub definition_key: Arc<str>,
    pub keys: InstanceKeys,
    pub tenant_id: Option<Arc<str>>,
    pub is_ended: bool,
    pub is_suspended: bool,
    /// As they are when the command ends, the process's scope only; transient ones included.
    pub variables: Vec<(Arc<str>, VariableValue)>,
}
