//! A connection over which a whole pipeline is one message to the server, and its answers are one message back.
//!
//! `tokio-postgres` has the server answer each statement by itself: for a batch of twenty these are as many packets,
//! wake-ups and system calls on either side. Here one synchronisation follows all of them, and what stands behind a
//! statement that fails is not executed. Whoever waits for the answers reads them: no other task is woken for it.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio_postgres::types::{ToSql, Type};

use super::dial::Stream;
use super::failure::Failure;
use super::message::{self, Message, Row};

/// Statements that one connection keeps prepared; reaching it forgets all of them.
const STATEMENTS_PREPARED_MAX: usize = 512;
/// Bytes that can be read at once, at least.
const INPUT_ROOM: usize = 8 << 10;
/// What a pipeline leaves of its buffer for the next one.
const OUTPUT_KEPT_MAX: usize = 1 << 20;

pub struct Wire {
    stream: Box<dyn Stream>,
    output: BytesMut,
    input: BytesMut,
    statements: HashMap<String, Arc<Prepared>>,
    /// How many names were given.
    named: u64,
    is_in_transaction: bool,
    /// Something was not answered to its end, or the server has gone.
    is_broken: bool,
}

#[derive(Debug)]
pub struct Prepared {
    name: String,
    pub parameters: Vec<Type>,
    /// Of the rows that it answers.
    pub columns: Vec<Type>,
}

/// A statement with its values.
#[derive(Debug)]
pub struct Call<'a> {
    pub statement: &'a Prepared,
    pub values: Vec<&'a (dyn ToSql + Sync)>,
}

/// What a statement has answered.
#[derive(Debug, Default)]
pub struct Answer {
    pub rows: Vec<Row>,
    /// How many rows it touched.
    pub count: u64,
}

impl Wire {
    pub fn over(stream: Box<dyn Stream>) -> Wire {
        Wire {
            stream,
            output: BytesMut::new(),
            input: BytesMut::new(),
            statements: HashMap::new(),
            named: 0,
            is_in_transaction: false,
            is_broken: false,
        }
    }

    /// Whether the server has ended it, as far as that can be known without asking.
    pub fn is_closed(&mut self) -> bool {
        // It says nothing by itself but that it goes, and notices that nobody waits for.
        let read = pin!(self.stream.read_buf(&mut self.input));
        let heard = read.poll(&mut Context::from_waker(Waker::noop()));
        self.is_broken |= match heard {
            Poll::Pending | Poll::Ready(Ok(1..)) => false,
            Poll::Ready(Ok(0) | Err(_)) => true,
        };
        while let Ok(Some(message)) = Message::take(&mut self.input) {
            self.is_broken |= matches!(message, Message::Failure(_));
        }
        self.is_broken
    }

    /// Without values and answer.
    pub async fn plain(&mut self, text: &str) -> Result<(), Failure> {
        self.output.clear();
        message::query(text, &mut self.output);
        self.exchange().await.map(drop)
    }

