//! Runs jobs: those that are due in the background, and any one by hand.
//!
//! Only the next due time is kept in memory. A failure costs a retry; a job without retries left is an incident.

use std::sync::Arc;

use engine::history::JobLogKind;
use engine::record::IncidentType;
use engine::{Command, HistoryLevel, Rejection, RejectionKind};
use futures_util::{StreamExt, stream};
use query::mutation::{AssignedValue, Assignment};
use query::{Comparison, Condition, Direction, Mutation, Select, SqlValue, tables};
use store::LocatedBy;
use store::codec::historic_job_log::kind_number;
use types::{JobId, Timestamp, Uuid};

use crate::command::in_own_task;
use crate::error::Error;
use crate::job_row::{self, StoredJob, with_id};
use crate::lane::LaneWork;
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::suspension;

/// Due jobs that are asked for at once.
const DUE_JOBS_MAX: u64 = 200;
/// Jobs that run at the same time.
const CONCURRENT_JOBS_MAX: usize = 16;
/// When due jobs are looked for again after a failure of the database.
const RETRY_MS: i64 = 1_000;

impl Shared {
    /// Any job, due or not: of an instance, a batch or a delayed suspension.
    pub(crate) async fn execute_job(self: &Arc<Self>, id: JobId) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.run_job(id).await
        })
        .await
    }

    /// A refusal costs a retry, unless the job is suspended or gone.
    async fn run_job(self: &Arc<Self>, id: JobId) -> Result<(), Error> {
        let _executing = self.metrics.jobs_executing.count();
        let ran = self.run_job_or_fail_it(id).await;
        self.metrics.jobs_executed.add(1);
        if ran.as_ref().is_err_and(|error| failure(error).is_some()) {
            self.metrics.jobs_failed.add(1);
        }
        ran
    }

    async fn run_job_or_fail_it(self: &Arc<Self>, id: JobId) -> Result<(), Error> {
        if let Some(root) = self.root_of(LocatedBy::Job(id)).await? {
            let work = LaneWork::Command(Command::ExecuteJob { id });
            let Err(error) = self.run(self.lanes.pin(root), work).await else { return Ok(()) };
            if let Some((message, failed_activity_id)) = failure(&error) {
                tracing::warn!(job_id = %id, process_instance_id = %root, activity_id = failed_activity_id.as_deref(), %error, "a job failed");
                let fail = LaneWork::Command(Command::FailJob { id, message, failed_activity_id });
                match self.run(self.lanes.pin(root), fail).await {
                    Ok(_) | Err(Error::Rejected(Rejection { kind: RejectionKind::NotFound, .. })) => {}
                    Err(other) => return Err(other),
                }
            }
            return Err(error);
        }
        let job = self.stored_jobs(Select::all(tables::JOB.source()).filter(with_id(id))).await?.pop();
        let job = job.ok_or_else(|| Error::not_found("job", id))?;
        let Err(error) = self.run_stored_job(&job).await else { return Ok(()) };
        if let Some((message, _)) = failure(&error) {
            tracing::warn!(job_id = %id, handler = %job.handler, %error, "a job failed");
            self.fail_stored_job(&job, &message).await?;
        }
        Err(error)
    }

    async fn run_stored_job(self: &Arc<Self>, job: &StoredJob) -> Result<(), Error> {
        match job.handler.as_ref() {
            job_row::BATCH_SEED => self.seed_batch(job).await,
            job_row::BATCH_MONITOR => self.monitor_batch(job).await,
            job_row::TIMER_START if job.is_suspended => {
                Err(Error::rejected(RejectionKind::Suspended, format!("job {} is suspended", job.id)))
            }
            job_row::TIMER_START => self.run_start_timer(job).await,
            job_row::SUSPENSION => {
                let configuration = job.configuration.as_deref().unwrap_or_default();
                let suspension = suspension::decode(configuration)
                    .ok_or_else(|| Error::Defect(format!("the configuration of job {} cannot be read", job.id)))?;
                let delete = self.statement_on_one(&Mutation::delete(&tables::JOB, with_id(job.id)));
                self.suspend_in_turn(suspension, vec![delete]).await
            }
            job_row::JOB_DEFINITION_SUSPENSION => self.run_job_definition_suspension(job).await,
            _ if job.batch_id.is_some() => self.run_batch_job(job).await,
            other => Err(Error::Defect(format!("job {} has the unknown handler `{other}`", job.id))),
        }
    }

    async fn fail_stored_job(&self, job: &StoredJob, message: &Arc<str>) -> Result<(), Error> {
        let table = &tables::JOB;
        let retries = (job.retries - 1).max(0);
        let update = Mutation::Update {
            table,
            assignments: [
                ("retries", row::number(retries)),
                ("exception_message", row::text(message)),
                ("exception_details", row::text(message)),
            ]
            .map(|(column, value)| Assignment { column, value: AssignedValue::Value(value) })
            .to_vec(),
            condition: with_id(job.id).and(Condition::equal(table.col("retries"), i64::from(job.retries))),
        };
        let mut statements = vec![self.statement_on_one(&update)];
        if self.settings.history_level == HistoryLevel::Full {
            let (columns, values) = self.failure_cells(job, message).into_iter().unzip();
            let entry = Mutation::Insert { table: &tables::HISTORIC_JOB_LOG, columns, rows: vec![values] };
            statements.push(self.statement(&entry));
        }
        if retries == 0 && job.retries > 0 {
            let incident = self.ids.next(self.now());
            let cells = self.incident_cells(incident, job, message);
            let (columns, values) = cells.into_iter().unzip();
            statements.push(self.statement(&Mutation::Insert {
                table: &tables::INCIDENT,
                columns,
                rows: vec![values],
            }));
            if self.settings.history_level == HistoryLevel::Full {
                let mut cells = self.incident_cells(incident, job, message);
                cells.push(("state", SqlValue::Integer(0)));
                let (columns, values) = cells.into_iter().unzip();
                let historic = Mutation::Insert { table: &tables::HISTORIC_INCIDENT, columns, rows: vec![values] };
                statements.push(self.statement(&historic));
            }
        }
        match self.apply(statements).await {
            Err(Error::OptimisticLocking { .. }) => Ok(()),
            other => other,
        }
    }

    /// An entry of the log. The definition of such a job is named after what the job does.
    fn failure_cells(&self, job: &StoredJob, message: &Arc<str>) -> Vec<(&'static str, SqlValue)> {
        let now = self.now();
        vec![
            ("id", row::id(self.ids.next(now))),
            ("kind", SqlValue::Integer(kind_number(JobLogKind::Failed))),
            ("logged_at", row::time(now)),
            ("job_id", row::id(job.id.0)),
            ("retries", row::number(job.retries)),
            ("priority", SqlValue::Integer(job.priority)),
            ("exception_message", row::text(message)),
            ("exception_details", row::text(message)),
            ("job_definition_id", job.job_definition_id.map_or(SqlValue::Null, |id| row::id(id.0))),
            ("job_type", SqlValue::Text(job.handler.clone())),
            ("activity_id", row::optional_text(job.activity_id.as_ref())),
            ("definition_id", job.definition_id.as_ref().map_or(SqlValue::Null, |id| SqlValue::Text(id.0.clone()))),
            ("host_name", SqlValue::Text(self.settings.host_name.clone())),
            ("batch_id", job.batch_id.map_or(SqlValue::Null, |id| row::id(id.0))),
        ]
    }

    fn incident_cells(&self, id: Uuid, job: &StoredJob, message: &Arc<str>) -> Vec<(&'static str, SqlValue)> {
        vec![
            ("id", row::id(id)),
            ("incident_type", SqlValue::Text(IncidentType::FailedJob.name().into())),
            ("message", row::text(message)),
            ("configuration", SqlValue::Text(job.id.to_string().into())),
            ("job_definition_id", job.job_definition_id.map_or(SqlValue::Null, |id| row::id(id.0))),
            ("definition_id", job.definition_id.as_ref().map_or(SqlValue::Null, |id| SqlValue::Text(id.0.clone()))),
            ("activity_id", row::optional_text(job.activity_id.as_ref())),
            ("create_time", row::time(self.now())),
            ("cause_incident_id", row::id(id)),
            ("root_cause_incident_id", row::id(id)),
        ]
    }

    /// Runs what is due, for as long as it is not dropped.
    pub(crate) async fn run_due_jobs(self: Arc<Self>) {
        self.job_alarm.set(self.now());
        loop {
            self.job_alarm.ring(&self.settings.clock).await;
            let next = match self.run_all_due().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "due jobs could not be run; trying again");
                    Some(self.now().plus_ms(RETRY_MS))
                }
            };
            if let Some(next) = next {
                self.job_alarm.set(next);
            }
        }
    }

    /// Until nothing is due; when the next job will be.
    async fn run_all_due(self: &Arc<Self>) -> Result<Option<Timestamp>, Error> {
        loop {
            let now = self.now();
            let due = self.stored_jobs(due_jobs(now)).await?;
            if due.is_empty() {
                return self.next_due().await;
            }
            let results: Vec<Result<(), Error>> = stream::iter(due)
                .map(|job| {
                    let shared = self.clone();
                    async move { shared.run_due_job(job).await }
                })
                .buffer_unordered(CONCURRENT_JOBS_MAX)
                .collect()
                .await;
            results.into_iter().collect::<Result<(), Error>>()?;
        }
    }

    /// A failure of the job is recorded and no error here.
    async fn run_due_job(self: Arc<Self>, job: StoredJob) -> Result<(), Error> {
        let admitted = self.admission.admit_consequence();
        let ran = in_own_task(async move {
            let _admitted = admitted;
            self.run_job(job.id).await
        })
        .await;
        match ran {
            Err(Error::Rejected(_)) => Ok(()),
            other => other,
        }
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        let table = &tables::JOB;
        let mut select = Select::all(table.source())
            .filter(runnable())
            .filter(Condition::is_not_null(table.col("due_date")))
            .order_by(table.col("due_date"), Direction::Ascending)
            .limit(1);
        select.columns = vec![table.col("due_date").into()];
        let row = self.rows(&select).await?.pop();
        row.map(|row| Cells::of(row).time()).transpose()
    }
}

