//! Batches: work on many instances, cut into jobs.
//!
//! A seed job makes the jobs in portions, the jobs do the work, a monitor job ends the batch when none is left. All of
//! it stands in rows outside of aggregates.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::{RejectionKind, RemovalTimeStrategy};
use query::{Condition, Mutation, Select, SqlValue, tables};
use store::work::ExpectedStatement;
use types::{BatchId, DeploymentId, JobDefinitionId, JobId, ProcessDefinitionId, Timestamp, Uuid};

use crate::batch_work;
use crate::command::in_own_task;
use crate::deletion::has_no_instance;
use crate::error::Error;
use crate::job_row::{self, NewJob, StoredJob};
use crate::request::{Batch, BatchWork, Cascade, DefinitionSelector, NewBatch, SuspensionState};
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::stored_job::JobDescription;

/// What a batch may work on.
const IDS_MAX: usize = 1_000_000;
/// When an unfinished batch is looked at again.
const MONITOR_INTERVAL_MS: i64 = 30_000;

impl Shared {
    pub(crate) async fn create_batch(self: &Arc<Self>, new: NewBatch) -> Result<Batch, Error> {
        let admitted = self.admission.admit()?;
        let ids = distinct(new.ids);
        if ids.is_empty() {
            return Err(Error::rejected(RejectionKind::BadUserRequest, "a batch needs at least one thing to work on"));
        }
        if ids.len() > IDS_MAX {
            let message = format!("the batch works on {} things: at most {IDS_MAX} are allowed", ids.len());
            return Err(Error::rejected(RejectionKind::LimitReached, message));
        }
        let batch = self.new_batch(&new.work, ids.len(), new.tenant_id);
        let deployment = self.deployment_of_instance(ids[0]).await?;
        let statements = self.batch_statements(&batch, batch_work::encode(&new.work, &ids), deployment);
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.apply(statements).await?;
            shared.job_alarm.set(shared.now());
            Ok(batch)
        })
        .await
    }

    fn new_batch(&self, work: &BatchWork, count: usize, tenant_id: Option<Arc<str>>) -> Batch {
        let now = self.now();
        let invocations = self.settings.invocations_per_batch_job.max(1);
        Batch {
            id: BatchId(self.ids.next(now)),
            batch_type: work.batch_type().into(),
            total_jobs: u32::try_from(count.div_ceil(invocations as usize)).unwrap_or(u32::MAX),
            jobs_created: 0,
            batch_jobs_per_seed: self.settings.batch_jobs_per_seed.max(1),
            invocations_per_batch_job: invocations,
            seed_job_definition_id: JobDefinitionId(self.ids.next(now)),
            monitor_job_definition_id: JobDefinitionId(self.ids.next(now)),
            batch_job_definition_id: JobDefinitionId(self.ids.next(now)),
            is_suspended: false,
            tenant_id,
            start_time: now,
            execution_start_time: None,
        }
    }

    /// `None` where it is no instance that the batch works on first.
    async fn deployment_of_instance(&self, id: Uuid) -> Result<Option<DeploymentId>, Error> {
        let table = &tables::PROCESS_INSTANCE;
        let mut select = Select::all(table.source()).filter(Condition::equal(table.col("id"), row::id(id)));
        select.columns = vec![table.col("definition_id").into()];
        let Some(found) = self.rows(&select).await?.pop() else { return Ok(None) };
        let definition = DefinitionSelector::ById(ProcessDefinitionId(Cells::of(found).text()?));
        Ok(self.definitions.row(self, &definition).await?.map(|row| row.deployment_id))
    }

    fn batch_statements(
        &self,
        batch: &Batch,
        configuration: Arc<str>,
        deployment: Option<DeploymentId>,
    ) -> Vec<ExpectedStatement> {
        let job_definition = |id: JobDefinitionId, job_type: &str| {
            let values = [
                ("id", row::id(id.0)),
                ("job_type", SqlValue::Text(job_type.into())),
                ("configuration", SqlValue::Text(batch.id.to_string().into())),
                ("is_suspended", row::flag(false)),
                // Camunda: the jobs of the first portion belong to the deployment of the first instance.
                (
                    "deployment_id",
                    deployment
                        .filter(|_| id == batch.seed_job_definition_id)
                        .map_or(SqlValue::Null, |deployment| row::id(deployment.0)),
                ),
            ];
            let (columns, cells) = values.into_iter().unzip();
            self.statement(&Mutation::Insert { table: &tables::JOB_DEFINITION, columns, rows: vec![cells] })
        };
        let mut statements = vec![
            job_definition(batch.seed_job_definition_id, job_row::BATCH_SEED),
            job_definition(batch.monitor_job_definition_id, job_row::BATCH_MONITOR),
            job_definition(batch.batch_job_definition_id, &batch.batch_type),
            self.statement(&Mutation::insert(&tables::BATCH, vec![batch_cells(batch, configuration)])),
        ];
        statements.extend(self.job_of(batch, batch.seed_job_definition_id, job_row::BATCH_SEED, None, deployment));
        if self.settings.history_level == engine::HistoryLevel::Full {
            let removal_time = self.removal_time_of_new_batch(&batch.batch_type, RemovalTimeStrategy::Start);
            statements.push(
                self.statement(&Mutation::insert(&tables::HISTORIC_BATCH, vec![historic_cells(batch, removal_time)])),
            );
        }
        statements
    }

    fn job_of(
        &self,
        batch: &Batch,
        job_definition_id: JobDefinitionId,
        handler: &str,
        configuration: Option<Arc<str>>,
        deployment: Option<DeploymentId>,
    ) -> Vec<ExpectedStatement> {
        let now = self.now();
        let job = NewJob {
            id: JobId(self.ids.next(now)),
            job_definition_id: Some(job_definition_id),
            handler: handler.into(),
            configuration,
            batch_id: Some(batch.id),
            due_date: None,
            create_time: now,
            retries: self.settings.jobs.retries,
            is_suspended: batch.is_suspended,
            of_definition: None,
        };
        let description = JobDescription {
            job_type: job.handler.clone(),
            configuration: Some(batch.id.to_string().into()),
            deployment_id: deployment.filter(|_| handler != job_row::BATCH_MONITOR),
        };
        self.creation_of(&job, &description)
    }

    /// Makes the next portion of jobs, and a seed job for the rest or the monitor job.
    pub(crate) async fn seed_batch(self: &Arc<Self>, job: &StoredJob) -> Result<(), Error> {
        let (batch, configuration) = self.batch_of(job).await?;
        let invocations = batch.invocations_per_batch_job as usize;
        let made = batch.jobs_created as usize * invocations;
        let portion = batch.batch_jobs_per_seed as usize * invocations;
        let (work, ids) =
            batch_work::decode_part(&configuration, made, portion).ok_or_else(|| unreadable("a batch"))?;
        let deployment = self.description_of(job).await?.deployment_id;
        let mut statements = self.end_of_job(job).await?;
        let mut count: u32 = 0;
        for ids in ids.chunks(invocations) {
            let configuration = Some(batch_work::encode(&work, ids));
            statements.extend(self.job_of(
                &batch,
                batch.batch_job_definition_id,
                &batch.batch_type,
                configuration,
                deployment,
            ));
            count += 1;
        }
        let jobs_created = batch.jobs_created + count;
        let values = vec![("jobs_created", row::number(jobs_created))];
        let as_seen = with_batch_id(batch.id)
            .and(Condition::equal(tables::BATCH.col("jobs_created"), i64::from(batch.jobs_created)));
        statements.push(self.statement_on_one(&Mutation::update(&tables::BATCH, values, as_seen)));
        statements.extend(if jobs_created < batch.total_jobs {
            self.job_of(&batch, batch.seed_job_definition_id, job_row::BATCH_SEED, None, deployment)
        } else {
            self.job_of(&batch, batch.monitor_job_definition_id, job_row::BATCH_MONITOR, None, None)
        });
        self.apply(statements).await?;
        self.job_alarm.set(self.now());
        Ok(())
    }

    /// Ends the batch if nothing is left of it; otherwise looks again later.
    pub(crate) async fn monitor_batch(self: &Arc<Self>, job: &StoredJob) -> Result<(), Error> {
        let (batch, _) = self.batch_of(job).await?;
        let table = &tables::JOB;
        let of_definition = |id: JobDefinitionId| Condition::equal(table.col("job_definition_id"), row::id(id.0));
        let left =
            self.count(&Select::all(table.source()).filter(of_definition(batch.batch_job_definition_id))).await?;
        if left == 0 {
            let mut statements = self.end_of_job(job).await?;
            statements.extend(self.end_of_batch(&batch));
            return self.apply(statements).await;
        }
        let again = self.now().plus_ms(MONITOR_INTERVAL_MS);
        let values =
            vec![("due_date", row::time(again)), ("lock_owner", SqlValue::Null), ("lock_expiration", SqlValue::Null)];
        let later = Mutation::update(table, values, job.still_here());
        self.apply(vec![self.statement_on_one(&later)]).await?;
        self.job_alarm.set(again);
        Ok(())
    }

    pub(crate) async fn delete_batch(self: &Arc<Self>, id: BatchId, cascade: Cascade) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let (batch, _) = shared.batch(id).await?.ok_or_else(|| Error::not_found("batch", id))?;
            let mut statements = match cascade {
                Cascade::On => Vec::new(),
                Cascade::Off => shared.logged_deletions_of(&batch).await?,
            };
            statements.extend(shared.end_of_batch(&batch));
            if cascade == Cascade::On {
                let history = &tables::HISTORIC_BATCH;
                let row = Condition::equal(history.col("id"), row::id(id.0));
                statements.push(shared.statement(&Mutation::delete(history, row)));
                let incidents = Condition::OneOf(
                    tables::HISTORIC_INCIDENT.col("job_definition_id").into(),
                    job_definitions(&batch).to_vec(),
                );
                statements.push(shared.statement(&Mutation::delete(&tables::HISTORIC_INCIDENT, incidents)));
                let log = &tables::HISTORIC_JOB_LOG;
                let of_batch = Condition::equal(log.col("batch_id"), row::id(id.0));
                statements.push(shared.statement(&Mutation::delete(log, of_batch)));
            }
            shared.apply(statements).await
        })
        .await
    }

    pub(crate) async fn set_batch_suspension(
        self: &Arc<Self>,
        id: BatchId,
        state: SuspensionState,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let (batch, _) = shared.batch(id).await?.ok_or_else(|| Error::not_found("batch", id))?;
            let flag = || vec![("is_suspended", row::flag(state == SuspensionState::Suspended))];
            let of = |table: &'static query::Table, column| {
                Condition::OneOf(table.col(column).into(), job_definitions(&batch).to_vec())
            };
            let mutations = [
                Mutation::update(&tables::JOB, flag(), of(&tables::JOB, "job_definition_id")),
                Mutation::update(&tables::JOB_DEFINITION, flag(), of(&tables::JOB_DEFINITION, "id")),
                Mutation::update(&tables::BATCH, flag(), with_batch_id(id)),
            ];
            shared.apply(mutations.iter().map(|mutation| shared.statement(mutation)).collect()).await?;
            if state == SuspensionState::Active {
                shared.job_alarm.set(shared.now());
            }
            Ok(())
        })
        .await
    }

    async fn logged_deletions_of(&self, batch: &Batch) -> Result<Vec<ExpectedStatement>, Error> {
        let table = &tables::JOB;
        let of_batch = Condition::equal(table.col("batch_id"), row::id(batch.id.0));
        let mut statements = Vec::new();
        for job in self.stored_jobs(Select::all(table.source()).filter(of_batch)).await? {
            statements.extend(self.deletion_of_job(&job).await?);
        }
        Ok(statements)
    }

    /// Takes all rows of a batch away and ends it in the history.
    fn end_of_batch(&self, batch: &Batch) -> Vec<ExpectedStatement> {
        let of = job_definitions(batch).to_vec();
        let now = row::time(self.now());
        let mut ended = vec![("end_time", now.clone())];
        let removal_time = self.removal_time_of_new_batch(&batch.batch_type, RemovalTimeStrategy::End);
        ended.extend(removal_time.map(|time| ("removal_time", row::time(time))));
        let history = &tables::HISTORIC_BATCH;
        let running =
            Condition::equal(history.col("id"), row::id(batch.id.0)).and(Condition::is_null(history.col("end_time")));
        let open = Condition::OneOf(tables::HISTORIC_INCIDENT.col("job_definition_id").into(), of.clone())
            .and(Condition::is_null(tables::HISTORIC_INCIDENT.col("end_time")));
        let deleted = vec![("end_time", now), ("state", SqlValue::Integer(2))];
        let by_definition =
            |table: &'static query::Table, column| Condition::OneOf(table.col(column).into(), of.clone());
        let incidents = by_definition(&tables::INCIDENT, "job_definition_id").and(has_no_instance(&tables::INCIDENT));
        [
            Mutation::delete(&tables::JOB, by_definition(&tables::JOB, "job_definition_id")),
            Mutation::delete(&tables::INCIDENT, incidents),
            Mutation::delete(&tables::JOB_DEFINITION, by_definition(&tables::JOB_DEFINITION, "id")),
            Mutation::update(history, ended, running),
            Mutation::update(&tables::HISTORIC_INCIDENT, deleted, open),
        ]
        .iter()
        .map(|mutation| self.statement(mutation))
        .chain([self.statement_on_one(&Mutation::delete(&tables::BATCH, with_batch_id(batch.id)))])
        .collect()
    }

    async fn batch_of(&self, job: &StoredJob) -> Result<(Batch, Arc<str>), Error> {
        let id = job.batch_id.ok_or_else(|| unreadable("a job"))?;
        self.batch(id).await?.ok_or_else(|| Error::not_found("batch", id))
    }

    async fn batch(&self, id: BatchId) -> Result<Option<(Batch, Arc<str>)>, Error> {
        let select = Select::all(tables::BATCH.source()).filter(with_batch_id(id));
        let row = self.rows(&select).await?.pop();
        row.map(|row| batch_row(Cells::of(row))).transpose()
    }
}

