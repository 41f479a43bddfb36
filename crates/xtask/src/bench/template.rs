//! The commands of one lifecycle as rows that can be written again and again, each time under ids of their own.
//!
//! Written lifecycles lie in the hour before the observed one, a millisecond apart: their times, and their ids, which are
//! ordered by time. An id becomes another one by a number that is added to its upper bits, so that ids that have something
//! in common, as those of one instance have, keep it.
//!
//! Changes of rows that were there before are left out, such as tasks of other instances that were fetched besides, and the
//! beat of the server: all lifecycles would change the same rows, and those that write them wait for each other.

use super::row_set::{DatabaseImage, RowChange, TableShape};
use anyhow::ensure;
use rusqlite::types::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

/// A UUIDv7's time in milliseconds lies above this bit.
pub const TIME_BIT: u32 = 80;

/// The time before the observed lifecycle, in milliseconds, and so the most lifecycles that can be written.
pub const LIFECYCLES_MAX: u64 = 1 << 22;

/// Between any two times of the observed lifecycle, and of what was there shortly before.
const SAME_TIME_MS: i64 = 60_000;

/// Keys that are mere numbers are given out by the database; a lifecycle takes fewer than this many in one table.
pub const COUNTER_STRIDE: i64 = 64;

const UUID_TEXT_LENGTH: usize = 36;

/// What one lifecycle writes: of each of its commands the rows.
#[derive(Debug)]
pub struct Lifecycle {
    pub commands: Vec<Vec<Template>>,
    pub rows: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    Insert,
    /// Of so many columns; the others are the key.
    Update {
        set: usize,
    },
    Delete,
}

/// One row's change and where the ids are in its values.
#[derive(Debug)]
pub struct Template {
    pub table: TableShape,
    pub kind: ChangeKind,
    /// What the slots are, as indexes of the table's columns.
    pub columns: Vec<usize>,
    pub slots: Vec<Slot>,
}

/// A value with the places that differ from lifecycle to lifecycle.
#[derive(Debug, PartialEq)]
pub enum Slot {
    Same(Value),
    Counter(i64),
    /// Milliseconds since 1970.
    Time(i64),
    Text {
        text: String,
        ids: Vec<(usize, u128)>,
    },
    Blob {
        blob: Vec<u8>,
        ids: Vec<(usize, u128)>,
    },
}

impl Lifecycle {
    /// `images`: of one database, before the first command and after each command of one lifecycle.
    pub fn observed(images: &[DatabaseImage]) -> anyhow::Result<Lifecycle> {
        let changes: Vec<Vec<RowChange>> = images.windows(2).map(|pair| pair[0].changes_to(&pair[1])).collect();
        let old: BTreeSet<u128> = images[0].values().flat_map(ids_in).collect();
        let values = changes.iter().flatten().flat_map(RowChange::values);
        let fresh: BTreeSet<u128> = values.flat_map(ids_in).filter(|id| !old.contains(id)).collect();
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let fresh = Fresh { ids: fresh, times: now - SAME_TIME_MS..now + SAME_TIME_MS };
        let templates = |command: Vec<RowChange>| -> Vec<Template> {
            let all = command.into_iter().map(|change| template(change, &fresh));
            all.filter(Template::has_key_of_its_own).collect()
        };
        let commands: Vec<_> = changes.into_iter().map(templates).collect();
        ensure!(commands.iter().all(|command| !command.is_empty()), "a command of the lifecycle wrote no row");
        let rows = commands.iter().map(Vec::len).sum();
        Ok(Lifecycle { commands, rows })
    }

    /// What it adds: the rest is about other instances.
    pub fn insertions(mut self) -> Lifecycle {
        for command in &mut self.commands {
            command.retain(|template| template.kind == ChangeKind::Insert);
        }
        self.rows = self.commands.iter().map(Vec::len).sum();
        self
    }
}

/// What has to differ.
#[derive(Debug)]
struct Fresh {
    ids: BTreeSet<u128>,
    times: Range<i64>,
}

impl Template {
    /// Whether another lifecycle has another row.
    fn has_key_of_its_own(&self) -> bool {
        let key = self.columns.iter().zip(&self.slots).filter(|(column, _)| self.table.key.contains(column));
        key.map(|(_, slot)| slot).any(Slot::differs)
    }

    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|index| self.table.columns[*index].as_str())
    }
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

