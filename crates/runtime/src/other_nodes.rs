//! What other nodes of the same database do: heard of where they tell it, and looked for at intervals in any case.

use std::sync::Arc;
use std::time::Duration;

use query::mutation::{AssignedValue, Assignment};
use query::{Condition, Mutation, Select, SqlValue, statistics, tables};
use store::work::ExpectedStatement;
use store::{News, Newsfeed};
use tokio::time::MissedTickBehavior;

use crate::error::Error;
use crate::row::Cells;
use crate::settings::Nodes;
use crate::shared::Shared;

/// How long something of another node stays unnoticed at most if its news do not arrive.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Topics of parked polls that are looked at at once; the rest waits for the next look.
const TOPICS_PER_LOOK_MAX: usize = 1_000;
/// The only row of its table.
const GENERATION_ID: i64 = 0;

impl Shared {
    /// For as long as it is not dropped.
    pub(crate) async fn watch_other_nodes(self: Arc<Self>) {
        let mut news = self.store.listen();
        let mut looks = tokio::time::interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let heard = tokio::select! {
                biased;
                _ = looks.tick() => News::Anything,
                heard = next_of(&mut news) => heard,
            };
            match heard {
                News::TasksFetchable(topic) => self.polls.topic_fetchable_elsewhere(&topic),
                News::JobsDue => self.job_alarm.set(self.now()),
                News::DefinitionsChanged => self.look_at_definitions().await,
                News::Anything => self.look_around().await,
            }
        }
    }

    async fn look_around(&self) {
        self.polls.expiry.set(self.now());
        self.job_alarm.set(self.now());
        self.look_at_definitions().await;
        if let Err(error) = self.look_for_tasks().await {
            tracing::debug!(%error, "no look for tasks of other nodes");
        }
    }

    /// For topics with tasks that a poll of this node waits for.
    async fn look_for_tasks(&self) -> Result<(), Error> {
        let topics = self.polls.parked_topics(TOPICS_PER_LOOK_MAX);
        if topics.is_empty() {
            return Ok(());
        }
        let statement = statistics::topics_with_ready_tasks(&topics, self.settings.dialect);
        for row in self.store.select(statement).await? {
            self.polls.topic_fetchable_elsewhere(&Cells::of(row).text()?);
        }
        Ok(())
    }

    async fn look_at_definitions(&self) {
        if let Err(error) = self.notice_changed_definitions().await {
            tracing::debug!(%error, "no look for definitions of other nodes");
        }
    }

    /// Forgets what is in memory of definitions if another node has changed any.
    pub(crate) async fn notice_changed_definitions(&self) -> Result<(), Error> {
        if self.settings.nodes == Nodes::Alone {
            return Ok(());
        }
        let shared = self.with_store(self.store.clone(), None);
        self.definitions_look.look(async move { shared.look_at_generation().await }).await
    }

    async fn look_at_generation(&self) -> Result<(), Error> {
        let table = &tables::DEFINITION_GENERATION;
        let this = Condition::equal(table.col("id"), GENERATION_ID);
        let select =
            Select { columns: vec![table.col("generation").into()], ..Select::all(table.source()).filter(this) };
        let generation = match self.rows(&select).await?.pop() {
            Some(row) => Cells::of(row).integer()?,
            None => 0,
        };
        if self.definitions.is_outdated(generation) {
            for lane in self.lanes.all() {
                lane.mark_stale();
            }
        }
        Ok(())
    }

    /// What a change of definitions writes besides, so that other nodes notice it.
    pub(crate) fn generation_step(&self) -> Vec<ExpectedStatement> {
        if self.settings.nodes == Nodes::Alone {
            return Vec::new();
        }
        let table = &tables::DEFINITION_GENERATION;
        let first = Mutation::InsertIfAbsent {
            table,
            columns: vec!["id", "generation"],
            row: vec![SqlValue::Integer(GENERATION_ID), SqlValue::Integer(0)],
        };
        let step = Mutation::Update {
            table,
            assignments: vec![Assignment { column: "generation", value: AssignedValue::Increment(1) }],
            condition: Condition::equal(table.col("id"), GENERATION_ID),
        };
        vec![self.statement(&first), self.statement_on_one(&step)]
    }

    /// Such a change is durable.
    pub(crate) fn announce_definitions(&self) {
        if self.settings.nodes == Nodes::Several {
            self.store.announce(News::DefinitionsChanged);
        }
    }
}

/// Never, where there are none.
async fn next_of(news: &mut Option<Newsfeed>) -> News {
    if let Some(feed) = news {
        if let Some(heard) = feed.recv().await {
            return heard;
        }
        *news = None;
    }
    std::future::pending().await
}
