//! What a store counts of its work.

use metric::{Counter, CountsByName, DURATION_BOUNDS_US, Gauge, Histogram, SIZE_BOUNDS};

#[derive(Debug)]
pub struct StoreMetrics {
    /// How long each commit took, from the first statement of its batch to the disk.
    pub commits: Histogram,
    /// Units of work in each commit.
    pub batch_units: Histogram,
    /// Units that were decided on state that had changed.
    pub conflicts: Counter,
    /// Batches of which nothing could be written.
    pub failed_batches: Counter,
    /// Work that waits to be written.
    pub writes_waiting: Gauge,
    /// Queries that wait for a reader.
    pub queries_waiting: Gauge,
    /// Claims that wait for a claimer.
    pub claims_waiting: Gauge,
    /// Connections to a server of databases.
    pub connections: Gauge,
    /// Of those, the ones that are at work.
    pub connections_in_use: Gauge,
    /// Locks of external tasks that ran out, by topic.
    pub lock_expiries: CountsByName,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        StoreMetrics {
            commits: Histogram::new(DURATION_BOUNDS_US),
            batch_units: Histogram::new(SIZE_BOUNDS),
            conflicts: Counter::default(),
            failed_batches: Counter::default(),
            writes_waiting: Gauge::default(),
            queries_waiting: Gauge::default(),
            claims_waiting: Gauge::default(),
            connections: Gauge::default(),
            connections_in_use: Gauge::default(),
            lock_expiries: CountsByName::default(),
        }
    }
}