fn template(change: RowChange, fresh: &Fresh) -> Template {
    let slots = |table: &TableShape, columns: &[usize], values: &[Value]| {
        // A number besides an id tells rows of one thing apart.
        let has_id = table.key.iter().any(|index| {
            let position = columns.iter().position(|column| column == index);
            position.is_some_and(|position| ids_in(&values[position]).next().is_some())
        });
        let slot = |(column, value): (&usize, &Value)| slot(value, fresh, !has_id && table.key.contains(column));
        columns.iter().zip(values).map(slot).collect()
    };
    match change {
        RowChange::Insert { table, row } => {
            let columns: Vec<usize> = (0..row.len()).collect();
            let slots = slots(&table, &columns, &row);
            Template { table, kind: ChangeKind::Insert, columns, slots }
        }
        RowChange::Update { table, key, set } => {
            let kind = ChangeKind::Update { set: set.len() };
            let (mut columns, mut values): (Vec<usize>, Vec<Value>) = set.into_iter().unzip();
            columns.extend(&table.key);
            values.extend(key);
            let slots = slots(&table, &columns, &values);
            Template { table, kind, columns, slots }
        }
        RowChange::Delete { table, key } => {
            let columns = table.key.clone();
            let slots = slots(&table, &columns, &key);
            Template { table, kind: ChangeKind::Delete, columns, slots }
        }
    }
}

fn slot(value: &Value, fresh: &Fresh, counts: bool) -> Slot {
    match value {
        Value::Integer(number) if fresh.times.contains(number) => Slot::Time(*number),
        Value::Integer(number) if counts => Slot::Counter(*number),
        Value::Text(text) => {
            let ids = places(text.as_bytes(), UUID_TEXT_LENGTH, parse_uuid, &fresh.ids);
            Slot::Text { text: text.clone(), ids }
        }
        Value::Blob(blob) => Slot::Blob { blob: blob.clone(), ids: places(blob, 16, id_of, &fresh.ids) },
        other => Slot::Same(other.clone()),
    }
}

/// Where which of the ids stands.
fn places(
    bytes: &[u8],
    length: usize,
    read: impl Fn(&[u8]) -> Option<u128>,
    ids: &BTreeSet<u128>,
) -> Vec<(usize, u128)> {
    let windows = bytes.windows(length).enumerate();
    windows.filter_map(|(at, window)| Some((at, read(window).filter(|id| ids.contains(id))?))).collect()
}

impl Slot {
    fn differs(&self) -> bool {
        match self {
            Slot::Same(_) => false,
            Slot::Counter(_) | Slot::Time(_) => true,
            Slot::Text { ids, .. } | Slot::Blob { ids, .. } => !ids.is_empty(),
        }
    }

    pub fn value(&self, lifecycle: u64) -> Cow<'_, Value> {
        match self {
            Slot::Same(value) => Cow::Borrowed(value),
            Slot::Counter(number) => Cow::Owned(Value::Integer(number + (lifecycle as i64 + 1) * COUNTER_STRIDE)),
            Slot::Time(time) => Cow::Owned(Value::Integer(time - (LIFECYCLES_MAX - lifecycle) as i64)),
            Slot::Text { text, ids } => {
                let mut text = text.clone();
                for (at, id) in ids {
                    text.replace_range(*at..at + UUID_TEXT_LENGTH, &uuid_text(fresh_id(lifecycle, *id)));
                }
                Cow::Owned(Value::Text(text))
            }
            Slot::Blob { blob, ids } => {
                let mut blob = blob.clone();
                for (at, id) in ids {
                    blob[*at..at + 16].copy_from_slice(&fresh_id(lifecycle, *id).to_be_bytes());
                }
                Cow::Owned(Value::Blob(blob))
            }
        }
    }
}

fn fresh_id(lifecycle: u64, id: u128) -> u128 {
    id.wrapping_sub(u128::from(LIFECYCLES_MAX - lifecycle) << TIME_BIT)
}

/// The UUIDs in a text in their usual form, or the one that a blob of 16 bytes is.
fn ids_in(value: &Value) -> impl Iterator<Item = u128> {
    let (texts, blob): (&[u8], Option<u128>) = match value {
        Value::Text(text) => (text.as_bytes(), None),
        Value::Blob(blob) => (&[], id_of(blob)),
        Value::Null | Value::Integer(_) | Value::Real(_) => (&[], None),
    };
    texts.windows(UUID_TEXT_LENGTH).filter_map(parse_uuid).chain(blob)
}

fn id_of(bytes: &[u8]) -> Option<u128> {
    Some(u128::from_be_bytes(bytes.try_into().ok()?))
}

fn parse_uuid(text: &[u8]) -> Option<u128> {
    let mut id = 0;
    for (index, byte) in text.iter().enumerate() {
        match (index, byte) {
            (8 | 13 | 18 | 23, b'-') => {}
            (8 | 13 | 18 | 23, _) => return None,
            (_, byte) => id = (id << 4) | u128::from(char::from(*byte).to_digit(16)?),
        }
    }
    Some(id)
}

