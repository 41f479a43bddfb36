//! What a runtime counts of its work.

use metric::{Counter, CountsByName, Gauge};

#[derive(Debug, Default)]
pub struct RuntimeMetrics {
    /// Decisions that were made again because the state had changed under them.
    pub re_executions: Counter,
    /// Failures that workers reported, by topic.
    pub external_task_failures: CountsByName,
    pub jobs_executing: Gauge,
    pub jobs_executed: Counter,
    /// Of those executed, the ones that failed.
    pub jobs_failed: Counter,
    /// Whose history was removed when it was due.
    pub removed_process_instances: Counter,
}
