//! The search for the tasks that a topic with filters asks for: in steps of bounded length, as queries that hold nobody
//! up. What it finds is claimed by its keys (`ClaimRequest::candidates`), and looked at once more by the claim.
//!
//! No index knows what filters ask for, so that a search may have to look at the whole backlog of its topic. Each step
//! walks along an index from where the last one has ended.

use query::{Dialect, SqlValue, Statement};
use types::{Timestamp, Uuid};

use crate::StoreError;
use crate::claim_text::ClaimText;
use crate::claimed::{ClaimWalk, WalkKey};
use crate::work::{ClaimOrder, ClaimTopic, TaskKey};

/// Tasks that one step looks at, at most: a few milliseconds.
const STEP_MAX: u32 = 2_000;
/// Tasks that the first step looks at, at least. Mostly that is enough; each further one is longer.
const FIRST_STEP_MIN: u32 = 50;
const STEP_GROWTH: u32 = 4;

const FOUND: i64 = 0;
/// The last task of a step behind which there may be more.
const MORE: i64 = 1;
/// The last task of a step, and of its priority where that counts.
const LAST: i64 = 2;

#[derive(Debug)]
pub struct TaskSearch {
    topic: ClaimTopic,
    walk: ClaimWalk,
    dialect: Dialect,
    /// Found by one step.
    tasks_max: u32,
    /// Tasks that the next step looks at.
    step_tasks: u32,
    place: Place,
}

/// Where the next step begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the first task, of the highest priority below that one where priorities count.
    Head {
        below: Option<i64>,
    },
    Behind(WalkKey),
    End,
}

impl TaskSearch {
    pub fn new(topic: ClaimTopic, order: &[ClaimOrder], tasks_max: u32, dialect: Dialect) -> TaskSearch {
        let step_tasks = tasks_max.saturating_mul(2).clamp(FIRST_STEP_MIN, STEP_MAX);
        let walk = ClaimWalk::of(order);
        TaskSearch { topic, walk, dialect, tasks_max, step_tasks, place: Place::Head { below: None } }
    }

    /// The next step; `None` when all was looked at.
    pub fn step(&self) -> Option<Statement> {
        let order = if self.walk.is_newest_first() { Direction::Down } else { Direction::Up };
        (self.place != Place::End).then(|| self.text(order))
    }

    /// Takes in what the step has answered: the tasks that it has found, in order.
    pub fn take(&mut self, rows: Vec<Vec<SqlValue>>) -> Result<Vec<TaskKey>, StoreError> {
        let mut found = Vec::new();
        let mut end = None;
        for row in rows {
            match read(&row)? {
                (key, FOUND) => found.push(key),
                (key, kind) => end = Some((key, kind)),
            }
        }
        self.step_tasks = self.step_tasks.saturating_mul(STEP_GROWTH).min(STEP_MAX);
        found.sort_by(|a, b| self.walk.compare(*a, *b));
        self.place = match (found.last(), end, self.place) {
            (Some(last), _, _) if found.len() >= self.tasks_max as usize => Place::Behind(*last),
            (_, Some((key, MORE)), _) => Place::Behind(key),
            (_, Some((key, _)), _) if self.walk.is_by_priority() => Place::Head { below: Some(key.priority) },
            (_, None, Place::Behind(key)) if self.walk.is_by_priority() => Place::Head { below: Some(key.priority) },
            (_, Some(_), _) | (_, None, _) => Place::End,
        };
        Ok(found
            .into_iter()
            .map(|key| TaskKey { create_time: Timestamp(key.create_time), id: key.id.into() })
            .collect())
    }

    fn text(&self, order: Direction) -> Statement {
        let (up, down) = (order.order_by(), order.reversed().order_by());
        let mut text = ClaimText::new(self.dialect);
        text.push("WITH step AS MATERIALIZED (");
        if self.walk.is_by_priority() {
            self.push_part(&mut text, order, Index::ByPriority, "");
        } else {
            // Those of priority 0, which most are, and the others are each in order.
            text.push("SELECT * FROM (SELECT * FROM (");
            self.push_part(&mut text, order, Index::ByPriority, " AND priority = 0");
            text.push(") AS zero UNION ALL SELECT * FROM (");
            self.push_part(&mut text, order, Index::InOrder, " AND priority <> 0");
            text.push(&format!(") AS other) AS part ORDER BY {up} LIMIT "));
            text.bind(SqlValue::Integer(self.step_tasks.into()));
        }
        text.push(&format!(
            ") SELECT * FROM (SELECT priority, create_time, id, CAST({FOUND} AS bigint) AS kind FROM step WHERE is_wanted \
             ORDER BY {up} LIMIT "
        ));
        text.bind(SqlValue::Integer(self.tasks_max.into()));
        text.push(") AS found UNION ALL SELECT * FROM (SELECT priority, create_time, id, ");
        text.push("CAST(CASE WHEN (SELECT count(*) FROM step) = ");
        text.bind(SqlValue::Integer(self.step_tasks.into()));
        text.push(&format!(
            " THEN {MORE} ELSE {LAST} END AS bigint) AS kind FROM step ORDER BY {down} LIMIT 1) AS last_one"
        ));
        Statement { text: text.text, binds: text.binds }
    }

