//! Cleaning up the history: jobs without an end, which take away what has come to its removal time.
//!
//! A job takes at most a batch of things and says when it is due again: at once if there may be more, later within a
//! batch window, then at the start of the next window. Without windows it is suspended until somebody asks for it.

use std::sync::Arc;

use engine::RejectionKind;
use engine::history::JobLogKind;
use query::{Condition, Mutation, Select, SqlValue, tables};
use serde_json::{Value, json};
use store::work::ExpectedStatement;
use types::{JobId, Timestamp, Uuid};

use crate::batch_window::BatchWindow;
use crate::command::in_own_task;
use crate::error::Error;
use crate::history_removal::Minutes;
use crate::job_row::{self, NewJob, StoredJob};
use crate::request::Urgency;
use crate::row;
use crate::settings::HISTORY_CLEANUP_JOBS_MAX;
use crate::shared::Shared;
use crate::stored_job::{IncidentEnd, JobDescription};

/// The ids of the jobs are known, so that no two nodes can make the same one. Version 8.
const FIRST_ID: u128 = 0x0000_0000_0000_8000_8000_0000_0000_0001;
/// Until a job is due again within a window after it has found less than it could take; it doubles.
const PAUSE_MS: i64 = 10_000;
const PAUSE_MAX_MS: i64 = 60 * 60 * 1000;
/// Of a batch window's jobs; a longer run without anything to do counts no further.
const EMPTY_RUNS_MAX: u32 = 20;

/// What a job is told, kept as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    urgency: Urgency,
    minutes: Minutes,
    empty_runs: u32,
}

/// When a job is due again.
enum Next {
    Due(Timestamp),
    Suspended,
}

impl Shared {
    /// Camunda: at the start of a node the jobs follow what it is configured to.
    pub(crate) async fn schedule_history_cleanup_at_start(self: Arc<Self>) {
        if !self.settings.history_cleanup.is_enabled {
            return;
        }
        if let Err(error) = self.schedule_in_turn(Urgency::InWindow).await {
            tracing::warn!(%error, "the clean-up of the history could not be scheduled");
        }
    }

