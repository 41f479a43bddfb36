//! Takes away what is kept of things that have ended, in portions of bounded size, however much belongs to one of them.
//!
//! Rows go first and what they belong to goes last, so that whatever interrupts it, the rest is found again. A portion is
//! small enough to go between the commits of others, and others who write are left most of the time.

use std::time::Duration;

use query::{Comparison, Condition, Direction, Mutation, Select, SqlValue, Statement, Table, Term, tables};
use store::Work;
use tokio::time::Instant;
use types::{JobId, Timestamp};

use crate::error::Error;
use crate::row::{self, Cells};
use crate::shared::Shared;

/// Rows that go in one unit of work, besides what they belong to.
const ROWS_MAX: usize = 500;
/// Things whose rows are looked for together.
const OWNERS_MAX: usize = 50;
/// While others write, the pause after a portion is that many times as long as the portion took.
const PAUSE_FACTOR: u32 = 4;
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The minutes of the hour, from 0 to 59, in which removal times are: jobs share their work by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minutes {
    pub from: i64,
    pub to: i64,
}

/// Rows that go with what they belong to.
struct Owned {
    table: &'static Table,
    condition: Condition,
}

/// What has come to its removal time.
struct Due {
    id: SqlValue,
    is_root: bool,
}

impl Minutes {
    pub(crate) const ALL: Minutes = Minutes { from: 0, to: 59 };
}

impl Shared {
    /// Histories of instances that have ended and come to their removal time, at most `count`; answers how many there were.
    pub(crate) async fn remove_due_instances(
        &self,
        now: Timestamp,
        minutes: Minutes,
        count: u64,
    ) -> Result<u64, Error> {
        let table = &tables::HISTORIC_PROCESS_INSTANCE;
        let mut select = due(table, now, minutes, count);
        select.columns = ["id", "root_process_instance_id"].map(|name| table.col(name).into()).to_vec();
        let read = |found: Vec<SqlValue>| {
            let mut cells = Cells::of(found);
            let (id, root) = (cells.id::<types::Uuid>()?, cells.id()?);
            Ok(Due { id: row::id(id), is_root: id == root })
        };
        let found: Vec<Due> = self.rows(&select).await?.into_iter().map(read).collect::<Result<_, Error>>()?;
        for portion in found.chunks(OWNERS_MAX) {
            let roots: Vec<SqlValue> = portion.iter().filter(|due| due.is_root).map(|due| due.id.clone()).collect();
            self.remove_followers(&roots, now).await?;
            let ids: Vec<SqlValue> = portion.iter().map(|due| due.id.clone()).collect();
            tokio::time::sleep(self.remove_instances(&ids).await?).await;
        }
        Ok(found.len() as u64)
    }

    /// The called instances that have no removal time of their own. Those that still run get one.
    async fn remove_followers(&self, roots: &[SqlValue], now: Timestamp) -> Result<(), Error> {
        if roots.is_empty() {
            return Ok(());
        }
        let table = &tables::HISTORIC_PROCESS_INSTANCE;
        let (id, root) = (table.col("id"), table.col("root_process_instance_id"));
        let followers = Condition::OneOf(root.into(), roots.to_vec())
            .and(Condition::compare(root, Comparison::NotEqual, id))
            .and(Condition::is_null(table.col("removal_time")));
        let running = followers.clone().and(Condition::is_null(table.col("end_time")));
        let mut select = Select::all(table.source()).filter(followers).limit(OWNERS_MAX as u64);
        select.condition = select.condition.and(Condition::is_not_null(table.col("end_time")));
        select.columns = vec![id.into()];
        loop {
            let found: Vec<SqlValue> = self.ids(&select).await?;
            if found.is_empty() {
                break;
            }
            tokio::time::sleep(self.remove_instances(&found).await?).await;
        }
        if self.count(&Select::all(table.source()).filter(running.clone())).await? == 0 {
            return Ok(());
        }
        let left_alone = Mutation::update(table, vec![("removal_time", row::time(now))], running);
        self.remove(vec![left_alone.render(self.settings.dialect)]).await.map(drop)
    }

    /// All that is kept of these instances; answers the pause after that.
    pub(crate) async fn remove_instances(&self, ids: &[SqlValue]) -> Result<Duration, Error> {
        let comments = &tables::COMMENT;
        let mut pause = Duration::ZERO;
        for ids in ids.chunks(OWNERS_MAX) {
            tokio::time::sleep(pause).await;
            let named = ids.iter().filter_map(|id| match id {
                SqlValue::Uuid(id) => Some(SqlValue::Text(id.to_string().into())),
                _ => None,
            });
            let named = Condition::OneOf(comments.col("process_instance_id").into(), named.collect());
            let mut owned = vec![Owned { table: comments, condition: named }];
            owned.extend(tables::HISTORY_OF_PROCESS_INSTANCE.iter().map(|table| Owned {
                table,
                condition: Condition::OneOf(table.col("process_instance_id").into(), ids.to_vec()),
            }));
            let instances = &tables::HISTORIC_PROCESS_INSTANCE;
            let these = Condition::OneOf(instances.col("id").into(), ids.to_vec());
            pause = self.drain(&owned, &Mutation::delete(instances, these)).await?;
        }
        Ok(pause)
    }