    /// The next tasks of one index.
    fn push_part(&self, text: &mut ClaimText, order: Direction, index: Index, condition: &str) {
        text.push("SELECT priority, create_time, id, (TRUE");
        text.filter(&self.topic);
        text.push(") AS is_wanted FROM external_task");
        push_index(text, index);
        text.push(" WHERE topic = ");
        text.bind(SqlValue::Text(self.topic.name.clone()));
        text.push(" AND available_at = 0");
        text.push(condition);
        self.push_place(text, order);
        text.push(&format!(" ORDER BY {} LIMIT ", order.order_by()));
        text.bind(SqlValue::Integer(self.step_tasks.into()));
    }

    fn push_place(&self, text: &mut ClaimText, order: Direction) {
        match self.place {
            Place::Behind(WalkKey { priority, create_time, id }) => {
                if self.walk.is_by_priority() {
                    text.push(" AND priority = ");
                    text.bind(SqlValue::Integer(priority));
                }
                text.push(&format!(" AND (create_time, id) {} (", order.behind()));
                text.bind(SqlValue::Integer(create_time));
                text.push(", ");
                text.bind(SqlValue::Uuid(id));
                text.push(")");
            }
            Place::Head { below } if self.walk.is_by_priority() => {
                text.push(" AND priority = (SELECT e.priority FROM external_task AS e");
                push_index(text, Index::ByPriority);
                text.push(" WHERE e.topic = ");
                text.bind(SqlValue::Text(self.topic.name.clone()));
                text.push(" AND e.available_at = 0");
                if let Some(below) = below {
                    text.push(" AND e.priority < ");
                    text.bind(SqlValue::Integer(below));
                }
                text.push(" ORDER BY e.priority DESC LIMIT 1)");
            }
            Place::Head { .. } | Place::End => {}
        }
    }
}

#[derive(Clone, Copy)]
enum Index {
    ByPriority,
    /// Of the tasks of other priorities than 0.
    InOrder,
}

/// Of age, within one priority.
#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

impl Direction {
    fn reversed(self) -> Direction {
        match self {
            Direction::Up => Direction::Down,
            Direction::Down => Direction::Up,
        }
    }

    fn order_by(self) -> &'static str {
        match self {
            Direction::Up => "create_time, id",
            Direction::Down => "create_time DESC, id DESC",
        }
    }

    fn behind(self) -> &'static str {
        match self {
            Direction::Up => ">",
            Direction::Down => "<",
        }
    }
}

/// SQLite is told which one; it would not always find it.
fn push_index(text: &mut ClaimText, index: Index) {
    if text.dialect() == Dialect::Sqlite {
        text.push(" INDEXED BY ");
        text.push(match index {
            Index::ByPriority => "external_task_fetch_by_priority",
            Index::InOrder => "external_task_fetch_in_order",
        });
    }
}

fn read(row: &[SqlValue]) -> Result<(WalkKey, i64), StoreError> {
    let misfit = || StoreError::Failed(format!("a search has answered {row:?}"));
    let [SqlValue::Integer(priority), SqlValue::Integer(create_time), id, SqlValue::Integer(kind)] = row else {
        return Err(misfit());
    };
    let id = match id {
        SqlValue::Uuid(id) => *id,
        SqlValue::Blob(bytes) => Uuid::from_bytes(bytes.as_ref().try_into().map_err(|_| misfit())?),
        SqlValue::Null | SqlValue::Integer(_) | SqlValue::Real(_) | SqlValue::Text(_) => return Err(misfit()),
    };
    Ok((WalkKey { priority: *priority, create_time: *create_time, id }, *kind))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::conformance::fixture::{text, topic};
    use crate::sqlite::migrate;

    /// A step that sorts what it looks at, or begins before its place, would grow with the backlog.
    #[test]
    fn steps_follow_their_index() {
        let mut connection = Connection::open_in_memory().expect("memory");
        migrate(&mut connection, "test").expect("migrates");
        let key = WalkKey { priority: 1, create_time: 2, id: Uuid(3) };
        let wanted = ClaimTopic { business_key: Some(text("k")), ..topic("t") };
        for order in [
            &[][..],
            &[ClaimOrder::CreateTimeDescending],
            &[ClaimOrder::PriorityDescending],
            &[ClaimOrder::PriorityDescending, ClaimOrder::CreateTimeDescending],
        ] {
            for place in [Place::Head { below: None }, Place::Head { below: Some(5) }, Place::Behind(key)] {
                let search = TaskSearch { place, ..TaskSearch::new(wanted.clone(), order, 10, Dialect::Sqlite) };
                let step = search.step().expect("there is one").text;
                let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {step}")).expect("valid");
                let mut rows = statement.raw_query();
                let mut steps = Vec::new();
                while let Some(row) = rows.next().expect("explained") {
                    steps.push(row.get::<_, String>(3).expect("a text"));
                }
                let walk = steps.iter().find(|step| step.contains("external_task ")).expect("it looks at tasks");
                assert!(walk.contains("topic=?"), "{steps:?}");
                if place == Place::Behind(key) {
                    assert!(walk.contains("(create_time,id)"), "{order:?}: {steps:?}");
                }
                // What is sorted is the step itself, which is short.
                let before = steps.iter().position(|step| step.contains("MATERIALIZE step")).expect("once");
                assert!(
                    !steps[before + 1].contains("TEMP B-TREE") && !steps[before + 2].contains("TEMP B-TREE"),
                    "{steps:?}"
                );
            }
        }
    }
}
