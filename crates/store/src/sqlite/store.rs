//! The store itself: opens a database, hands work to the writer and reads to the readers.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use engine::Snapshot;
use query::{SqlValue, Statement};
use rusqlite::Connection;
use tokio::sync::oneshot;
use types::ProcessInstanceId;
use vfs_layer::OpenLog;

use super::batch::{Commits, Writer};
use super::checkpoint::{CHECKPOINT_PAGES, Checkpoints};
use super::connection::{DatabaseUrl, Purpose, configure, make_durable, open_file};
use super::durability::Durability;
use super::gathering;
use super::load::{load, locate};
use super::lock_file::{LockFile, beside};
use super::migration::{check_identity, check_schema, migrate, newest_version};
use super::queue::{Message, Unit, UnitDone, WriterInbox, WriterQueue, writer_queue};
use super::reader::{FileReaders, Readers};
use super::select::SelectWatch;
use super::syncer::Syncer;
use super::visible_variables::with_variables;
use crate::abort_on_panic::AbortOnPanic;
use crate::claimed::{locked, remembered};
use crate::error::OpenError;
use crate::metrics::StoreMetrics;
use crate::work::{ExpectedStatement, LocatedBy, Remembered, Work, WorkDone};
use crate::{Pending, Store, StoreError};

/// How to open a database besides where it is.
#[derive(Clone, Debug, Default)]
pub struct SqliteOptions {
    /// SQLite's layer above the file system; the default one of the platform if none is given.
    pub vfs: Option<String>,
    /// Pages in the write-ahead log before they are copied into the database.
    pub checkpoint_pages: Option<u32>,
}

/// A database of one server. Dropping it finishes the work in hand.
pub struct SqliteStore {
    queue: WriterQueue,
    readers: Arc<Readers>,
    durability: Arc<Durability>,
    metrics: Arc<StoreMetrics>,
    writer: Option<JoinHandle<()>>,
    _lock: Option<LockFile>,
}

/// What the writer works with.
struct Writing {
    connection: Connection,
    checkpoints: Checkpoints,
    commits: Commits,
    inbox: WriterInbox,
}

/// Of a file whose log is open: a connection has read from it.
fn start_syncer(
    path: &Path,
    vfs: Option<&str>,
    durability: &Arc<Durability>,
    queue: &WriterQueue,
    metrics: &Arc<StoreMetrics>,
) -> Result<Syncer, StoreError> {
    let log = OpenLog::open(vfs, &beside(path, "-wal"))
        .map_err(|refusal| StoreError::Unavailable(format!("its write-ahead log cannot be opened: {refusal}")))?;
    Syncer::start(log, durability.clone(), queue.clone(), metrics.clone())
}

impl SqliteStore {
    /// `sqlite:PATH` or `sqlite::memory:`. A file that is not there is created; an older one is migrated.
    pub fn open(url: &str) -> Result<SqliteStore, OpenError> {
        SqliteStore::open_with(&url.parse()?, &SqliteOptions::default())
    }

    pub fn open_with(url: &DatabaseUrl, options: &SqliteOptions) -> Result<SqliteStore, OpenError> {
        let unusable = |error: StoreError| OpenError::Unusable { path: url.name(), why: error.to_string() };
        let metrics = Arc::new(StoreMetrics::default());
        let (queue, inbox) = writer_queue(&metrics);
        match url {
            DatabaseUrl::File(path) => {
                let lock = LockFile::acquire(path)?;
                let vfs = options.vfs.as_deref();
                let gathering = gathering::above(vfs);
                let writer_vfs = gathering.as_deref().or(vfs);
                let mut connection = open_file(path, Purpose::Write, writer_vfs).map_err(unusable)?;
                check_identity(&connection, &url.name())?;
                configure(&connection, Purpose::Write).map_err(unusable)?;
                make_durable(&connection).map_err(unusable)?;
                migrate(&mut connection, &url.name())?;
                let interval = options.checkpoint_pages.unwrap_or(CHECKPOINT_PAGES);
                let checkpoints = Checkpoints::of(&mut connection, path, vfs, interval).map_err(unusable)?;
                let durability = Arc::new(Durability::default());
                let readers = FileReaders::open(path, vfs, &durability, &metrics).map_err(unusable)?;
                let syncer = start_syncer(path, vfs, &durability, &queue, &metrics).map_err(unusable)?;
                let commits = Commits { durability, syncer: Some(syncer) };
                let writing = Writing { connection, checkpoints, commits, inbox };
                SqliteStore::start(writing, queue, metrics, Readers::File(readers), Some(lock)).map_err(unusable)
            }
            DatabaseUrl::Memory => {
                let mut connection = Connection::open_in_memory().map_err(|error| unusable(error.into()))?;
                configure(&connection, Purpose::Write).map_err(unusable)?;
                migrate(&mut connection, &url.name())?;
                let watch = SelectWatch::default();
                watch.install(&mut connection).map_err(unusable)?;
                let readers = Readers::Memory { writer: queue.clone(), watch };
                let (checkpoints, commits) = (Checkpoints::none(), Commits::in_memory());
                let writing = Writing { connection, checkpoints, commits, inbox };
                SqliteStore::start(writing, queue, metrics, readers, None).map_err(unusable)
            }
        }
    }

