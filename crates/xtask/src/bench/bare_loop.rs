//! The rows of lifecycles written to SQLite by a loop that does nothing else: what storage alone could do.
//!
//! Every lifecycle writes the observed rows under ids of its own. One commit holds what 64 + 64 connections have in
//! flight: 64 starts, the locks of 64 older instances and the completions of 64 still older ones.

use super::figure::{Figure, Samples, Window};
use super::load::WARM_UP;
use super::row_set::{DatabaseImage, RowChange, TableShape, quoted, schema};
use anyhow::ensure;
use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, params_from_iter};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

const LIFECYCLES_PER_COMMIT: u64 = 64;

/// Commits between an instance's start and its lock, and between its lock and its completion.
const COMMITS_BETWEEN: u64 = 15;

const UUID_TEXT_LENGTH: usize = 36;

/// The commands of one lifecycle, ready to be written again and again.
#[derive(Debug)]
pub struct Lifecycle {
    schema: Vec<String>,
    commands: Vec<Vec<Template>>,
    pub rows: usize,
}

/// A statement and where the ids are in its values.
#[derive(Debug)]
struct Template {
    sql: String,
    values: Vec<Slot>,
}

/// A value with the places that differ from lifecycle to lifecycle.
#[derive(Debug)]
enum Slot {
    Same(Value),
    /// The number of the lifecycle is added, times the stride.
    Counter(i64),
    Text {
        text: String,
        ids: Vec<(usize, usize)>,
    },
    Blob {
        blob: Vec<u8>,
        ids: Vec<(usize, usize)>,
    },
}

/// Keys of this kind are numbered by the database; a lifecycle takes fewer than this many in one table.
const COUNTER_STRIDE: i64 = 64;

impl Lifecycle {
    /// `images`: of one database, before the first command and after each command of one lifecycle.
    pub fn observed(database: &Path, images: &[DatabaseImage]) -> anyhow::Result<Lifecycle> {
        let changes: Vec<Vec<RowChange>> = images.windows(2).map(|pair| pair[0].changes_to(&pair[1])).collect();
        let rows = changes.iter().map(Vec::len).sum();
        ensure!(changes.iter().all(|command| !command.is_empty()), "a command of the lifecycle wrote no row");
        let old: BTreeSet<[u8; 16]> = images[0].values().flat_map(ids_in).collect();
        let fresh: BTreeSet<[u8; 16]> = changes
            .iter()
            .flatten()
            .flat_map(RowChange::values)
            .flat_map(ids_in)
            .filter(|id| !old.contains(id))
            .collect();
        let ids: Vec<[u8; 16]> = fresh.into_iter().collect();
        let commands =
            changes.into_iter().map(|command| command.iter().map(|change| template(change, &ids)).collect()).collect();
        Ok(Lifecycle { schema: schema(database)?, commands, rows })
    }

    fn write(&self, transaction: &Transaction<'_>, command: usize, lifecycle: u64) -> anyhow::Result<()> {
        for template in &self.commands[command] {
            let mut statement = transaction.prepare_cached(&template.sql)?;
            statement.execute(params_from_iter(template.values.iter().map(|slot| slot.value(lifecycle))))?;
        }
        Ok(())
    }
}

