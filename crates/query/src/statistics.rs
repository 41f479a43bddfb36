//! Figures over whole tables, for those who watch a server. Each walks an index that holds nothing else.

use crate::Statement;

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

/// They say the same in both dialects.
fn statement(text: &str) -> Statement {
    Statement { text: text.to_owned(), binds: Vec::new() }
}
