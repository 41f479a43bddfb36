//! The next moment at which something has to be looked at. Only the earliest one is kept; who looks finds the rest.

use std::sync::Mutex;

use tokio::sync::Notify;
use types::Timestamp;

use crate::clock::Clock;

#[derive(Debug, Default)]
pub(crate) struct Alarm {
    next: Mutex<Option<Timestamp>>,
    moved_earlier: Notify,
}

impl Alarm {
    /// Rings at `at`, unless it rings earlier anyway.
    pub(crate) fn set(&self, at: Timestamp) {
        let mut next = self.lock();
        if next.is_none_or(|next| at < next) {
            *next = Some(at);
            drop(next);
            self.moved_earlier.notify_one();
        }
    }

    /// Whether it should have rung by now.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.lock().is_some_and(|next| next <= now)
    }

    /// Stops it if it should have rung by now. The caller then does what is due, and sets it again.
    pub(crate) fn take_if_due(&self, now: Timestamp) -> bool {
        let mut next = self.lock();
        let is_due = next.is_some_and(|next| next <= now);
        if is_due {
            *next = None;
        }
        is_due
    }

    /// Returns when it was due and stopped.
    pub(crate) async fn ring(&self, clock: &Clock) {
        loop {
            let next = *self.lock();
            match next {
                Some(at) => tokio::select! {
                    biased;
                    () = clock.wait_towards(at) => {}
                    () = self.moved_earlier.notified() => {}
                },
                None => self.moved_earlier.notified().await,
            }
            if self.take_if_due(clock.now()) {
                return;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.next.lock().expect("no holder of this lock panics")
    }
}
