//! When a history may be removed, set from outside. What is kept of an instance follows its root unless something else
//! is said of the instance (ADR 0008).

use engine::RemovalTimeStrategy;
use query::tables::NEVER_REMOVED;
use query::{ColumnRef, Comparison, Condition, Join, JoinKind, Mutation, Select, SqlValue, column, tables};
use store::work::ExpectedStatement;
use types::{Timestamp, Uuid};

use crate::error::Error;
use crate::request::{RemovalTime, RemovalTimeReach};
use crate::row::{self, Cells};
use crate::shared::Shared;

const MILLISECONDS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// From when on something is kept, and how long.
struct Kept {
    start_time: Timestamp,
    end_time: Option<Timestamp>,
    time_to_live_days: Option<i64>,
}

struct Instance {
    id: Uuid,
    kept: Kept,
    root_id: Uuid,
    root: Kept,
    root_removal_time: Option<Timestamp>,
}

impl Shared {
    pub(crate) async fn removal_times_of_instances(
        &self,
        ids: &[Uuid],
        removal_time: RemovalTime,
        reach: RemovalTimeReach,
    ) -> Result<Vec<ExpectedStatement>, Error> {
        let mut statements = Vec::new();
        for instance in self.instances_with_roots(ids).await? {
            match reach {
                RemovalTimeReach::Tree => {
                    let time = self.time_of(removal_time, &instance.root);
                    statements.push(self.follow_root(instance.root_id, Condition::is_not_null, SqlValue::Null));
                    statements.push(self.removal_time_of(instance.root_id, row::optional_time(time)));
                }
                RemovalTimeReach::Instance if instance.id == instance.root_id => {
                    let time = self.time_of(removal_time, &instance.kept);
                    // The others stay as they were.
                    if instance.root_removal_time.is_some() || instance.kept.end_time.is_some() {
                        let was = instance.root_removal_time.map_or(SqlValue::Integer(NEVER_REMOVED), row::time);
                        statements.push(self.follow_root(instance.root_id, Condition::is_null, was));
                    }
                    statements.push(self.removal_time_of(instance.id, row::optional_time(time)));
                }
                RemovalTimeReach::Instance => {
                    let time = match self.time_of(removal_time, &instance.kept) {
                        Some(time) => row::time(time),
                        None if instance.root_removal_time.is_some() => SqlValue::Integer(NEVER_REMOVED),
                        None => SqlValue::Null,
                    };
                    statements.push(self.removal_time_of(instance.id, time));
                }
            }
        }
        Ok(statements)
    }

    pub(crate) async fn removal_time_of_batches(
        &self,
        ids: &[Uuid],
        removal_time: RemovalTime,
    ) -> Result<Vec<ExpectedStatement>, Error> {
        let batches = &tables::HISTORIC_BATCH;
        let these = Condition::OneOf(batches.col("id").into(), ids.iter().map(|id| row::id(*id)).collect());
        let mut select = Select::all(batches.source()).filter(these);
        select.columns = ["id", "batch_type", "start_time", "end_time"].map(|name| batches.col(name).into()).to_vec();
        let mut statements = Vec::new();
        for found in self.rows(&select).await? {
            let mut cells = Cells::of(found);
            let (id, batch_type) = (cells.id()?, cells.text()?);
            let kept = Kept {
                start_time: cells.time()?,
                end_time: cells.optional_time()?,
                time_to_live_days: self.batch_time_to_live_days(&batch_type),
            };
            let values = vec![("removal_time", row::optional_time(self.time_of(removal_time, &kept)))];
            let this = Condition::equal(batches.col("id"), row::id(id));
            statements.push(self.statement(&Mutation::update(batches, values, this)));
        }
        Ok(statements)
    }

    /// Of what is kept of a batch that begins or ends now, if its time to live counts from that.
    pub(crate) fn removal_time_of_new_batch(
        &self,
        batch_type: &str,
        counts_from: RemovalTimeStrategy,
    ) -> Option<Timestamp> {
        if self.settings.removal_times != counts_from {
            return None;
        }
        let days = self.batch_time_to_live_days(batch_type)?;
        Some(self.now().plus_ms(days.saturating_mul(MILLISECONDS_PER_DAY)))
    }

