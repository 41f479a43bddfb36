//! Which rows one lifecycle writes, seen by looking at a database before and after each of its commands.
//!
//! The rows come from the server's own database, so they follow its schema without being told.

use anyhow::Context;
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A table; without a primary key all of its columns are the key.
#[derive(Debug, Clone, PartialEq)]
pub struct TableShape {
    pub name: String,
    pub columns: Vec<String>,
    /// As the database names them; of no use on SQLite.
    pub types: Vec<String>,
    /// Indexes into `columns`, in the key's order.
    pub key: Vec<usize>,
}

/// What a command did to one row.
#[derive(Debug, Clone, PartialEq)]
pub enum RowChange {
    Insert { table: TableShape, row: Vec<Value> },
    Update { table: TableShape, key: Vec<Value>, set: Vec<(usize, Value)> },
    Delete { table: TableShape, key: Vec<Value> },
}

/// All rows of a database, by table and then by the text of their keys.
#[derive(Debug)]
pub struct DatabaseImage {
    pub tables: BTreeMap<String, (TableShape, BTreeMap<String, Vec<Value>>)>,
}

impl DatabaseImage {
    pub fn read(database: &Path) -> anyhow::Result<DatabaseImage> {
        let connection = open(database)?;
        let mut tables = BTreeMap::new();
        for shape in shapes(&connection)? {
            let rows = rows(&connection, &shape)?;
            tables.insert(shape.name.clone(), (shape, rows));
        }
        Ok(DatabaseImage { tables })
    }

    /// What turns this image into the later one.
    pub fn changes_to(&self, later: &DatabaseImage) -> Vec<RowChange> {
        let mut changes = Vec::new();
        let none = BTreeMap::new();
        for (name, (shape, after)) in &later.tables {
            let before = self.tables.get(name).map_or(&none, |(_, rows)| rows);
            for (key, row) in after {
                match before.get(key) {
                    None => changes.push(RowChange::Insert { table: shape.clone(), row: row.clone() }),
                    Some(old) if old != row => {
                        let differs = |index: &usize| old[*index] != row[*index];
                        let set = (0..row.len()).filter(differs).map(|index| (index, row[index].clone())).collect();
                        changes.push(RowChange::Update { table: shape.clone(), key: shape.key_of(row), set });
                    }
                    Some(_) => {}
                }
            }
            for (_, row) in before.iter().filter(|(key, _)| !after.contains_key(*key)) {
                changes.push(RowChange::Delete { table: shape.clone(), key: shape.key_of(row) });
            }
        }
        changes
    }

    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.tables.values().flat_map(|(_, rows)| rows.values()).flatten()
    }
}

impl TableShape {
    pub fn key_of(&self, row: &[Value]) -> Vec<Value> {
        self.key.iter().map(|index| row[*index].clone()).collect()
    }
}

/// The statements that make an empty database of the same shape.
pub fn schema(database: &Path) -> anyhow::Result<Vec<String>> {
    let connection = open(database)?;
    let mut statement = connection.prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'index', rowid",
    )?;
    let statements = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(statements)
}

fn open(database: &Path) -> anyhow::Result<Connection> {
    Connection::open_with_flags(database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("{} cannot be read", database.display()))
}

fn shapes(connection: &Connection) -> anyhow::Result<Vec<TableShape>> {
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut shapes = Vec::new();
    for name in names {
        let mut statement = connection.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
        let columns: Vec<(String, i64)> =
            statement.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let mut key: Vec<usize> = (0..columns.len()).filter(|index| columns[*index].1 > 0).collect();
        key.sort_by_key(|index| columns[*index].1);
        if key.is_empty() {
            key = (0..columns.len()).collect();
        }
        let types = Vec::new();
        shapes.push(TableShape { name, columns: columns.into_iter().map(|(name, _)| name).collect(), types, key });
    }
    Ok(shapes)
}

fn rows(connection: &Connection, shape: &TableShape) -> anyhow::Result<BTreeMap<String, Vec<Value>>> {
    let mut statement = connection.prepare(&format!("SELECT {} FROM \"{}\"", quoted(&shape.columns), shape.name))?;
    let mut found = statement.query([])?;
    let mut rows = BTreeMap::new();
    while let Some(row) = found.next()? {
        let values: Vec<Value> = (0..shape.columns.len()).map(|index| row.get(index)).collect::<Result<_, _>>()?;
        rows.insert(format!("{:?}", shape.key_of(&values)), values);
    }
    Ok(rows)
}

pub fn quoted(columns: &[String]) -> String {
    columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_updates_and_deletes_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let connection = Connection::open(&file).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER) WITHOUT ROWID; CREATE INDEX i ON t (b);
                 INSERT INTO t VALUES ('stays', 1), ('changes', 1), ('goes', 1);",
            )
            .unwrap();
        let before = DatabaseImage::read(&file).unwrap();
        connection
            .execute_batch("UPDATE t SET b = 2 WHERE a = 'changes'; DELETE FROM t WHERE a = 'goes'; INSERT INTO t VALUES ('new', 3);")
            .unwrap();
        let after = DatabaseImage::read(&file).unwrap();

        let text = |value: &str| Value::Text(value.to_owned());
        let table = TableShape { name: "t".into(), columns: vec!["a".into(), "b".into()], types: vec![], key: vec![0] };
        let expected = [
            RowChange::Update { table: table.clone(), key: vec![text("changes")], set: vec![(1, Value::Integer(2))] },
            RowChange::Insert { table: table.clone(), row: vec![text("new"), Value::Integer(3)] },
            RowChange::Delete { table, key: vec![text("goes")] },
        ];
        assert_eq!(before.changes_to(&after), expected);
        assert_eq!(schema(&file).unwrap().len(), 2);
    }
}
