//! One connection: made, set up, with its prepared statements, and pipelines over it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use query::{SqlValue, Statement as Text};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, CancelToken, Client, NoTls, Statement};

use super::capabilities::Capabilities;
use super::cell::Bind;
use super::dial::dial;
use super::failure::Failure;
use super::outage::Outage;
use super::tls;
use super::url::PostgresUrl;
use super::wire::{Call, Wire};
use crate::abort_on_panic::AbortOnPanic;

/// Statements that one connection keeps prepared; reaching it forgets all of them.
const STATEMENTS_PREPARED_MAX: usize = 512;

/// How long a server may take from the first byte to a connection that is set up.
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Short statements by keys and along indexes.
    Keys,
    /// Queries of any shape.
    Queries,
    /// Changes of the schema, which may take long.
    Migrations,
}

/// Makes connections to one database.
#[derive(Clone)]
pub struct Connector {
    url: Arc<PostgresUrl>,
    tls: tokio_postgres_rustls::MakeRustlsConnect,
    outage: Arc<Outage>,
}

pub struct Connection {
    client: Client,
    pub capabilities: Capabilities,
    statements: HashMap<String, Statement>,
}

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, tokio_postgres::Error>> + Send + 'a>>;

impl Connector {
    /// # Errors
    /// A text that says why TLS cannot be had as it was asked for.
    pub fn new(url: PostgresUrl) -> Result<Connector, String> {
        let tls = tls::connector(&url.trust)?;
        Ok(Connector { url: Arc::new(url), tls, outage: Arc::default() })
    }

    pub fn url(&self) -> &PostgresUrl {
        &self.url
    }

    pub fn outage(&self) -> &Outage {
        &self.outage
    }

    pub async fn connect(&self, purpose: Purpose) -> Result<Connection, Failure> {
        tokio::time::timeout(GREETING_TIMEOUT, self.greet(purpose)).await.unwrap_or_else(|_| Err(silent()))
    }

    /// One whose pipelines are a message each.
    pub async fn dial(&self, purpose: Purpose) -> Result<Wire, Failure> {
        let mut failure = Failure::Lost("there is no host".to_owned());
        for n in 0..self.url.config.get_hosts().len() {
            let greeted = tokio::time::timeout(GREETING_TIMEOUT, self.greet_host(purpose, n)).await;
            match greeted.unwrap_or_else(|_| Err(silent())) {
                Ok(wire) => return Ok(wire),
                Err(other) => failure = other,
            }
        }
        Err(failure)
    }

    async fn greet_host(&self, purpose: Purpose, n: usize) -> Result<Wire, Failure> {
        let (stream, capabilities) = dial(&self.url.config, &self.tls, n).await?;
        let mut wire = Wire::over(stream);
        let wanted = match self.url.config.get_target_session_attrs() {
            TargetSessionAttrs::ReadWrite => Some(&b"off"[..]),
            TargetSessionAttrs::ReadOnly => Some(&b"on"[..]),
            _ => None,
        };
        if let Some(wanted) = wanted {
            let show = wire.prepare(std::iter::once("SHOW transaction_read_only")).await?;
            let answers = wire.run(&[Call { statement: &show[0], values: Vec::new() }]).await?;
            let mut rows = answers.iter().flat_map(|answer| &answer.rows);
            if !rows.any(|row| row.cells() == Ok([wanted])) {
                return Err(Failure::Lost("the server is not one that was asked for".to_owned()));
            }
        }
        wire.plain(&capabilities.settings(purpose).join("; ")).await?;
        Ok(wire)
    }

    async fn greet(&self, purpose: Purpose) -> Result<Connection, Failure> {
        let (client, capabilities) = if self.url.config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = self.url.config.connect(NoTls).await?;
            (client, drive(connection))
        } else {
            let (client, connection) = self.url.config.connect(self.tls.clone()).await?;
            (client, drive(connection))
        };
        Connection::set_up(client, capabilities, purpose).await
    }

    /// A connection whose messages of the server are heard; they end with it.
    pub async fn listen(&self) -> Result<(Client, mpsc::UnboundedReceiver<AsyncMessage>), Failure> {
        let (sender, receiver) = mpsc::unbounded_channel();
        if self.url.config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = self.url.config.connect(NoTls).await?;
            hear(connection, sender);
            return Ok((client, receiver));
        }
        let (client, connection) = self.url.config.connect(self.tls.clone()).await?;
        hear(connection, sender);
        Ok((client, receiver))
    }

    /// Stops what runs on a connection.
    pub async fn cancel(&self, token: &CancelToken) {
        let cancelled = match self.url.config.get_ssl_mode() {
            SslMode::Disable => token.cancel_query(NoTls).await,
            _ => token.cancel_query(self.tls.clone()).await,
        };
        if let Err(error) = cancelled {
            tracing::debug!(%error, "a query could not be stopped");
        }
    }
}

