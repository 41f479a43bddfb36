//! fetchAndLock: the tasks of each topic in the order asked for, merged and locked.
//!
//! Each topic is a walk along a partial index that holds fetchable tasks alone, so its cost grows neither with the
//! backlog behind what is asked for nor with what is locked.

use std::sync::atomic;

use engine::record::ExternalTask;
use query::{Dialect, SqlValue};
use rusqlite::Connection;
use types::{Timestamp, Uuid};

use super::batch::Writer;
use super::row::{ReadRow, bind_all, bind_uuid};
use crate::StoreError;
use crate::claim_text::ClaimText;
use crate::claimed::{ClaimWalk, ClaimedTask, WalkKey};
use crate::codec::RowDecode;
use crate::codec::external_task::locked_until;
use crate::work::{ClaimRequest, ClaimTopic, TaskKey};

/// What one topic of a claim is searched for and how.
#[derive(Debug)]
struct TopicWalk<'a> {
    walk: ClaimWalk,
    wanted: &'a ClaimTopic,
    /// Of the request's topics.
    topic: usize,
    filter: ClaimText,
}

/// What one index holds in the order of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Priority(i64),
    /// Than 0.
    OfOtherPriority,
}

#[derive(Debug)]
struct Candidate {
    key: WalkKey,
    topic: usize,
}

impl Writer<'_> {
    /// Locks nothing for someone who has gone.
    pub fn claim(&mut self, request: &ClaimRequest) -> Result<Vec<ClaimedTask>, StoreError> {
        if request.tasks_max == 0 || !request.is_wanted.0.load(atomic::Ordering::Acquire) {
            return Ok(Vec::new());
        }
        self.release_before_claim(request.now)?;
        let walk = ClaimWalk::of(&request.order);
        let mut candidates = Vec::new();
        for (topic, wanted) in request.topics.iter().enumerate() {
            // Camunda: of two that name the same topic, the last one counts.
            if request.topics[topic + 1..].iter().all(|later| later.name != wanted.name) {
                let walk = TopicWalk { walk, wanted, topic, filter: filter(wanted) };
                candidates.append(&mut match request.candidates_of(topic) {
                    None => walk.candidates(self.connection, request.tasks_max)?,
                    Some(keys) => walk.still_there(self.connection, keys, request.tasks_max)?,
                });
            }
        }
        if request.topics.len() > 1 || !request.candidates.is_empty() {
            candidates.sort_by(|a, b| walk.compare(a.key, b.key));
        }
        candidates.truncate(usize::try_from(request.tasks_max).unwrap_or(usize::MAX));
        let locks = candidates.into_iter().map(|candidate| {
            let lock_duration_ms = request.topics[candidate.topic].lock_duration_ms;
            let task = self.lock(candidate.key.id, &request.worker_id, request.now.plus_ms(lock_duration_ms))?;
            Ok(ClaimedTask { task, topic: candidate.topic })
        });
        locks.collect()
    }

    fn lock(&mut self, id: Uuid, worker_id: &str, until: Timestamp) -> Result<ExternalTask, StoreError> {
        let statement = &mut self.statements.claim.lock;
        bind_uuid(statement, 1, id)?;
        statement.raw_bind_parameter(2, worker_id)?;
        statement.raw_bind_parameter(3, until.0)?;
        statement.raw_bind_parameter(4, locked_until(until))?;
        let mut rows = statement.raw_query();
        let row = rows.next()?.ok_or_else(|| StoreError::Failed("a task to lock is missing".to_owned()))?;
        ExternalTask::decode(&mut ReadRow::new(row, 0))
    }
}

fn filter(wanted: &ClaimTopic) -> ClaimText {
    let mut filter = ClaimText::new(Dialect::Sqlite);
    filter.filter(wanted);
    filter
}

