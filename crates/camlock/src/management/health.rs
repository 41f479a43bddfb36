//! Whether requests can be carried out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use runtime::{Error, Runtime, StoreError};
use tokio::sync::Mutex;

/// How long the database may take to answer.
const CHECK_PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer counts: a check writes to the disk, and probes may come from many sides.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub struct Readiness {
    is_stopping: AtomicBool,
    last: Mutex<Option<Checked>>,
}

#[derive(Debug)]
struct Checked {
    at: Instant,
    /// Why it is not ready.
    reason: Option<String>,
}

impl Readiness {
    /// From now on the server is not ready.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
    }

    /// Why no request can be carried out; `None` if it can.
    pub async fn reason(&self, runtime: &Runtime) -> Option<String> {
        if self.is_stopping.load(Ordering::SeqCst) {
            return Some("it is shutting down".to_owned());
        }
        // Held while the database is asked, so that it is asked once.
        let mut last = self.last.lock().await;
        match &*last {
            Some(checked) if checked.at.elapsed() < CHECK_INTERVAL => checked.reason.clone(),
            _ => {
                let reason = check(runtime).await;
                *last = Some(Checked { at: Instant::now(), reason: reason.clone() });
                reason
            }
        }
    }
}

async fn check(runtime: &Runtime) -> Option<String> {
    let Ok(checked) = tokio::time::timeout(CHECK_PATIENCE, runtime.check()).await else {
        return Some(format!("the database did not answer within {} seconds", CHECK_PATIENCE.as_secs()));
    };
    let error = checked.err()?;
    tracing::warn!(%error, "the server is not ready");
    Some(match error {
        Error::ShuttingDown => "it is shutting down".to_owned(),
        Error::Store(fault @ (StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))) => fault.to_string(),
        // What it says belongs in the log.
        _ => "the database failed".to_owned(),
    })
}
