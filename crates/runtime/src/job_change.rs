//! Changes of jobs from outside: of one, of those that belong together, and of what definitions say about them.
//!
//! Jobs of instances are changed by commands in their lanes, all others as rows.

use std::sync::Arc;

use engine::record::Job;
use engine::{Command, FollowingRepetitions, RejectionKind};
use query::mutation::{AssignedValue, Assignment};
use query::{Condition, Mutation, Select, SqlValue, tables};
use store::LocatedBy;
use store::work::ExpectedStatement;
use types::{IncidentId, JobDefinitionId, JobId, ProcessDefinitionId, Timestamp};

use crate::command::in_own_task;
use crate::error::Error;
use crate::job_row::{self, NewJob, StoredJob, with_id};
use crate::request::{JobChange, JobDefinitionSet, JobSet, JobsOfDefinition, SuspensionState};
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::suspension;

impl Shared {
    /// Refused where the job is gone.
    pub(crate) async fn change_job(self: &Arc<Self>, id: JobId, change: JobChange) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            if shared.root_of(LocatedBy::Job(id)).await?.is_some() {
                shared.execute_all(commands_of(id, &change)).await
            } else {
                let update = shared.row_change(id, &change)?;
                match shared.apply(vec![update]).await {
                    Err(Error::OptimisticLocking { .. }) => Err(Error::not_found("job", id)),
                    done => done,
                }
            }?;
            shared.job_alarm.set(shared.now());
            Ok(())
        })
        .await
    }

    /// Jobs that are gone do not matter.
    pub(crate) async fn change_jobs(self: &Arc<Self>, ids: Vec<JobId>, change: &JobChange) -> Result<(), Error> {
        let shared = self.deferring_note();
        for id in ids {
            match shared.change_job(id, change.clone()).await {
                Err(Error::Rejected(rejection)) if rejection.kind == RejectionKind::NotFound => {}
                done => done?,
            }
        }
        Ok(())
    }

    pub(crate) async fn set_job_suspension(
        self: &Arc<Self>,
        which: JobSet,
        state: SuspensionState,
    ) -> Result<(), Error> {
        let table = &tables::JOB;
        let condition = match which {
            JobSet::OfJobDefinition(id) => Condition::equal(table.col("job_definition_id"), row::id(id.0)),
            JobSet::OfProcessInstance(id) => Condition::equal(table.col("process_instance_id"), row::id(id.0)),
            JobSet::OfDefinitions(definitions) => {
                let rows = crate::definition_cache::definition_rows(self, definitions.condition()).await?;
                let ids = rows.into_iter().map(|row| SqlValue::Text(row.id.0)).collect();
                Condition::OneOf(table.col("definition_id").into(), ids)
            }
        };
        let ids = self.job_ids(condition).await?;
        self.change_jobs(ids, &JobChange::Suspension(state)).await
    }

    pub(crate) async fn set_job_definition_suspension(
        self: &Arc<Self>,
        which: JobDefinitionSet,
        state: SuspensionState,
        jobs: JobsOfDefinition,
        at: Option<Timestamp>,
    ) -> Result<(), Error> {
        if let Some(at) = at {
            return self.suspend_job_definitions_later(&which, state, jobs, at).await;
        }
        let rows = self.job_definition_rows(which).await?;
        let values = vec![("is_suspended", row::flag(state == SuspensionState::Suspended))];
        self.change_job_definitions(&rows, values).await?;
        if jobs == JobsOfDefinition::Included {
            let ids = self.job_ids(of_definitions(&rows)).await?;
            self.change_jobs(ids, &JobChange::Suspension(state)).await?;
        }
        Ok(())
    }

    /// Of an incident that belongs to no instance.
    pub(crate) async fn annotate_incident(&self, id: IncidentId, annotation: Option<Arc<str>>) -> Result<(), Error> {
        let of = |table: &'static query::Table| {
            let values = vec![("annotation", row::optional_text(annotation.as_ref()))];
            self.statement(&Mutation::update(table, values, Condition::equal(table.col("id"), row::id(id.0))))
        };
        self.apply(vec![of(&tables::INCIDENT), of(&tables::HISTORIC_INCIDENT)]).await
    }

    async fn suspend_job_definitions_later(
        &self,
        which: &JobDefinitionSet,
        state: SuspensionState,
        jobs: JobsOfDefinition,
        at: Timestamp,
    ) -> Result<(), Error> {
        let now = self.now();
        let job = NewJob {
            id: JobId(self.ids.next(now)),
            job_definition_id: None,
            handler: job_row::JOB_DEFINITION_SUSPENSION.into(),
            configuration: Some(encode(which, state, jobs)),
            batch_id: None,
            of_definition: None,
            due_date: Some(at),
            create_time: now,
            retries: Job::RETRIES_DEFAULT,
            is_suspended: false,
        };
        self.apply(vec![self.statement(&job.insert())]).await?;
        self.job_alarm.set(at);
        Ok(())
    }

    /// Doing it twice does no harm, so the job goes last.
    pub(crate) async fn run_job_definition_suspension(self: &Arc<Self>, job: &StoredJob) -> Result<(), Error> {
        let (which, state, jobs) = decode(job.configuration.as_deref().unwrap_or_default())
            .ok_or_else(|| Error::Defect(format!("the configuration of job {} cannot be read", job.id)))?;
        Box::pin(self.set_job_definition_suspension(which, state, jobs, None)).await?;
        self.apply(vec![self.statement_on_one(&Mutation::delete(&tables::JOB, with_id(job.id)))]).await
    }

    /// No priority is that of the model again; it is left on the jobs that are there.
    pub(crate) async fn set_job_definition_priority(
        self: &Arc<Self>,
        id: JobDefinitionId,
        priority: Option<i64>,
        jobs: JobsOfDefinition,
    ) -> Result<(), Error> {
        let rows = self.job_definition_rows(JobDefinitionSet::ById(id)).await?;
        if rows.is_empty() {
            return Err(Error::not_found("job definition", id));
        }
        let value = priority.map_or(SqlValue::Null, SqlValue::Integer);
        self.change_job_definitions(&rows, vec![("override_priority", value)]).await?;
        if let (JobsOfDefinition::Included, Some(priority)) = (jobs, priority) {
            let ids = self.job_ids(of_definitions(&rows)).await?;
            self.change_jobs(ids, &JobChange::Priority(priority)).await?;
        }
        Ok(())
    }

    /// Of the jobs that have none left.
    pub(crate) async fn set_job_definition_retries(
        self: &Arc<Self>,
        id: JobDefinitionId,
        retries: i32,
        due_date: Option<Option<Timestamp>>,
    ) -> Result<(), Error> {
        let rows = self.job_definition_rows(JobDefinitionSet::ById(id)).await?;
        if rows.is_empty() {
            return Err(Error::not_found("job definition", id));
        }
        let failed = of_definitions(&rows).and(Condition::equal(tables::JOB.col("retries"), 0));
        let ids = self.job_ids(failed).await?;
        self.change_jobs(ids, &JobChange::Retries { retries, due_date }).await
    }

    async fn change_job_definitions(
        self: &Arc<Self>,
        rows: &[(JobDefinitionId, Option<ProcessDefinitionId>)],
        values: Vec<(&'static str, SqlValue)>,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let table = &tables::JOB_DEFINITION;
        let ids = rows.iter().map(|(id, _)| row::id(id.0)).collect();
        let update = Mutation::update(table, values, Condition::OneOf(table.col("id").into(), ids));
        let statement = self.statement(&update);
        let shared = self.clone();
        let definitions: Vec<ProcessDefinitionId> =
            rows.iter().filter_map(|(_, definition)| definition.clone()).collect();
        in_own_task(async move {
            let _admitted = admitted;
            shared.apply(vec![statement]).await?;
            shared.forget_job_definitions(&definitions);
            Ok(())
        })
        .await
    }

    /// What is in memory of these definitions is old.
    pub(crate) fn forget_job_definitions(&self, definitions: &[ProcessDefinitionId]) {
        for definition in definitions {
            self.definitions.forget(definition);
        }
        for lane in self.lanes.all() {
            lane.mark_stale();
        }
    }

    async fn job_definition_rows(
        &self,
        which: JobDefinitionSet,
    ) -> Result<Vec<(JobDefinitionId, Option<ProcessDefinitionId>)>, Error> {
        let table = &tables::JOB_DEFINITION;
        let condition = match which {
            JobDefinitionSet::ById(id) => Condition::equal(table.col("id"), row::id(id.0)),
            JobDefinitionSet::OfDefinitions(definitions) => {
                let rows = crate::definition_cache::definition_rows(self, definitions.condition()).await?;
                let ids = rows.into_iter().map(|row| SqlValue::Text(row.id.0)).collect();
                Condition::OneOf(table.col("process_definition_id").into(), ids)
            }
        };
        let mut select = Select::all(table.source()).filter(condition);
        select.columns = ["id", "process_definition_id"].map(|name| table.col(name).into()).to_vec();
        let rows = self.rows(&select).await?.into_iter().map(|row| {
            let mut cells = Cells::of(row);
            Ok((cells.id()?, cells.optional_text()?.map(ProcessDefinitionId)))
        });
        rows.collect()
    }

    async fn job_ids(&self, condition: Condition) -> Result<Vec<JobId>, Error> {
        let table = &tables::JOB;
        let mut select = Select::all(table.source()).filter(condition);
        select.columns = vec![table.col("id").into()];
        self.rows(&select).await?.into_iter().map(|row| Cells::of(row).id()).collect()
    }

    /// The same of a job that belongs to no instance.
    fn row_change(&self, id: JobId, change: &JobChange) -> Result<ExpectedStatement, Error> {
        let set = |column, value: SqlValue| Assignment { column, value: AssignedValue::Value(value) };
        let assignments = match change {
            JobChange::Retries { retries, .. } if *retries < 0 => {
                let message = format!("retries is {retries}: the number of retries cannot be negative");
                return Err(Error::rejected(RejectionKind::BadUserRequest, message));
            }
            JobChange::Retries { retries, due_date } => {
                let mut assignments = vec![set("retries", row::number(*retries))];
                assignments.extend(due_date.map(|due_date| set("due_date", row::optional_time(due_date))));
                assignments
            }
            JobChange::DueDate { due_date, .. } => vec![set("due_date", row::optional_time(*due_date))],
            JobChange::Priority(priority) => vec![set("priority", SqlValue::Integer(*priority))],
            JobChange::Suspension(state) => {
                vec![set("is_suspended", row::flag(*state == SuspensionState::Suspended))]
            }
            JobChange::Delete => return Ok(self.statement_on_one(&Mutation::delete(&tables::JOB, with_id(id)))),
            JobChange::Recalculation(_) => return Err(Error::not_found("job of a timer", id)),
        };
        Ok(self.statement_on_one(&Mutation::Update { table: &tables::JOB, assignments, condition: with_id(id) }))
    }
}

