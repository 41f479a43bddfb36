//! Takes single things out of the history.

use std::sync::Arc;

use engine::RejectionKind;
use query::{Condition, Mutation, Select, SqlValue, Table, tables};
use types::{BatchId, ProcessInstanceId, Uuid, VariableInstanceId};

use crate::command::in_own_task;
use crate::error::Error;
use crate::row::{self, Cells};
use crate::shared::Shared;

impl Shared {
    /// All that is kept of an instance that has ended.
    pub(crate) async fn delete_historic_process_instance(self: &Arc<Self>, id: ProcessInstanceId) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let instances = &tables::HISTORIC_PROCESS_INSTANCE;
        let this =
            Condition::equal(instances.col("id"), row::id(id.0)).and(Condition::is_not_null(instances.col("end_time")));
        if self.count(&Select::all(instances.source()).filter(this)).await? == 0 {
            return Err(Error::not_found("ended process instance", id));
        }
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.remove_instances(&[row::id(id.0)]).await.map(drop)
        })
        .await
    }

    /// The same of several. One that still runs is refused, one that is not there is passed over.
    pub(crate) async fn delete_ended_history(&self, ids: &[Uuid]) -> Result<(), Error> {
        let table = &tables::HISTORIC_PROCESS_INSTANCE;
        let ids: Vec<SqlValue> = ids.iter().map(|id| row::id(*id)).collect();
        let running =
            Condition::OneOf(table.col("id").into(), ids.clone()).and(Condition::is_null(table.col("end_time")));
        let mut select = Select::all(table.source()).filter(running).limit(1);
        select.columns = vec![table.col("id").into()];
        if let Some(found) = self.rows(&select).await?.pop() {
            let id: ProcessInstanceId = Cells::of(found).id()?;
            let message = format!("the process instance {id} still runs: its history cannot be deleted");
            return Err(Error::rejected(RejectionKind::BadUserRequest, message));
        }
        self.remove_instances(&ids).await.map(drop)
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
        let details = &tables::HISTORIC_DETAIL;
        let of_variable = Condition::equal(details.col("variable_instance_id"), row::id(id.0));
        let mutations = vec![Mutation::delete(variables, this.clone()), Mutation::delete(details, of_variable)];
        self.delete_history(variables, this, mutations, || Error::not_found("historic variable", id)).await
    }

    /// All that is kept of the variables of an instance.
    pub(crate) async fn delete_historic_variables_of(self: &Arc<Self>, id: ProcessInstanceId) -> Result<(), Error> {
        let instances = &tables::HISTORIC_PROCESS_INSTANCE;
        let variables = &tables::HISTORIC_VARIABLE;
        let of_instance = Condition::equal(variables.col("process_instance_id"), row::id(id.0));
        let this = Condition::equal(instances.col("id"), row::id(id.0));
        let details = &tables::HISTORIC_DETAIL;
        let written = Condition::equal(details.col("process_instance_id"), row::id(id.0))
            .and(Condition::equal(details.col("kind"), "variableUpdate"));
        let mutations = vec![Mutation::delete(variables, of_instance), Mutation::delete(details, written)];
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
