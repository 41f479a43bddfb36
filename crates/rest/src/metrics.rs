//! What the API counts of its requests: by operation, so that the number of counters is fixed.

use std::time::Duration;

use axum::http::StatusCode;
use metric::{Counter, DURATION_BOUNDS_US, Gauge, Histogram};

use crate::operation::{OPERATIONS, Operation};

#[derive(Debug)]
pub struct RestMetrics {
    /// In the order of `OPERATIONS`.
    operations: Box<[OperationMetrics]>,
    /// Requests that are being answered, parked polls included.
    pub in_progress: Gauge,
}

#[derive(Debug)]
pub struct OperationMetrics {
    pub operation: &'static Operation,
    /// Answers by the first digit of their status.
    classes: [Counter; 5],
    pub durations: Histogram,
}

impl Default for RestMetrics {
    fn default() -> Self {
        let of = |operation| OperationMetrics {
            operation,
            classes: Default::default(),
            durations: Histogram::new(DURATION_BOUNDS_US),
        };
        RestMetrics { operations: OPERATIONS.iter().map(of).collect(), in_progress: Gauge::default() }
    }
}

impl RestMetrics {
    pub fn operations(&self) -> &[OperationMetrics] {
        &self.operations
    }

    pub(crate) fn answered(&self, at: usize, status: StatusCode, took: Duration) {
        let Some(operation) = self.operations.get(at) else { return };
        let class = usize::from(status.as_u16() / 100).clamp(1, operation.classes.len());
        operation.classes[class - 1].add(1);
        operation.durations.observe_duration(took);
    }
}

impl OperationMetrics {
    /// Classes of statuses with how many answers had one: `2` for 200 to 299.
    pub fn answers(&self) -> impl Iterator<Item = (usize, u64)> {
        self.classes.iter().enumerate().map(|(at, counter)| (at + 1, counter.get()))
    }
}
