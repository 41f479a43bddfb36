//! How long the history of a definition's instances is kept.

use std::sync::Arc;

use query::{Condition, Mutation, SqlValue, tables};
use types::ProcessDefinitionId;

use crate::command::in_own_task;
use crate::error::Error;
use crate::row;
use crate::shared::Shared;

impl Shared {
    /// Counts for instances that end from now on.
    pub(crate) async fn set_history_time_to_live(
        self: &Arc<Self>,
        id: ProcessDefinitionId,
        days: Option<u32>,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let _turn = shared.deployment_turn.acquire().await.map_err(|_| Error::ShuttingDown)?;
            let table = &tables::PROCESS_DEFINITION;
            let values = vec![("history_time_to_live_days", days.map_or(SqlValue::Null, row::number))];
            let this = Condition::equal(table.col("id"), id.as_str());
            let update = shared.statement_on_one(&Mutation::update(table, values, this));
            let statements = std::iter::once(update).chain(shared.generation_step()).collect();
            match shared.apply(statements).await {
                Err(Error::OptimisticLocking { .. }) => return Err(Error::not_found("process definition", &id)),
                done => done?,
            }
            shared.definitions.forget(&id);
            shared.announce_definitions();
            for lane in shared.lanes.all() {
                lane.mark_stale();
            }
            Ok(())
        })
        .await
    }
}
