//! The connection of someone who needs one for good: made when it is needed, and again when it is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::connection::{Connection, Connector, Purpose};
use super::failure::Failure;
use super::wire::Wire;
use crate::metrics::StoreMetrics;

/// How long nobody tries after a try that failed; doubled with each further one.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What a line is made of.
pub trait Link: Sized + Send {
    fn make(connector: &Connector, purpose: Purpose) -> impl Future<Output = Result<Self, Failure>> + Send;
    fn is_closed(&mut self) -> bool;
}

impl Link for Connection {
    async fn make(connector: &Connector, purpose: Purpose) -> Result<Connection, Failure> {
        connector.connect(purpose).await
    }

    fn is_closed(&mut self) -> bool {
        Connection::is_closed(self)
    }
}

impl Link for Wire {
    async fn make(connector: &Connector, purpose: Purpose) -> Result<Wire, Failure> {
        connector.dial(purpose).await
    }

    fn is_closed(&mut self) -> bool {
        Wire::is_closed(self)
    }
}

#[derive(Debug)]
pub struct Line<L: Link = Connection> {
    connector: Connector,
    purpose: Purpose,
    connection: Option<L>,
    /// Why the last try failed, and when the next one may be made.
    failed: Option<(String, Instant)>,
    pause: Duration,
    metrics: Arc<StoreMetrics>,
}

impl<L: Link> Line<L> {
    pub fn new(connector: &Connector, purpose: Purpose, metrics: &Arc<StoreMetrics>) -> Line<L> {
        let (connector, metrics) = (connector.clone(), metrics.clone());
        Line { connector, purpose, connection: None, failed: None, pause: PAUSE_MIN, metrics }
    }

    /// # Errors
    /// `Failure::Unavailable` at once while a pause lasts.
    pub async fn connection(&mut self) -> Result<&mut L, Failure> {
        if self.connection.as_mut().is_some_and(L::is_closed) {
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

    async fn connect(&mut self) -> Result<L, Failure> {
        if let Some((why, until)) = &self.failed
            && Instant::now() < *until
        {
            return Err(Failure::Unavailable(why.clone()));
        }
        match L::make(&self.connector, self.purpose).await {
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

impl<L: Link> Drop for Line<L> {
    fn drop(&mut self) {
        self.hang_up();
    }
}
