//! What is kept of what happened. These rows travel in the same change set as the rows they tell of.
//!
//! The time at which an instance's history may be removed stands on its process instance's row alone; other rows show
//! it by way of `root_process_instance_id`.

use std::sync::Arc;

use types::{
    ActivityInstanceId, BatchId, DeploymentId, ExecutionId, ExternalTaskId, HistoryId, IncidentId, JobDefinitionId,
    JobId, ProcessDefinitionId, ProcessInstanceId, TaskId, Timestamp, Uuid, VariableInstanceId, VariableValue,
};

use crate::record::{IdentityLink, IncidentType, Task, TaskPlace};

/// One row to insert or one row to change. Something that began and ended within one command is inserted once, ended.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryChange {
    ProcessInstanceStarted(Box<HistoricProcessInstance>),
    ProcessInstanceEnded(ProcessInstanceEnd),
    ProcessInstanceSuspended {
        id: ProcessInstanceId,
        is_suspended: bool,
    },
    /// It goes on without the instance that has called it.
    ProcessInstanceDetached {
        id: ProcessInstanceId,
    },
    ActivityStarted(Box<HistoricActivityInstance>),
    ActivityEnded {
        id: ActivityInstanceId,
        end: ActivityEnd,
    },
    /// The execution at the activity changed when the tree was pruned, or its task got another assignee.
    ActivityUpdated {
        id: ActivityInstanceId,
        execution_id: ExecutionId,
        assignee: Option<Arc<str>>,
    },
    TaskCreated(Box<HistoricTask>),
    /// Something about the task is different now, or it has ended.
    TaskChanged(Box<HistoricTask>),
    IdentityLinkLogged(Box<IdentityLinkLogEntry>),
    VariableCreated(Box<HistoricVariableInstance>),
    VariableUpdated {
        id: VariableInstanceId,
        value: VariableValue,
        /// It had its first value until then.
        replaces_first: bool,
    },
    VariableDeleted {
        id: VariableInstanceId,
    },
    DetailLogged(Box<HistoricDetail>),
    ExternalTaskLogged(Box<ExternalTaskLogEntry>),
    IncidentCreated(Box<HistoricIncident>),
    IncidentAnnotated {
        id: IncidentId,
        annotation: Option<Arc<str>>,
    },
    JobLogged(Box<JobLogEntry>),
    IncidentEnded {
        id: IncidentId,
        end_time: Timestamp,
        is_deleted: bool,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct HistoricProcessInstance {
    pub id: ProcessInstanceId,
    pub root_process_instance_id: ProcessInstanceId,
    pub super_process_instance_id: Option<ProcessInstanceId>,
    /// One that has ended and started once more by this.
    pub restarted_process_instance_id: Option<ProcessInstanceId>,
    pub definition_id: ProcessDefinitionId,
    pub definition_key: Arc<str>,
    pub business_key: Option<Arc<str>>,
    pub case_instance_id: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    pub start_time: Timestamp,
    pub start_activity_id: Arc<str>,
    pub is_suspended: bool,
    /// Of a root whose time to live counts from the start.
    pub removal_time: Option<Timestamp>,
    pub end: Option<ProcessInstanceEnd>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProcessInstanceEnd {
    pub id: ProcessInstanceId,
    pub end_time: Timestamp,
    pub end_activity_id: Option<Arc<str>>,
    pub state: EndState,
    pub delete_reason: Option<Arc<str>>,
    /// Of a root whose time to live counts from the end; without one, what is there stays.
    pub removal_time: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndState {
    Completed,
    InternallyTerminated,
    ExternallyTerminated,
}

impl EndState {
    pub fn name(self) -> &'static str {
        match self {
            EndState::Completed => "COMPLETED",
            EndState::InternallyTerminated => "INTERNALLY_TERMINATED",
            EndState::ExternallyTerminated => "EXTERNALLY_TERMINATED",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct HistoricActivityInstance {
    pub id: ActivityInstanceId,
    pub parent: ActivityInstanceId,
    pub process_instance_id: ProcessInstanceId,
    pub root_process_instance_id: ProcessInstanceId,
    pub execution_id: ExecutionId,
    pub definition_id: ProcessDefinitionId,
    pub definition_key: Arc<str>,
    pub activity_name: Option<Arc<str>>,
    pub activity_type: &'static str,
    pub tenant_id: Option<Arc<str>>,
    pub task_id: Option<TaskId>,
    pub assignee: Option<Arc<str>>,
    /// Of a call activity.
    pub called_process_instance_id: Option<ProcessInstanceId>,
    pub start_time: Timestamp,
    /// Order of starts within one instance, where times are equal.
    pub sequence: u64,
    pub end: Option<ActivityEnd>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityEnd {
    pub end_time: Timestamp,
    pub is_canceled: bool,
    /// It completed the scope it is in, as an end event does.
    pub is_complete_scope: bool,
}

/// A task as it is, or as it was when it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricTask {
    pub task: Task,
    pub end: Option<TaskEnd>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TaskEnd {
    pub end_time: Timestamp,
    /// `completed` where it was, else why it was deleted.
    pub delete_reason: Arc<str>,
    pub is_completed: bool,
}

impl HistoricTask {
    /// Camunda's `taskState`.
    pub fn state(&self) -> &'static str {
        match &self.end {
            Some(end) if end.is_completed => "Completed",
            Some(_) => "Deleted",
            None if self.task.last_updated.is_some() => "Updated",
            None => "Created",
        }
    }
}

/// A user or a group came to have to do with a task, or has nothing to do with it any more.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityLinkLogEntry {
    pub id: HistoryId,
    pub time: Timestamp,
    pub link: IdentityLink,
    pub is_added: bool,
    pub task_id: TaskId,
    /// `None` for a task that stands alone.
    pub place: Option<TaskPlace>,
    pub root_process_instance_id: ProcessInstanceId,
    pub tenant_id: Option<Arc<str>>,
}

/// The process that something happened in, and where in it.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricPlace {
    pub process_instance_id: ProcessInstanceId,
    pub root_process_instance_id: ProcessInstanceId,
    pub execution_id: ExecutionId,
    pub activity_instance_id: ActivityInstanceId,
    pub definition_id: ProcessDefinitionId,
    pub definition_key: Arc<str>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HistoricVariableInstance {
    pub id: VariableInstanceId,
    pub name: Arc<str>,
    pub value: VariableValue,
    /// `None` for a variable of a task that stands alone.
    pub place: Option<HistoricPlace>,
    pub task_id: Option<TaskId>,
    pub tenant_id: Option<Arc<str>>,
    pub create_time: Timestamp,
    /// Where writes are kept: while the variable has its first value, that write needs no detail of its own.
    pub first_write: Option<FirstWrite>,
}

/// What is known of the write that made a variable, besides what the variable says.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstWrite {
    /// From where it was written, where that is not the variable's own.
    pub activity_instance_id: Option<ActivityInstanceId>,
    /// Among those that the instance was started with.
    pub is_initial: bool,
}

impl HistoricVariableInstance {
    /// The write as a detail. It has the id of the variable.
    pub fn first_detail(&self, write: FirstWrite) -> HistoricDetail {
        let FirstWrite { activity_instance_id, is_initial } = write;
        let place = self.place.clone().map(|place| HistoricPlace {
            activity_instance_id: activity_instance_id.unwrap_or(place.activity_instance_id),
            ..place
        });
        HistoricDetail {
            id: HistoryId(self.id.0),
            kind: HistoricDetailKind::VariableUpdate { variable_instance_id: self.id, revision: 0, is_initial },
            time: self.create_time,
            name: self.name.clone(),
            value: self.value.clone(),
            place,
            task_id: self.task_id,
            tenant_id: self.tenant_id.clone(),
        }
    }

    /// Takes a detail in that says nothing else than that the variable was made; gives it back otherwise.
    pub(crate) fn take_first_detail(&mut self, detail: HistoricDetail) -> Option<HistoricDetail> {
        let HistoricDetailKind::VariableUpdate { revision: 0, is_initial, .. } = detail.kind else {
            return Some(detail);
        };
        let activity_instance_id = match (&self.place, &detail.place) {
            (Some(own), Some(writer)) => {
                let writer = writer.activity_instance_id.clone();
                Some(writer).filter(|writer| *writer != own.activity_instance_id)
            }
            (None, None) => None,
            _ => return Some(detail),
        };
        let write = FirstWrite { activity_instance_id, is_initial };
        let is_the_same = HistoricDetail { id: detail.id, ..self.first_detail(write.clone()) } == detail;
        if self.first_write.is_some() || !is_the_same {
            return Some(detail);
        }
        self.first_write = Some(write);
        None
    }
}

/// One write of a variable, or one field of a form that was sent in.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricDetail {
    pub id: HistoryId,
    pub kind: HistoricDetailKind,
    pub time: Timestamp,
    /// Of the variable or the field.
    pub name: Arc<str>,
    /// A removed variable leaves a null of its type.
    pub value: VariableValue,
    /// From where it was written; `None` for a variable of a task that stands alone.
    pub place: Option<HistoricPlace>,
    pub task_id: Option<TaskId>,
    pub tenant_id: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoricDetailKind {
    VariableUpdate {
        variable_instance_id: VariableInstanceId,
        revision: u32,
        /// Among those that the instance was started with.
        is_initial: bool,
    },
    FormField,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ExternalTaskLogEntry {
    pub id: HistoryId,
    pub kind: ExternalTaskLogKind,
    pub timestamp: Timestamp,
    pub external_task_id: ExternalTaskId,
    pub topic: Arc<str>,
    pub worker_id: Option<Arc<str>>,
    pub priority: i64,
    /// Those from before the failure, in an entry of one.
    pub retries: Option<i32>,
    pub error_message: Option<Arc<str>>,
    pub error_details: Option<Arc<str>>,
    pub activity_id: Arc<str>,
    pub activity_instance_id: ActivityInstanceId,
    pub execution_id: ExecutionId,
    pub process_instance_id: ProcessInstanceId,
    pub root_process_instance_id: ProcessInstanceId,
    pub definition_id: ProcessDefinitionId,
    pub definition_key: Arc<str>,
    pub tenant_id: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalTaskLogKind {
    Created,
    Failed,
    Succeeded,
    Deleted,
}

#[derive(Clone, Debug, PartialEq)]
pub struct JobLogEntry {
    pub id: HistoryId,
    pub kind: JobLogKind,
    pub timestamp: Timestamp,
    pub job_id: JobId,
    pub due_date: Option<Timestamp>,
    /// Those from before the failure, in an entry of one.
    pub retries: i32,
    pub priority: i64,
    pub exception_message: Option<Arc<str>>,
    pub exception_details: Option<Arc<str>>,
    pub job_definition_id: Option<JobDefinitionId>,
    pub job_type: Arc<str>,
    pub job_configuration: Option<Arc<str>>,
    pub activity_id: Option<Arc<str>>,
    pub failed_activity_id: Option<Arc<str>>,
    pub execution_id: Option<ExecutionId>,
    pub process_instance_id: Option<ProcessInstanceId>,
    pub root_process_instance_id: Option<ProcessInstanceId>,
    pub definition_id: Option<ProcessDefinitionId>,
    pub definition_key: Option<Arc<str>>,
    pub deployment_id: Option<DeploymentId>,
    pub tenant_id: Option<Arc<str>>,
    pub host_name: Arc<str>,
    pub batch_id: Option<BatchId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobLogKind {
    Created,
    Failed,
    Succeeded,
    Deleted,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HistoricIncident {
    pub id: IncidentId,
    pub incident_type: IncidentType,
    pub message: Option<Arc<str>>,
    pub configuration: Option<Arc<str>>,
    pub history_configuration: Option<Uuid>,
    pub create_time: Timestamp,
    pub execution_id: Option<ExecutionId>,
    pub process_instance_id: Option<ProcessInstanceId>,
    pub root_process_instance_id: Option<ProcessInstanceId>,
    pub definition_id: Option<ProcessDefinitionId>,
    pub definition_key: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    pub activity_id: Option<Arc<str>>,
    pub failed_activity_id: Option<Arc<str>>,
    pub job_definition_id: Option<JobDefinitionId>,
    pub cause_incident_id: IncidentId,
    pub root_cause_incident_id: IncidentId,
}
