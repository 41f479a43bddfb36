//! The handle that everything outside uses.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine::form::{ShownForm, TaskFormPart};
use engine::{
    Aggregate, Command, InstanceKeys, Modification, ProcessDefinition, Reply, StartedProcessInstance, TaskProperties,
};
use query::{Dialect, SqlValue, Statement};
use store::{LocatedBy, Store, StoreMetrics};
use types::{
    BatchId, DeploymentId, IncidentId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId, TaskId,
    Timestamp, Uuid, VariableInstanceId, VariableMap,
};

use crate::batch_window::BatchWindow;
use crate::error::Error;
use crate::fetch::FetchedTasks;
use crate::metrics::RuntimeMetrics;
use crate::request::*;
use crate::settings::{JobExecutor, Nodes, Settings};
use crate::shared::Shared;
use crate::static_call::StaticallyCalled;
use crate::statistics::Statistics;
use crate::stream::WorkerStream;

/// A running engine. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
}

impl Runtime {
    /// Starts the background work on a store. Called on a tokio runtime.
    pub async fn open(store: Arc<dyn Store>, settings: Settings) -> Result<Runtime, Error> {
        let shared = Arc::new(Shared::new(store, settings)?);
        shared.polls.expiry.set(shared.now());
        shared.background.start("external-task-expiry", shared.clone().release_expired());
        shared.background.start("worker-stream-locks", shared.clone().keep_stream_locks());
        shared.background.start("idempotency-key-expiry", shared.clone().forget_expired_keys());
        if shared.settings.nodes == Nodes::Several {
            shared.background.start("other-nodes", shared.clone().watch_other_nodes());
            let registry = shared.clone().register().await;
            shared.background.start("node-registry", registry.keep());
        }
        shared.background.start("history-cleanup", shared.clone().schedule_history_cleanup_at_start());
        if shared.settings.job_executor == JobExecutor::On {
            shared.background.start("job-executor", shared.clone().run_due_jobs());
        }
        Ok(Runtime { shared })
    }

    pub fn now(&self) -> Timestamp {
        self.shared.now()
    }

    pub fn dialect(&self) -> Dialect {
        self.shared.settings.dialect
    }

    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Any command on an existing aggregate.
    pub async fn execute(&self, command: Command) -> Result<Reply, Error> {
        self.shared.execute(command).await
    }

    /// Any commands, each a unit of its own and answered for itself. They are begun in this order and are all under way
    /// at once. Each comes with the handle that notes it.
    pub async fn execute_each(commands: Vec<(Runtime, Command)>) -> Result<Vec<Result<Reply, Error>>, Error> {
        Shared::execute_each(commands.into_iter().map(|(runtime, command)| (runtime.shared, command)).collect()).await
    }

    /// Commands on many aggregates, all or none of them.
    pub async fn execute_together(&self, commands: Vec<Command>) -> Result<(), Error> {
        self.shared.execute_together(commands).await
    }

    /// # Errors
    /// `NotFound` for an unknown definition, `Suspended` for a suspended one, and what the core refuses.
    pub async fn start_process_instance(
        &self,
        which: DefinitionSelector,
        keys: impl Into<InstanceKeys>,
        variables: VariableMap,
    ) -> Result<StartedProcessInstance, Error> {
        let definition = self.startable(&which).await?;
        let definition_id = definition.id.clone();
        let keys = keys.into();
        let start = |id| Command::StartProcessInstance { id, definition_id, start_event_id: None, keys, variables };
        started(self.shared.start(definition, start).await?)
    }

    /// Starts where the instructions say. The same is refused.
    pub async fn start_process_instance_at(
        &self,
        which: DefinitionSelector,
        keys: impl Into<InstanceKeys>,
        variables: VariableMap,
        modification: Modification,
    ) -> Result<StartedProcessInstance, Error> {
        let definition = self.startable(&which).await?;
        let definition_id = definition.id.clone();
        let keys = keys.into();
        let start = |id| Command::StartProcessInstanceAt {
            id,
            definition_id,
            keys,
            variables,
            modification,
            restarted_process_instance_id: None,
        };
        started(self.shared.start(definition, start).await?)
    }

