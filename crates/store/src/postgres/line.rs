//! The connection of someone who needs one for good: made when it is needed, and again when it is lost.

use std::sync::Arc;

use super::connection::{Connection, Connector, Purpose};
use super::failure::Failure;
use super::wire::Wire;
use crate::metrics::StoreMetrics;

/// Tries in a row that may fail while others reach the database.
const TRIES_MAX: u32 = 3;

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
    metrics: Arc<StoreMetrics>,
}

impl<L: Link> Line<L> {
    pub fn new(connector: &Connector, purpose: Purpose, metrics: &Arc<StoreMetrics>) -> Line<L> {
        let (connector, metrics) = (connector.clone(), metrics.clone());
        Line { connector, purpose, connection: None, metrics }
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

    async fn connect(&self) -> Result<L, Failure> {
        let outage = self.connector.outage();
        let mut tries = 0;
        loop {
            let attempt = outage.begin().map_err(Failure::Unavailable)?;
            tries += 1;
            match L::make(&self.connector, self.purpose).await {
                Ok(connection) => {
                    if outage.end() {
                        tracing::info!(database = %self.connector.url(), "connected again");
                    }
                    return Ok(connection);
                }
                Err(failure) => {
                    let why = failure.to_string();
                    tracing::warn!(database = %self.connector.url(), why, "no connection to the database");
                    if outage.failed(attempt, &why) || tries == TRIES_MAX {
                        return Err(Failure::Unavailable(why));
                    }
                }
            }
        }
    }
}

impl<L: Link> Drop for Line<L> {
    fn drop(&mut self) {
        self.hang_up();
    }
}
