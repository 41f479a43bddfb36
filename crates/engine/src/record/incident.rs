use std::sync::Arc;

use types::{ExecutionId, IncidentId, JobDefinitionId, ProcessDefinitionId, ProcessInstanceId, Timestamp, Uuid};

use super::Record;

/// Something that needs a human: a task or job without retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub id: IncidentId,
    pub incident_type: IncidentType,
    pub message: Option<Arc<str>>,
    /// The external task or job that failed, or whatever its maker says.
    pub configuration: Option<Arc<str>>,
    pub execution_id: Option<ExecutionId>,
    pub process_instance_id: Option<ProcessInstanceId>,
    pub definition_id: Option<ProcessDefinitionId>,
    pub definition_key: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    pub activity_id: Option<Arc<str>>,
    pub failed_activity_id: Option<Arc<str>>,
    pub job_definition_id: Option<JobDefinitionId>,
    pub create_time: Timestamp,
    pub cause_incident_id: IncidentId,
    pub root_cause_incident_id: IncidentId,
    /// The newest failure in the log.
    pub history_configuration: Option<Uuid>,
    pub annotation: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IncidentType {
    FailedExternalTask,
    FailedJob,
    /// Made from outside.
    Other(Arc<str>),
}

impl IncidentType {
    pub fn name(&self) -> &str {
        match self {
            IncidentType::FailedExternalTask => "failedExternalTask",
            IncidentType::FailedJob => "failedJob",
            IncidentType::Other(name) => name,
        }
    }
}

impl Record for Incident {
    type Id = IncidentId;

    fn id(&self) -> IncidentId {
        self.id
    }
}
