//! The store itself: opens a database, hands work to committers and claimers, and reads to pools.

use std::sync::Arc;

use engine::Snapshot;
use query::{SqlValue, Statement};
use tokio::sync::{oneshot, watch};
use types::ProcessInstanceId;

use super::claimer::{self, ClaimQueues, ClaimUnit};
use super::committer::Committer;
use super::connection::{Connector, Purpose};
use super::load::locate;
use super::loader::{Loader, Loads};
use super::migration::{Schema, check_schema, inspect, migrate, newest_version};
use super::news::{Announcer, Channel, listen};
use super::pool::Pool;
use super::queue::{BrokenRoots, Queue, Reach, Unit};
use super::removal::remove;
use super::select::select;
use super::url::PostgresUrl;
use crate::error::OpenError;
use crate::metrics::StoreMetrics;
use crate::news::{News, Newsfeed};
use crate::work::{ExpectedStatement, LocatedBy, Work, WorkDone};
use crate::{Pending, Store, StoreError};

/// How many connections a store keeps, by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    pub committers: usize,
    pub claimers: usize,
    /// Of aggregates.
    pub loaders: usize,
    /// For reads of single rows by keys.
    pub readers: usize,
    /// For queries of any shape.
    pub queriers: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        PostgresOptions { committers: 4, claimers: 2, loaders: 2, readers: 2, queriers: 4 }
    }
}

/// A database that other servers may use as well. What was submitted is finished even if the store is dropped, as long
/// as the runtime lives that it was opened on.
#[derive(Debug)]
pub struct PostgresStore {
    queue: Arc<Queue>,
    claims: ClaimQueues,
    loads: Arc<Loads>,
    readers: Pool,
    queriers: Pool,
    remover: Arc<Pool>,
    connector: Connector,
    announcer: Arc<Announcer>,
    /// `None` where the server has no notifications.
    channel: Option<Channel>,
    /// Its end is that of what runs for the store.
    _alive: watch::Sender<()>,
    metrics: Arc<StoreMetrics>,
}

impl PostgresStore {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. An empty database is filled, an older one migrated.
    pub async fn open(url: &str) -> Result<PostgresStore, OpenError> {
        PostgresStore::open_with(url.parse()?, PostgresOptions::default()).await
    }

    pub async fn open_with(url: PostgresUrl, options: PostgresOptions) -> Result<PostgresStore, OpenError> {
        let connector = connector(url)?;
        let schema = migrate(&connector).await?;
        Ok(PostgresStore::over(connector, &schema, options))
    }

    /// One that has the schema of this Camlock already: nothing is migrated.
    pub async fn open_as_it_is(url: &str) -> Result<PostgresStore, OpenError> {
        let connector = connector(url.parse()?)?;
        let schema = inspect(&connector).await?;
        Ok(PostgresStore::over(connector, &schema, PostgresOptions::default()))
    }

    fn over(connector: Connector, schema: &Schema, options: PostgresOptions) -> PostgresStore {
        let broken = Arc::new(BrokenRoots::default());
        let metrics = Arc::new(StoreMetrics::default());
        let queue = Arc::new(Queue::new(&metrics));
        for _ in 0..options.committers.max(1) {
            tokio::spawn(Committer::new(&connector, &broken, &metrics).run(queue.clone()));
        }
        let loads = Arc::new(Loads::new(&broken, &metrics));
        for _ in 0..options.loaders.max(1) {
            tokio::spawn(Loader::new(&connector, &loads).run());
        }
        let (claims, claimers) = ClaimQueues::new(&connector, options.claimers.max(1), &loads, &metrics);
        for claimer in claimers {
            tokio::spawn(claimer.run());
        }
        let (alive, ended) = watch::channel(());
        let announcer = Arc::new(Announcer::new(&metrics));
        let channel = schema.has_notifications.then(|| Channel::of_schema(&schema.name));
        if let Some(channel) = &channel {
            tokio::spawn(announcer.clone().run(connector.clone(), channel.clone(), ended));
        }
        PostgresStore {
            queue,
            claims,
            loads,
            readers: Pool::new(&connector, Purpose::Keys, options.readers.max(1), &metrics),
            queriers: Pool::new(&connector, Purpose::Queries, options.queriers.max(1), &metrics),
            remover: Arc::new(Pool::new(&connector, Purpose::Keys, 1, &metrics)),
            connector,
            announcer,
            channel,
            _alive: alive,
            metrics,
        }
    }
}