fn uuid_text(id: u128) -> String {
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        id >> 96,
        (id >> 80) & 0xffff,
        (id >> 64) & 0xffff,
        (id >> 48) & 0xffff,
        id & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::super::series::{Sql, insertions};
    use super::*;
    use rusqlite::Connection;
    use std::path::Path;

    const INSTANCE: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    const DEFINITION: &str = "0190a1b2-0000-7e5f-8a9b-0c1d2e3f4a5b";

    /// A lifecycle of two commands: a row comes with a log entry and a part, the row goes.
    fn observed(folder: &Path) -> Lifecycle {
        let file = folder.join("observed.db");
        let connection = Connection::open(&file).unwrap();
        connection
            .execute_batch(&format!(
                "CREATE TABLE definition (id TEXT PRIMARY KEY);
                 CREATE TABLE instance (id BLOB PRIMARY KEY, definition TEXT) WITHOUT ROWID;
                 CREATE TABLE log (number INTEGER PRIMARY KEY, text TEXT);
                 CREATE TABLE part (instance BLOB, number INTEGER, PRIMARY KEY (instance, number)) WITHOUT ROWID;
                 CREATE TABLE beat (node BLOB PRIMARY KEY, count INTEGER) WITHOUT ROWID;
                 INSERT INTO beat VALUES (x'0190a1b200007e5f8a9b0c1d2e3f4a5b', 1);
                 INSERT INTO definition VALUES ('a:1:{DEFINITION}');"
            ))
            .unwrap();
        let mut images = vec![DatabaseImage::read(&file).unwrap()];
        let id = parse_uuid(INSTANCE.as_bytes()).unwrap().to_be_bytes();
        connection.execute("INSERT INTO instance VALUES (?1, ?2)", (id, format!("a:1:{DEFINITION}"))).unwrap();
        connection.execute("INSERT INTO log VALUES (1, ?1)", [format!("started {INSTANCE}")]).unwrap();
        connection.execute("INSERT INTO part VALUES (?1, 3)", [id]).unwrap();
        images.push(DatabaseImage::read(&file).unwrap());
        connection.execute("UPDATE beat SET count = 2", []).unwrap();
        connection.execute("DELETE FROM instance", []).unwrap();
        images.push(DatabaseImage::read(&file).unwrap());
        Lifecycle::observed(&images).unwrap()
    }

    #[test]
    fn every_lifecycle_has_ids_of_its_own_and_the_old_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let lifecycle = observed(folder.path());
        assert_eq!(lifecycle.rows, 4);
        let value = |command: usize, row: usize, slot: usize| {
            lifecycle.commands[command][row].slots[slot].value(7).into_owned()
        };
        let id = fresh_id(7, parse_uuid(INSTANCE.as_bytes()).unwrap());
        assert_eq!(value(0, 0, 0), Value::Blob(id.to_be_bytes().to_vec()));
        assert_eq!(value(0, 0, 1), Value::Text(format!("a:1:{DEFINITION}")));
        assert_eq!(value(0, 1, 0), Value::Integer(1 + 8 * COUNTER_STRIDE));
        assert_eq!(value(0, 1, 1), Value::Text(format!("started {}", uuid_text(id))));
        assert_eq!(value(0, 2, 1), Value::Integer(3));
        assert_eq!(value(1, 0, 0), Value::Blob(id.to_be_bytes().to_vec()));
    }

    #[test]
    fn a_series_is_what_its_lifecycles_would_be() {
        let folder = tempfile::tempdir().unwrap();
        let lifecycle = observed(folder.path());
        let file = folder.path().join("observed.db");
        let read = || DatabaseImage::read(&file).unwrap().tables;
        let mut connection = Connection::open(&file).unwrap();
        let empty = read();
        let statements = super::super::bare_sqlite::Statements::of(&lifecycle);
        let transaction = connection.transaction().unwrap();
        (3..=5).for_each(|number| statements.write(&transaction, 0, number).unwrap());
        transaction.commit().unwrap();
        let one_by_one = read();
        assert_ne!(one_by_one, empty);
        connection.execute_batch("DELETE FROM instance; DELETE FROM log WHERE number > 1").unwrap();
        connection
            .execute("DELETE FROM part WHERE instance <> ?1", [parse_uuid(INSTANCE.as_bytes()).unwrap().to_be_bytes()])
            .unwrap();
        assert_eq!(read(), empty);
        for statement in insertions(&lifecycle.commands[0], Sql::Sqlite).unwrap() {
            connection.execute(&statement, [3, 5]).unwrap();
        }
        assert_eq!(read(), one_by_one);
    }

    #[test]
    fn the_statements_of_sqlite_write_and_remove_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let lifecycle = observed(folder.path());
        let mut connection = Connection::open(folder.path().join("observed.db")).unwrap();
        let statements = super::super::bare_sqlite::Statements::of(&lifecycle);
        let transaction = connection.transaction().unwrap();
        for number in 0..3 {
            statements.write(&transaction, 0, number).unwrap();
        }
        statements.write(&transaction, 1, 1).unwrap();
        transaction.commit().unwrap();
        let count = |table: &str| -> i64 {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!((count("instance"), count("log"), count("part")), (2, 4, 4));
    }
}