/// Writes lifecycles to a new database in `folder` until the window is over.
pub fn measure(lifecycle: &Lifecycle, folder: &Path, seconds: f64) -> anyhow::Result<Figure> {
    let mut connection = Connection::open(folder.join("bare.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192; PRAGMA temp_store=2;
         PRAGMA foreign_keys=OFF;",
    )?;
    connection.set_prepared_statement_cache_capacity(256);
    for statement in &lifecycle.schema {
        connection.execute_batch(statement)?;
    }
    let window = Window::starting_now(WARM_UP, Duration::from_secs_f64(seconds));
    let mut samples = Samples::default();
    let mut commit = 0;
    while !window.is_over() {
        let started = Instant::now();
        let transaction = connection.transaction()?;
        for command in 0..lifecycle.commands.len() {
            // Later commands belong to instances that were started that many commits ago.
            let Some(of_commit) = u64::checked_sub(commit, command as u64 * COMMITS_BETWEEN) else { continue };
            for index in 0..LIFECYCLES_PER_COMMIT {
                lifecycle.write(&transaction, command, of_commit * LIFECYCLES_PER_COMMIT + index)?;
            }
        }
        transaction.commit()?;
        samples.record(window, started);
        commit += 1;
    }
    let per_second = (samples.count() as u64 * LIFECYCLES_PER_COMMIT) as f64 / window.seconds();
    Ok(Figure {
        workload: "bare loop".to_owned(),
        rate: Some((per_second, "lifecycles")),
        calls: vec![samples.percentiles("commit")],
        besides: vec![("row changes a lifecycle", lifecycle.rows as f64)],
    })
}

impl RowChange {
    fn values(&self) -> Vec<&Value> {
        match self {
            RowChange::Insert { row, .. } => row.iter().collect(),
            RowChange::Update { key, set, .. } => key.iter().chain(set.iter().map(|(_, value)| value)).collect(),
            RowChange::Delete { key, .. } => key.iter().collect(),
        }
    }
}

fn template(change: &RowChange, ids: &[[u8; 16]]) -> Template {
    let condition = |table: &TableShape, first: usize| {
        let terms: Vec<String> = table
            .key
            .iter()
            .enumerate()
            .map(|(index, column)| format!("\"{}\" = ?{}", table.columns[*column], first + index))
            .collect();
        terms.join(" AND ")
    };
    match change {
        RowChange::Insert { table, row } => {
            let places: Vec<String> = (1..=row.len()).map(|index| format!("?{index}")).collect();
            let sql =
                format!("INSERT INTO \"{}\" ({}) VALUES ({})", table.name, quoted(&table.columns), places.join(", "));
            let kinds = row.iter().enumerate().map(|(index, value)| slot(value, ids, table.key.contains(&index)));
            Template { sql, values: kinds.collect() }
        }
        RowChange::Update { table, key, set } => {
            let assignments: Vec<String> = set
                .iter()
                .enumerate()
                .map(|(index, (column, _))| format!("\"{}\" = ?{}", table.columns[*column], index + 1))
                .collect();
            let sql = format!(
                "UPDATE \"{}\" SET {} WHERE {}",
                table.name,
                assignments.join(", "),
                condition(table, set.len() + 1)
            );
            let mut values: Vec<Slot> = set.iter().map(|(_, value)| slot(value, ids, false)).collect();
            values.extend(key.iter().map(|value| slot(value, ids, true)));
            Template { sql, values }
        }
        RowChange::Delete { table, key } => Template {
            sql: format!("DELETE FROM \"{}\" WHERE {}", table.name, condition(table, 1)),
            values: key.iter().map(|value| slot(value, ids, true)).collect(),
        },
    }
}

fn slot(value: &Value, ids: &[[u8; 16]], is_key: bool) -> Slot {
    match value {
        Value::Integer(number) if is_key => Slot::Counter(*number),
        Value::Text(text) => {
            let places = places(text.as_bytes(), ids, |id| uuid_text(id).into_bytes());
            Slot::Text { text: text.clone(), ids: places }
        }
        Value::Blob(blob) => Slot::Blob { blob: blob.clone(), ids: places(blob, ids, |id| id.to_vec()) },
        other => Slot::Same(other.clone()),
    }
}

/// Where which of the ids stands.
fn places(bytes: &[u8], ids: &[[u8; 16]], form: impl Fn(&[u8; 16]) -> Vec<u8>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let wanted = form(id);
        let starts = bytes.windows(wanted.len()).enumerate().filter(|(_, window)| *window == wanted.as_slice());
        found.extend(starts.map(|(offset, _)| (offset, index)));
    }
    found
}

impl Slot {
    fn value(&self, lifecycle: u64) -> Value {
        match self {
            Slot::Same(value) => value.clone(),
            Slot::Counter(number) => Value::Integer(number + (lifecycle as i64 + 1) * COUNTER_STRIDE),
            Slot::Text { text, ids } => {
                let mut text = text.clone();
                for (offset, id) in ids {
                    text.replace_range(*offset..offset + UUID_TEXT_LENGTH, &uuid_text(&fresh_id(lifecycle, *id)));
                }
                Value::Text(text)
            }
            Slot::Blob { blob, ids } => {
                let mut blob = blob.clone();
                for (offset, id) in ids {
                    blob[*offset..offset + 16].copy_from_slice(&fresh_id(lifecycle, *id));
                }
                Value::Blob(blob)
            }
        }
    }
}

