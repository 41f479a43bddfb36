//! The jobs of batches: each does the work of its batch to some of its things.
//!
//! What is done and the end of the job are one unit.

use std::sync::Arc;

use engine::{Command, RejectionKind, VariablePatch, VariableReach};
use query::{Condition, Mutation, tables};
use store::work::ExpectedStatement;
use types::{ExecutionId, ExternalTaskId, JobId, ProcessInstanceId, Uuid};

use crate::batch_work;
use crate::error::Error;
use crate::job_row::StoredJob;
use crate::lane::LaneWork;
use crate::request::{BatchWork, InstanceSet, JobChange, MessageCorrelation, MessageReach};
use crate::row;
use crate::shared::Shared;

type Work = Vec<(ProcessInstanceId, LaneWork)>;

impl Shared {
    pub(crate) async fn run_batch_job(self: &Arc<Self>, job: &StoredJob) -> Result<(), Error> {
        let configuration = job.configuration.as_deref().unwrap_or_default();
        let (work, ids) = batch_work::decode(configuration)
            .ok_or_else(|| Error::Defect(format!("the configuration of job {} cannot be read", job.id)))?;
        let mut end = self.end_of_batch_job(job).await?;
        let mut units = Work::new();
        for id in ids.iter().copied() {
            units.extend(self.batch_commands(&work, id).await?);
        }
        let is_message = matches!(work, BatchWork::CorrelateMessage { .. });
        match work {
            BatchWork::SetJobRetries { retries, due_date } => {
                let jobs: Vec<JobId> = ids.into_iter().map(JobId).collect();
                return self.change_jobs_along(&jobs, &JobChange::Retries { retries, due_date }, end).await;
            }
            BatchWork::SetSuspension { state } => {
                let instances = ids.into_iter().map(ProcessInstanceId).collect();
                return self.suspend_instances(InstanceSet::Ids(instances), state, end).await;
            }
            BatchWork::DeleteHistoricProcessInstances => {
                self.delete_ended_history(&ids).await?;
            }
            BatchWork::SetRemovalTimeOfProcessInstances { removal_time, reach } => {
                end.extend(self.removal_times_of_instances(&ids, removal_time, reach).await?);
            }
            BatchWork::SetRemovalTimeOfBatches { removal_time } => {
                end.extend(self.removal_time_of_batches(&ids, removal_time).await?);
            }
            BatchWork::CorrelateMessage { name, variables } => {
                let Some(name) = name else {
                    return Err(Error::rejected(RejectionKind::NullValue, "the batch names no message"));
                };
                for id in ids.into_iter().map(ProcessInstanceId) {
                    let message = MessageCorrelation {
                        name: name.clone(),
                        process_instance_id: Some(id),
                        variables: variables.clone(),
                        reach: MessageReach::All,
                        ..MessageCorrelation::default()
                    };
                    units.extend(self.message_work(&message).await?);
                }
            }
            BatchWork::RestartProcessInstances(restart) => {
                let instances: Vec<ProcessInstanceId> = ids.into_iter().map(ProcessInstanceId).collect();
                units.extend(self.restarts(&restart, &instances).await?);
            }
            BatchWork::SetExternalTaskRetries { .. }
            | BatchWork::DeleteProcessInstances { .. }
            | BatchWork::SetVariables { .. }
            | BatchWork::ModifyProcessInstances { .. } => {}
        }
        match self.run_together_along(units, end).await {
            // Who waited for the message has gone meanwhile: nothing has failed.
            Err(Error::Rejected(rejection)) if is_message && rejection.kind == RejectionKind::NotFound => {
                Err(Error::OptimisticLocking { attempts: 1 })
            }
            done => done.map(drop),
        }
    }

    /// What the batch does to one of its things, as commands on its aggregate.
    async fn batch_commands(&self, work: &BatchWork, id: Uuid) -> Result<Work, Error> {
        let (command, is_needed) = match work {
            BatchWork::SetExternalTaskRetries { retries } => {
                (Command::SetExternalTaskRetries { id: ExternalTaskId(id), retries: *retries }, true)
            }
            BatchWork::DeleteProcessInstances { delete_reason, skipped } => {
                let id = ProcessInstanceId(id);
                let delete_reason = delete_reason.clone();
                (Command::DeleteProcessInstance { id, delete_reason, skipped: *skipped }, false)
            }
            BatchWork::SetVariables { variables } => {
                let patch = VariablePatch { modifications: variables.clone(), deletions: Vec::new() };
                let reach = VariableReach::Nearest;
                (Command::PatchVariables { execution_id: ExecutionId(id), reach, patch }, true)
            }
            BatchWork::ModifyProcessInstances { definition_id, modification } => {
                let id = ProcessInstanceId(id);
                let definition_id = definition_id.clone();
                (Command::ModifyProcessInstance { id, definition_id, modification: modification.clone() }, true)
            }
            BatchWork::SetJobRetries { .. }
            | BatchWork::DeleteHistoricProcessInstances
            | BatchWork::SetRemovalTimeOfProcessInstances { .. }
            | BatchWork::SetRemovalTimeOfBatches { .. }
            | BatchWork::SetSuspension { .. }
            | BatchWork::CorrelateMessage { .. }
            | BatchWork::RestartProcessInstances(_) => return Ok(Work::new()),
        };
        match self.locate(&command).await? {
            Some(root) => Ok(vec![(root, LaneWork::Command(command))]),
            None if is_needed => Err(self.refuse_on_nothing(command)),
            None => Ok(Work::new()),
        }
    }

    /// The job goes, and its batch has begun to work.
    async fn end_of_batch_job(&self, job: &StoredJob) -> Result<Vec<ExpectedStatement>, Error> {
        let mut statements = self.end_of_job(job).await?;
        let Some(batch) = job.batch_id else { return Ok(statements) };
        for table in [&tables::BATCH, &tables::HISTORIC_BATCH] {
            let started = vec![("execution_start_time", row::time(self.now()))];
            let unstarted = Condition::equal(table.col("id"), row::id(batch.0))
                .and(Condition::is_null(table.col("execution_start_time")));
            statements.push(self.statement(&Mutation::update(table, started, unstarted)));
        }
        Ok(statements)
    }
}
