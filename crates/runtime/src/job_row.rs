//! Jobs that belong to no instance, as rows: those of batches, delayed suspensions and start events.

use std::sync::Arc;

use query::{Condition, Mutation, Select, SqlValue, tables};
use types::{BatchId, JobDefinitionId, JobId, ProcessDefinitionId, Timestamp};

use crate::error::Error;
use crate::row::{self, Cells};
use crate::shared::Shared;

pub(crate) const BATCH_SEED: &str = "batch-seed-job";
pub(crate) const BATCH_MONITOR: &str = "batch-monitor-job";
pub(crate) const SUSPENSION: &str = "suspension";
pub(crate) const TIMER_START: &str = "timer-start-event";
pub(crate) const HISTORY_CLEANUP: &str = "history-cleanup";
pub(crate) const JOB_DEFINITION_SUSPENSION: &str = "job-definition-suspension";

#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    pub id: JobId,
    pub job_definition_id: Option<JobDefinitionId>,
    pub handler: Arc<str>,
    pub configuration: Option<Arc<str>>,
    pub batch_id: Option<BatchId>,
    pub due_date: Option<Timestamp>,
    pub create_time: Timestamp,
    pub retries: i32,
    pub is_suspended: bool,
    pub of_definition: Option<OfDefinition>,
}

/// What a job has of the start event that it is of.
#[derive(Clone, Debug)]
pub(crate) struct OfDefinition {
    pub id: ProcessDefinitionId,
    pub key: Arc<str>,
    pub tenant_id: Option<Arc<str>>,
    pub activity_id: Arc<str>,
    pub priority: i64,
}

/// What is needed to run one.
#[derive(Clone, Debug)]
pub(crate) struct StoredJob {
    pub id: JobId,
    pub job_definition_id: Option<JobDefinitionId>,
    pub handler: Arc<str>,
    pub configuration: Option<Arc<str>>,
    pub batch_id: Option<BatchId>,
    pub retries: i32,
    pub definition_id: Option<ProcessDefinitionId>,
    pub activity_id: Option<Arc<str>>,
    pub priority: i64,
    pub is_suspended: bool,
    pub definition_key: Option<Arc<str>>,
    pub tenant_id: Option<Arc<str>>,
    pub due_date: Option<Timestamp>,
    /// Of its last failure.
    pub exception_message: Option<Arc<str>>,
    /// The node that has locked it.
    pub lock_owner: Option<Arc<str>>,
    /// The executor that runs it, where another one may take it over.
    pub claimed_by: Option<Arc<str>>,
}

impl NewJob {
    /// As it is when it has been inserted.
    pub(crate) fn stored(&self) -> StoredJob {
        let definition = self.of_definition.as_ref();
        StoredJob {
            id: self.id,
            job_definition_id: self.job_definition_id,
            handler: self.handler.clone(),
            configuration: self.configuration.clone(),
            batch_id: self.batch_id,
            retries: self.retries,
            definition_id: definition.map(|of| of.id.clone()),
            activity_id: definition.map(|of| of.activity_id.clone()),
            priority: definition.map_or(0, |of| of.priority),
            is_suspended: self.is_suspended,
            definition_key: definition.map(|of| of.key.clone()),
            tenant_id: definition.and_then(|of| of.tenant_id.clone()),
            due_date: self.due_date,
            exception_message: None,
            lock_owner: None,
            claimed_by: None,
        }
    }

    pub(crate) fn insert(&self) -> Mutation {
        let definition = self.of_definition.as_ref();
        let values = [
            ("id", row::id(self.id.0)),
            ("job_definition_id", self.job_definition_id.map_or(SqlValue::Null, |id| row::id(id.0))),
            ("handler", SqlValue::Text(self.handler.clone())),
            ("handler_configuration", row::optional_text(self.configuration.as_ref())),
            ("batch_id", self.batch_id.map_or(SqlValue::Null, |id| row::id(id.0))),
            ("due_date", row::optional_time(self.due_date)),
            ("create_time", row::time(self.create_time)),
            ("retries", row::number(self.retries)),
            ("priority", SqlValue::Integer(definition.map_or(0, |of| of.priority))),
            ("is_suspended", row::flag(self.is_suspended)),
            ("is_exclusive", row::flag(true)),
            ("definition_id", definition.map_or(SqlValue::Null, |of| SqlValue::Text(of.id.0.clone()))),
            ("definition_key", row::optional_text(definition.map(|of| &of.key))),
            ("tenant_id", row::optional_text(definition.and_then(|of| of.tenant_id.as_ref()))),
            ("activity_id", row::optional_text(definition.map(|of| &of.activity_id))),
        ];
        let (columns, cells) = values.into_iter().unzip();
        Mutation::Insert { table: &tables::JOB, columns, rows: vec![cells] }
    }
}

pub(crate) fn with_id(id: JobId) -> Condition {
    Condition::equal(tables::JOB.col("id"), row::id(id.0))
}

impl StoredJob {
    /// Its row, unless another node has taken over what an executor runs.
    pub(crate) fn still_here(&self) -> Condition {
        let owner = tables::JOB.col("lock_owner");
        match &self.claimed_by {
            None => with_id(self.id),
            Some(executor) => with_id(self.id)
                .and(Condition::Any(vec![Condition::is_null(owner), Condition::equal(owner, executor.as_ref())])),
        }
    }
}

impl Shared {
    pub(crate) async fn stored_jobs(&self, select: Select) -> Result<Vec<StoredJob>, Error> {
        let table = &tables::JOB;
        let mut select = select;
        select.columns = [
            "id",
            "job_definition_id",
            "handler",
            "handler_configuration",
            "batch_id",
            "retries",
            "definition_id",
            "activity_id",
            "priority",
            "is_suspended",
            "definition_key",
            "tenant_id",
            "due_date",
            "exception_message",
            "lock_owner",
        ]
        .map(|name| table.col(name).into())
        .to_vec();
        self.rows(&select).await?.into_iter().map(|row| stored_job(Cells::of(row))).collect()
    }
}

fn stored_job(mut cells: Cells) -> Result<StoredJob, Error> {
    Ok(StoredJob {
        id: cells.id()?,
        job_definition_id: cells.optional_id()?,
        handler: cells.text()?,
        configuration: cells.optional_text()?,
        batch_id: cells.optional_id()?,
        retries: i32::try_from(cells.integer()?).unwrap_or(0),
        definition_id: cells.optional_text()?.map(ProcessDefinitionId),
        activity_id: cells.optional_text()?,
        priority: cells.integer()?,
        is_suspended: cells.boolean()?,
        definition_key: cells.optional_text()?,
        tenant_id: cells.optional_text()?,
        due_date: cells.optional_time()?,
        exception_message: cells.optional_text()?,
        lock_owner: cells.optional_text()?,
        claimed_by: None,
    })
}