fn silent() -> Failure {
    Failure::Lost(format!("the server did not answer within {} seconds", GREETING_TIMEOUT.as_secs()))
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Runs the protocol of a connection until either side has gone. Answers what the server has said of itself.
fn drive<S, T>(connection: tokio_postgres::Connection<S, T>) -> Capabilities
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let capabilities = Capabilities::of(|name| connection.parameter(name));
    tokio::spawn(async move {
        let _loud = AbortOnPanic;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the database has ended");
        }
    });
    capabilities
}

/// Runs the protocol of a connection that listens.
fn hear<S, T>(mut connection: tokio_postgres::Connection<S, T>, sender: mpsc::UnboundedSender<AsyncMessage>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        let _loud = AbortOnPanic;
        while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
}

impl Connection {
    /// One round trip.
    async fn set_up(client: Client, capabilities: Capabilities, purpose: Purpose) -> Result<Connection, Failure> {
        client.batch_execute(&capabilities.settings(purpose).join("; ")).await?;
        Ok(Connection { client, capabilities, statements: HashMap::new() })
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The statements of these texts; all that are new are prepared in one round trip.
    pub async fn prepare<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> Result<Vec<Statement>, Failure> {
        let texts: Vec<&str> = texts.into_iter().collect();
        if self.statements.len() + texts.len() > STATEMENTS_PREPARED_MAX {
            self.statements.clear();
        }
        let mut new: Vec<&str> = texts.iter().copied().filter(|text| !self.statements.contains_key(*text)).collect();
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            let client = &self.client;
            let preparing = new.iter().map(|text| Box::pin(client.prepare(text)) as Answer<'_, Statement>);
            let prepared = in_order(preparing.collect()).await;
            for (text, statement) in new.into_iter().zip(prepared) {
                self.statements.insert(text.to_owned(), statement?);
            }
        }
        Ok(texts.into_iter().map(|text| self.statements[text].clone()).collect())
    }

    pub async fn prepare_one(&mut self, text: &str) -> Result<Statement, Failure> {
        if let Some(statement) = self.statements.get(text) {
            return Ok(statement.clone());
        }
        Ok(self.prepare([text]).await?.remove(0))
    }

    /// How many rows it touched. Sent when it is polled first.
    pub fn execute<'a>(
        &'a self,
        statement: &'a Statement,
        parameters: &'a [&'a (dyn ToSql + Sync)],
    ) -> Answer<'a, u64> {
        Box::pin(self.client.execute(statement, parameters))
    }

    /// Leaves it without a transaction, or of no use.
    pub async fn roll_back(&self) {
        if let Err(error) = self.plain("ROLLBACK").await {
            tracing::debug!(%error, "a transaction could not be rolled back; the server does it");
        }
    }

    /// Without parameters and answer.
    pub fn plain<'a>(&'a self, text: &'a str) -> Answer<'a, ()> {
        Box::pin(self.client.batch_execute(text))
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("capabilities", &self.capabilities).finish_non_exhaustive()
    }
}

/// The binds of a statement that was built as data.
pub fn binds(text: &Text) -> Vec<Bind<'_>> {
    text.binds.iter().map(|value: &SqlValue| Bind(value)).collect()
}

pub fn parameters<T: ToSql + Sync>(values: &[T]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// A pipeline: sends all before it waits for the first answer.
pub async fn in_order<T>(mut pending: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut is_complete = true;
        for (future, answer) in pending.iter_mut().zip(&mut answers) {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(done) => *answer = Some(done),
                    Poll::Pending => is_complete = false,
                }
            }
        }
        if is_complete { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().map(|answer| answer.expect("all are answered")).collect()
}