fn connector(url: PostgresUrl) -> Result<Connector, OpenError> {
    let name = url.to_string();
    Connector::new(url).map_err(|why| OpenError::Unusable { path: name, why })
}

impl Store for PostgresStore {
    fn locate(&self, by: LocatedBy) -> Pending<'_, Option<ProcessInstanceId>> {
        Box::pin(self.readers.read(move |connection| Box::pin(locate(connection, by))))
    }

    fn load(&self, root: ProcessInstanceId) -> Pending<'_, Option<Snapshot>> {
        Box::pin(self.loads.load(root))
    }

    fn select(&self, statement: Statement) -> Pending<'_, Vec<Vec<SqlValue>>> {
        let statement = Arc::new(statement);
        Box::pin(self.queriers.read(move |connection| {
            let statement = statement.clone();
            Box::pin(async move { select(connection, &statement).await })
        }))
    }

    fn submit(&self, work: Work) -> Pending<'static, WorkDone> {
        let (reply, answer) = oneshot::channel();
        let write = |change_sets, statements, reach, done, reply| {
            self.queue.push(Unit { change_sets, statements, reach, done, reply })
        };
        let pushed = match work {
            Work::Apply(change_sets) if change_sets.is_empty() => {
                return Box::pin(std::future::ready(Ok(WorkDone::Applied)));
            }
            Work::Apply(change_sets) => write(change_sets, Vec::new(), Reach::OwnRows, WorkDone::Applied, reply),
            Work::ApplyAndNote(change_sets, note) => write(change_sets, note, Reach::OwnRows, WorkDone::Applied, reply),
            Work::ApplyAndRun(change_sets, statements) => {
                write(change_sets, statements, Reach::Anything, WorkDone::Applied, reply)
            }
            Work::Remove(statements) => {
                let (remover, statements) = (self.remover.clone(), Arc::new(statements));
                return Box::pin(async move {
                    remover
                        .read(move |connection| {
                            let statements = statements.clone();
                            Box::pin(async move { remove(connection, &statements).await })
                        })
                        .await
                        .map(|()| WorkDone::Ran)
                });
            }
            Work::Run(statements) => write(Vec::new(), statements, Reach::Anything, WorkDone::Ran, reply),
            Work::Claim(request) => self.claims.push(ClaimUnit { work: claimer::Work::Claim(request), reply }),
            Work::ClaimJobs(claim) => self.claims.push(ClaimUnit { work: claimer::Work::ClaimJobs(claim), reply }),
            Work::ReleaseExpired { now, limit } => {
                self.claims.push(ClaimUnit { work: claimer::Work::Release { now, limit }, reply })
            }
        };
        if let Err(failure) = pushed {
            return Box::pin(std::future::ready(Err(failure)));
        }
        Box::pin(async move {
            let stopped = |_| StoreError::Unavailable("it was closed before the work was done".to_owned());
            answer.await.map_err(stopped)?
        })
    }

    fn check(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            match self.touch().await {
                Err(StoreError::Conflict) => Err(StoreError::Failed("its schema is another one".to_owned())),
                touched => touched.map(drop),
            }?;
            self.readers.read(|connection| Box::pin(check_schema(connection))).await
        })
    }

    fn announce(&self, news: News) {
        if self.channel.is_some() {
            self.announcer.announce(&news);
        }
    }

    fn listen(&self) -> Option<Newsfeed> {
        self.channel.clone().map(|channel| listen(self.connector.clone(), channel))
    }

    fn metrics(&self) -> Option<&StoreMetrics> {
        Some(&self.metrics)
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.queue.close();
        self.loads.close();
    }
}

impl PostgresStore {
    /// A write that leaves everything as it is. It has to be committed as any other.
    fn touch(&self) -> Pending<'static, WorkDone> {
        let text = "UPDATE camlock_schema_version SET applied_at = applied_at WHERE version = $1".to_owned();
        let binds = vec![SqlValue::Integer(i64::from(newest_version()))];
        self.submit(Work::Run(vec![ExpectedStatement { statement: Statement { text, binds }, rows_affected: Some(1) }]))
    }
}
