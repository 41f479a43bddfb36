//! The rows of lifecycles written to SQLite by a loop that does nothing else: what storage alone could do.
//!
//! A commit holds as many starts, locks of older instances and completions of still older ones as the server's commits do.

use super::figure::{Figure, Samples, Window};
use super::load::WARM_UP;
use super::row_set::{quoted, schema};
use super::template::{ChangeKind, Lifecycle, Template};
use rusqlite::{Connection, Transaction, params_from_iter};
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Commits between an instance's start and its lock, and between its lock and its completion.
pub const COMMITS_BETWEEN: u64 = 15;

/// A lifecycle with the statements that write it.
#[derive(Debug)]
pub struct Statements<'a> {
    lifecycle: &'a Lifecycle,
    texts: Vec<Vec<String>>,
}

impl<'a> Statements<'a> {
    pub fn of(lifecycle: &'a Lifecycle) -> Statements<'a> {
        let texts = lifecycle.commands.iter().map(|command| command.iter().map(text).collect()).collect();
        Statements { lifecycle, texts }
    }

    pub fn write(&self, transaction: &Transaction<'_>, command: usize, lifecycle: u64) -> anyhow::Result<()> {
        for (template, text) in self.lifecycle.commands[command].iter().zip(&self.texts[command]) {
            let mut statement = transaction.prepare_cached(text)?;
            statement.execute(params_from_iter(template.slots.iter().map(|slot| slot.value(lifecycle))))?;
        }
        Ok(())
    }
}

/// Writes lifecycles to a new database in `folder`, of the observed one's shape, until the window is over.
pub fn measure(
    lifecycle: &Lifecycle,
    observed: &Path,
    folder: &Path,
    per_commit: u64,
    seconds: f64,
) -> anyhow::Result<Figure> {
    let mut connection = open(&folder.join("bare.db"), "FULL")?;
    for statement in schema(observed)? {
        connection.execute_batch(&statement)?;
    }
    let statements = Statements::of(lifecycle);
    let window = Window::starting_now(WARM_UP, Duration::from_secs_f64(seconds));
    let mut samples = Samples::default();
    let mut commit = 0;
    while !window.is_over() {
        let started = Instant::now();
        let transaction = connection.transaction()?;
        for command in 0..lifecycle.commands.len() {
            // Later commands belong to instances that were started that many commits ago.
            let Some(of_commit) = u64::checked_sub(commit, command as u64 * COMMITS_BETWEEN) else { continue };
            for index in 0..per_commit {
                statements.write(&transaction, command, of_commit * per_commit + index)?;
            }
        }
        transaction.commit()?;
        samples.record(window, started);
        commit += 1;
    }
    Ok(figure(&samples, per_commit, lifecycle, window))
}

pub fn figure(samples: &Samples, per_commit: u64, lifecycle: &Lifecycle, window: Window) -> Figure {
    let per_second = (samples.count() as u64 * per_commit) as f64 / window.seconds();
    Figure {
        workload: "bare loop".to_owned(),
        rate: Some((per_second, "lifecycles")),
        calls: vec![samples.percentiles("commit")],
        besides: vec![("row changes a lifecycle", lifecycle.rows as f64), ("lifecycles a commit", per_commit as f64)],
    }
}

/// A connection as the server has them.
pub fn open(file: &Path, synchronous: &str) -> anyhow::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA cache_size=-8192; PRAGMA temp_store=2;
         PRAGMA foreign_keys=OFF;"
    ))?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

fn text(template: &Template) -> String {
    let table = &template.table.name;
    let terms = |from: usize, to: usize, separator: &str| {
        let mut text = String::new();
        for (index, name) in template.column_names().enumerate().take(to).skip(from) {
            let separator = if index == from { "" } else { separator };
            let _ = write!(text, "{separator}\"{name}\" = ?{}", index + 1);
        }
        text
    };
    let all = template.columns.len();
    match template.kind {
        ChangeKind::Insert => {
            let places: Vec<String> = (1..=all).map(|index| format!("?{index}")).collect();
            format!("INSERT INTO \"{table}\" ({}) VALUES ({})", quoted(&template.table.columns), places.join(", "))
        }
        ChangeKind::Update { set } => {
            format!("UPDATE \"{table}\" SET {} WHERE {}", terms(0, set, ", "), terms(set, all, " AND "))
        }
        ChangeKind::Delete => format!("DELETE FROM \"{table}\" WHERE {}", terms(0, all, " AND ")),
    }
}