    /// The statements of these texts; all that are new are prepared in one round trip.
    pub async fn prepare<'t>(
        &mut self,
        texts: impl Iterator<Item = &'t str> + Clone,
    ) -> Result<Vec<Arc<Prepared>>, Failure> {
        let known: Option<Vec<_>> = texts.clone().map(|text| self.statements.get(text).cloned()).collect();
        if let Some(known) = known {
            return Ok(known);
        }
        let new = self.prepare_new(texts.clone().collect()).await?;
        let prepared = |text: &str| new.get(text).or_else(|| self.statements.get(text)).cloned();
        let all: Option<Vec<_>> = texts.map(prepared).collect();
        self.statements.extend(new);
        all.ok_or_else(|| Failure::Failed("a statement was not prepared".to_owned()))
    }

    async fn prepare_new(&mut self, mut texts: Vec<&str>) -> Result<HashMap<String, Arc<Prepared>>, Failure> {
        self.output.clear();
        texts.sort_unstable();
        texts.dedup();
        if self.statements.len() + texts.len() > STATEMENTS_PREPARED_MAX {
            let old = self.statements.drain();
            old.for_each(|(_, old)| message::close_statement(&old.name, &mut self.output));
        }
        texts.retain(|text| !self.statements.contains_key(*text));
        let names: Vec<String> = texts.iter().zip(self.named..).map(|(_, number)| format!("s{number}")).collect();
        self.named += names.len() as u64;
        for (text, name) in texts.iter().zip(&names) {
            message::parse(name, text, &mut self.output);
            message::describe_statement(name, &mut self.output);
        }
        message::synchronise(&mut self.output);
        let mut described: Vec<(Vec<u32>, Vec<u32>)> = Vec::with_capacity(texts.len());
        for message in self.exchange().await? {
            match (message, described.last_mut()) {
                (Message::Parameters(types), _) => described.push((types, Vec::new())),
                (Message::Columns(types), Some((_, columns))) => *columns = types,
                _ => {}
            }
        }
        let mut prepared = HashMap::with_capacity(texts.len());
        for ((text, name), (parameters, columns)) in texts.into_iter().zip(names).zip(described) {
            let known = |types: Vec<u32>| -> Result<Vec<Type>, Failure> {
                let types: Option<Vec<Type>> = types.into_iter().map(Type::from_oid).collect();
                types.ok_or_else(|| Failure::Failed(format!("a value of an unknown type: {text}")))
            };
            let one = Prepared { name, parameters: known(parameters)?, columns: known(columns)? };
            prepared.insert(text.to_owned(), Arc::new(one));
        }
        Ok(prepared)
    }

    /// Executes all, in order and up to the first that fails. A value that cannot be bound has none of them sent.
    pub async fn run(&mut self, calls: &[Call<'_>]) -> Result<Vec<Answer>, Failure> {
        self.output.clear();
        for call in calls {
            call.encode(&mut self.output)?;
        }
        message::synchronise(&mut self.output);
        let mut answers = Vec::with_capacity(calls.len());
        let mut rows = Vec::new();
        for message in self.exchange().await? {
            match message {
                Message::Row(row) => rows.push(row),
                Message::Complete(count) => answers.push(Answer { rows: std::mem::take(&mut rows), count }),
                _ => {}
            }
        }
        match answers.len() == calls.len() {
            true => Ok(answers),
            false => Err(Failure::Failed(format!("{} of {} statements were answered", answers.len(), calls.len()))),
        }
    }

    /// Leaves the connection without a transaction, or of no use.
    pub async fn roll_back(&mut self) {
        if self.is_in_transaction
            && !self.is_broken
            && let Err(failure) = self.plain("ROLLBACK").await
        {
            tracing::debug!(%failure, "a transaction could not be rolled back; the server does it");
            self.is_broken = true;
        }
    }

    /// Sends what is in `output`, and answers what the server says until it is ready again.
    async fn exchange(&mut self) -> Result<Vec<Message>, Failure> {
        // Until then, even if nobody waits for it.
        self.is_broken = true;
        let mut messages = Vec::new();
        let mut failure = None;
        loop {
            match std::future::poll_fn(|context| self.poll_exchange(context)).await {
                Ok(Message::Ready { is_in_transaction }) => {
                    self.is_in_transaction = is_in_transaction;
                    self.is_broken = matches!(failure, Some(Failure::Lost(_)));
                    if self.output.capacity() > OUTPUT_KEPT_MAX {
                        self.output = BytesMut::new();
                    }
                    return failure.map_or(Ok(messages), Err);
                }
                Ok(Message::Failure(told)) => failure = failure.or(Some(told)),
                Ok(message) => messages.push(message),
                // What it has said before is why it has gone.
                Err(lost) => {
                    return Err(Failure::Lost(failure.map_or_else(|| lost.to_string(), |told| told.to_string())));
                }
            }
        }
    }

    /// Writes and reads at the same time: a server whose answers nobody takes takes nothing more either.
    fn poll_exchange(&mut self, context: &mut Context<'_>) -> Poll<Result<Message, Failure>> {
        while !self.output.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, &self.output)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into())),
                Poll::Ready(written) => self.output.advance(written),
                Poll::Pending => break,
            }
        }
        // If it is not done it goes on when there is room.
        let _: Poll<()> = Pin::new(&mut self.stream).poll_flush(context)?;
        loop {
            if let Some(message) = Message::take(&mut self.input)? {
                return Poll::Ready(Ok(message));
            }
            self.input.reserve(INPUT_ROOM);
            let read = pin!(self.stream.read_buf(&mut self.input));
            match read.poll(context)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())),
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("statements", &self.statements.len()).finish_non_exhaustive()
    }
}

impl Call<'_> {
    fn encode(&self, output: &mut BytesMut) -> Result<(), Failure> {
        let Prepared { name, parameters, columns: _ } = self.statement;
        if parameters.len() != self.values.len() {
            let (values, wanted) = (self.values.len(), parameters.len());
            return Err(Failure::Failed(format!("{values} values for {wanted} parameters")));
        }
        message::bind(name, &self.values, parameters, output).map_err(|error| Failure::Failed(error.to_string()))?;
        message::execute(output);
        Ok(())
    }
}
