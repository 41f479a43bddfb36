//! What the core is given of the outside world.

use std::sync::Arc;

use expression::ScriptEngine;
use types::{Timestamp, Uuid};

use crate::delegate::DelegateRegistry;
use crate::record::Job;

/// Makes new ids. In production UUIDv7, so that later ones sort after earlier ones; in tests a counter.
pub trait IdSource {
    fn next(&mut self) -> Uuid;
}

/// How much of what happens is kept. Each level holds what the ones before it hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HistoryLevel {
    None,
    /// Process instances, activity instances and tasks.
    Activity,
    /// Also variables.
    Audit,
    /// Also the external task log and incidents.
    Full,
}

/// From when on the time to live of a history counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalTimeStrategy {
    /// From the end of the root.
    End,
    /// From the start of the root.
    Start,
    /// Histories are kept until somebody says otherwise.
    None,
}

/// Bounds of one command.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Agenda steps; more is an endless model.
    pub steps_max: u32,
    /// Variables visible in one scope.
    pub variables_per_scope_max: u32,
    /// Executions of one tree of instances.
    pub executions_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { steps_max: 100_000, variables_per_scope_max: 10_000, executions_max: 200_000 }
    }
}

/// What jobs have unless their element says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSettings {
    /// How often a job is tried.
    pub retries: i32,
    /// A `failedJobRetryTimeCycle` for jobs of elements that have none.
    pub retry_cycle: Option<Arc<str>>,
}

impl Default for JobSettings {
    fn default() -> Self {
        JobSettings { retries: Job::RETRIES_DEFAULT, retry_cycle: None }
    }
}

/// Clock, ids and settings for one command.
pub struct Env<'a> {
    pub now: Timestamp,
    pub ids: &'a mut dyn IdSource,
    pub history_level: HistoryLevel,
    pub removal_times: RemovalTimeStrategy,
    pub limits: &'a Limits,
    pub jobs: &'a JobSettings,
    /// Runs what models have written in a language other than JUEL.
    pub scripts: &'a dyn ScriptEngine,
    /// What runs in place of Java code that models name.
    pub delegates: &'a DelegateRegistry,
    /// Of the machine; the log of jobs tells it.
    pub host_name: &'a str,
}

impl std::fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env")
            .field("now", &self.now)
            .field("history_level", &self.history_level)
            .finish_non_exhaustive()
    }
}
