//! What all parts of the runtime share.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bpmn::ParseOptions;
use engine::ProcessDefinition;
use query::{Mutation, Select, SqlValue, Statement};
use store::work::ExpectedStatement;
use store::{Store, Work};
use tokio::sync::Semaphore;
use types::{ProcessDefinitionId, Timestamp, Uuid};

use crate::admission::Admission;
use crate::alarm::Alarm;
use crate::background::Background;
use crate::cache::Lanes;
use crate::definition_cache::DefinitionCache;
use crate::error::Error;
use crate::id::IdFactory;
use crate::idempotency::{KeysInProgress, Recording};
use crate::job_turn::JobTurns;
use crate::metrics::RuntimeMetrics;
use crate::poll::Polls;
use crate::selection::SEARCHES_MAX;
use crate::settings::{Nodes, Settings};
use crate::shared_look::SharedLook;
use crate::stream::Streams;

/// The engine as one request sees it.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    /// Of a request with an idempotency key; its store then writes the note.
    pub(crate) recording: Option<Arc<Recording>>,
    parts: Arc<Parts>,
}

/// What there is once, whatever the request.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) ids: IdFactory,
    pub(crate) admission: Arc<Admission>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) definitions: DefinitionCache,
    /// For definitions that other nodes have changed.
    pub(crate) definitions_look: Arc<SharedLook>,
    pub(crate) polls: Arc<Polls>,
    pub(crate) streams: Streams,
    /// When the next job is due.
    pub(crate) job_alarm: Alarm,
    /// Deployments, deletions of definitions and their suspension take turns: versions are counted one by one.
    pub(crate) deployment_turn: Semaphore,
    pub(crate) job_turns: Arc<JobTurns>,
    /// For one step of a search each.
    pub(crate) search_turns: Semaphore,
    /// Names this process as the owner of locks of jobs.
    pub(crate) node_name: Arc<str>,
    /// This run of it.
    pub(crate) node_run: Uuid,
    /// Nodes that live, this one included, as far as this one knows.
    pub(crate) nodes_living: AtomicUsize,
    pub(crate) keys_in_progress: KeysInProgress,
    pub(crate) metrics: RuntimeMetrics,
    pub(crate) background: Background,
    /// For work that follows from a drop, which may happen outside of the runtime's threads.
    pub(crate) handle: tokio::runtime::Handle,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Deref for Shared {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Shared {
    pub(crate) fn new(store: Arc<dyn Store>, settings: Settings) -> Result<Shared, Error> {
        let ids = settings
            .id_seed
            .map_or_else(IdFactory::new, |seed| Ok(IdFactory::seeded(seed)))
            .map_err(|error| Error::Defect(format!("the operating system gives no random bytes: {error}")))?;
        let node_run = ids.next(settings.clock.now());
        let node_name = settings.node.name.clone().unwrap_or_else(|| node_run.to_string().into());
        let parts = Parts {
            ids,
            admission: Arc::new(Admission::new(settings.in_flight_max)),
            lanes: Arc::new(Lanes::new(settings.aggregate_cache_bytes)),
            definitions: DefinitionCache::new(settings.model_cache_bytes),
            definitions_look: Arc::default(),
            polls: Arc::new(match settings.nodes {
                Nodes::Alone => Polls::new(settings.parked_polls_max),
                Nodes::Several => Polls::new(settings.parked_polls_max).telling(store.clone()),
            }),
            streams: Streams::new(settings.parked_polls_max),
            job_alarm: Alarm::default(),
            deployment_turn: Semaphore::new(1),
            job_turns: Arc::default(),
            search_turns: Semaphore::new(SEARCHES_MAX),
            node_name,
            node_run,
            nodes_living: AtomicUsize::new(1),
            background: Background::default(),
            handle: tokio::runtime::Handle::current(),
            keys_in_progress: KeysInProgress::default(),
            metrics: RuntimeMetrics::default(),
            settings,
        };
        Ok(Shared { store, recording: None, parts: Arc::new(parts) })
    }

    /// The same engine over another way into its store.
    pub(crate) fn with_store(&self, store: Arc<dyn Store>, recording: Option<Arc<Recording>>) -> Shared {
        Shared { store, recording, parts: self.parts.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    pub(crate) fn parse_options(&self) -> ParseOptions {
        ParseOptions { delegates: self.settings.delegates.clone(), ..ParseOptions::default() }
    }

    pub(crate) async fn definition(&self, id: &ProcessDefinitionId) -> Result<Option<Arc<ProcessDefinition>>, Error> {
        self.definitions.by_id(self, id).await
    }

    pub(crate) async fn rows(&self, select: &Select) -> Result<Vec<Vec<SqlValue>>, Error> {
        Ok(self.store.select(select.render(self.settings.dialect)).await?)
    }

    pub(crate) async fn count(&self, select: &Select) -> Result<u64, Error> {
        let rows = self.store.select(select.render_count(self.settings.dialect)).await?;
        match rows.first().and_then(|row| row.first()) {
            Some(SqlValue::Integer(count)) => Ok(u64::try_from(*count).unwrap_or(0)),
            _ => Err(Error::Defect("a count has no number".to_owned())),
        }
    }

    /// Applies statements on rows outside of aggregates, all or none.
    pub(crate) async fn apply(&self, statements: Vec<ExpectedStatement>) -> Result<(), Error> {
        if statements.is_empty() {
            return Ok(());
        }
        self.store.submit(Work::Run(statements)).await?;
        Ok(())
    }

    /// Waits until all that was submitted before is durable or has failed.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        self.store.submit(Work::Run(Vec::new())).await?;
        Ok(())
    }

    /// Whatever number of rows it touches.
    pub(crate) fn statement(&self, mutation: &Mutation) -> ExpectedStatement {
        ExpectedStatement { statement: self.render(mutation), rows_affected: None }
    }

    /// It must touch exactly one row.
    pub(crate) fn statement_on_one(&self, mutation: &Mutation) -> ExpectedStatement {
        ExpectedStatement { statement: self.render(mutation), rows_affected: Some(1) }
    }

    fn render(&self, mutation: &Mutation) -> Statement {
        mutation.render(self.settings.dialect)
    }
}