impl TopicWalk<'_> {
    /// The first tasks of the topic, at most `tasks_max`.
    fn candidates(&self, connection: &Connection, tasks_max: u32) -> Result<Vec<Candidate>, StoreError> {
        match self.walk {
            ClaimWalk::OldestFirst | ClaimWalk::NewestFirst => return self.in_order(connection, tasks_max),
            ClaimWalk::PriorityThenOldest => return self.step(connection, Part::Whole, tasks_max),
            ClaimWalk::PriorityThenNewest => {}
        }
        // No index has both directions: each priority is a walk of its own.
        let mut candidates = Vec::new();
        let mut missing = tasks_max;
        let mut below = None;
        while missing > 0
            && let Some(priority) = self.next_priority(connection, below)?
        {
            let mut found = self.step(connection, Part::Priority(priority), missing)?;
            missing = missing.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            candidates.append(&mut found);
            below = Some(priority);
        }
        Ok(candidates)
    }

    /// Those of priority 0, which most are, and the others are each in order.
    fn in_order(&self, connection: &Connection, tasks_max: u32) -> Result<Vec<Candidate>, StoreError> {
        let mut candidates = self.step(connection, Part::Priority(0), tasks_max)?;
        let mut others = self.step(connection, Part::OfOtherPriority, tasks_max)?;
        if !others.is_empty() {
            candidates.append(&mut others);
            candidates.sort_by(|a, b| self.walk.compare(a.key, b.key));
            candidates.truncate(usize::try_from(tasks_max).unwrap_or(usize::MAX));
        }
        Ok(candidates)
    }

    /// Those of some tasks that can still be fetched and are wanted, at most `tasks_max`.
    fn still_there(
        &self,
        connection: &Connection,
        keys: &[TaskKey],
        tasks_max: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT priority FROM external_task WHERE topic = ? AND available_at = 0 AND create_time = ? AND id = ?{}",
            self.filter.text
        ))?;
        let mut candidates = Vec::new();
        for TaskKey { create_time, id } in keys {
            let mut binds =
                vec![SqlValue::Text(self.wanted.name.clone()), SqlValue::Integer(create_time.0), SqlValue::Uuid(id.0)];
            binds.extend(self.filter.binds.iter().cloned());
            bind_all(&mut statement, &binds)?;
            if let Some(row) = statement.raw_query().next()? {
                let key = WalkKey { priority: row.get(0)?, create_time: create_time.0, id: id.0 };
                candidates.push(Candidate { key, topic: self.topic });
            }
            if candidates.len() == tasks_max as usize {
                break;
            }
        }
        Ok(candidates)
    }

    /// A walk along one index.
    fn step(&self, connection: &Connection, part: Part, tasks_max: u32) -> Result<Vec<Candidate>, StoreError> {
        let mut binds = vec![SqlValue::Text(self.wanted.name.clone())];
        if let Part::Priority(priority) = part {
            binds.push(SqlValue::Integer(priority));
        }
        binds.extend(self.filter.binds.iter().cloned());
        binds.push(SqlValue::Integer(i64::from(tasks_max)));
        let mut statement = connection.prepare_cached(&walk_text(self.walk, part, &self.filter.text))?;
        bind_all(&mut statement, &binds)?;
        let mut candidates = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let id = Uuid::from_bytes(row.get(2)?);
            let key = WalkKey { priority: row.get(0)?, create_time: row.get(1)?, id };
            candidates.push(Candidate { key, topic: self.topic });
        }
        Ok(candidates)
    }

    /// The highest priority among the fetchable tasks of the topic, below another one.
    fn next_priority(&self, connection: &Connection, below: Option<i64>) -> Result<Option<i64>, StoreError> {
        let mut statement = connection.prepare_cached(match below {
            None => {
                "SELECT priority FROM external_task INDEXED BY external_task_fetch_by_priority \
                 WHERE topic = ?1 AND available_at = 0 ORDER BY priority DESC LIMIT 1"
            }
            Some(_) => {
                "SELECT priority FROM external_task INDEXED BY external_task_fetch_by_priority \
                 WHERE topic = ?1 AND available_at = 0 AND priority < ?2 ORDER BY priority DESC LIMIT 1"
            }
        })?;
        statement.raw_bind_parameter(1, &*self.wanted.name)?;
        if let Some(below) = below {
            statement.raw_bind_parameter(2, below)?;
        }
        let mut rows = statement.raw_query();
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }
}

/// A walk through one part of a topic: its name, for some a priority, what the filter binds, and the most rows.
fn walk_text(walk: ClaimWalk, part: Part, filter: &str) -> String {
    let (index, condition) = match part {
        Part::Whole => ("external_task_fetch_by_priority", ""),
        Part::Priority(_) => ("external_task_fetch_by_priority", " AND priority = ?"),
        Part::OfOtherPriority => ("external_task_fetch_in_order", " AND priority <> 0"),
    };
    let order = match walk {
        ClaimWalk::OldestFirst => "create_time, id",
        ClaimWalk::NewestFirst | ClaimWalk::PriorityThenNewest => "create_time DESC, id DESC",
        ClaimWalk::PriorityThenOldest => "priority DESC, create_time, id",
    };
    format!(
        "SELECT priority, create_time, id FROM external_task INDEXED BY {index} \
             WHERE topic = ? AND available_at = 0{condition}{filter} ORDER BY {order} LIMIT ?"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migration::migrate;

    /// A walk that sorts, or looks at rows in another order than it needs, would grow with the backlog.
    #[test]
    fn walks_follow_their_index() {
        let mut connection = Connection::open_in_memory().expect("memory");
        migrate(&mut connection, "test").expect("migrates");
        for (walk, part) in [
            (ClaimWalk::OldestFirst, Part::Priority(0)),
            (ClaimWalk::OldestFirst, Part::OfOtherPriority),
            (ClaimWalk::NewestFirst, Part::Priority(0)),
            (ClaimWalk::NewestFirst, Part::OfOtherPriority),
            (ClaimWalk::PriorityThenOldest, Part::Whole),
            (ClaimWalk::PriorityThenNewest, Part::Priority(5)),
        ] {
            for filter in ["", " AND business_key = 'k'"] {
                let text = format!("EXPLAIN QUERY PLAN {}", walk_text(walk, part, filter));
                let mut statement = connection.prepare(&text).expect("valid");
                let mut rows = statement.raw_query();
                let mut steps = Vec::new();
                while let Some(row) = rows.next().expect("explained") {
                    steps.push(row.get::<_, String>(3).expect("a text"));
                }
                assert_eq!(steps.len(), 1, "{walk:?}: {steps:?}");
                assert!(steps[0].contains("external_task_fetch_") && steps[0].contains("topic=?"), "{steps:?}");
            }
        }
    }
}
