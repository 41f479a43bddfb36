//! Single rows, read by the names of their columns.

use std::sync::Arc;

use query::tables::HISTORIC_PROCESS_INSTANCE;
use query::{ColumnRef, Condition, Direction, Join, JoinKind, Select, SqlValue, Table, column};
use runtime::Runtime;
use types::{Timestamp, Uuid};

use crate::failure::Failure;

/// Cells of one row, under the names of their columns.
#[derive(Debug)]
pub struct Row {
    columns: Vec<&'static str>,
    cells: Vec<SqlValue>,
}

/// All columns of the rows for which the condition holds.
pub async fn rows(runtime: &Runtime, table: &'static Table, condition: Condition) -> Result<Vec<Row>, Failure> {
    let columns: Vec<&'static str> = table.columns.iter().map(|column| column.name).collect();
    rows_with(runtime, table, &columns, condition).await
}

/// The same with some of the columns only.
pub async fn rows_with(
    runtime: &Runtime,
    table: &'static Table,
    columns: &[&'static str],
    condition: Condition,
) -> Result<Vec<Row>, Failure> {
    let mut select = Select::all(table.source()).filter(condition);
    select.columns = columns.iter().map(|name| table.col(name).into()).collect();
    let found = runtime.select(select.render(runtime.dialect())).await?;
    Ok(found.into_iter().map(|cells| Row { columns: columns.to_vec(), cells }).collect())
}

/// Rows that are kept as long as the history of the instance they belong to.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    pub table: &'static Table,
    pub columns: &'static [&'static str],
    /// The column whose order they come in.
    pub time: &'static str,
    pub direction: Direction,
}

/// Those rows with one column more: the `removal_time` of their instance.
pub async fn kept_rows(runtime: &Runtime, kept: &Kept, condition: Condition) -> Result<Vec<Row>, Failure> {
    let root = HISTORIC_PROCESS_INSTANCE.named("root");
    let mut select = Select::all(kept.table.source())
        .filter(condition)
        .order_by(kept.table.col(kept.time), kept.direction)
        .order_by(kept.table.col("id"), kept.direction);
    select.columns = kept.columns.iter().map(|name| kept.table.col(name).into()).collect();
    select.columns.push(column("root", "removal_time").into());
    let on = vec![(column("root", "id"), kept.table.col("root_process_instance_id"))];
    select.joins.push(Join { kind: JoinKind::Left, source: root, on });
    let found = runtime.select(select.render(runtime.dialect())).await?;
    let columns: Vec<&'static str> = kept.columns.iter().copied().chain(["removal_time"]).collect();
    Ok(found.into_iter().map(|cells| Row { columns: columns.clone(), cells }).collect())
}

/// Of the rows for which the condition holds.
pub async fn row(runtime: &Runtime, table: &'static Table, condition: Condition) -> Result<Option<Row>, Failure> {
    Ok(rows(runtime, table, condition).await?.into_iter().next())
}

/// The row whose column has this id; none if the text is no id.
pub async fn row_by_id(runtime: &Runtime, table: &'static Table, id: &str) -> Result<Option<Row>, Failure> {
    match id.parse() {
        Ok(id) => row(runtime, table, has_id(table.col("id"), id)).await,
        Err(_) => Ok(None),
    }
}

pub fn has_id(column: ColumnRef, id: Uuid) -> Condition {
    Condition::equal(column, SqlValue::Uuid(id))
}

pub fn has_text(column: ColumnRef, text: &str) -> Condition {
    Condition::equal(column, text)
}

/// Both databases may hand out ids as bytes.
pub fn id_in(cell: &SqlValue) -> Option<Uuid> {
    match cell {
        SqlValue::Uuid(id) => Some(*id),
        SqlValue::Blob(bytes) => <[u8; 16]>::try_from(&**bytes).ok().map(Uuid::from_bytes),
        _ => None,
    }
}

impl Row {
    fn cell(&self, column: &str) -> &SqlValue {
        let at = self.columns.iter().position(|known| *known == column);
        at.and_then(|at| self.cells.get(at)).unwrap_or(&SqlValue::Null)
    }

    pub fn text(&self, column: &str) -> Option<Arc<str>> {
        match self.cell(column) {
            SqlValue::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub fn integer(&self, column: &str) -> Option<i64> {
        match self.cell(column) {
            SqlValue::Integer(number) => Some(*number),
            _ => None,
        }
    }

    pub fn real(&self, column: &str) -> Option<f64> {
        match self.cell(column) {
            SqlValue::Real(number) => Some(*number),
            _ => None,
        }
    }

    pub fn time(&self, column: &str) -> Option<Timestamp> {
        self.integer(column).map(Timestamp)
    }

    pub fn flag(&self, column: &str) -> bool {
        self.integer(column).is_some_and(|number| number != 0)
    }

    pub fn id(&self, column: &str) -> Option<Uuid> {
        id_in(self.cell(column))
    }

    pub fn bytes(&self, column: &str) -> Option<Arc<[u8]>> {
        match self.cell(column) {
            SqlValue::Blob(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}
