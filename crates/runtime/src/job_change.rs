//! Changes of jobs from outside: of one, of those that belong together, and of what definitions say about them.
//!
//! Jobs of instances are changed by commands in their lanes, all others as rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::{Command, FollowingRepetitions, RejectionKind};
use query::mutation::{AssignedValue, Assignment};
use query::{Condition, Mutation, Select, SqlValue, Subquery, tables};
use store::LocatedBy;
use store::work::ExpectedStatement;
use types::{IncidentId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId, Timestamp};

use crate::command::{CONFLICT_ATTEMPTS_MAX, in_own_task};
use crate::error::Error;
use crate::job_row::{self, NewJob, StoredJob, with_id};
use crate::job_run::JobRunner;
use crate::lane::LaneWork;
use crate::request::{JobChange, JobDefinitionSet, JobSet, JobsOfDefinition, SuspensionState};
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::suspension;

/// Ids in one statement.
const IDS_PER_STATEMENT_MAX: usize = 5_000;

/// The jobs that are there, what their lanes do, and what changes the rows of the others.
type JobChanges = (BTreeSet<JobId>, Vec<(ProcessInstanceId, LaneWork)>, Vec<ExpectedStatement>);

impl Shared {
    /// Refused where the job is gone.
    pub(crate) async fn change_job(self: &Arc<Self>, id: JobId, change: JobChange) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            match shared.root_of(LocatedBy::Job(id)).await? {
                Some(_) => shared.execute_all(commands_of(id, &change)).await,
                None => {
                    let job =
                        shared.stored_job(id, JobRunner::Caller).await?.ok_or_else(|| Error::not_found("job", id))?;
                    match shared.apply(shared.row_change(&job, &change).await?).await {
                        Err(Error::OptimisticLocking { .. }) => Err(Error::not_found("job", id)),
                        done => done,
                    }
                }
            }?;
            shared.job_alarm.set(shared.now());
            Ok(())
        })
        .await
    }

    /// All of them or none. Jobs that are gone do not matter.
    pub(crate) async fn change_jobs(self: &Arc<Self>, ids: Vec<JobId>, change: JobChange) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.change_found_jobs(&ids, &change).await
        })
        .await
    }

    async fn change_found_jobs(self: &Arc<Self>, ids: &[JobId], change: &JobChange) -> Result<(), Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (_, work, statements) = self.job_changes(ids, change).await?;
            match self.run_together_along(work, statements).await {
                // One has gone since it was looked for.
                Err(Error::Rejected(rejection))
                    if rejection.kind == RejectionKind::NotFound && attempts < CONFLICT_ATTEMPTS_MAX => {}
                done => {
                    done?;
                    self.job_alarm.set(self.now());
                    return Ok(());
                }
            }
        }
    }

    /// The same within a task that nobody drops, with statements in the same unit. Refused where a job is gone.
    pub(crate) async fn change_jobs_along(
        self: &Arc<Self>,
        ids: &[JobId],
        change: &JobChange,
        along: Vec<ExpectedStatement>,
    ) -> Result<(), Error> {
        let (found, work, mut statements) = self.job_changes(ids, change).await?;
        if let Some(gone) = ids.iter().find(|id| !found.contains(id)) {
            return Err(Error::not_found("job", gone));
        }
        statements.extend(along);
        self.run_together_along(work, statements).await?;
        self.job_alarm.set(self.now());
        Ok(())
    }

    /// Which of the jobs are there, and what changes them.
    async fn job_changes(&self, ids: &[JobId], change: &JobChange) -> Result<JobChanges, Error> {
        let table = &tables::JOB;
        let (mut jobs, mut work, mut statements) = (BTreeSet::new(), Vec::new(), Vec::new());
        for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
            let these = Condition::OneOf(table.col("id").into(), chunk.iter().map(|id| row::id(id.0)).collect());
            let mut select = Select::all(table.source()).filter(these.clone());
            select.columns = ["id", "root_process_instance_id"].map(|name| table.col(name).into()).to_vec();
            for found in self.rows(&select).await? {
                let mut cells = Cells::of(found);
                let (id, root) = (cells.id()?, cells.optional_id()?);
                jobs.insert(id);
                let Some(root) = root else { continue };
                work.extend(commands_of(id, change).into_iter().map(|command| (root, LaneWork::Command(command))));
            }
            let outside = these.and(Condition::is_null(table.col("root_process_instance_id")));
            for job in self.stored_jobs(Select::all(table.source()).filter(outside)).await? {
                statements.extend(self.row_change(&job, change).await?);
            }
        }
        Ok((jobs, work, statements))
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
        self.change_past_lanes(Vec::new(), Some((condition, suspended(state))), Vec::new()).await
    }

    pub(crate) async fn set_job_definition_suspension(
        self: &Arc<Self>,
        which: JobDefinitionSet,
        state: SuspensionState,
        jobs: JobsOfDefinition,
        at: Option<Timestamp>,
    ) -> Result<(), Error> {
        match at {
            Some(at) => self.suspend_job_definitions_later(&which, state, jobs, at).await,
            None => self.suspend_job_definitions(which, state, jobs, Vec::new()).await,
        }
    }

    /// `along` is applied in the same unit.
    async fn suspend_job_definitions(
        self: &Arc<Self>,
        which: JobDefinitionSet,
        state: SuspensionState,
        jobs: JobsOfDefinition,
        mut along: Vec<ExpectedStatement>,
    ) -> Result<(), Error> {
        let rows = self.job_definition_rows(which).await?;
        along.push(self.job_definition_update(&rows, suspended(state)));
        let jobs = (jobs == JobsOfDefinition::Included).then(|| (of_definitions(&rows), suspended(state)));
        self.change_past_lanes(along, jobs, definitions_of(&rows)).await
    }

    /// Changes columns of jobs that nothing else follows from, however many they are, in one unit with the statements.
    /// What is in memory of them and of the definitions is old then.
    async fn change_past_lanes(
        self: &Arc<Self>,
        mut statements: Vec<ExpectedStatement>,
        jobs: Option<(Condition, Vec<(&'static str, SqlValue)>)>,
        definitions: Vec<ProcessDefinitionId>,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            if let Some((which, values)) = jobs {
                statements.push(shared.statement(&revision_steps(which.clone())));
                statements.push(shared.statement(&Mutation::update(&tables::JOB, values, which)));
            }
            if !definitions.is_empty() {
                statements.extend(shared.generation_step());
            }
            shared.apply(statements).await?;
            shared.forget_job_definitions(&definitions);
            shared.announce_definitions();
            shared.job_alarm.set(shared.now());
            Ok(())
        })
        .await
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
            retries: self.settings.jobs.retries,
            is_suspended: false,
        };
        let description = self.description_of(&job.stored()).await?;
        self.apply(self.creation_of(&job, &description)).await?;
        self.job_alarm.set(at);
        Ok(())
    }

    pub(crate) async fn run_job_definition_suspension(self: &Arc<Self>, job: &StoredJob) -> Result<(), Error> {
        let (which, state, jobs) = decode(job.configuration.as_deref().unwrap_or_default())
            .ok_or_else(|| Error::Defect(format!("the configuration of job {} cannot be read", job.id)))?;
        let end = self.end_of_job(job).await?;
        self.suspend_job_definitions(which, state, jobs, end).await
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
        let definition = self.job_definition_update(&rows, vec![("override_priority", value.clone())]);
        let jobs = (jobs == JobsOfDefinition::Included && priority.is_some())
            .then(|| (of_definitions(&rows), vec![("priority", value)]));
        self.change_past_lanes(vec![definition], jobs, definitions_of(&rows)).await
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
        self.change_jobs(ids, JobChange::Retries { retries, due_date }).await
    }

    fn job_definition_update(
        &self,
        rows: &[(JobDefinitionId, Option<ProcessDefinitionId>)],
        values: Vec<(&'static str, SqlValue)>,
    ) -> ExpectedStatement {
        let table = &tables::JOB_DEFINITION;
        let ids = rows.iter().map(|(id, _)| row::id(id.0)).collect();
        self.statement(&Mutation::update(table, values, Condition::OneOf(table.col("id").into(), ids)))
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

    pub(crate) async fn job_definition_rows(
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

    /// The same of a job that belongs to no instance. `Conflict` where it is gone.
    async fn row_change(&self, job: &StoredJob, change: &JobChange) -> Result<Vec<ExpectedStatement>, Error> {
        let set = |column, value: SqlValue| Assignment { column, value: AssignedValue::Value(value) };
        // Whoever changes a job has ended its lock.
        let mut assignments = vec![set("lock_owner", SqlValue::Null), set("lock_expiration", SqlValue::Null)];
        let mut along = Vec::new();
        match change {
            JobChange::Retries { retries, .. } if *retries < 0 => {
                let message = format!("retries is {retries}: the number of retries cannot be negative");
                return Err(Error::rejected(RejectionKind::BadUserRequest, message));
            }
            JobChange::Retries { retries, due_date } => {
                assignments.push(set("retries", row::number(*retries)));
                assignments.extend(due_date.map(|due_date| set("due_date", row::optional_time(due_date))));
                along = self.incidents_by_retries(job, *retries).await?;
            }
            JobChange::DueDate { due_date, .. } => assignments.push(set("due_date", row::optional_time(*due_date))),
            JobChange::Priority(priority) => assignments.push(set("priority", SqlValue::Integer(*priority))),
            JobChange::Suspension(state) => {
                assignments.push(set("is_suspended", row::flag(*state == SuspensionState::Suspended)));
            }
            JobChange::Delete => return self.deletion_of_job(job).await,
            JobChange::Recalculation(_) => return Err(Error::not_found("job of a timer", job.id)),
        };
        let update = Mutation::Update { table: &tables::JOB, assignments, condition: with_id(job.id) };
        along.push(self.statement_on_one(&update));
        Ok(along)
    }
}

fn suspended(state: SuspensionState) -> Vec<(&'static str, SqlValue)> {
    vec![("is_suspended", row::flag(state == SuspensionState::Suspended))]
}

fn definitions_of(rows: &[(JobDefinitionId, Option<ProcessDefinitionId>)]) -> Vec<ProcessDefinitionId> {
    rows.iter().filter_map(|(_, definition)| definition.clone()).collect()
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

pub(crate) fn decode(text: &str) -> Option<(JobDefinitionSet, SuspensionState, JobsOfDefinition)> {
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

/// What lanes have in memory of the instances of these jobs will be found to be old.
fn revision_steps(jobs: Condition) -> Mutation {
    let (table, instances) = (&tables::JOB, &tables::PROCESS_INSTANCE);
    let of_jobs = Subquery { from: table.source(), joins: Vec::new(), condition: jobs };
    let root = table.col("root_process_instance_id");
    Mutation::Update {
        table: instances,
        assignments: vec![suspension::step("revision")],
        condition: Condition::OneOfColumn(instances.col("id").into(), Box::new(of_jobs), root),
    }
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
