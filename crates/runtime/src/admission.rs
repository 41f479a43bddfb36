//! How much work is taken on at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::error::Error;

#[derive(Debug)]
pub(crate) struct Admission {
    in_flight: AtomicUsize,
    in_flight_max: usize,
    is_closed: AtomicBool,
    emptied: Notify,
}

/// One piece of work. It counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted(Arc<Admission>);

impl Admission {
    pub(crate) fn new(in_flight_max: usize) -> Admission {
        Admission {
            in_flight: AtomicUsize::new(0),
            in_flight_max,
            is_closed: AtomicBool::new(false),
            emptied: Notify::new(),
        }
    }

    /// # Errors
    /// `Overloaded` or `ShuttingDown`.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Admitted, Error> {
        let before = self.in_flight.fetch_add(1, Ordering::SeqCst);
        let admitted = Admitted(self.clone());
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(Error::ShuttingDown);
        }
        if before >= self.in_flight_max {
            return Err(Error::Overloaded { in_flight_max: self.in_flight_max });
        }
        Ok(admitted)
    }

    /// Work that follows from work that was admitted, and must be done whatever the load.
    pub(crate) fn admit_consequence(self: &Arc<Self>) -> Admitted {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        Admitted(self.clone())
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Nothing is admitted any more.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    pub(crate) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if self.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.emptied.notify_waiters();
        }
    }
}
