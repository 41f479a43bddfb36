//! fetchAndLock in one statement: the tasks of each topic in the order asked for, merged, locked and answered.
//!
//! Each topic is a walk along a partial index that holds fetchable tasks alone. A task that another transaction has
//! locked is passed over, so that two claims never wait for each other and never get the same task.

use std::fmt::Write;

use engine::record::ExternalTask;
use query::{Dialect, SqlValue};

use super::cell::ReadRow;
use super::message::Row;
use super::wire::{Answer, Prepared};
use crate::StoreError;
use crate::claim_text::ClaimText;
use crate::claimed::{ClaimWalk, ClaimedTask, WalkKey};
use crate::codec::sql::column_list;
use crate::codec::{RowDecode, RowEncode, RowSource};
use crate::work::{ClaimRequest, ClaimTopic, TaskKey};

/// The statement of a claim; `None` if nothing is asked for.
pub fn claim_text(request: &ClaimRequest) -> Option<ClaimText> {
    let walk = ClaimWalk::of(&request.order);
    // Camunda: of two that name the same topic, the last one counts.
    let counts = |n: usize, wanted: &ClaimTopic| request.topics[n + 1..].iter().all(|later| later.name != wanted.name);
    let topics: Vec<(usize, &ClaimTopic)> =
        request.topics.iter().enumerate().filter(|(n, wanted)| counts(*n, wanted)).collect();
    if topics.is_empty() || request.tasks_max == 0 {
        return None;
    }
    let mut text = ClaimText::new(Dialect::Postgres);
    text.push(if walk == ClaimWalk::PriorityThenNewest { "WITH RECURSIVE " } else { "WITH " });
    for (n, wanted) in &topics {
        push_topic(walk, &mut text, *n, wanted, request);
    }
    text.push("chosen AS (SELECT id, n, until FROM (");
    for (at, (n, _)) in topics.iter().enumerate() {
        let _ = write!(text.text, "{}SELECT * FROM topic_{n}", if at == 0 { "" } else { " UNION ALL " });
    }
    let _ = write!(text.text, ") AS candidate ORDER BY {} LIMIT ", order(walk));
    text.bind(SqlValue::Integer(request.tasks_max.into()));
    let columns = column_list(ExternalTask::TABLE).replace(", ", ", t.");
    let _ = write!(
        text.text,
        ") UPDATE external_task AS t SET lock_expiration = chosen.until, available_at = GREATEST(chosen.until, 1), \
         lock_epoch = t.lock_epoch + {}, worker_id = ",
        ExternalTask::FOREIGN_EPOCH_STEP
    );
    text.bind(SqlValue::Text(request.worker_id.clone()));
    let _ = write!(text.text, " FROM chosen WHERE t.id = ANY (ARRAY[chosen.id]) RETURNING chosen.n, t.{columns}");
    Some(text)
}

/// The rows that a claim has answered, in the order asked for.
pub fn claimed_tasks(
    request: &ClaimRequest,
    statement: &Prepared,
    answer: &Answer,
) -> Result<Vec<ClaimedTask>, StoreError> {
    let walk = ClaimWalk::of(&request.order);
    let decode = |row: &Row| {
        let mut cells = ReadRow::new(row, &statement.columns);
        Ok(ClaimedTask { topic: cells.narrow()?, task: ExternalTask::decode(&mut cells)? })
    };
    let mut claimed: Vec<ClaimedTask> = answer.rows.iter().map(decode).collect::<Result<_, StoreError>>()?;
    claimed.sort_by(|a, b| walk.compare(WalkKey::of(&a.task), WalkKey::of(&b.task)));
    Ok(claimed)
}

fn order(walk: ClaimWalk) -> &'static str {
    match walk {
        ClaimWalk::OldestFirst => "create_time, id",
        ClaimWalk::NewestFirst => "create_time DESC, id DESC",
        ClaimWalk::PriorityThenOldest => "priority DESC, create_time, id",
        ClaimWalk::PriorityThenNewest => "priority DESC, create_time DESC, id DESC",
    }
}