    /// The same of batches: what is kept of them, the log of their jobs, and their incidents.
    pub(crate) async fn remove_due_batches(&self, now: Timestamp, minutes: Minutes, count: u64) -> Result<u64, Error> {
        let (batches, log, incidents) =
            (&tables::HISTORIC_BATCH, &tables::HISTORIC_JOB_LOG, &tables::HISTORIC_INCIDENT);
        let mut select = due(batches, now, minutes, count);
        select.columns = ["id", "seed_job_definition_id", "monitor_job_definition_id", "batch_job_definition_id"]
            .map(|name| batches.col(name).into())
            .to_vec();
        let found = self.rows(&select).await?;
        for portion in found.chunks(OWNERS_MAX) {
            let ids: Vec<SqlValue> = portion.iter().filter_map(|cells| cells.first().cloned()).collect();
            let definitions = portion.iter().flat_map(|cells| cells.iter().skip(1).cloned()).collect();
            let owned = [
                Owned { table: log, condition: Condition::OneOf(log.col("batch_id").into(), ids.clone()) },
                Owned {
                    table: incidents,
                    condition: Condition::OneOf(incidents.col("job_definition_id").into(), definitions),
                },
            ];
            let these = Condition::OneOf(batches.col("id").into(), ids);
            tokio::time::sleep(self.drain(&owned, &Mutation::delete(batches, these)).await?).await;
        }
        Ok(found.len() as u64)
    }

    /// What the log says of jobs outside of instances, up to a time.
    pub(crate) async fn remove_log_of(&self, jobs: &[JobId], until: Timestamp) -> Result<(), Error> {
        let log = &tables::HISTORIC_JOB_LOG;
        let of_jobs = Condition::OneOf(log.col("job_id").into(), jobs.iter().map(|id| row::id(id.0)).collect());
        let condition = of_jobs.and(Condition::compare(log.col("logged_at"), Comparison::AtMost, until.0));
        self.drain_rows(&Owned { table: log, condition }).await
    }

    /// Takes the rows away portion by portion, and their owners with the last one; answers the pause after that.
    async fn drain(&self, owned: &[Owned], owners: &Mutation) -> Result<Duration, Error> {
        loop {
            let mut room = ROWS_MAX;
            let mut statements = Vec::new();
            for owned in owned {
                if room == 0 {
                    break;
                }
                let ids = self.ids(&rows_of(owned, room)).await?;
                room -= ids.len();
                self.add_deletions(&mut statements, owned.table, ids);
            }
            let is_last = room > 0;
            if is_last {
                statements.push(owners.render(self.settings.dialect));
            }
            let pause = self.remove(statements).await?;
            if is_last {
                return Ok(pause);
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn drain_rows(&self, owned: &Owned) -> Result<(), Error> {
        loop {
            let ids = self.ids(&rows_of(owned, ROWS_MAX)).await?;
            if ids.is_empty() {
                return Ok(());
            }
            let mut statements = Vec::new();
            self.add_deletions(&mut statements, owned.table, ids);
            tokio::time::sleep(self.remove(statements).await?).await;
        }
    }

    /// What people have added to tasks goes with the tasks.
    fn add_deletions(&self, statements: &mut Vec<Statement>, table: &'static Table, ids: Vec<SqlValue>) {
        if ids.is_empty() {
            return;
        }
        let mut delete = |table: &'static Table, column: &'static str, ids: Vec<SqlValue>| {
            let these = Condition::OneOf(table.col(column).into(), ids);
            statements.push(Mutation::delete(table, these).render(self.settings.dialect));
        };
        if table.name == tables::HISTORIC_TASK.name {
            delete(&tables::COMMENT, "task_id", ids.clone());
            delete(&tables::ATTACHMENT, "task_id", ids.clone());
        }
        delete(table, "id", ids);
    }

    async fn ids(&self, select: &Select) -> Result<Vec<SqlValue>, Error> {
        self.rows(select).await?.into_iter().map(|found| Ok(row::id(Cells::of(found).id()?))).collect()
    }

    /// One portion; answers how long to leave the database to others, if any have written meanwhile.
    async fn remove(&self, statements: Vec<Statement>) -> Result<Duration, Error> {
        let commits = || self.store.metrics().map_or(0, |metrics| metrics.commits.read().count());
        let (begun, before) = (Instant::now(), commits());
        self.store.submit(Work::Remove(statements)).await?;
        let is_alone = commits().saturating_sub(before) <= 1;
        Ok(if is_alone { Duration::ZERO } else { (begun.elapsed() * PAUSE_FACTOR).min(PAUSE_MAX) })
    }
}

/// Those that have ended and come to their removal time, the first ones first: a walk along an index that holds no others.
fn due(table: &'static Table, now: Timestamp, minutes: Minutes, count: u64) -> Select {
    let removal_time = table.col("removal_time");
    let mut select = Select::all(table.source())
        .filter(Condition::is_not_null(removal_time))
        .filter(Condition::is_not_null(table.col("end_time")))
        .filter(Condition::compare(removal_time, Comparison::AtMost, now.0));
    if minutes != Minutes::ALL {
        select = select
            .filter(Condition::compare(Term::Minute(removal_time), Comparison::AtLeast, minutes.from))
            .filter(Condition::compare(Term::Minute(removal_time), Comparison::AtMost, minutes.to));
    }
    select.order_by(removal_time, Direction::Ascending).limit(count)
}

fn rows_of(owned: &Owned, count: usize) -> Select {
    let mut select = Select::all(owned.table.source()).filter(owned.condition.clone()).limit(count as u64);
    select.columns = vec![owned.table.col("id").into()];
    select
}
