//! The connection of someone who needs one for good: made when it is needed, and again when it is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::connection::{Connection, Connector, Purpose};
use super::failure::Failure;
use crate::metrics::StoreMetrics;

/// How long nobody tries after a try that failed; doubled with each further one.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Line {
    connector: Connector,
    purpose: Purpose,
    connection: Option<Connection>,
    /// Why the last try failed, and when the next one may be made.
    failed: Option<(String, Instant)>,
    pause: Duration,
    metrics: Arc<StoreMetrics>,
}

impl Line {
    pub fn new(connector: &Connector, purpose: Purpose, metrics: &Arc<StoreMetrics>) -> Line {
        let (connector, metrics) = (connector.clone(), metrics.clone());
        Line { connector, purpose, connection: None, failed: None, pause: PAUSE_MIN, metrics }
    }

    /// # Errors
    /// `Failure::Unavailable` at once while a pause lasts.
    pub async fn connection(&mut self) -> Result<&mut Connection, Failure> {
        if self.connection.as_ref().is_some_and(Connection::is_closed) {
            self.hang_up();
        }
        if self.connection.is_none() {
            self.connection = Some(self.connect().await?);
            self.metrics.connections.increment();
        }
        Ok(self.connection.as_mut().expect("it was just made sure of"))
    }

    /// It is of no use any more.
    pub fn hang_up(&mut self) {
        if self.connection.take().is_some() {
            self.metrics.connections.decrement();
        }
    }

    async fn connect(&mut self) -> Result<Connection, Failure> {
        if let Some((why, until)) = &self.failed
            && Instant::now() < *until
        {
            return Err(Failure::Unavailable(why.clone()));
        }
        match self.connector.connect(self.purpose).await {
            Ok(connection) => {
                if self.failed.take().is_some() {
                    tracing::info!(database = %self.connector.url(), "connected again");
                }
                self.pause = PAUSE_MIN;
                Ok(connection)
            }
            Err(failure) => {
                let why = failure.to_string();
                tracing::warn!(database = %self.connector.url(), why, "no connection to the database");
                self.failed = Some((why.clone(), Instant::now() + self.pause));
                self.pause = (self.pause * 2).min(PAUSE_MAX);
                Err(Failure::Unavailable(why))
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.hang_up();
    }
}
