//! Figures over whole tables, for those who watch a server. Each walks an index that holds nothing else.

use std::sync::Arc;

use crate::{Dialect, SqlValue, Statement, nul};

/// Of each topic: its name, tasks that can be fetched now, when the oldest of them was made.
pub fn ready_tasks_by_topic() -> Statement {
    statement(
        "SELECT topic, count(*), min(create_time) FROM external_task WHERE available_at = 0 GROUP BY topic \
         ORDER BY topic",
    )
}

/// Of each topic: its name, tasks that a worker has locked, tasks that wait for the end of a retry timeout.
pub fn locked_tasks_by_topic() -> Statement {
    statement(
        "SELECT topic, count(worker_id), count(*) - count(worker_id) FROM external_task WHERE available_at > 0 \
         GROUP BY topic ORDER BY topic",
    )
}

/// Of each type of incident: its name, how many there are.
pub fn incidents_by_type() -> Statement {
    statement("SELECT incident_type, count(*) FROM incident GROUP BY incident_type ORDER BY incident_type")
}

/// Those of the topics that have a task that can be fetched now.
pub fn topics_with_ready_tasks(topics: &[Arc<str>], dialect: Dialect) -> Statement {
    let source = match dialect {
        Dialect::Sqlite => "json_each(?) AS wanted",
        Dialect::Postgres => "jsonb_array_elements_text($1::text::jsonb) AS wanted (value)",
    };
    let text = format!(
        "SELECT wanted.value FROM {source} WHERE EXISTS (SELECT 1 FROM external_task \
         WHERE external_task.topic = wanted.value AND external_task.available_at = 0)"
    );
    let list = topics.iter().map(|topic| serde_json::Value::from(&**topic)).collect();
    let list = match dialect {
        Dialect::Sqlite => serde_json::Value::Array(list).to_string(),
        Dialect::Postgres => nul::json_list(list),
    };
    Statement { text, binds: vec![SqlValue::Text(list.into())] }
}

/// They say the same in both dialects.
fn statement(text: &str) -> Statement {
    Statement { text: text.to_owned(), binds: Vec::new() }
}