    /// Starts with what was sent in for the start form. The same is refused.
    pub async fn submit_start_form(
        &self,
        which: DefinitionSelector,
        keys: impl Into<InstanceKeys>,
        variables: VariableMap,
    ) -> Result<StartedProcessInstance, Error> {
        let definition = self.startable(&which).await?;
        let definition_id = definition.id.clone();
        let keys = keys.into();
        let start = |id| Command::SubmitStartForm { id, definition_id, keys, variables };
        started(self.shared.start(definition, start).await?)
    }

    /// The form of a user task.
    pub async fn task_form(&self, id: TaskId, part: TaskFormPart) -> Result<ShownForm, Error> {
        match self.execute(Command::ReadTaskForm { id, part }).await? {
            Reply::TaskForm(form) => Ok(*form),
            _ => Err(Error::Defect("a form was answered with something else".to_owned())),
        }
    }

    /// The file that a form of a definition is in.
    pub async fn form_resource(&self, definition: &ProcessDefinition, form: &ShownForm) -> Result<FormResource, Error> {
        self.shared.form_resource(definition, form).await
    }

    async fn startable(&self, which: &DefinitionSelector) -> Result<Arc<ProcessDefinition>, Error> {
        let row = self.shared.check_startable(which).await?;
        let definition = self.definition(&row.id).await?;
        definition.ok_or_else(|| Error::not_found("process definition", &row.id))
    }

    /// Locks tasks for a worker; waits for a first one as long as the request allows. Dropping the future means that
    /// the client has gone: nothing stays locked.
    pub async fn fetch_and_lock(&self, request: FetchRequest) -> Result<FetchedTasks, Error> {
        self.shared.fetch_and_lock(request).await
    }

    /// Tasks go to the worker of a stream as they come, as many at once as the request's `tasks_max` says. How long it
    /// would wait does not matter.
    ///
    /// # Errors
    /// `Overloaded` where there are as many streams as there may be polls.
    pub fn open_stream(&self, request: FetchRequest) -> Result<WorkerStream, Error> {
        self.shared.open_stream(request)
    }

    /// More tasks at once for the worker of a stream, `credits_max` at most. `None` if this node has no such stream, else
    /// whether it got them.
    pub fn add_credits(&self, stream_id: Uuid, more: u32, credits_max: u32) -> Option<bool> {
        self.shared.streams.add_credits(stream_id, more, credits_max)
    }

    pub fn worker_streams(&self) -> usize {
        self.shared.streams.count()
    }

    /// How many polls wait now.
    pub fn parked_polls(&self) -> usize {
        self.shared.polls.parked_count()
    }

    /// How many requests are in work now.
    pub fn requests_in_work(&self) -> usize {
        self.shared.admission.in_flight()
    }

    /// How many nodes live, this one included, as far as it knows.
    pub fn nodes_living(&self) -> usize {
        self.shared.nodes_living.load(Ordering::Relaxed)
    }

    pub fn metrics(&self) -> &RuntimeMetrics {
        &self.shared.metrics
    }

    pub fn store_metrics(&self) -> Option<&StoreMetrics> {
        self.shared.store.metrics()
    }

    /// How much waits, by one look at the database.
    pub async fn statistics(&self) -> Result<Statistics, Error> {
        self.shared.statistics().await
    }

    /// Whether requests can be carried out: it is not shutting down, and the database can be read and written.
    pub async fn check(&self) -> Result<(), Error> {
        if self.shared.admission.is_closed() {
            return Err(Error::ShuttingDown);
        }
        Ok(self.shared.store.check().await?)
    }

    pub async fn deploy(&self, deployment: NewDeployment) -> Result<Deployed, Error> {
        self.shared.deploy(deployment).await
    }

    pub async fn delete_deployment(&self, id: DeploymentId, cascade: Cascade) -> Result<(), Error> {
        self.shared.delete_deployment(id, cascade).await
    }

    pub async fn delete_process_definitions(&self, which: DefinitionSet, cascade: Cascade) -> Result<(), Error> {
        self.shared.delete_process_definitions(which, cascade).await
    }

    /// With its parsed model.
    pub async fn definition(&self, id: &ProcessDefinitionId) -> Result<Option<Arc<ProcessDefinition>>, Error> {
        self.shared.definition(id).await
    }

    /// What the call activities of a definition call, as far as its model says.
    ///
    /// # Errors
    /// `NotFound` for an unknown definition.
    pub async fn statically_called(&self, id: &ProcessDefinitionId) -> Result<Vec<StaticallyCalled>, Error> {
        self.shared.statically_called(id).await
    }

