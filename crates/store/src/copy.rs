//! All rows of one database into another, empty one, which may be of another kind.
//!
//! Works over `Store`, table by table, in chunks in the order of the primary keys. In the end the target is read again: as
//! many rows, with the same checksum, make the copy good. Neither database may be in use meanwhile.

use query::{Column, ColumnKind, Comparison, Condition, Dialect, Direction, Mutation, Select, SqlValue, Table, tables};
use sha2::{Digest, Sha256};
use types::Uuid;

use crate::work::ExpectedStatement;
use crate::{Store, StoreError, Work};

/// Rows that are read and written at once.
const ROWS_PER_CHUNK: u64 = 500;
/// Cells of one statement; SQLite and PostgreSQL take no more than 32,766 and 65,535.
const CELLS_PER_STATEMENT_MAX: usize = 16_000;

/// One side of a copy.
#[derive(Clone, Copy)]
pub struct CopySide<'s> {
    pub store: &'s dyn Store,
    pub dialect: Dialect,
}

impl std::fmt::Debug for CopySide<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopySide").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyPhase {
    Copying,
    Verifying,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    pub phase: CopyPhase,
    pub table: &'static str,
    /// Of all tables, in this phase.
    pub rows_done: u64,
    pub rows: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTable {
    pub table: &'static str,
    pub rows: u64,
    pub checksum: Checksum,
}

/// Does not depend on the order of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum(pub u128);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    #[error("the table `{table}` of the target is not empty: a copy needs an empty database")]
    NotEmpty { table: &'static str },
    #[error("a row of the table `{table}` cannot be copied: its `{column}` is not what the column holds")]
    Misfit { table: &'static str, column: &'static str },
    #[error("the copy of the table `{table}` is not the same: {expected} rows were read, {found} are there")]
    Different { table: &'static str, expected: u64, found: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies and verifies everything. A target that was begun and not finished has to be thrown away.
pub async fn copy(
    from: CopySide<'_>,
    to: CopySide<'_>,
    mut report: impl FnMut(CopyProgress),
) -> Result<Vec<CopiedTable>, CopyError> {
    let mut rows = 0;
    for table in copied_tables() {
        if to.count(table).await? > 0 {
            return Err(CopyError::NotEmpty { table: table.name });
        }
        rows += from.count(table).await?;
    }
    let mut copied = Vec::with_capacity(tables::ALL.len());
    let mut rows_done = 0;
    for table in copied_tables() {
        let mut walk = Walk::of(table);
        while let Some(chunk) = walk.next(from).await? {
            rows_done += chunk.len() as u64;
            to.insert(table, chunk).await?;
            report(CopyProgress { phase: CopyPhase::Copying, table: table.name, rows_done, rows });
        }
        copied.push(CopiedTable { table: table.name, rows: walk.rows, checksum: walk.checksum });
    }
    rows_done = 0;
    for (table, expected) in copied_tables().zip(&copied) {
        let mut walk = Walk::of(table);
        while let Some(chunk) = walk.next(to).await? {
            rows_done += chunk.len() as u64;
            report(CopyProgress { phase: CopyPhase::Verifying, table: table.name, rows_done, rows });
        }
        if (walk.rows, walk.checksum) != (expected.rows, expected.checksum) {
            return Err(CopyError::Different { table: table.name, expected: expected.rows, found: walk.rows });
        }
    }
    Ok(copied)
}

/// All but the one that tells of processes.
fn copied_tables() -> impl Iterator<Item = &'static Table> {
    tables::ALL.iter().copied().filter(|table| table.name != tables::NODE.name)
}

impl CopySide<'_> {
    async fn count(self, table: &'static Table) -> Result<u64, CopyError> {
        let rows = self.store.select(Select::all(table.source()).render_count(self.dialect)).await?;
        match rows.first().and_then(|row| row.first()) {
            Some(SqlValue::Integer(count)) => Ok(u64::try_from(*count).unwrap_or(0)),
            _ => Err(StoreError::Failed("a count has no number".to_owned()).into()),
        }
    }

    /// All of them or none.
    async fn insert(self, table: &'static Table, rows: Vec<Vec<SqlValue>>) -> Result<(), CopyError> {
        let rows_per_statement = (CELLS_PER_STATEMENT_MAX / table.columns.len()).max(1);
        let inserts = rows.chunks(rows_per_statement).map(|rows| ExpectedStatement {
            statement: Mutation::insert(table, rows.to_vec()).render(self.dialect),
            rows_affected: Some(rows.len() as u64),
        });
        self.store.submit(Work::Run(inserts.collect())).await?;
        Ok(())
    }
}

