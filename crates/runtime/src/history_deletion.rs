//! Takes single things out of the history.

use std::sync::Arc;

use engine::RejectionKind;
use query::{Condition, Mutation, Select, Table, tables};
use store::work::ExpectedStatement;
use types::{BatchId, ProcessInstanceId, VariableInstanceId};

use crate::command::in_own_task;
use crate::error::Error;
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::task_remark::remark_deletions;

impl Shared {
    /// All that is kept of an instance that has ended.
    pub(crate) async fn delete_historic_process_instance(self: &Arc<Self>, id: ProcessInstanceId) -> Result<(), Error> {
        let (this, mutations) = historic_instance(id);
        let unknown = || Error::not_found("ended process instance", id);
        self.delete_history(&tables::HISTORIC_PROCESS_INSTANCE, this, mutations, unknown).await
    }

    /// The statements that do it. One that still runs is refused, one that is not there is passed over.
    pub(crate) async fn historic_instance_deletion(
        &self,
        id: ProcessInstanceId,
    ) -> Result<Vec<ExpectedStatement>, Error> {
        let table = &tables::HISTORIC_PROCESS_INSTANCE;
        let mut select = Select::all(table.source()).filter(Condition::equal(table.col("id"), row::id(id.0)));
        select.columns = vec![table.col("end_time").into()];
        let end_time = match self.rows(&select).await?.pop() {
            Some(found) => Some(Cells::of(found).optional_time()?),
            None => None,
        };
        match end_time {
            Some(None) => {
                let message = format!("the process instance {id} still runs: its history cannot be deleted");
                Err(Error::rejected(RejectionKind::BadUserRequest, message))
            }
            _ => Ok(historic_instance(id).1.iter().map(|mutation| self.statement(mutation)).collect()),
        }
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

/// The row of an instance that has ended, and what deletes it with all that belongs to it.
fn historic_instance(id: ProcessInstanceId) -> (Condition, Vec<Mutation>) {
    let instances = &tables::HISTORIC_PROCESS_INSTANCE;
    let this =
        Condition::equal(instances.col("id"), row::id(id.0)).and(Condition::is_not_null(instances.col("end_time")));
    let of = |table: &'static Table| {
        Mutation::delete(table, Condition::equal(table.col("process_instance_id"), row::id(id.0)))
    };
    let mut mutations = remark_deletions(&[row::id(id.0)]);
    mutations.extend([
        of(&tables::HISTORIC_ACTIVITY_INSTANCE),
        of(&tables::HISTORIC_TASK),
        of(&tables::IDENTITY_LINK_LOG),
        of(&tables::HISTORIC_VARIABLE),
        of(&tables::HISTORIC_DETAIL),
        of(&tables::HISTORIC_EXTERNAL_TASK_LOG),
        of(&tables::HISTORIC_INCIDENT),
        of(&tables::HISTORIC_JOB_LOG),
        Mutation::delete(instances, this.clone()),
    ]);
    (this, mutations)
}
