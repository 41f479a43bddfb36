//! How much waits in the database, for those who watch.

use std::collections::BTreeMap;
use std::sync::Arc;

use query::{Comparison, Condition, Select, statistics, tables};
use types::Timestamp;

use crate::error::Error;
use crate::row::Cells;
use crate::shared::Shared;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    pub topics: BTreeMap<Arc<str>, TopicStatistics>,
    pub jobs_due: u64,
    pub incidents: BTreeMap<Arc<str>, u64>,
}

/// Tasks of one topic. Those that are suspended or without retries are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicStatistics {
    pub ready: u64,
    /// When the oldest of them was made.
    pub oldest_ready: Option<Timestamp>,
    pub locked: u64,
    /// Failed, and waiting for the end of their retry timeout.
    pub waiting_for_retry: u64,
}

impl Shared {
    pub(crate) async fn statistics(&self) -> Result<Statistics, Error> {
        let mut found = Statistics::default();
        for row in self.store.select(statistics::ready_tasks_by_topic()).await? {
            let mut cells = Cells::of(row);
            let topic = found.topics.entry(cells.text()?).or_default();
            topic.ready = cells.count()?.into();
            topic.oldest_ready = cells.optional_time()?;
        }
        for row in self.store.select(statistics::locked_tasks_by_topic()).await? {
            let mut cells = Cells::of(row);
            let topic = found.topics.entry(cells.text()?).or_default();
            topic.locked = cells.count()?.into();
            topic.waiting_for_retry = cells.count()?.into();
        }
        for row in self.store.select(statistics::incidents_by_type()).await? {
            let mut cells = Cells::of(row);
            found.incidents.insert(cells.text()?, cells.count()?.into());
        }
        let jobs = Select::all(tables::JOB.source()).filter(runnable()).filter(due(self.now()));
        found.jobs_due = self.count(&jobs).await?;
        Ok(found)
    }
}

fn runnable() -> Condition {
    let table = &tables::JOB;
    Condition::compare(table.col("retries"), Comparison::Greater, 0).and(Condition::equal(table.col("is_suspended"), 0))
}

/// A job without a date is due at once.
fn due(now: Timestamp) -> Condition {
    let date = tables::JOB.col("due_date");
    Condition::Any(vec![Condition::is_null(date), Condition::compare(date, Comparison::AtMost, now.0)])
}