fn distinct(ids: Vec<Uuid>) -> Vec<Uuid> {
    let mut seen = BTreeSet::new();
    ids.into_iter().filter(|id| seen.insert(*id)).collect()
}

fn with_batch_id(id: BatchId) -> Condition {
    Condition::equal(tables::BATCH.col("id"), row::id(id.0))
}

fn job_definitions(batch: &Batch) -> [SqlValue; 3] {
    [batch.seed_job_definition_id, batch.monitor_job_definition_id, batch.batch_job_definition_id]
        .map(|id| row::id(id.0))
}

fn unreadable(what: &str) -> Error {
    Error::Defect(format!("the configuration of {what} cannot be read"))
}

fn batch_cells(batch: &Batch, configuration: Arc<str>) -> Vec<SqlValue> {
    vec![
        row::id(batch.id.0),
        row::text(&batch.batch_type),
        row::number(batch.total_jobs),
        row::number(batch.jobs_created),
        row::number(batch.batch_jobs_per_seed),
        row::number(batch.invocations_per_batch_job),
        row::id(batch.seed_job_definition_id.0),
        row::id(batch.monitor_job_definition_id.0),
        row::id(batch.batch_job_definition_id.0),
        row::flag(batch.is_suspended),
        row::optional_text(batch.tenant_id.as_ref()),
        row::time(batch.start_time),
        row::optional_time(batch.execution_start_time),
        SqlValue::Text(configuration),
    ]
}

