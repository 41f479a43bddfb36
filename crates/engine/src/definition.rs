//! A deployed process definition, and how the core finds one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::record::JobHandler;
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
    /// That of the model until it is changed.
    pub history_time_to_live_days: Option<u32>,
    /// Of the elements that create jobs, by element id.
    pub job_definitions: Vec<JobDefinition>,
    /// The resources of its deployment that scripts of the model are read from, by name.
    pub script_resources: BTreeMap<Arc<str>, Arc<str>>,
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
    /// New jobs are suspended too.
    pub is_suspended: bool,
    /// Counts before any priority that the model says.
    pub override_priority: Option<i64>,
}

impl JobDefinition {
    pub const ASYNC_CONTINUATION: &'static str = "async-continuation";
    pub const TIMER_TASK_LISTENER: &'static str = "timer-task-listener";
    pub const ASYNC_BEFORE: &'static str = "async-before";
    pub const ASYNC_AFTER: &'static str = "async-after";

    /// Whether it is that of the jobs of an element that do this.
    pub fn is_of(&self, activity_id: &str, handler: &JobHandler) -> bool {
        let does_it = match handler {
            JobHandler::AsyncBefore | JobHandler::AsyncStart => self.is_continuation(JobDefinition::ASYNC_BEFORE),
            JobHandler::AsyncAfter { .. } => self.is_continuation(JobDefinition::ASYNC_AFTER),
            JobHandler::TimerTaskListener { .. } => self.job_type == JobDefinition::TIMER_TASK_LISTENER,
            _ => self.job_type != JobDefinition::ASYNC_CONTINUATION,
        };
        does_it && *self.activity_id == *activity_id
    }

    fn is_continuation(&self, configuration: &str) -> bool {
        self.job_type == JobDefinition::ASYNC_CONTINUATION && self.configuration == configuration
    }
}

/// Definitions by id. The shell makes sure that those of the loaded instances are there.
pub trait Definitions {
    fn by_id(&self, id: &ProcessDefinitionId) -> Option<&Arc<ProcessDefinition>>;

    /// The definition that is to be called. The same reference gives the same answer within a command.
    fn resolve(&self, reference: &DefinitionReference) -> Resolution;
}

/// How a call activity names what it calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DefinitionReference {
    pub key: Arc<str>,
    pub tenant_id: Option<Arc<str>>,
    pub binding: DefinitionBinding,
}

/// Which of the definitions of one key and tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefinitionBinding {
    Latest,
    Version(i32),
    VersionTag(Arc<str>),
    /// Of a deployment, whatever its tenant.
    Deployment(DeploymentId),
}

impl DefinitionBinding {
    /// Whether it means the same definition for as long as that is there.
    pub fn is_fixed(&self) -> bool {
        match self {
            DefinitionBinding::Version(_) | DefinitionBinding::Deployment(_) => true,
            DefinitionBinding::Latest | DefinitionBinding::VersionTag(_) => false,
        }
    }
}

/// What is known of a reference.
#[derive(Clone, Debug)]
pub enum Resolution {
    Definition(Arc<ProcessDefinition>),
    /// There is none.
    Nothing,
    /// The shell has not looked yet. The command ends; it is to be run again once the shell knows.
    NotLoaded,
}

impl fmt::Display for DefinitionReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key `{}`", self.key)?;
        match &self.binding {
            DefinitionBinding::Latest => {}
            DefinitionBinding::Version(version) => write!(f, " and the version {version}")?,
            DefinitionBinding::VersionTag(tag) => write!(f, " and the version tag `{tag}`")?,
            DefinitionBinding::Deployment(deployment) => return write!(f, " in the deployment {deployment}"),
        }
        match &self.tenant_id {
            Some(tenant) => write!(f, " of the tenant `{tenant}`"),
            None => Ok(()),
        }
    }
}