fn of_definitions(rows: &[(JobDefinitionId, Option<ProcessDefinitionId>)]) -> Condition {
    let ids = rows.iter().map(|(id, _)| row::id(id.0)).collect();
    Condition::OneOf(tables::JOB.col("job_definition_id").into(), ids)
}

fn commands_of(id: JobId, change: &JobChange) -> Vec<Command> {
    let due = |due_date, following| Command::SetJobDueDate { id, due_date, following };
    match change {
        JobChange::Retries { retries, due_date } => {
            let due_date = due_date.map(|due_date| due(due_date, FollowingRepetitions::Left));
            [Command::SetJobRetries { id, retries: *retries }].into_iter().chain(due_date).collect()
        }
        JobChange::DueDate { due_date, following } => vec![due(*due_date, *following)],
        JobChange::Priority(priority) => vec![Command::SetJobPriority { id, priority: *priority }],
        JobChange::Suspension(state) => {
            vec![Command::SetJobSuspension { id, is_suspended: *state == SuspensionState::Suspended }]
        }
        JobChange::Delete => vec![Command::DeleteJob { id }],
        JobChange::Recalculation(base) => vec![Command::RecalculateJobDueDate { id, base: *base }],
    }
}

/// State, jobs and kind of set, one a line; then the set.
fn encode(which: &JobDefinitionSet, state: SuspensionState, jobs: JobsOfDefinition) -> Arc<str> {
    let state = match state {
        SuspensionState::Active => "active",
        SuspensionState::Suspended => "suspended",
    };
    let jobs = match jobs {
        JobsOfDefinition::Included => "included",
        JobsOfDefinition::Left => "left",
    };
    match which {
        JobDefinitionSet::ById(id) => format!("{state}\n{jobs}\njob-definition\n{id}"),
        JobDefinitionSet::OfDefinitions(set) => format!("{state}\n{jobs}\nof\n{}", suspension::encode_set(set)),
    }
    .into()
}

