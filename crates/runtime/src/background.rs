//! Tasks that live as long as the runtime: each has a name and ends when the runtime shuts down.
//!
//! A panic in one of them would leave a server that looks healthy and does half its work, so it ends the process.

use std::future::Future;
use std::sync::Mutex;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Default)]
pub(crate) struct Background {
    tasks: Mutex<Vec<JoinHandle<()>>>,
    stop: CancellationToken,
}

impl Background {
    /// Runs until it ends by itself or the runtime shuts down; dropped at an await then.
    pub(crate) fn start(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        let inner = tokio::spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
        let watched = tokio::spawn(async move {
            if let Err(error) = inner.await
                && error.is_panic()
            {
                tracing::error!(task = name, "a background task panicked; the process stops");
                std::process::abort();
            }
        });
        self.tasks.lock().expect("no holder of this lock panics").push(watched);
    }

    /// Stops all and waits for them.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        let tasks = std::mem::take(&mut *self.tasks.lock().expect("no holder of this lock panics"));
        for task in tasks {
            let _ = task.await;
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
