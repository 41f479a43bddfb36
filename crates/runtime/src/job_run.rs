//! Runs one job: of an instance, a batch, a start event or a delayed suspension. A failure costs a retry; a job without
//! retries left is an incident.
//!
//! What a job does and its end are one unit, so that it is done once however often it is tried.

use std::sync::Arc;

use engine::{Command, Rejection, RejectionKind};
use query::{Select, tables};
use store::LocatedBy;
use types::{JobId, ProcessInstanceId};

use crate::command::in_own_task;
use crate::error::Error;
use crate::job_row::{self, StoredJob, with_id};
use crate::lane::LaneWork;
use crate::settings::Nodes;
use crate::shared::Shared;

/// Who runs a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobRunner {
    /// Somebody who names it, whoever has locked it.
    Caller,
    /// The executor, which has locked it. What it does counts only if no other node has locked the job since.
    Executor,
}

impl Shared {
    /// Any job, due or not.
    pub(crate) async fn execute_job(self: &Arc<Self>, id: JobId) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let root = shared.root_of(LocatedBy::Job(id)).await?;
            shared.run_job(id, root, JobRunner::Caller).await
        })
        .await
    }

    /// `root` is that of the aggregate that the job belongs to, if it belongs to one.
    pub(crate) async fn run_job(
        self: &Arc<Self>,
        id: JobId,
        root: Option<ProcessInstanceId>,
        by: JobRunner,
    ) -> Result<(), Error> {
        let _executing = self.metrics.jobs_executing.count();
        let ran = self.run_job_or_fail_it(id, root, by).await;
        self.metrics.jobs_executed.add(1);
        if ran.as_ref().is_err_and(|error| failure(error).is_some()) {
            self.metrics.jobs_failed.add(1);
        }
        ran
    }

    /// A panic is a failure of the job.
    async fn run_job_or_fail_it(
        self: &Arc<Self>,
        id: JobId,
        root: Option<ProcessInstanceId>,
        by: JobRunner,
    ) -> Result<(), Error> {
        let shared = self.clone();
        let run = async move {
            match root {
                Some(root) => {
                    let work = by.work(id, Command::ExecuteJob { id });
                    shared.run(&shared.lanes.pin(root), &work).await.map(drop)
                }
                None => shared.run_stored_job(id, by).await,
            }
        };
        let Err(error) = in_own_task(run).await else { return Ok(()) };
        let Some((message, failed_activity_id)) = failure(&error) else { return Err(error) };
        tracing::warn!(job_id = %id, process_instance_id = root.map(|root| root.to_string()), activity_id = failed_activity_id.as_deref(), %error, "a job failed");
        let recorded = match root {
            Some(root) => {
                let fail = by.work(id, Command::FailJob { id, message, failed_activity_id });
                self.run(&self.lanes.pin(root), &fail).await.map(drop)
            }
            None => self.fail_stored_job(id, by, &message).await,
        };
        match recorded {
            // It is gone, or was not to be run.
            Ok(())
            | Err(Error::Rejected(Rejection { kind: RejectionKind::NotFound | RejectionKind::Suspended, .. })) => {
                Err(error)
            }
            Err(other) => Err(other),
        }
    }

    /// Of no instance.
    async fn run_stored_job(self: &Arc<Self>, id: JobId, by: JobRunner) -> Result<(), Error> {
        let _turn = self.job_turns.take(id).ok_or(Error::OptimisticLocking { attempts: 1 })?;
        let job = self.stored_job(id, by).await?.ok_or_else(|| Error::not_found("job", id))?;
        match job.handler.as_ref() {
            job_row::BATCH_SEED => self.seed_batch(&job).await,
            job_row::BATCH_MONITOR => self.monitor_batch(&job).await,
            job_row::TIMER_START if job.is_suspended => {
                Err(Error::rejected(RejectionKind::Suspended, format!("job {id} is suspended")))
            }
            job_row::TIMER_START => self.run_start_timer(&job).await,
            job_row::SUSPENSION => self.run_suspension(&job).await,
            job_row::HISTORY_CLEANUP => self.run_history_cleanup(&job).await,
            job_row::JOB_DEFINITION_SUSPENSION => self.run_job_definition_suspension(&job).await,
            _ if job.batch_id.is_some() => self.run_batch_job(&job).await,
            other => Err(Error::Defect(format!("job {id} has the unknown handler `{other}`"))),
        }
    }

    pub(crate) async fn stored_job(&self, id: JobId, by: JobRunner) -> Result<Option<StoredJob>, Error> {
        let mut found = self.stored_jobs(Select::all(tables::JOB.source()).filter(with_id(id))).await?;
        let is_watched = by == JobRunner::Executor && self.settings.nodes == Nodes::Several;
        let claimed_by = is_watched.then(|| self.node_name.clone());
        Ok(found.pop().map(|job| StoredJob { claimed_by, ..job }))
    }
}

impl JobRunner {
    fn work(self, id: JobId, command: Command) -> LaneWork {
        match self {
            JobRunner::Caller => LaneWork::Command(command),
            JobRunner::Executor => LaneWork::ClaimedJob { id, command },
        }
    }
}

/// What to record of a failed job: the message, and the element that failed; `None` where it is not the job that failed.
fn failure(error: &Error) -> Option<(Arc<str>, Option<Arc<str>>)> {
    match error {
        Error::Rejected(rejection) => Some((rejection.message.as_str().into(), rejection.activity_id.clone())),
        Error::Defect(text) => Some((text.as_str().into(), None)),
        Error::Parse { failure, .. } => Some((failure.to_string().into(), None)),
        Error::NotImplemented(text) => Some((text.as_str().into(), None)),
        Error::OptimisticLocking { .. } | Error::Store(_) | Error::Overloaded { .. } | Error::ShuttingDown => None,
    }
}