fn batch_row(mut cells: Cells) -> Result<(Batch, Arc<str>), Error> {
    let batch = Batch {
        id: cells.id()?,
        batch_type: cells.text()?,
        total_jobs: cells.count()?,
        jobs_created: cells.count()?,
        batch_jobs_per_seed: cells.count()?,
        invocations_per_batch_job: cells.count()?,
        seed_job_definition_id: cells.id()?,
        monitor_job_definition_id: cells.id()?,
        batch_job_definition_id: cells.id()?,
        is_suspended: cells.boolean()?,
        tenant_id: cells.optional_text()?,
        start_time: cells.time()?,
        execution_start_time: cells.optional_time()?,
    };
    Ok((batch, cells.text()?))
}

fn historic_cells(batch: &Batch, removal_time: Option<Timestamp>) -> Vec<SqlValue> {
    vec![
        row::id(batch.id.0),
        row::text(&batch.batch_type),
        row::number(batch.total_jobs),
        row::number(batch.batch_jobs_per_seed),
        row::number(batch.invocations_per_batch_job),
        row::id(batch.seed_job_definition_id.0),
        row::id(batch.monitor_job_definition_id.0),
        row::id(batch.batch_job_definition_id.0),
        row::optional_text(batch.tenant_id.as_ref()),
        row::time(batch.start_time),
        row::optional_time(batch.execution_start_time),
        SqlValue::Null,
        row::optional_time(removal_time),
    ]
}
