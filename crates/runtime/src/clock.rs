//! The time of day. The core is handed it, background tasks wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use types::Timestamp;

#[derive(Clone, Debug)]
pub enum Clock {
    System,
    /// Runs with tokio's clock, which tests can pause and advance.
    Tokio {
        origin: Timestamp,
        started: tokio::time::Instant,
        /// How far it is ahead.
        skew_ms: Arc<AtomicI64>,
    },
}

/// A wait is cut into pieces of this length, so that a jump of the system's clock is noticed.
const WAIT_PIECE_MAX: Duration = Duration::from_secs(30);

impl Clock {
    /// For tests: starts at `origin`, now.
    pub fn tokio(origin: Timestamp) -> Clock {
        Clock::skewed(origin, Arc::default())
    }

    /// For tests: the same, ahead by what `skew_ms` holds.
    pub fn skewed(origin: Timestamp, skew_ms: Arc<AtomicI64>) -> Clock {
        Clock::Tokio { origin, started: tokio::time::Instant::now(), skew_ms }
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Tokio { origin, started, skew_ms } => {
                let elapsed_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
                origin.plus_ms(elapsed_ms).plus_ms(skew_ms.load(Ordering::Relaxed))
            }
        }
    }

    /// Returns at `due` at the latest, possibly earlier; at once if it has passed.
    pub(crate) async fn wait_towards(&self, due: Timestamp) {
        let left_ms = u64::try_from(due.0.saturating_sub(self.now().0)).unwrap_or(0);
        if left_ms > 0 {
            tokio::time::sleep(Duration::from_millis(left_ms).min(WAIT_PIECE_MAX)).await;
        }
    }
}