/// All rows of a table, in the order of its primary key.
struct Walk {
    table: &'static Table,
    /// The primary key of the last row that was read.
    last: Option<Vec<SqlValue>>,
    rows: u64,
    checksum: Checksum,
}

impl Walk {
    fn of(table: &'static Table) -> Walk {
        Walk { table, last: None, rows: 0, checksum: Checksum::default() }
    }

    async fn next(&mut self, side: CopySide<'_>) -> Result<Option<Vec<Vec<SqlValue>>>, CopyError> {
        let mut select = Select::all(self.table.source()).limit(ROWS_PER_CHUNK);
        for column in self.table.primary_key {
            select = select.order_by(self.table.col(column), Direction::Ascending);
        }
        if let Some(last) = &self.last {
            select = select.filter(self.behind(last));
        }
        let mut chunk = side.store.select(select.render(side.dialect)).await?;
        for row in &mut chunk {
            for (cell, column) in row.iter_mut().zip(self.table.columns) {
                *cell = canonical(std::mem::replace(cell, SqlValue::Null), column)
                    .ok_or(CopyError::Misfit { table: self.table.name, column: column.name })?;
            }
            self.checksum.add(row);
        }
        let Some(last) = chunk.last() else { return Ok(None) };
        self.rows += chunk.len() as u64;
        let place = |name: &&'static str| self.table.columns.iter().position(|column| column.name == *name);
        let key = self.table.primary_key.iter().filter_map(place).map(|at| last[at].clone());
        self.last = Some(key.collect());
        Ok(Some(chunk))
    }

    /// A greater first column, or the same with a greater second one, and so on.
    fn behind(&self, last: &[SqlValue]) -> Condition {
        let mut alternatives = Vec::new();
        for (at, value) in last.iter().enumerate() {
            let same = self.table.primary_key.iter().zip(last).take(at);
            let mut all: Vec<Condition> =
                same.map(|(column, value)| Condition::equal(self.table.col(column), value.clone())).collect();
            let column = self.table.col(self.table.primary_key[at]);
            all.push(Condition::compare(column, Comparison::Greater, value.clone()));
            alternatives.push(Condition::All(all));
        }
        Condition::Any(alternatives)
    }
}

/// A cell in the form that is the same whatever database it comes from; `None` if its column cannot hold it.
fn canonical(value: SqlValue, column: &Column) -> Option<SqlValue> {
    match (value, column.kind) {
        (SqlValue::Null, _) => column.is_nullable.then_some(SqlValue::Null),
        (SqlValue::Blob(bytes), ColumnKind::Id) => {
            Some(SqlValue::Uuid(Uuid::from_bytes(<[u8; 16]>::try_from(bytes.as_ref()).ok()?)))
        }
        (value @ SqlValue::Uuid(_), ColumnKind::Id)
        | (value @ SqlValue::Text(_), ColumnKind::Text)
        | (value @ SqlValue::Integer(_), ColumnKind::Integer | ColumnKind::Time | ColumnKind::Boolean)
        | (value @ SqlValue::Real(_), ColumnKind::Real)
        | (value @ SqlValue::Blob(_), ColumnKind::Blob) => Some(value),
        _ => None,
    }
}

impl Checksum {
    fn add(&mut self, row: &[SqlValue]) {
        let mut digest = Sha256::new();
        for cell in row {
            let (tag, bytes): (u8, &[u8]) = match cell {
                SqlValue::Null => (0, &[]),
                SqlValue::Integer(number) => (1, &number.to_le_bytes()),
                SqlValue::Real(number) => (2, &number.to_bits().to_le_bytes()),
                SqlValue::Text(text) => (3, text.as_bytes()),
                SqlValue::Blob(bytes) => (4, bytes),
                SqlValue::Uuid(id) => (5, &id.to_bytes()),
            };
            digest.update([tag]);
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        }
        let mut half = [0; 16];
        half.copy_from_slice(&digest.finalize()[..16]);
        self.0 = self.0.wrapping_add(u128::from_le_bytes(half));
    }
}

impl std::fmt::Display for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
