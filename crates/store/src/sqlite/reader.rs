//! Connections for reading.
//!
//! Point reads run where they are asked for, on a connection that is checked out: a change of threads costs more than
//! they do. Queries of any shape run on threads of their own. A connection is opened when it is first needed: each holds
//! the schema in memory. A database in memory has neither: its reads go through the writer's queue. What was read is
//! answered once all that it can have seen is durable.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use query::{SqlValue, Statement};
use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::connection::{Purpose, configure, open_file};
use super::durability::Durability;
use super::queue::{Message, WriterQueue};
use super::select::{SelectWatch, WaitedFor, select, waiting};
use crate::StoreError;
use crate::abort_on_panic::AbortOnPanic;
use crate::metrics::StoreMetrics;

/// Point reads at one time.
const POINT_READERS: usize = 2;
/// Queries at one time.
const SELECT_READERS: usize = 2;
/// Queries that wait for a thread; more are refused.
const SELECTS_WAITING_MAX: usize = 10_000;

type Rows = Result<Vec<Vec<SqlValue>>, StoreError>;

pub enum Readers {
    File(FileReaders),
    Memory { writer: WriterQueue, watch: SelectWatch },
}

pub struct FileReaders {
    file: ReadFile,
    free: Semaphore,
    /// Those that were opened and are not in use.
    connections: Mutex<Vec<Connection>>,
    selects: Arc<SelectQueue>,
    threads: Vec<JoinHandle<()>>,
    durability: Arc<Durability>,
}

/// What connections are opened to.
#[derive(Clone, Debug)]
struct ReadFile {
    path: PathBuf,
    vfs: Option<String>,
}

/// A connection of a thread.
struct SelectReader {
    connection: Connection,
    watch: SelectWatch,
}

struct SelectQueue {
    metrics: Arc<StoreMetrics>,
    state: Mutex<SelectQueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct SelectQueueState {
    waiting: VecDeque<SelectJob>,
    /// Not more than were ever needed at one time.
    idle: Vec<SelectReader>,
    is_closed: bool,
}

struct SelectJob {
    statement: Statement,
    waited_for: WaitedFor,
    reply: oneshot::Sender<Rows>,
}

impl Readers {
    /// A short read by keys.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Readers::File(readers) => readers.read(read).await,
            Readers::Memory { writer, .. } => {
                let (reply, answer) = oneshot::channel();
                writer.push(Message::Read(Box::new(move |connection| {
                    let _ = reply.send(read(connection));
                })))?;
                answer.await.unwrap_or_else(|_| Err(closed()))
            }
        }
    }

    /// A query; it stops when the future is dropped.
    pub async fn select(&self, statement: Statement) -> Rows {
        let (_waiting, waited_for) = waiting();
        let (reply, answer) = oneshot::channel();
        match self {
            Readers::File(readers) => readers.selects.push(SelectJob { statement, waited_for, reply })?,
            Readers::Memory { writer, watch } => {
                let watch = watch.clone();
                writer.push(Message::Read(Box::new(move |connection| {
                    let _ = reply.send(select(connection, &watch, &statement, waited_for));
                })))?;
            }
        }
        let rows = answer.await.unwrap_or_else(|_| Err(closed()));
        if let Readers::File(readers) = self {
            readers.durability.settled().await;
        }
        rows
    }
}

impl FileReaders {
    pub fn open(
        path: &Path,
        vfs: Option<&str>,
        durability: &Arc<Durability>,
        metrics: &Arc<StoreMetrics>,
    ) -> Result<FileReaders, StoreError> {
        let file = ReadFile { path: path.to_owned(), vfs: vfs.map(str::to_owned) };
        let selects = Arc::new(SelectQueue::new(metrics.clone()));
        let mut readers = FileReaders {
            file: file.clone(),
            free: Semaphore::new(POINT_READERS),
            connections: Mutex::default(),
            selects: selects.clone(),
            threads: Vec::new(),
            durability: durability.clone(),
        };
        for n in 0..SELECT_READERS {
            let (queue, file) = (selects.clone(), file.clone());
            let thread = std::thread::Builder::new()
                .name(format!("sqlite-reader-{n}"))
                .spawn(move || {
                    let _loud = AbortOnPanic;
                    queue.work(&file);
                })
                .map_err(|error| StoreError::Unavailable(format!("no thread for a reader: {error}")))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    async fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let permit = self.free.acquire().await.map_err(|_| closed())?;
        let idle = self.lock().pop();
        let connection = idle.map_or_else(|| self.file.open(), Ok)?;
        let result = read(&connection);
        self.lock().push(connection);
        drop(permit);
        self.durability.settled().await;
        result
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReadFile {
    fn open(&self) -> Result<Connection, StoreError> {
        let connection = open_file(&self.path, Purpose::Read, self.vfs.as_deref())?;
        configure(&connection, Purpose::Read)?;
        Ok(connection)
    }
}

impl SelectReader {
    fn open(file: &ReadFile) -> Result<SelectReader, StoreError> {
        let mut reader = SelectReader { connection: file.open()?, watch: SelectWatch::default() };
        reader.watch.install(&mut reader.connection)?;
        Ok(reader)
    }

    fn select(&self, statement: &Statement, waited_for: WaitedFor) -> Rows {
        select(&self.connection, &self.watch, statement, waited_for)
    }
}

impl Drop for FileReaders {
    fn drop(&mut self) {
        self.selects.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl SelectQueue {
    fn new(metrics: Arc<StoreMetrics>) -> SelectQueue {
        SelectQueue { metrics, state: Mutex::default(), changed: Condvar::new() }
    }

    fn push(&self, job: SelectJob) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.waiting.len() >= SELECTS_WAITING_MAX {
            return Err(StoreError::Unavailable("too many queries wait".to_owned()));
        }
        state.waiting.push_back(job);
        self.metrics.queries_waiting.set(state.waiting.len());
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Answers queries until the queue is closed.
    fn work(&self, file: &ReadFile) {
        while let Some(SelectJob { statement, waited_for, reply }) = self.next() {
            if waited_for.has_gone() {
                continue;
            }
            let idle = self.lock().idle.pop();
            let rows = idle.map_or_else(|| SelectReader::open(file), Ok).and_then(|reader| {
                let rows = reader.select(&statement, waited_for);
                self.lock().idle.push(reader);
                rows
            });
            let _ = reply.send(rows);
        }
    }

    fn next(&self) -> Option<SelectJob> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.waiting.pop_front() {
                self.metrics.queries_waiting.set(state.waiting.len());
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, SelectQueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}