    /// # Errors
    /// `TenantChoice::Any` where several tenants have the key.
    pub async fn definition_row(&self, which: &DefinitionSelector) -> Result<Option<Arc<DefinitionRow>>, Error> {
        self.shared.definitions.row(&self.shared, which).await
    }

    /// Looks at an aggregate through the cache, once all that was decided before is durable.
    pub async fn inspect<T: Send + 'static>(
        &self,
        by: LocatedBy,
        look: impl Fn(&Aggregate) -> T + Send + 'static,
    ) -> Result<Option<T>, Error> {
        self.shared.inspect(by, look).await
    }

    /// Rows of a query on what is durable.
    pub async fn select(&self, statement: Statement) -> Result<Vec<Vec<SqlValue>>, Error> {
        Ok(self.shared.store.select(statement).await?)
    }

    /// Rows to be shown: with the texts that people have given as ids.
    pub async fn select_shown(&self, statement: Statement) -> Result<Vec<Vec<SqlValue>>, Error> {
        self.shared.with_given_ids(self.select(statement).await?).await
    }

    /// One that stands alone. Without an id of somebody's choice it gets one.
    pub async fn create_task(&self, given_id: Option<Arc<str>>, properties: TaskProperties) -> Result<(), Error> {
        self.shared.create_task(given_id, properties).await
    }

    /// Replaces what people may change about a task.
    pub async fn update_task(&self, id: TaskId, properties: TaskProperties) -> Result<(), Error> {
        self.shared.update_task(id, properties).await
    }

    /// To everything that waits for it, or to one execution.
    pub async fn throw_signal(&self, signal: Signal) -> Result<(), Error> {
        self.shared.throw_signal(signal).await
    }

    /// Starts the processes whose conditions hold.
    pub async fn evaluate_start_conditions(
        &self,
        evaluation: ConditionEvaluation,
    ) -> Result<Vec<StartedProcessInstance>, Error> {
        self.shared.evaluate_start_conditions(evaluation).await
    }

    pub async fn correlate_message(&self, message: MessageCorrelation) -> Result<Vec<Correlated>, Error> {
        self.shared.correlate_message(message).await
    }

    /// Of the history of instances that end from now on, in days; `None` keeps it for ever.
    pub async fn set_history_time_to_live(&self, id: ProcessDefinitionId, days: Option<u32>) -> Result<(), Error> {
        self.shared.set_history_time_to_live(id, days).await
    }

    pub async fn set_definition_suspension(&self, suspension: DefinitionSuspension) -> Result<(), Error> {
        self.shared.set_definition_suspension(suspension).await
    }

    pub async fn set_instance_suspension(&self, which: InstanceSet, state: SuspensionState) -> Result<(), Error> {
        self.shared.set_instance_suspension(which, state).await
    }

    pub async fn create_batch(&self, batch: NewBatch) -> Result<Batch, Error> {
        self.shared.create_batch(batch).await
    }

    /// All of them or none.
    pub async fn restart_process_instances(
        &self,
        restart: Restart,
        instances: Vec<ProcessInstanceId>,
    ) -> Result<(), Error> {
        self.shared.restart_process_instances(restart, instances).await
    }

    pub async fn delete_batch(&self, id: BatchId, cascade: Cascade) -> Result<(), Error> {
        self.shared.delete_batch(id, cascade).await
    }

    /// Suspends or activates the jobs of a batch.
    pub async fn set_batch_suspension(&self, id: BatchId, state: SuspensionState) -> Result<(), Error> {
        self.shared.set_batch_suspension(id, state).await
    }

    /// To a task that is or was there; answers the comment's id.
    pub async fn add_comment(&self, new: NewComment) -> Result<Uuid, Error> {
        self.shared.add_comment(new).await
    }

    /// # Errors
    /// `NotFound` where the owner has ended or has no such comment.
    pub async fn change_comment(&self, owner: CommentOwner, id: Uuid, message: Arc<str>) -> Result<(), Error> {
        self.shared.change_comment(owner, id, message).await
    }

    /// One of them or all. There need not be any.
    ///
    /// # Errors
    /// `NotFound` where the owner has ended.
    pub async fn delete_comments(&self, owner: CommentOwner, id: Option<Uuid>) -> Result<(), Error> {
        self.shared.delete_comments(owner, id).await
    }

    /// To a task that is or was there; answers the attachment's id.
    pub async fn add_attachment(&self, new: NewAttachment) -> Result<Uuid, Error> {
        self.shared.add_attachment(new).await
    }

    /// # Errors
    /// `NotFound` where the task has no such attachment.
    pub async fn delete_attachment(&self, task_id: TaskId, id: Uuid) -> Result<(), Error> {
        self.shared.delete_attachment(task_id, id).await
    }

    /// All that is kept of an instance that has ended.
    pub async fn delete_historic_process_instance(&self, id: ProcessInstanceId) -> Result<(), Error> {
        self.shared.delete_historic_process_instance(id).await
    }

    /// Makes the jobs that clean up the history due; answers them.
    pub async fn schedule_history_cleanup(&self, urgency: Urgency) -> Result<Vec<JobId>, Error> {
        self.shared.schedule_history_cleanup(urgency).await
    }

    /// The jobs that clean up the history, if they have been made.
    pub async fn history_cleanup_jobs(&self) -> Result<Vec<JobId>, Error> {
        self.shared.history_cleanup_jobs().await
    }

    /// The batch window that is open or comes next.
    pub fn history_cleanup_window(&self) -> Option<BatchWindow> {
        self.shared.history_cleanup_window()
    }

    pub async fn delete_historic_batch(&self, id: BatchId) -> Result<(), Error> {
        self.shared.delete_historic_batch(id).await
    }

    pub async fn delete_historic_variable(&self, id: VariableInstanceId) -> Result<(), Error> {
        self.shared.delete_historic_variable(id).await
    }

    /// All that is kept of the variables of an instance.
    pub async fn delete_historic_variables_of(&self, id: ProcessInstanceId) -> Result<(), Error> {
        self.shared.delete_historic_variables_of(id).await
    }

    /// Any job, due or not: of an instance, a batch or a delayed suspension. A failure costs a retry.
    pub async fn execute_job(&self, id: JobId) -> Result<(), Error> {
        self.shared.execute_job(id).await
    }

    /// Of an incident that belongs to no instance.
    pub async fn annotate_incident(&self, id: IncidentId, annotation: Option<Arc<str>>) -> Result<(), Error> {
        self.shared.annotate_incident(id, annotation).await
    }

    pub async fn change_job(&self, id: JobId, change: JobChange) -> Result<(), Error> {
        self.shared.change_job(id, change).await
    }

    pub async fn set_job_suspension(&self, which: JobSet, state: SuspensionState) -> Result<(), Error> {
        self.shared.set_job_suspension(which, state).await
    }

    pub async fn set_job_definition_suspension(
        &self,
        which: JobDefinitionSet,
        state: SuspensionState,
        jobs: JobsOfDefinition,
        at: Option<Timestamp>,
    ) -> Result<(), Error> {
        self.shared.set_job_definition_suspension(which, state, jobs, at).await
    }

    /// Before any priority that the model says; `None` is that of the model again.
    pub async fn set_job_definition_priority(
        &self,
        id: JobDefinitionId,
        priority: Option<i64>,
        jobs: JobsOfDefinition,
    ) -> Result<(), Error> {
        self.shared.set_job_definition_priority(id, priority, jobs).await
    }

    /// Of the jobs of a job definition that have none left.
    pub async fn set_job_definition_retries(
        &self,
        id: JobDefinitionId,
        retries: i32,
        due_date: Option<Option<Timestamp>>,
    ) -> Result<(), Error> {
        self.shared.set_job_definition_retries(id, retries, due_date).await
    }

    /// Parked polls are answered empty, work in hand is committed, later requests are refused.
    pub async fn shutdown(&self) {
        self.shared.admission.close();
        self.shared.streams.close();
        self.shared.polls.close();
        self.shared.background.stop().await;
        self.shared.admission.empty().await;
        if self.shared.settings.job_executor == JobExecutor::On {
            self.shared.release_own_jobs().await;
        }
        if self.shared.settings.nodes == Nodes::Several {
            self.shared.leave().await;
        }
    }
}

pub(crate) fn started(reply: Reply) -> Result<StartedProcessInstance, Error> {
    match reply {
        Reply::Started(started) => Ok(started),
        Reply::Done
        | Reply::Correlated { .. }
        | Reply::IncidentCreated(_)
        | Reply::TaskForm(_)
        | Reply::Variables(_) => Err(Error::Defect("a start was answered with something else".to_owned())),
    }
}