/// What to record of a failed job: the message, and the element that failed; `None` where it is not the job that failed.
fn failure(error: &Error) -> Option<(Arc<str>, Option<Arc<str>>)> {
    match error {
        Error::Rejected(Rejection { kind: RejectionKind::Suspended, .. }) => None,
        Error::Rejected(rejection) => Some((rejection.message.as_str().into(), rejection.activity_id.clone())),
        Error::Defect(text) => Some((text.as_str().into(), None)),
        Error::Parse { .. }
        | Error::NotImplemented(_)
        | Error::OptimisticLocking { .. }
        | Error::Store(_)
        | Error::Overloaded { .. }
        | Error::ShuttingDown => None,
    }
}

/// Matches the index of due jobs.
pub(crate) fn runnable() -> Condition {
    let table = &tables::JOB;
    Condition::compare(table.col("retries"), Comparison::Greater, 0).and(Condition::equal(table.col("is_suspended"), 0))
}

/// A job without a date is due at once.
pub(crate) fn due(now: Timestamp) -> Condition {
    let date = tables::JOB.col("due_date");
    Condition::Any(vec![Condition::is_null(date), Condition::compare(date, Comparison::AtMost, now.0)])
}

fn due_jobs(now: Timestamp) -> Select {
    let table = &tables::JOB;
    Select::all(table.source())
        .filter(runnable())
        .filter(due(now))
        .order_by(table.col("due_date"), Direction::Ascending)
        .order_by(table.col("id"), Direction::Ascending)
        .limit(DUE_JOBS_MAX)
}
