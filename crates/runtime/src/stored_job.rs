//! What happens to jobs that belong to no instance: their log, their failures, their incidents and their end.

use std::sync::Arc;

use engine::HistoryLevel;
use engine::history::{JobLogEntry, JobLogKind};
use engine::record::IncidentType;
use query::mutation::{AssignedValue, Assignment};
use query::{Condition, Mutation, Select, SqlValue, tables};
use store::codec::sql;
use store::work::ExpectedStatement;
use types::{DeploymentId, JobId, Timestamp, Uuid};

use crate::definition_cache::definition_rows;
use crate::error::Error;
use crate::job_row::{self, StoredJob, with_id};
use crate::job_run::JobRunner;
use crate::request::{DefinitionSet, JobDefinitionSet, SuspensionState};
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::{job_change, suspension};

/// What the log says of a job besides the job itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobDescription {
    pub job_type: Arc<str>,
    pub configuration: Option<Arc<str>>,
    pub deployment_id: Option<DeploymentId>,
}

/// How an incident ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IncidentEnd {
    Resolved,
    Deleted,
}

impl Shared {
    /// Nothing is looked up unless the whole history is kept.
    pub(crate) async fn description_of(&self, job: &StoredJob) -> Result<JobDescription, Error> {
        if self.settings.history_level != HistoryLevel::Full {
            return Ok(JobDescription::default());
        }
        match job.handler.as_ref() {
            job_row::TIMER_START => self.start_timer_description(job).await,
            job_row::HISTORY_CLEANUP => {
                Ok(JobDescription { job_type: job.handler.clone(), ..JobDescription::default() })
            }
            job_row::SUSPENSION | job_row::JOB_DEFINITION_SUSPENSION => self.suspension_description(job).await,
            _ => self.batch_job_description(job).await,
        }
    }

    async fn start_timer_description(&self, job: &StoredJob) -> Result<JobDescription, Error> {
        let job_type = job.handler.clone();
        let definition = match &job.definition_id {
            Some(id) => self.definition(id).await?,
            None => None,
        };
        let Some(definition) = definition else { return Ok(JobDescription { job_type, ..JobDescription::default() }) };
        let known = definition.job_definitions.iter().find(|known| Some(known.id) == job.job_definition_id);
        Ok(JobDescription {
            job_type,
            configuration: known.map(|known| known.configuration.as_str().into()),
            deployment_id: Some(definition.deployment_id),
        })
    }

    /// Camunda: named after what it does; there is no definition of such a job.
    async fn suspension_description(&self, job: &StoredJob) -> Result<JobDescription, Error> {
        let configuration = job.configuration.as_deref().unwrap_or_default();
        let of_job_definitions = job.handler.as_ref() == job_row::JOB_DEFINITION_SUSPENSION;
        let (state, definition) = if of_job_definitions {
            let Some((which, state, _)) = job_change::decode(configuration) else {
                return Ok(JobDescription::default());
            };
            (state, self.definition_set_of(which).await?)
        } else {
            let Some(suspension) = suspension::decode(configuration) else { return Ok(JobDescription::default()) };
            (suspension.state, Some(suspension.which))
        };
        let job_type = match (of_job_definitions, state) {
            (false, state) => suspension::job_type(state),
            (true, SuspensionState::Suspended) => "suspend-job-definition",
            (true, SuspensionState::Active) => "activate-job-definition",
        };
        // In order of versions.
        let deployment_id = match definition {
            Some(definitions) => {
                definition_rows(self, definitions.condition()).await?.pop().map(|row| row.deployment_id)
            }
            None => None,
        };
        Ok(JobDescription { job_type: job_type.into(), configuration: None, deployment_id })
    }

    async fn definition_set_of(&self, which: JobDefinitionSet) -> Result<Option<DefinitionSet>, Error> {
        Ok(match which {
            JobDefinitionSet::OfDefinitions(definitions) => Some(definitions),
            by_id @ JobDefinitionSet::ById(_) => {
                let row = self.job_definition_rows(by_id).await?.pop();
                row.and_then(|(_, definition)| definition).map(DefinitionSet::ById)
            }
        })
    }

    async fn batch_job_description(&self, job: &StoredJob) -> Result<JobDescription, Error> {
        let configuration = job.batch_id.map(|id| id.to_string().into());
        let deployment_id = match job.batch_id {
            // Camunda: of the first instance, but for the job that only watches.
            Some(id) if job.handler.as_ref() != job_row::BATCH_MONITOR => self.deployment_of_batch(id.0).await?,
            _ => None,
        };
        Ok(JobDescription { job_type: job.handler.clone(), configuration, deployment_id })
    }

