//! What can be set, with its defaults, and the named limits of the runtime.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bpmn::Delegates;
use engine::{DelegateRegistry, HistoryLevel, JobSettings, Limits, RemovalTimeStrategy};
use query::Dialect;
use script::JavaScript;

use crate::batch_window::BatchWindows;
use crate::clock::Clock;

/// Jobs that clean up the history.
pub const HISTORY_CLEANUP_JOBS_MAX: u32 = 8;
/// Things that one run of such a job takes away.
pub const HISTORY_CLEANUP_BATCH_SIZE_MAX: u64 = 500;

#[derive(Clone, Debug)]
pub struct Settings {
    pub history_level: HistoryLevel,
    pub removal_times: RemovalTimeStrategy,
    pub history_cleanup: HistoryCleanup,
    /// How long what is kept of batches stays, in days, by the type of the batch; types that are not there are kept.
    pub batch_time_to_live_days: BTreeMap<Arc<str>, u32>,
    pub node: NodeIdentity,
    /// How often a node of several says that it lives. It is dead for the others after five times as long.
    pub beat_interval: Duration,
    pub job_executor: JobExecutor,
    /// Jobs that the executor runs at the same time.
    pub jobs_at_once_max: usize,
    /// How long other nodes leave a job alone that this one has taken.
    pub job_lock_duration_ms: i64,
    /// The executor takes jobs of these priorities alone.
    pub job_priorities: RangeInclusive<i64>,
    /// What the executor does at its start about locks that are there.
    pub job_locks_at_start: JobLocks,
    /// Bounds of one command.
    pub limits: Limits,
    /// What jobs have unless their element says otherwise.
    pub jobs: JobSettings,
    /// Runs the scripts of models, within its own limits.
    pub java_script: JavaScript,
    /// What becomes of Java code that models name.
    pub delegates: Delegates,
    /// Code in Rust that runs in its place.
    pub delegate_registry: DelegateRegistry,
    /// Of the store's database.
    pub dialect: Dialect,
    pub nodes: Nodes,
    pub clock: Clock,
    /// Of the random part of new ids; from the operating system if none is given.
    pub id_seed: Option<u128>,
    /// Budget of the aggregates that are kept in memory.
    pub aggregate_cache_bytes: usize,
    /// Budget of the parsed models that are kept in memory, measured by the size of their documents.
    pub model_cache_bytes: usize,
    /// Commands, claims and deployments that may be in work at once.
    pub in_flight_max: usize,
    /// Polls that may wait at once.
    pub parked_polls_max: usize,
    /// How long it is remembered that a request with an idempotency key was carried out.
    pub idempotency_key_lifetime: Duration,
    /// Commands that take longer are logged; `None` logs none.
    pub slow_command_min: Option<Duration>,
    pub deployment_bytes_max: usize,
    pub batch_jobs_per_seed: u32,
    pub invocations_per_batch_job: u32,
}

/// Taking away the history that has come to its removal time.
#[derive(Clone, Debug)]
pub struct HistoryCleanup {
    pub is_enabled: bool,
    /// Without any the history is cleaned up when somebody asks for it.
    pub windows: BatchWindows,
    /// Things that one run of a job takes away.
    pub batch_size: u64,
    /// Jobs that share the work.
    pub jobs: u32,
    /// How long the log of these jobs is kept; `None` is for ever.
    pub job_log_time_to_live_ms: Option<i64>,
}

impl Default for HistoryCleanup {
    fn default() -> Self {
        HistoryCleanup {
            is_enabled: true,
            windows: BatchWindows::default(),
            batch_size: HISTORY_CLEANUP_BATCH_SIZE_MAX,
            jobs: 1,
            job_log_time_to_live_ms: None,
        }
    }
}

/// How people and other nodes know this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeIdentity {
    /// Owns the locks of jobs, and stands in their log. No two nodes have the same one; a new one is made if there is none.
    pub name: Option<Arc<str>>,
    /// The name of the machine.
    pub host: Arc<str>,
    /// Where the API is, if it is served.
    pub address: Option<Arc<str>>,
    pub version: Arc<str>,
}

impl NodeIdentity {
    /// What the log of jobs tells.
    pub fn name(&self) -> &Arc<str> {
        self.name.as_ref().unwrap_or(&self.host)
    }
}

impl Default for NodeIdentity {
    fn default() -> Self {
        NodeIdentity { name: None, host: "localhost".into(), address: None, version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// Who writes to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nodes {
    /// This one alone: what is in memory is what is stored.
    Alone,
    /// Others may have changed what is in memory.
    Several,
}

/// Whether due jobs are run in the background. Either way they can be executed one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobExecutor {
    On,
    Off,
}

/// Whose locks of jobs there can be when the executor starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobLocks {
    /// Those of nodes that live: each is left alone until it ends.
    Kept,
    /// No other node uses the database: all are left over and are released.
    Released,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            history_level: HistoryLevel::Full,
            removal_times: RemovalTimeStrategy::End,
            history_cleanup: HistoryCleanup::default(),
            batch_time_to_live_days: BTreeMap::new(),
            node: NodeIdentity::default(),
            beat_interval: Duration::from_secs(3),
            job_executor: JobExecutor::On,
            jobs_at_once_max: 64,
            job_lock_duration_ms: 300_000,
            job_priorities: i64::MIN..=i64::MAX,
            job_locks_at_start: JobLocks::Kept,
            limits: Limits::default(),
            jobs: JobSettings::default(),
            java_script: JavaScript::default(),
            delegates: Delegates::Fail,
            delegate_registry: DelegateRegistry::default(),
            dialect: Dialect::Sqlite,
            nodes: Nodes::Alone,
            clock: Clock::System,
            id_seed: None,
            aggregate_cache_bytes: 16 << 20,
            model_cache_bytes: 16 << 20,
            in_flight_max: 10_000,
            parked_polls_max: 100_000,
            idempotency_key_lifetime: Duration::from_secs(24 * 60 * 60),
            slow_command_min: None,
            deployment_bytes_max: 64 << 20,
            batch_jobs_per_seed: 100,
            invocations_per_batch_job: 1,
        }
    }
}