fn decode(text: &str) -> Option<(JobDefinitionSet, SuspensionState, JobsOfDefinition)> {
    let mut parts = text.splitn(7, '\n');
    let state = match parts.next()? {
        "active" => SuspensionState::Active,
        "suspended" => SuspensionState::Suspended,
        _ => return None,
    };
    let jobs = match parts.next()? {
        "included" => JobsOfDefinition::Included,
        "left" => JobsOfDefinition::Left,
        _ => return None,
    };
    let which = match parts.next()? {
        "job-definition" => JobDefinitionSet::ById(parts.next()?.parse().ok()?),
        "of" => JobDefinitionSet::OfDefinitions(suspension::decode_set(parts)?),
        _ => return None,
    };
    Some((which, state, jobs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{DefinitionSet, TenantChoice};
    use types::Uuid;

    #[test]
    fn a_suspension_for_later_is_read_as_it_was_written() {
        let key = DefinitionSet::ByKey { key: "key".into(), tenant: TenantChoice::Of("t".into()) };
        for which in [JobDefinitionSet::ById(JobDefinitionId(Uuid(7))), JobDefinitionSet::OfDefinitions(key)] {
            let text = encode(&which, SuspensionState::Suspended, JobsOfDefinition::Included);
            assert_eq!(decode(&text), Some((which, SuspensionState::Suspended, JobsOfDefinition::Included)));
        }
        assert_eq!(decode("suspended\nincluded\nsomehow"), None);
    }
}