    async fn deployment_of_batch(&self, batch: Uuid) -> Result<Option<DeploymentId>, Error> {
        let (batches, definitions) = (&tables::BATCH, &tables::JOB_DEFINITION);
        let of_batch = Condition::equal(batches.col("id"), row::id(batch))
            .and(Condition::equal(batches.col("seed_job_definition_id"), definitions.col("id")));
        let mut select =
            Select::all(definitions.source()).filter(Condition::exists(batches.source(), of_batch)).limit(1);
        select.columns = vec![definitions.col("deployment_id").into()];
        match self.rows(&select).await?.pop() {
            Some(found) => Cells::of(found).optional_id(),
            None => Ok(None),
        }
    }

    /// An entry of the log about the job as it is; nothing unless the whole history is kept.
    pub(crate) fn job_log(
        &self,
        kind: JobLogKind,
        job: &StoredJob,
        description: &JobDescription,
    ) -> Option<ExpectedStatement> {
        self.log_entry(kind, job, description, None).map(|entry| self.log_statement(&entry))
    }

    fn log_entry(
        &self,
        kind: JobLogKind,
        job: &StoredJob,
        description: &JobDescription,
        failure: Option<&Arc<str>>,
    ) -> Option<JobLogEntry> {
        if self.settings.history_level != HistoryLevel::Full {
            return None;
        }
        let now = self.now();
        Some(JobLogEntry {
            id: self.ids.next(now).into(),
            kind,
            timestamp: now,
            job_id: job.id,
            due_date: job.due_date,
            retries: job.retries,
            priority: job.priority,
            exception_message: failure.cloned(),
            exception_details: failure.cloned(),
            job_definition_id: job.job_definition_id,
            job_type: description.job_type.clone(),
            job_configuration: description.configuration.clone(),
            activity_id: job.activity_id.clone(),
            failed_activity_id: None,
            execution_id: None,
            process_instance_id: None,
            root_process_instance_id: None,
            definition_id: job.definition_id.clone(),
            definition_key: job.definition_key.clone(),
            deployment_id: description.deployment_id,
            tenant_id: job.tenant_id.clone(),
            host_name: self.settings.node.name().clone(),
            batch_id: job.batch_id,
        })
    }

    fn log_statement(&self, entry: &JobLogEntry) -> ExpectedStatement {
        ExpectedStatement { statement: sql::insert_statement(entry, self.settings.dialect), rows_affected: None }
    }

    /// The job is there, and the log says so.
    pub(crate) fn creation_of(&self, job: &job_row::NewJob, description: &JobDescription) -> Vec<ExpectedStatement> {
        let log = self.job_log(JobLogKind::Created, &job.stored(), description);
        std::iter::once(self.statement(&job.insert())).chain(log).collect()
    }

    /// The job has done its work and goes, with its incident. `Conflict` if it has gone before, or to another node.
    pub(crate) async fn end_of_job(&self, job: &StoredJob) -> Result<Vec<ExpectedStatement>, Error> {
        let mut statements = vec![self.statement_on_one(&Mutation::delete(&tables::JOB, job.still_here()))];
        statements.extend(self.end_of_incidents(job, IncidentEnd::Resolved).await?);
        statements.extend(self.job_log(JobLogKind::Succeeded, job, &self.description_of(job).await?));
        Ok(statements)
    }

    /// The job goes without having done anything.
    pub(crate) async fn deletion_of_job(&self, job: &StoredJob) -> Result<Vec<ExpectedStatement>, Error> {
        let mut statements = vec![self.statement(&Mutation::delete(&tables::JOB, with_id(job.id)))];
        statements.extend(self.end_of_incidents(job, IncidentEnd::Deleted).await?);
        statements.extend(self.job_log(JobLogKind::Deleted, job, &self.description_of(job).await?));
        Ok(statements)
    }

    /// A job that has retries and has never failed has none.
    pub(crate) async fn end_of_incidents(
        &self,
        job: &StoredJob,
        end: IncidentEnd,
    ) -> Result<Vec<ExpectedStatement>, Error> {
        if job.exception_message.is_none() && job.retries > 0 {
            return Ok(Vec::new());
        }
        let (incidents, history) = (&tables::INCIDENT, &tables::HISTORIC_INCIDENT);
        let configuration = SqlValue::Text(job.id.to_string().into());
        let mut select =
            Select::all(incidents.source()).filter(Condition::equal(incidents.col("configuration"), configuration));
        select.columns = vec![incidents.col("id").into()];
        let state = match end {
            IncidentEnd::Resolved => 1,
            IncidentEnd::Deleted => 2,
        };
        let mut statements = Vec::new();
        for found in self.rows(&select).await? {
            let id = row::id(Cells::of(found).id()?);
            let values = vec![("end_time", row::time(self.now())), ("state", SqlValue::Integer(state))];
            let ended = Condition::equal(history.col("id"), id.clone());
            statements.push(self.statement(&Mutation::delete(incidents, Condition::equal(incidents.col("id"), id))));
            statements.push(self.statement(&Mutation::update(history, values, ended)));
        }
        Ok(statements)
    }