/// One topic's candidates, as a part that the rest of the statement names `topic_N`.
fn push_topic(walk: ClaimWalk, text: &mut ClaimText, n: usize, wanted: &ClaimTopic, request: &ClaimRequest) {
    if let Some(keys) = request.candidates_of(n) {
        return push_candidates(text, n, wanted, keys, request);
    }
    let until = request.now.plus_ms(wanted.lock_duration_ms).0;
    if walk == ClaimWalk::PriorityThenNewest {
        push_priorities(text, n, wanted);
    }
    let candidate = |text: &mut ClaimText| {
        let _ = write!(text.text, "id, priority, create_time, {n}::bigint AS n, ");
        text.bind(SqlValue::Integer(until));
        text.push("::bigint AS until FROM external_task WHERE topic = ");
        text.bind(SqlValue::Text(wanted.name.clone()));
        text.push(" AND available_at = 0");
        text.filter(wanted);
    };
    let limited = |text: &mut ClaimText, name: &str, part: &str| {
        let _ = write!(text.text, "{name}_{n} AS (SELECT ");
        candidate(text);
        let _ = write!(text.text, "{part} ORDER BY {} LIMIT ", order(walk));
        text.bind(SqlValue::Integer(request.tasks_max.into()));
        text.push(" FOR UPDATE SKIP LOCKED), ");
    };
    match walk {
        ClaimWalk::OldestFirst | ClaimWalk::NewestFirst => {
            // Those of priority 0, which most are, and the others are each in order.
            limited(text, "zero", " AND priority = 0");
            limited(text, "other", " AND priority <> 0");
            let _ = write!(text.text, "topic_{n} AS (SELECT * FROM zero_{n} UNION ALL SELECT * FROM other_{n}), ");
        }
        ClaimWalk::PriorityThenOldest => limited(text, "topic", ""),
        ClaimWalk::PriorityThenNewest => {
            // No index has both directions: each priority is a walk of its own, as far as it is needed.
            let _ = write!(text.text, "topic_{n} AS (SELECT c.* FROM priority_{n} AS p CROSS JOIN LATERAL (SELECT ");
            candidate(text);
            text.push(" AND priority = p.priority ORDER BY create_time DESC, id DESC LIMIT ");
            text.bind(SqlValue::Integer(request.tasks_max.into()));
            text.push(" FOR UPDATE SKIP LOCKED) AS c WHERE p.priority IS NOT NULL LIMIT ");
            text.bind(SqlValue::Integer(request.tasks_max.into()));
            text.push("), ");
        }
    }
}

/// Some tasks alone, each found by its key. The names of columns are those of the walks.
fn push_candidates(text: &mut ClaimText, n: usize, wanted: &ClaimTopic, keys: &[TaskKey], request: &ClaimRequest) {
    let keys: Vec<serde_json::Value> =
        keys.iter().map(|key| serde_json::json!([key.create_time.0, key.id.to_string()])).collect();
    let _ = write!(text.text, "topic_{n} AS (SELECT c.* FROM jsonb_array_elements(");
    text.bind(SqlValue::Text(serde_json::Value::from(keys).to_string().into()));
    let _ = write!(
        text.text,
        "::text::jsonb) AS k CROSS JOIN LATERAL (SELECT id, priority, create_time, {n}::bigint AS n, "
    );
    text.bind(SqlValue::Integer(request.now.plus_ms(wanted.lock_duration_ms).0));
    text.push("::bigint AS until FROM external_task WHERE topic = ");
    text.bind(SqlValue::Text(wanted.name.clone()));
    text.push(" AND available_at = 0 AND create_time = (k->>0)::bigint AND id = (k->>1)::uuid");
    text.filter(wanted);
    text.push(" FOR UPDATE SKIP LOCKED) AS c LIMIT ");
    text.bind(SqlValue::Integer(request.tasks_max.into()));
    text.push("), ");
}

/// The priorities among the fetchable tasks of a topic, the highest first: one step of an index each.
fn push_priorities(text: &mut ClaimText, n: usize, wanted: &ClaimTopic) {
    let highest = |text: &mut ClaimText, below: &str| {
        text.push("(SELECT e.priority FROM external_task AS e WHERE e.topic = ");
        text.bind(SqlValue::Text(wanted.name.clone()));
        let _ = write!(text.text, " AND e.available_at = 0{below} ORDER BY e.priority DESC LIMIT 1)");
    };
    let _ = write!(text.text, "priority_{n} (priority) AS (");
    highest(text, "");
    text.push(" UNION ALL SELECT ");
    highest(text, " AND e.priority < p.priority");
    let _ = write!(text.text, " FROM priority_{n} AS p WHERE p.priority IS NOT NULL), ");
}
