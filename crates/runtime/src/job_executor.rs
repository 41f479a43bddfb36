//! The job executor: claims what is due and runs it, as much at once as it may.
//!
//! A claim locks jobs in the store for this node. Its lanes run the jobs of one instance one after another; that other
//! nodes run none of its exclusive jobs meanwhile is the claim's business. Whether a job is run is decided by its row:
//! a lock saves work and is never relied on (ADR 0016). Only the next time to look is kept in memory.

use std::sync::Arc;

use query::{Comparison, Condition, Mutation, SqlValue, tables};
use store::{ClaimedJob, JobClaim, JobRelease, StoreError, Work, WorkDone};
use tokio::sync::mpsc;
use types::{JobId, Timestamp};

use crate::error::Error;
use crate::job_run::JobRunner;
use crate::pause::Pause;
use crate::settings::JobLocks;
use crate::shared::Shared;

/// Jobs that are given back with one claim.
const RELEASES_MAX: usize = 1000;
/// After a claim that the database refused.
const FAILED_CLAIM: Pause = Pause::between(1_000, 60_000);
/// Until a job is tried again that others have come in the way of, or that the database refused.
const CONTENDED_JOB: Pause = Pause::between(50, 10_000);

/// What became of a claimed job.
#[derive(Clone, Copy)]
enum Ended {
    /// It is done or gone.
    Done,
    /// Its row says when it is tried again.
    Failed,
    /// Nothing has happened; it is to be run again.
    Contended(JobId),
    /// It may not run now.
    Refused(JobId),
}

struct Executor {
    shared: Arc<Shared>,
    running: usize,
    /// The last claim got all that it asked for.
    has_more: bool,
    releases: Vec<JobRelease>,
    contention: Pause,
    ends: mpsc::UnboundedReceiver<Ended>,
    end: mpsc::UnboundedSender<Ended>,
}

impl Shared {
    /// Runs what is due, for as long as it is not dropped.
    pub(crate) async fn run_due_jobs(self: Arc<Self>) {
        self.release_at_start().await;
        self.job_alarm.set(self.now());
        let (end, ends) = mpsc::unbounded_channel();
        let mut executor = Executor {
            shared: self,
            running: 0,
            has_more: false,
            releases: Vec::new(),
            contention: CONTENDED_JOB,
            ends,
            end,
        };
        executor.run().await;
    }

    /// On a database of one node, all locks are those of a process that is no more.
    async fn release_at_start(&self) {
        if self.settings.job_locks_at_start == JobLocks::Kept {
            return;
        }
        let owner = tables::JOB.col("lock_owner");
        if let Err(error) = self.release_jobs(Condition::is_not_null(owner)).await {
            tracing::warn!(%error, "jobs that were in work could not be released; they run when their locks have ended");
        }
    }

    /// What this node has locked can be run by others. Nothing that was submitted before is still on its way then.
    pub(crate) async fn release_own_jobs(&self) {
        let own = Condition::compare(tables::JOB.col("lock_owner"), Comparison::Equal, &*self.node_name);
        if let Err(error) = self.release_jobs(own).await {
            tracing::warn!(%error, "locked jobs could not be released; they run when their locks have ended");
        }
    }

    async fn release_jobs(&self, which: Condition) -> Result<(), Error> {
        let values = vec![("lock_owner", SqlValue::Null), ("lock_expiration", SqlValue::Null)];
        self.apply(vec![self.statement(&Mutation::update(&tables::JOB, values, which))]).await
    }
}

impl Executor {
    async fn run(&mut self) {
        let mut failures = FAILED_CLAIM;
        loop {
            self.wait_for_work().await;
            match self.claim().await {
                Ok(jobs) => {
                    failures = FAILED_CLAIM;
                    jobs.into_iter().for_each(|job| self.begin(job));
                }
                Err(error) => {
                    let pause = failures.next();
                    tracing::warn!(%error, ?pause, "due jobs could not be claimed; trying again");
                    tokio::time::sleep(pause).await;
                    self.shared.job_alarm.set(self.shared.now());
                }
            }
        }
    }