    /// Makes the jobs due, at once or in the next batch window; answers them.
    pub(crate) async fn schedule_history_cleanup(self: &Arc<Self>, urgency: Urgency) -> Result<Vec<JobId>, Error> {
        let admitted = self.admission.admit()?;
        if !self.settings.history_cleanup.is_enabled {
            return Err(Error::rejected(RejectionKind::BadUserRequest, "the clean-up of the history is disabled"));
        }
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            match shared.schedule_in_turn(urgency).await {
                // Another node was first.
                Err(Error::OptimisticLocking { .. }) => shared.schedule_in_turn(urgency).await,
                done => done,
            }
        })
        .await
    }

    /// Those that there are, in order.
    pub(crate) async fn history_cleanup_jobs(&self) -> Result<Vec<JobId>, Error> {
        Ok(self.cleanup_jobs().await?.into_iter().map(|job| job.id).collect())
    }

    pub(crate) fn history_cleanup_window(&self) -> Option<BatchWindow> {
        self.settings.history_cleanup.windows.current_or_next(self.now())
    }

    async fn schedule_in_turn(&self, urgency: Urgency) -> Result<Vec<JobId>, Error> {
        let jobs = self.cleanup_jobs().await?;
        let settings = &self.settings.history_cleanup;
        let due = match urgency {
            Urgency::Now => Some(self.now()),
            Urgency::InWindow => settings.windows.current_or_next(self.now()).map(|window| window.start),
        };
        let mut statements = Vec::new();
        let Some(due) = due else {
            for job in &jobs {
                statements.push(self.set_due(job, &[("due_date", SqlValue::Null), ("is_suspended", row::flag(true))]));
            }
            self.apply(statements).await?;
            return Ok(jobs.into_iter().map(|job| job.id).collect());
        };
        let count = settings.jobs.clamp(1, HISTORY_CLEANUP_JOBS_MAX);
        let ids: Vec<JobId> = (0..count).map(job_id).collect();
        for (n, id) in (0..count).zip(&ids) {
            let plan = Plan { urgency, minutes: minutes_of(n, count), empty_runs: 0 };
            match jobs.iter().find(|job| job.id == *id) {
                Some(job) => statements.extend(self.replanned(job, plan, due).await?),
                None => statements.extend(self.new_cleanup_job(*id, plan, due)),
            }
        }
        for job in jobs.iter().filter(|job| !ids.contains(&job.id)) {
            statements.extend(self.deletion_of_job(job).await?);
        }
        self.apply(statements).await?;
        self.job_alarm.set(due);
        Ok(ids)
    }

    fn new_cleanup_job(&self, id: JobId, plan: Plan, due: Timestamp) -> Vec<ExpectedStatement> {
        let job = NewJob {
            id,
            job_definition_id: None,
            handler: job_row::HISTORY_CLEANUP.into(),
            configuration: Some(plan.encode()),
            batch_id: None,
            due_date: Some(due),
            create_time: self.now(),
            retries: self.settings.jobs.retries,
            is_suspended: false,
            of_definition: None,
        };
        let description = JobDescription { job_type: job.handler.clone(), ..JobDescription::default() };
        self.creation_of(&job, &description)
    }

    async fn replanned(&self, job: &StoredJob, plan: Plan, due: Timestamp) -> Result<Vec<ExpectedStatement>, Error> {
        let mut statements = self.end_of_incidents(job, IncidentEnd::Resolved).await?;
        statements.push(self.set_due(
            job,
            &[
                ("handler_configuration", SqlValue::Text(plan.encode())),
                ("due_date", row::time(due)),
                ("is_suspended", row::flag(false)),
                ("retries", row::number(self.settings.jobs.retries)),
                ("exception_message", SqlValue::Null),
                ("exception_details", SqlValue::Null),
            ],
        ));
        Ok(statements)
    }

    /// It must be there still. Whoever had it locked has it no longer.
    fn set_due(&self, job: &StoredJob, values: &[(&'static str, SqlValue)]) -> ExpectedStatement {
        let mut values = values.to_vec();
        values.extend([("lock_owner", SqlValue::Null), ("lock_expiration", SqlValue::Null)]);
        self.statement_on_one(&Mutation::update(&tables::JOB, values, job.still_here()))
    }

    async fn cleanup_jobs(&self) -> Result<Vec<StoredJob>, Error> {
        let ids = (0..HISTORY_CLEANUP_JOBS_MAX).map(|n| row::id(job_id(n).0)).collect();
        let these = Condition::OneOf(tables::JOB.col("id").into(), ids);
        let mut jobs = self.stored_jobs(Select::all(tables::JOB.source()).filter(these)).await?;
        jobs.sort_by_key(|job| job.id);
        Ok(jobs)
    }

    /// What a job does when it is executed.
    pub(crate) async fn run_history_cleanup(self: &Arc<Self>, job: &StoredJob) -> Result<(), Error> {
        let plan = Plan::decode(job.configuration.as_deref().unwrap_or_default())
            .ok_or_else(|| Error::Defect(format!("the configuration of job {} cannot be read", job.id)))?;
        let settings = &self.settings.history_cleanup;
        let mut has_more = false;
        if plan.urgency == Urgency::Now || settings.windows.contain(self.now()) {
            let most = settings.batch_size;
            let now = self.now();
            let instances = self.remove_due_instances(now, plan.minutes, most).await?;
            self.metrics.removed_process_instances.add(instances);
            let batches = self.remove_due_batches(now, plan.minutes, most).await?;
            has_more = instances >= most || batches >= most;
            if !has_more && let Some(kept_ms) = settings.job_log_time_to_live_ms {
                let all: Vec<JobId> = (0..HISTORY_CLEANUP_JOBS_MAX).map(job_id).collect();
                self.remove_log_of(&all, Timestamp(now.0.saturating_sub(kept_ms))).await?;
            }
        }
        self.reschedule(job, plan, has_more).await
    }

    async fn reschedule(&self, job: &StoredJob, mut plan: Plan, has_more: bool) -> Result<(), Error> {
        let windows = &self.settings.history_cleanup.windows;
        let now = self.now();
        let later = now.plus_ms((PAUSE_MS << plan.empty_runs).min(PAUSE_MAX_MS));
        let next = if has_more {
            plan.empty_runs = 0;
            Next::Due(now)
        } else if windows.contain(now) && windows.contain(later) {
            plan.empty_runs = (plan.empty_runs + 1).min(EMPTY_RUNS_MAX);
            Next::Due(later)
        } else {
            plan.empty_runs = 0;
            windows.next(now).map_or(Next::Suspended, |window| Next::Due(window.start))
        };
        let mut values = vec![
            ("handler_configuration", SqlValue::Text(plan.encode())),
            ("retries", row::number(self.settings.jobs.retries)),
            ("exception_message", SqlValue::Null),
            ("exception_details", SqlValue::Null),
        ];
        match next {
            Next::Due(at) => values.extend([("due_date", row::time(at)), ("is_suspended", row::flag(false))]),
            Next::Suspended => values.push(("is_suspended", row::flag(true))),
        }
        let mut statements = self.end_of_incidents(job, IncidentEnd::Resolved).await?;
        statements.push(self.set_due(job, &values));
        let logged = StoredJob { retries: self.settings.jobs.retries, ..job.clone() };
        statements.extend(self.job_log(JobLogKind::Succeeded, &logged, &self.description_of(job).await?));
        self.apply(statements).await?;
        if let Next::Due(at) = next {
            self.job_alarm.set(at);
        }
        Ok(())
    }
}

fn job_id(n: u32) -> JobId {
    JobId(Uuid(FIRST_ID + u128::from(n)))
}

/// Camunda: the hour is shared by whole minutes; the last one has the rest.
fn minutes_of(n: u32, count: u32) -> Minutes {
    let length = 60 / count;
    let to = if n + 1 == count { 59 } else { length * (n + 1) - 1 };
    Minutes { from: i64::from(length * n), to: i64::from(to) }
}

impl Plan {
    fn encode(self) -> Arc<str> {
        let plan = json!({
            "countEmptyRuns": self.empty_runs,
            "immediatelyDue": self.urgency == Urgency::Now,
            "minuteFrom": self.minutes.from,
            "minuteTo": self.minutes.to,
        });
        plan.to_string().into()
    }

    fn decode(text: &str) -> Option<Plan> {
        let plan: Value = serde_json::from_str(text).ok()?;
        let number = |name: &str| plan.get(name)?.as_i64();
        Some(Plan {
            urgency: if plan.get("immediatelyDue")?.as_bool()? { Urgency::Now } else { Urgency::InWindow },
            minutes: Minutes { from: number("minuteFrom")?, to: number("minuteTo")? },
            empty_runs: u32::try_from(number("countEmptyRuns")?).ok()?.min(EMPTY_RUNS_MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_as_they_were_written() {
        let plan = Plan { urgency: Urgency::InWindow, minutes: Minutes { from: 7, to: 14 }, empty_runs: 3 };
        assert_eq!(Plan::decode(&plan.encode()), Some(plan));
        assert_eq!(Plan::decode("{}"), None);
    }

    #[test]
    fn jobs_share_the_hour() {
        assert_eq!(minutes_of(0, 1), Minutes::ALL);
        let shares: Vec<Minutes> = (0..8).map(|n| minutes_of(n, 8)).collect();
        assert_eq!(shares[0], Minutes { from: 0, to: 6 });
        assert_eq!(shares[7], Minutes { from: 49, to: 59 });
    }
}
