//! What all lines to one database know of its being away: after a try that failed nobody tries for a while, and whoever
//! reaches it again ends that for everybody.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long nobody tries after a try that failed; doubled with each further one. The longest is also how late it may be
/// noticed that the database is back.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub struct Outage {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Why the last try failed, when the next one may be made, and the pause that follows if it fails, too.
    pause: Option<(String, Instant, Duration)>,
    /// How often the database was reached, and how often that failed.
    reached: u64,
    failed: u64,
}

/// Allows one try to reach the database.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    reached_before: u64,
    failed_before: u64,
}

impl Outage {
    /// # Errors
    /// While a pause lasts: why the last try failed.
    pub fn begin(&self) -> Result<Try, String> {
        let state = self.lock();
        match &state.pause {
            Some((why, until, _)) if Instant::now() < *until => Err(why.clone()),
            _ => Ok(Try { reached_before: state.reached, failed_before: state.failed }),
        }
    }

    /// Whether this ended an outage.
    pub fn end(&self) -> bool {
        let mut state = self.lock();
        state.reached += 1;
        state.pause.take().is_some()
    }

    /// Whether it still stands: somebody else may have reached the database since that try began.
    pub fn failed(&self, attempt: Try, why: &str) -> bool {
        let mut state = self.lock();
        if state.reached != attempt.reached_before {
            return false;
        }
        // Many may try at the same time: one pause is enough.
        if state.failed != attempt.failed_before {
            return true;
        }
        state.failed += 1;
        let next = state.pause.take().map_or(PAUSE_MIN, |(_, _, next)| next);
        state.pause = Some((why.to_owned(), Instant::now() + next, (next * 2).min(PAUSE_MAX)));
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_to_a_second_and_begin_anew_after_an_outage() {
        let outage = Outage::default();
        for pause in [100, 200, 400, 800, 1000, 1000] {
            let attempt = outage.begin().expect("no pause lasts");
            assert!(outage.failed(attempt, "gone"));
            tokio::time::advance(Duration::from_millis(pause - 1)).await;
            assert_eq!(outage.begin().map(drop), Err("gone".to_owned()));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(outage.end());
        assert!(!outage.end());
        let attempt = outage.begin().expect("no pause lasts");
        assert!(outage.failed(attempt, "gone again"));
        tokio::time::advance(PAUSE_MIN).await;
        assert!(outage.begin().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_fail_together_make_one_pause() {
        let outage = Outage::default();
        let tries = [(); 8].map(|()| outage.begin().expect("no pause lasts"));
        assert!(tries.into_iter().all(|attempt| outage.failed(attempt, "gone")));
        tokio::time::advance(PAUSE_MIN).await;
        assert!(outage.begin().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_reaches_the_database_ends_the_pause_of_all() {
        let outage = Outage::default();
        let (early, late) = (outage.begin().expect("no pause"), outage.begin().expect("no pause"));
        assert!(outage.failed(early, "gone"));
        assert!(outage.begin().is_err());
        assert!(outage.end());
        assert!(outage.begin().is_ok());
        assert!(!outage.failed(late, "gone"), "it began before the database was back");
        assert!(outage.begin().is_ok());
    }
}