    fn start(
        Writing { connection, checkpoints, commits, inbox }: Writing,
        queue: WriterQueue,
        metrics: Arc<StoreMetrics>,
        readers: Readers,
        lock: Option<LockFile>,
    ) -> Result<SqliteStore, StoreError> {
        let durability = commits.durability.clone();
        let (tell, told) = mpsc::sync_channel(1);
        let writer_metrics = metrics.clone();
        let writer = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                let _loud = AbortOnPanic;
                let prepared = Writer::new(&connection, checkpoints, commits, writer_metrics);
                let _ = tell.send(prepared.as_ref().map(|_| ()).map_err(StoreError::clone));
                if let Ok(mut writer) = prepared {
                    writer.run(&inbox);
                }
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread for the writer: {error}")))?;
        told.recv().unwrap_or_else(|_| Err(StoreError::Unavailable("the writer has gone".to_owned())))?;
        Ok(SqliteStore { queue, readers: Arc::new(readers), durability, metrics, writer: Some(writer), _lock: lock })
    }
}

impl Store for SqliteStore {
    fn locate(&self, by: LocatedBy) -> Pending<'_, Option<ProcessInstanceId>> {
        let readers = self.readers.clone();
        Box::pin(async move { readers.read(move |connection| locate(connection, by)).await })
    }

    fn load(&self, root: ProcessInstanceId) -> Pending<'_, Option<Snapshot>> {
        let readers = self.readers.clone();
        Box::pin(async move { readers.read(move |connection| load(connection, root)).await })
    }

    fn select(&self, statement: Statement) -> Pending<'_, Vec<Vec<SqlValue>>> {
        let readers = self.readers.clone();
        Box::pin(async move { readers.select(statement).await })
    }

    fn submit(&self, work: Work) -> Pending<'static, WorkDone> {
        let (wanted, memory) = match &work {
            Work::Claim(request) => {
                let wanted = request.topics.iter().map(|topic| topic.variables.clone());
                (wanted.collect(), request.remembered.clone())
            }
            Work::Apply(_)
            | Work::ApplyAndRun(..)
            | Work::ApplyAndNote(..)
            | Work::Run(_)
            | Work::Remove(_)
            | Work::ClaimJobs(_)
            | Work::ReleaseExpired { .. } => (Vec::new(), Remembered::default()),
        };
        let (reply, answer) = oneshot::channel();
        if let Err(failure) = self.queue.push(Message::Unit(Unit { work, reply })) {
            return Box::pin(std::future::ready(Err(failure)));
        }
        let (readers, durability) = (self.readers.clone(), self.durability.clone());
        Box::pin(async move {
            let stopped = |_| StoreError::Unavailable("it was closed before the work was done".to_owned());
            match answer.await.map_err(stopped)?? {
                UnitDone::Applied => Ok(WorkDone::Applied),
                UnitDone::Ran => Ok(WorkDone::Ran),
                UnitDone::JobsClaimed { jobs, next } => Ok(WorkDone::JobsClaimed { jobs, next }),
                UnitDone::Released { topics, next } => Ok(WorkDone::Released { topics, next }),
                UnitDone::Claimed { tasks, commit } if tasks.is_empty() => {
                    // What others have committed may have left nothing.
                    durability.reached(commit).await;
                    Ok(WorkDone::Claimed(Vec::new()))
                }
                UnitDone::Claimed { tasks, commit } => {
                    if let Some(variables) = remembered(&tasks, &wanted, &memory) {
                        // The locks are told of, and nothing that is newer.
                        durability.reached(commit).await;
                        return Ok(WorkDone::Claimed(locked(tasks, variables)));
                    }
                    let locked =
                        readers.read(move |connection| with_variables(connection, tasks, &wanted, &memory)).await?;
                    Ok(WorkDone::Claimed(locked))
                }
            }
        })
    }
    fn check(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            match self.touch().await {
                Err(StoreError::Conflict) => Err(StoreError::Failed("its schema is another one".to_owned())),
                touched => touched.map(drop),
            }?;
            self.readers.read(check_schema).await
        })
    }

    fn metrics(&self) -> Option<&StoreMetrics> {
        Some(&self.metrics)
    }
}

impl SqliteStore {
    /// A write that leaves everything as it is and has to reach the disk as any other. SQLite writes nothing where a
    /// row is replaced by the same one, so one comes and goes.
    fn touch(&self) -> Pending<'static, WorkDone> {
        let come =
            "INSERT INTO schema_version SELECT -version, sha256, applied_at FROM schema_version WHERE version = ?";
        let go = "DELETE FROM schema_version WHERE version < ?";
        let statements = [(come, i64::from(newest_version())), (go, 0)].map(|(text, bind)| ExpectedStatement {
            statement: Statement { text: text.to_owned(), binds: vec![SqlValue::Integer(bind)] },
            rows_affected: Some(1),
        });
        self.submit(Work::Run(statements.to_vec()))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