    fn batch_time_to_live_days(&self, batch_type: &str) -> Option<i64> {
        self.settings.batch_time_to_live_days.get(batch_type).map(|days| i64::from(*days))
    }

    fn time_of(&self, removal_time: RemovalTime, kept: &Kept) -> Option<Timestamp> {
        match (removal_time, self.settings.removal_times) {
            (RemovalTime::At(time), _) => Some(time),
            (RemovalTime::Never, _) | (RemovalTime::Calculated, RemovalTimeStrategy::None) => None,
            (RemovalTime::Calculated, RemovalTimeStrategy::End) => kept.calculated_from(kept.end_time?),
            // Camunda: one that has ended counts from its end all the same.
            (RemovalTime::Calculated, RemovalTimeStrategy::Start) => {
                kept.calculated_from(kept.end_time.unwrap_or(kept.start_time))
            }
        }
    }

    /// Of the called instances of a root of whose removal times that is true.
    fn follow_root(
        &self,
        root: Uuid,
        which: impl FnOnce(ColumnRef) -> Condition,
        removal_time: SqlValue,
    ) -> ExpectedStatement {
        let instances = &tables::HISTORIC_PROCESS_INSTANCE;
        let (id, of_root) = (instances.col("id"), instances.col("root_process_instance_id"));
        let called = Condition::equal(of_root, row::id(root))
            .and(Condition::compare(of_root, Comparison::NotEqual, id))
            .and(which(instances.col("removal_time")));
        self.statement(&Mutation::update(instances, vec![("removal_time", removal_time)], called))
    }

    fn removal_time_of(&self, id: Uuid, removal_time: SqlValue) -> ExpectedStatement {
        let instances = &tables::HISTORIC_PROCESS_INSTANCE;
        let this = Condition::equal(instances.col("id"), row::id(id));
        self.statement(&Mutation::update(instances, vec![("removal_time", removal_time)], this))
    }

    async fn instances_with_roots(&self, ids: &[Uuid]) -> Result<Vec<Instance>, Error> {
        let (instances, definitions) = (&tables::HISTORIC_PROCESS_INSTANCE, &tables::PROCESS_DEFINITION);
        let named = Condition::OneOf(instances.col("id").into(), ids.iter().map(|id| row::id(*id)).collect());
        let mut select = Select::all(instances.source()).filter(named);
        let join =
            |kind, source: query::Source, other| Join { kind, source, on: vec![(column(source.alias, "id"), other)] };
        select.joins = vec![
            join(JoinKind::Inner, instances.named("root"), instances.col("root_process_instance_id")),
            join(JoinKind::Left, definitions.source(), instances.col("definition_id")),
            join(JoinKind::Left, definitions.named("root_definition"), column("root", "definition_id")),
        ];
        select.columns = [
            instances.col("id"),
            instances.col("start_time"),
            instances.col("end_time"),
            definitions.col("history_time_to_live_days"),
            column("root", "id"),
            column("root", "start_time"),
            column("root", "end_time"),
            column("root_definition", "history_time_to_live_days"),
            column("root", "removal_time"),
        ]
        .map(Into::into)
        .to_vec();
        let kept = |cells: &mut Cells| {
            let (start_time, end_time) = (cells.time()?, cells.optional_time()?);
            Ok::<_, Error>(Kept { start_time, end_time, time_to_live_days: cells.optional_integer()? })
        };
        let read = |found: Vec<SqlValue>| {
            let cells = &mut Cells::of(found);
            let (id, own) = (cells.id()?, kept(cells)?);
            let (root_id, root) = (cells.id()?, kept(cells)?);
            Ok(Instance { id, kept: own, root_id, root, root_removal_time: cells.optional_time()? })
        };
        self.rows(&select).await?.into_iter().map(read).collect()
    }
}

impl Kept {
    fn calculated_from(&self, time: Timestamp) -> Option<Timestamp> {
        Some(time.plus_ms(self.time_to_live_days?.saturating_mul(MILLISECONDS_PER_DAY)))
    }
}
