//! The handle that everything outside uses.

use std::sync::Arc;

use engine::{Command, ProcessDefinition, Reply, StartedProcessInstance};
use query::{Dialect, SqlValue, Statement};
use store::Store;
use types::{BatchId, DeploymentId, JobId, ProcessDefinitionId, Timestamp, VariableMap};

use crate::error::Error;
use crate::request::*;
use crate::settings::Settings;

#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
    settings: Settings,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

/// Tasks that were locked for a poll. Dropped without `delivered`, it unlocks them again: the client never saw them.
#[derive(Debug)]
pub struct FetchedTasks {
    pub tasks: Vec<FetchedTask>,
}

impl FetchedTasks {
    /// The answer was written; the locks stay.
    pub fn delivered(self) -> Vec<FetchedTask> {
        self.tasks
    }
}

fn not_yet<T>() -> Result<T, Error> {
    Err(Error::NotImplemented("the runtime is being built".to_owned()))
}

impl Runtime {
    pub async fn open(store: Arc<dyn Store>, settings: Settings) -> Result<Runtime, Error> {
        Ok(Runtime { shared: Arc::new(Shared { store, settings }) })
    }

    pub fn now(&self) -> Timestamp {
        self.shared.settings.clock.now()
    }

    pub fn dialect(&self) -> Dialect {
        self.shared.settings.dialect
    }

    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Any command on an existing aggregate.
    pub async fn execute(&self, command: Command) -> Result<Reply, Error> {
        let _ = command;
        not_yet()
    }

    /// Commands on many aggregates, all or none of them.
    pub async fn execute_together(&self, commands: Vec<Command>) -> Result<(), Error> {
        let _ = commands;
        not_yet()
    }

    pub async fn start_process_instance(
        &self,
        which: DefinitionSelector,
        business_key: Option<Arc<str>>,
        variables: VariableMap,
    ) -> Result<StartedProcessInstance, Error> {
        let _ = (which, business_key, variables);
        not_yet()
    }

    /// Locks tasks for a worker; waits for a first one as long as the request allows. Dropping the future means that
    /// the client has gone: nothing stays locked.
    pub async fn fetch_and_lock(&self, request: FetchRequest) -> Result<FetchedTasks, Error> {
        let _ = request;
        not_yet()
    }

    pub async fn deploy(&self, deployment: NewDeployment) -> Result<Deployed, Error> {
        let _ = deployment;
        not_yet()
    }

    pub async fn delete_deployment(&self, id: DeploymentId, cascade: Cascade) -> Result<(), Error> {
        let _ = (id, cascade);
        not_yet()
    }

    pub async fn delete_process_definitions(&self, which: DefinitionSet, cascade: Cascade) -> Result<(), Error> {
        let _ = (which, cascade);
        not_yet()
    }

    pub async fn definition(&self, id: &ProcessDefinitionId) -> Result<Option<Arc<ProcessDefinition>>, Error> {
        let _ = id;
        not_yet()
    }

    /// Rows of a query on what is durable.
    pub async fn select(&self, statement: Statement) -> Result<Vec<Vec<SqlValue>>, Error> {
        Ok(self.shared.store.select(statement).await?)
    }

    pub async fn correlate_message(&self, message: MessageCorrelation) -> Result<Vec<CorrelatedExecution>, Error> {
        let _ = message;
        not_yet()
    }

    pub async fn set_definition_suspension(&self, suspension: DefinitionSuspension) -> Result<(), Error> {
        let _ = suspension;
        not_yet()
    }

    pub async fn set_instance_suspension(&self, which: InstanceSet, state: SuspensionState) -> Result<(), Error> {
        let _ = (which, state);
        not_yet()
    }

    pub async fn create_retries_batch(&self, batch: NewRetriesBatch) -> Result<Batch, Error> {
        let _ = batch;
        not_yet()
    }

    pub async fn delete_batch(&self, id: BatchId, cascade: Cascade) -> Result<(), Error> {
        let _ = (id, cascade);
        not_yet()
    }

    /// Any job: of an instance, a batch or a delayed suspension. A failure costs no retry.
    pub async fn execute_job(&self, id: JobId) -> Result<(), Error> {
        let _ = id;
        not_yet()
    }

    /// Parked polls are answered empty, work in hand is committed, later requests are refused.
    pub async fn shutdown(&self) {}
}
