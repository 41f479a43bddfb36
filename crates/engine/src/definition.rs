//! A deployed process definition, and how the core finds one.

use std::sync::Arc;

use bpmn::ProcessModel;
use types::{DeploymentId, JobDefinitionId, ProcessDefinitionId};

/// Key, version and deployment around a parsed model. Immutable but for its suspension, which lives in its row.
#[derive(Debug)]
pub struct ProcessDefinition {
    pub id: ProcessDefinitionId,
    pub key: Arc<str>,
    pub version: u32,
    pub deployment_id: DeploymentId,
    pub resource_name: Arc<str>,
    pub tenant_id: Option<Arc<str>>,
    pub model: Arc<ProcessModel>,
    /// Of the elements that create jobs, by element id.
    pub job_definitions: Vec<JobDefinition>,
}

/// The static side of the jobs of one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDefinition {
    pub id: JobDefinitionId,
    pub activity_id: Arc<str>,
    /// Camunda's name of the handler, for example `timer-transition`.
    pub job_type: &'static str,
    /// What Camunda shows as `jobConfiguration`, for example `DURATION: PT1H`.
    pub configuration: String,
}

/// Definitions by id. The shell makes sure that those of the loaded instances are there.
pub trait Definitions {
    fn by_id(&self, id: &ProcessDefinitionId) -> Option<&Arc<ProcessDefinition>>;
}
