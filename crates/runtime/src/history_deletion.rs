//! Takes single things out of the history.

use std::sync::Arc;

use query::{Condition, Mutation, Select, Table, tables};
use types::{BatchId, ProcessInstanceId, VariableInstanceId};

use crate::command::in_own_task;
use crate::error::Error;
use crate::row;
use crate::shared::Shared;

impl Shared {
    /// All that is kept of an instance that has ended.
    pub(crate) async fn delete_historic_process_instance(self: &Arc<Self>, id: ProcessInstanceId) -> Result<(), Error> {
        let instances = &tables::HISTORIC_PROCESS_INSTANCE;
        let this =
            Condition::equal(instances.col("id"), row::id(id.0)).and(Condition::is_not_null(instances.col("end_time")));
        let of = |table: &'static Table| {
            Mutation::delete(table, Condition::equal(table.col("process_instance_id"), row::id(id.0)))
        };
        let mutations = vec![
            of(&tables::HISTORIC_ACTIVITY_INSTANCE),
            of(&tables::HISTORIC_TASK),
            of(&tables::IDENTITY_LINK_LOG),
            of(&tables::HISTORIC_VARIABLE),
            of(&tables::HISTORIC_EXTERNAL_TASK_LOG),
            of(&tables::HISTORIC_INCIDENT),
            of(&tables::HISTORIC_JOB_LOG),
            Mutation::delete(instances, this.clone()),
        ];
        self.delete_history(instances, this, mutations, || Error::not_found("ended process instance", id)).await
    }

    /// What is kept of a batch that has ended.
    pub(crate) async fn delete_historic_batch(self: &Arc<Self>, id: BatchId) -> Result<(), Error> {
        let batches = &tables::HISTORIC_BATCH;
        let this = Condition::equal(batches.col("id"), row::id(id.0));
        let mutations = vec![Mutation::delete(batches, this.clone())];
        self.delete_history(batches, this, mutations, || Error::not_found("historic batch", id)).await
    }

    pub(crate) async fn delete_historic_variable(self: &Arc<Self>, id: VariableInstanceId) -> Result<(), Error> {
        let variables = &tables::HISTORIC_VARIABLE;
        let this = Condition::equal(variables.col("id"), row::id(id.0));
        let mutations = vec![Mutation::delete(variables, this.clone())];
        self.delete_history(variables, this, mutations, || Error::not_found("historic variable", id)).await
    }

    /// All that is kept of the variables of an instance.
    pub(crate) async fn delete_historic_variables_of(self: &Arc<Self>, id: ProcessInstanceId) -> Result<(), Error> {
        let instances = &tables::HISTORIC_PROCESS_INSTANCE;
        let variables = &tables::HISTORIC_VARIABLE;
        let of_instance = Condition::equal(variables.col("process_instance_id"), row::id(id.0));
        let this = Condition::equal(instances.col("id"), row::id(id.0));
        let mutations = vec![Mutation::delete(variables, of_instance)];
        self.delete_history(instances, this, mutations, || Error::not_found("historic process instance", id)).await
    }

    /// Refused where no row of the table fulfils the condition.
    async fn delete_history(
        self: &Arc<Self>,
        table: &'static Table,
        condition: Condition,
        mutations: Vec<Mutation>,
        unknown: impl FnOnce() -> Error,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        if self.count(&Select::all(table.source()).filter(condition)).await? == 0 {
            return Err(unknown());
        }
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.apply(mutations.iter().map(|mutation| shared.statement(mutation)).collect()).await
        })
        .await
    }
}