    /// It costs a retry and, at zero, makes an incident.
    pub(crate) async fn fail_stored_job(&self, id: JobId, by: JobRunner, message: &Arc<str>) -> Result<(), Error> {
        let job = self.stored_job(id, by).await?.ok_or_else(|| Error::not_found("job", id))?;
        let (retries, due_date) = self.after_failure(&job).await?;
        let set = |column, value: SqlValue| Assignment { column, value: AssignedValue::Value(value) };
        let mut assignments = vec![
            set("retries", row::number(retries)),
            set("exception_message", row::text(message)),
            set("exception_details", row::text(message)),
            set("lock_owner", SqlValue::Null),
            set("lock_expiration", SqlValue::Null),
        ];
        assignments.extend(due_date.map(|due_date| set("due_date", row::time(due_date))));
        let as_seen = job.still_here().and(Condition::equal(tables::JOB.col("retries"), i64::from(job.retries)));
        let update = Mutation::Update { table: &tables::JOB, assignments, condition: as_seen };
        let mut statements = vec![self.statement_on_one(&update)];
        let entry = self.log_entry(JobLogKind::Failed, &job, &self.description_of(&job).await?, Some(message));
        statements.extend(entry.as_ref().map(|entry| self.log_statement(entry)));
        if retries == 0 && job.retries > 0 {
            statements.extend(self.incident_of(&job, Some(message), entry.map(|entry| entry.id.0)));
        }
        match self.apply(statements).await {
            Err(Error::OptimisticLocking { .. }) => return Ok(()),
            other => other?,
        }
        self.job_alarm.set(due_date.unwrap_or_else(|| self.now()));
        Ok(())
    }

    /// The retries that are left, and when the job is due again where that changes.
    async fn after_failure(&self, job: &StoredJob) -> Result<(i32, Option<Timestamp>), Error> {
        let plain = ((job.retries - 1).max(0), None);
        let (Some(definition), Some(activity_id)) = (&job.definition_id, &job.activity_id) else { return Ok(plain) };
        let Some(definition) = self.definition(definition).await? else { return Ok(plain) };
        let model = &definition.model;
        let Some(element) = model.element_by_id(activity_id).map(|index| model.element(index)) else {
            return Ok(plain);
        };
        let now = self.now();
        let is_first = job.exception_message.is_none();
        Ok(engine::start_event::after_failure(element, &self.settings.jobs, job.retries, is_first, now))
    }

    /// The incident of a job without retries comes and goes with them.
    pub(crate) async fn incidents_by_retries(
        &self,
        job: &StoredJob,
        retries: i32,
    ) -> Result<Vec<ExpectedStatement>, Error> {
        match (job.retries, retries) {
            (0, 1..) => self.end_of_incidents(job, IncidentEnd::Resolved).await,
            (1.., 0) => Ok(self.incident_of(job, job.exception_message.as_ref(), None)),
            _ => Ok(Vec::new()),
        }
    }

    fn incident_of(
        &self,
        job: &StoredJob,
        message: Option<&Arc<str>>,
        failure: Option<Uuid>,
    ) -> Vec<ExpectedStatement> {
        let id = self.ids.next(self.now());
        let insert = |table, cells: Vec<(&'static str, SqlValue)>| {
            let (columns, values) = cells.into_iter().unzip();
            self.statement(&Mutation::Insert { table, columns, rows: vec![values] })
        };
        let mut statements = vec![insert(&tables::INCIDENT, self.incident_cells(id, job, message, failure))];
        if self.settings.history_level == HistoryLevel::Full {
            let mut cells = self.incident_cells(id, job, message, failure);
            cells.push(("state", SqlValue::Integer(0)));
            statements.push(insert(&tables::HISTORIC_INCIDENT, cells));
        }
        statements
    }

    fn incident_cells(
        &self,
        id: Uuid,
        job: &StoredJob,
        message: Option<&Arc<str>>,
        failure: Option<Uuid>,
    ) -> Vec<(&'static str, SqlValue)> {
        vec![
            ("id", row::id(id)),
            ("incident_type", SqlValue::Text(IncidentType::FailedJob.name().into())),
            ("message", row::optional_text(message)),
            ("configuration", SqlValue::Text(job.id.to_string().into())),
            ("job_definition_id", job.job_definition_id.map_or(SqlValue::Null, |id| row::id(id.0))),
            ("definition_id", job.definition_id.as_ref().map_or(SqlValue::Null, |id| SqlValue::Text(id.0.clone()))),
            ("definition_key", row::optional_text(job.definition_key.as_ref())),
            ("tenant_id", row::optional_text(job.tenant_id.as_ref())),
            ("activity_id", row::optional_text(job.activity_id.as_ref())),
            ("create_time", row::time(self.now())),
            ("cause_incident_id", row::id(id)),
            ("root_cause_incident_id", row::id(id)),
            ("history_configuration", failure.map_or(SqlValue::Null, row::id)),
        ]
    }
}
