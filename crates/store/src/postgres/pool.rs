//! Connections for reads, lent to one read at a time.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metric::Counted;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::connection::{Connection, Connector, Purpose};
use super::failure::{Failure, Progress};
use super::line::Line;
use crate::StoreError;
use crate::metrics::StoreMetrics;

/// Reads that wait for a connection.
const WAITING_MAX: usize = 10_000;

#[derive(Debug)]
pub struct Pool {
    connector: Connector,
    free: Semaphore,
    lines: Mutex<Vec<Line>>,
    metrics: Arc<StoreMetrics>,
}

/// A connection in use. Dropped before `end`, what runs on it is stopped and it is not used again.
struct Lent<'p> {
    pool: &'p Pool,
    line: Option<Line>,
    is_running: Option<tokio_postgres::CancelToken>,
    _permit: SemaphorePermit<'p>,
    _in_use: Counted<'p>,
}

/// What a read does with a connection.
pub type Read<'c, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'c>>;

impl Pool {
    pub fn new(connector: &Connector, purpose: Purpose, connections: usize, metrics: &Arc<StoreMetrics>) -> Pool {
        let lines = (0..connections).map(|_| Line::new(connector, purpose, metrics)).collect();
        Pool {
            connector: connector.clone(),
            free: Semaphore::new(connections),
            lines: Mutex::new(lines),
            metrics: metrics.clone(),
        }
    }

    /// Reads twice more at most if the connection was lost. A read that is dropped is stopped at the server.
    pub async fn read<T>(&self, read: impl for<'c> Fn(&'c mut Connection) -> Read<'c, T>) -> Result<T, StoreError> {
        let mut lent = self.lend().await?;
        let mut attempts = 0;
        let outcome = loop {
            attempts += 1;
            let outcome = lent.run(&read).await;
            match outcome {
                Err(Failure::Lost(_) | Failure::Collision(_)) if attempts < 3 => {}
                other => break other,
            }
        };
        lent.end();
        outcome.map_err(|failure| failure.at(Progress::Open))
    }

    async fn lend(&self) -> Result<Lent<'_>, StoreError> {
        if self.metrics.queries_waiting.get() >= WAITING_MAX {
            return Err(StoreError::Unavailable("too many queries wait".to_owned()));
        }
        let waiting = self.metrics.queries_waiting.count();
        let permit = self.free.acquire().await.map_err(|_| StoreError::Unavailable("it is closed".to_owned()))?;
        drop(waiting);
        let line = self.lock().pop().expect("there are as many lines as permits");
        Ok(Lent {
            pool: self,
            line: Some(line),
            is_running: None,
            _permit: permit,
            _in_use: self.metrics.connections_in_use.count(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent<'_> {
    async fn run<T>(&mut self, read: &impl for<'c> Fn(&'c mut Connection) -> Read<'c, T>) -> Result<T, Failure> {
        let line = self.line.as_mut().expect("it is there until the end");
        let connection = line.connection().await?;
        self.is_running = Some(connection.cancel_token());
        let outcome = read(connection).await;
        self.is_running = None;
        if let Err(Failure::Lost(_)) = &outcome {
            line.hang_up();
        }
        outcome
    }

    fn end(mut self) {
        self.give_back();
    }

    fn give_back(&mut self) {
        if let Some(line) = self.line.take() {
            self.pool.lock().push(line);
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.is_running.take() {
            if let Some(line) = &mut self.line {
                line.hang_up();
            }
            let connector = self.pool.connector.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { connector.cancel(&token).await });
            }
        }
        // Before the permit is.
        self.give_back();
    }
}