    /// Until there is something to claim and room for it. More of what is there already is claimed by halves, so that
    /// not each job is a claim of its own.
    async fn wait_for_work(&mut self) {
        loop {
            while let Ok(ended) = self.ends.try_recv() {
                self.note(ended);
            }
            let most = self.shared.settings.jobs_at_once_max.max(1);
            let has_room = self.running < most;
            if (self.has_more && self.running <= most / 2) || self.releases.len() >= RELEASES_MAX {
                return;
            }
            tokio::select! {
                biased;
                ended = self.ends.recv() => if let Some(ended) = ended { self.note(ended) },
                () = self.shared.job_alarm.ring(&self.shared.settings.clock), if has_room => return,
            }
        }
    }

    async fn claim(&mut self) -> Result<Vec<ClaimedJob>, Error> {
        let settings = &self.shared.settings;
        let room = settings.jobs_at_once_max.max(1).saturating_sub(self.running);
        let jobs_max = u32::try_from(room).unwrap_or(u32::MAX);
        let now = self.shared.now();
        let claim = JobClaim {
            now,
            owner: self.shared.node_name.clone(),
            locked_until: now.plus_ms(settings.job_lock_duration_ms),
            jobs_max,
            priorities: settings.job_priorities.clone(),
            releases: self.releases.clone(),
        };
        match self.shared.store.submit(Work::ClaimJobs(claim)).await? {
            WorkDone::JobsClaimed { jobs, next } => {
                self.releases.clear();
                self.has_more = jobs.len() == room;
                if let Some(next) = next {
                    self.shared.job_alarm.set(next);
                }
                Ok(jobs)
            }
            _ => Err(Error::Defect("the store answered a claim of jobs with something else".to_owned())),
        }
    }

    fn begin(&mut self, job: ClaimedJob) {
        self.running += 1;
        let (shared, end) = (self.shared.clone(), self.end.clone());
        let admitted = shared.admission.admit_consequence();
        tokio::spawn(async move {
            let ended = ended(job.id, shared.run_job(job.id, job.root, JobRunner::Executor).await);
            drop(admitted);
            // Nobody listens any more while the runtime shuts down.
            let _ = end.send(ended);
        });
    }

    fn note(&mut self, ended: Ended) {
        self.running -= 1;
        match ended {
            Ended::Done => self.contention = CONTENDED_JOB,
            Ended::Failed => self.shared.job_alarm.set(self.shared.now()),
            Ended::Refused(id) => self.releases.push(JobRelease { id, not_before: None }),
            Ended::Contended(id) => {
                let pause_ms = i64::try_from(self.contention.next().as_millis()).unwrap_or(i64::MAX);
                let not_before: Timestamp = self.shared.now().plus_ms(pause_ms);
                self.releases.push(JobRelease { id, not_before: Some(not_before) });
                self.shared.job_alarm.set(not_before);
            }
        }
    }
}

fn ended(id: JobId, ran: Result<(), Error>) -> Ended {
    match ran {
        Ok(()) | Err(Error::ShuttingDown) => Ended::Done,
        Err(Error::Rejected(rejection)) if rejection.kind == engine::RejectionKind::Suspended => Ended::Refused(id),
        Err(Error::Rejected(_) | Error::Defect(_) | Error::Parse { .. } | Error::NotImplemented(_)) => Ended::Failed,
        Err(
            error @ (Error::OptimisticLocking { .. }
            | Error::Overloaded { .. }
            // If an unknown outcome has kept what the job did, there is no job any more.
            | Error::Store(
                StoreError::Conflict
                | StoreError::Unavailable(_)
                | StoreError::OutcomeUnknown(_)
                | StoreError::Failed(_),
            )),
        ) => {
            tracing::info!(job = %id, %error, "a job could not be run; trying again");
            Ended::Contended(id)
        }
    }
}