/// Ordered by lifecycle, then by the order of the observed ids, as UUIDv7 are ordered by time.
fn fresh_id(lifecycle: u64, index: usize) -> [u8; 16] {
    let scattered = (lifecycle ^ index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let high = (u128::from(lifecycle) << 80) | ((index as u128) << 64);
    (high | u128::from(scattered)).to_be_bytes()
}

/// The UUIDs in a text in their usual form, or the one that a blob of 16 bytes is.
fn ids_in(value: &Value) -> Vec<[u8; 16]> {
    match value {
        Value::Text(text) => text.as_bytes().windows(UUID_TEXT_LENGTH).filter_map(parse_uuid).collect(),
        Value::Blob(blob) => blob.as_slice().try_into().into_iter().collect(),
        Value::Null | Value::Integer(_) | Value::Real(_) => Vec::new(),
    }
}

fn parse_uuid(text: &[u8]) -> Option<[u8; 16]> {
    let mut digits = Vec::with_capacity(32);
    for (index, byte) in text.iter().enumerate() {
        match (index, byte) {
            (8 | 13 | 18 | 23, b'-') => {}
            (8 | 13 | 18 | 23, _) => return None,
            (_, byte) => digits.push(char::from(*byte).to_digit(16)? as u8),
        }
    }
    let mut id = [0; 16];
    for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
        *byte = (pair[0] << 4) | pair[1];
    }
    Some(id)
}

fn uuid_text(id: &[u8; 16]) -> String {
    let number = u128::from_be_bytes(*id);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        number >> 96,
        (number >> 80) & 0xffff,
        (number >> 64) & 0xffff,
        (number >> 48) & 0xffff,
        number & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    const DEFINITION: &str = "0190a1b2-0000-7e5f-8a9b-0c1d2e3f4a5b";

    /// A lifecycle of two commands: a row comes with a log entry, the row goes.
    fn observed(folder: &Path) -> Lifecycle {
        let file = folder.join("observed.db");
        let connection = Connection::open(&file).unwrap();
        connection
            .execute_batch(&format!(
                "CREATE TABLE definition (id TEXT PRIMARY KEY);
                 CREATE TABLE instance (id BLOB PRIMARY KEY, definition TEXT) WITHOUT ROWID;
                 CREATE TABLE log (number INTEGER PRIMARY KEY, text TEXT);
                 INSERT INTO definition VALUES ('a:1:{DEFINITION}');"
            ))
            .unwrap();
        let mut images = vec![DatabaseImage::read(&file).unwrap()];
        let id = parse_uuid(INSTANCE.as_bytes()).unwrap();
        connection.execute("INSERT INTO instance VALUES (?1, ?2)", (id, format!("a:1:{DEFINITION}"))).unwrap();
        connection.execute("INSERT INTO log VALUES (1, ?1)", [format!("started {INSTANCE}")]).unwrap();
        images.push(DatabaseImage::read(&file).unwrap());
        connection.execute("DELETE FROM instance", []).unwrap();
        images.push(DatabaseImage::read(&file).unwrap());
        Lifecycle::observed(&file, &images).unwrap()
    }

    #[test]
    fn every_lifecycle_has_ids_of_its_own_and_the_old_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let lifecycle = observed(folder.path());
        assert_eq!(lifecycle.rows, 3);
        let insert = &lifecycle.commands[0][0];
        assert!(insert.sql.starts_with("INSERT INTO \"instance\""));
        assert_eq!(insert.values[0].value(7), Value::Blob(fresh_id(7, 0).to_vec()));
        assert_eq!(insert.values[1].value(7), Value::Text(format!("a:1:{DEFINITION}")));
        let log = &lifecycle.commands[0][1];
        assert_eq!(log.values[1].value(7), Value::Text(format!("started {}", uuid_text(&fresh_id(7, 0)))));
        let delete = &lifecycle.commands[1][0];
        assert_eq!(delete.values[0].value(7), Value::Blob(fresh_id(7, 0).to_vec()));
    }

    #[test]
    fn the_loop_writes_and_removes_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let lifecycle = observed(folder.path());
        let mut connection = Connection::open(folder.path().join("written.db")).unwrap();
        for statement in &lifecycle.schema {
            connection.execute_batch(statement).unwrap();
        }
        let transaction = connection.transaction().unwrap();
        for number in 0..3 {
            lifecycle.write(&transaction, 0, number).unwrap();
        }
        lifecycle.write(&transaction, 1, 1).unwrap();
        transaction.commit().unwrap();
        let count = |table: &str| -> i64 {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!((count("instance"), count("log")), (2, 3));
    }
}
