//! When a history may be removed, set from outside. It is kept once for a whole tree of instances (ADR 0008): what is said
//! of one of them counts for all.

use query::{Condition, Join, JoinKind, Mutation, Select, SqlValue, column, tables};
use store::work::ExpectedStatement;
use types::{Timestamp, Uuid};

use crate::error::Error;
use crate::request::RemovalTime;
use crate::row::{self, Cells};
use crate::shared::Shared;

const MILLISECONDS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// The root of a tree.
struct Root {
    id: Uuid,
    end_time: Option<Timestamp>,
    time_to_live_days: Option<i64>,
}

impl Shared {
    pub(crate) async fn removal_times_of_instances(
        &self,
        ids: &[Uuid],
        removal_time: RemovalTime,
    ) -> Result<Vec<ExpectedStatement>, Error> {
        let roots = self.roots_of(ids).await?;
        let instances = &tables::HISTORIC_PROCESS_INSTANCE;
        let set = |roots: Vec<SqlValue>, time: SqlValue| {
            let these = Condition::OneOf(instances.col("id").into(), roots);
            self.statement(&Mutation::update(instances, vec![("removal_time", time)], these))
        };
        let all = || roots.iter().map(|root| row::id(root.id)).collect();
        Ok(match removal_time {
            RemovalTime::At(time) => vec![set(all(), row::time(time))],
            RemovalTime::Never => vec![set(all(), SqlValue::Null)],
            RemovalTime::Calculated => {
                let each = roots.iter().map(|root| set(vec![row::id(root.id)], row::optional_time(root.calculated())));
                each.collect()
            }
        })
    }

    /// No time to live is known of batches, so that nothing can be calculated.
    pub(crate) fn removal_time_of_batches(&self, ids: &[Uuid], removal_time: RemovalTime) -> ExpectedStatement {
        let time = match removal_time {
            RemovalTime::At(time) => row::time(time),
            RemovalTime::Never | RemovalTime::Calculated => SqlValue::Null,
        };
        let batches = &tables::HISTORIC_BATCH;
        let these = Condition::OneOf(batches.col("id").into(), ids.iter().map(|id| row::id(*id)).collect());
        self.statement(&Mutation::update(batches, vec![("removal_time", time)], these))
    }

    async fn roots_of(&self, ids: &[Uuid]) -> Result<Vec<Root>, Error> {
        let (instances, definitions) = (&tables::HISTORIC_PROCESS_INSTANCE, &tables::PROCESS_DEFINITION);
        let named = Condition::OneOf(instances.col("id").into(), ids.iter().map(|id| row::id(*id)).collect());
        let mut select = Select::all(instances.source()).filter(named);
        select.joins = vec![
            Join {
                kind: JoinKind::Inner,
                source: instances.named("root"),
                on: vec![(column("root", "id"), instances.col("root_process_instance_id"))],
            },
            Join {
                kind: JoinKind::Left,
                source: definitions.source(),
                on: vec![(definitions.col("id"), column("root", "definition_id"))],
            },
        ];
        select.columns = vec![
            column("root", "id").into(),
            column("root", "end_time").into(),
            definitions.col("history_time_to_live_days").into(),
        ];
        let read = |found: Vec<SqlValue>| {
            let mut cells = Cells::of(found);
            let (id, end_time) = (cells.id()?, cells.optional_time()?);
            Ok(Root { id, end_time, time_to_live_days: cells.optional_integer()? })
        };
        self.rows(&select).await?.into_iter().map(read).collect()
    }
}

impl Root {
    fn calculated(&self) -> Option<Timestamp> {
        Some(self.end_time?.plus_ms(self.time_to_live_days?.saturating_mul(MILLISECONDS_PER_DAY)))
    }
}
