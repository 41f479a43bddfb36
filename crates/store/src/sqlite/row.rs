//! Rows of SQLite as the codecs see them.

use query::SqlValue;
use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement, ToSql};
use types::Uuid;

use crate::StoreError;
use crate::codec::sql::ColumnSet;
use crate::codec::{Cell, RowDecode, RowSink, RowSource, corrupt};

/// Binds cells to the parameters of a statement, those in `columns` alone.
pub struct BoundRow<'a, 'c> {
    statement: &'a mut Statement<'c>,
    columns: ColumnSet,
    next: usize,
    failure: Option<rusqlite::Error>,
}

impl<'a, 'c> BoundRow<'a, 'c> {
    pub fn new(statement: &'a mut Statement<'c>, columns: ColumnSet) -> Self {
        BoundRow { statement, columns, next: 0, failure: None }
    }

    /// Runs the statement; how many rows it touched.
    pub fn execute(self) -> Result<usize, StoreError> {
        match self.failure {
            Some(failure) => Err(failure.into()),
            None => {
                let touched = self.statement.raw_execute();
                // The memory of the cells is there for the next row.
                self.statement.clear_bindings();
                Ok(touched?)
            }
        }
    }

    fn bind(&mut self, value: impl ToSql) {
        let column = self.next;
        self.next += 1;
        if self.columns >> column & 1 == 0 || self.failure.is_some() {
            return;
        }
        if let Err(failure) = self.statement.raw_bind_parameter(column + 1, value) {
            self.failure = Some(failure);
        }
    }
}

impl RowSink for BoundRow<'_, '_> {
    fn null(&mut self) {
        self.bind(rusqlite::types::Null);
    }

    fn uuid(&mut self, value: Uuid) {
        self.bind(value.to_bytes().as_slice());
    }

    fn integer(&mut self, value: i64) {
        self.bind(value);
    }

    fn real(&mut self, value: f64) {
        self.bind(value);
    }

    fn text(&mut self, value: &str) {
        self.bind(value);
    }

    fn blob(&mut self, value: &[u8]) {
        self.bind(value);
    }
}

/// Reads the cells of a row, from `first` on.
pub struct ReadRow<'a, 's> {
    row: &'a Row<'s>,
    next: usize,
}

impl<'a, 's> ReadRow<'a, 's> {
    pub fn new(row: &'a Row<'s>, first: usize) -> Self {
        ReadRow { row, next: first }
    }
}

impl RowSource for ReadRow<'_, '_> {
    fn cell(&mut self) -> Result<Cell<'_>, StoreError> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Integer(value),
            ValueRef::Real(value) => Cell::Real(value),
            ValueRef::Text(bytes) => Cell::Text(std::str::from_utf8(bytes).map_err(|_| corrupt("a text is no UTF-8"))?),
            ValueRef::Blob(bytes) => Cell::Blob(bytes),
        })
    }
}

/// All rows that a statement with its parameters bound answers.
pub fn read_all<R: RowDecode>(statement: &mut Statement<'_>) -> Result<Vec<R>, StoreError> {
    let mut records = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        records.push(R::decode(&mut ReadRow::new(row, 0))?);
    }
    Ok(records)
}

pub fn bind_uuid(statement: &mut Statement<'_>, parameter: usize, value: Uuid) -> Result<(), StoreError> {
    Ok(statement.raw_bind_parameter(parameter, value.to_bytes().as_slice())?)
}

pub fn bind_all(statement: &mut Statement<'_>, values: &[SqlValue]) -> Result<(), StoreError> {
    if statement.parameter_count() != values.len() {
        let expected = statement.parameter_count();
        return Err(StoreError::Failed(format!("a statement has {expected} parameters, not {}", values.len())));
    }
    for (n, value) in values.iter().enumerate() {
        let parameter = n + 1;
        match value {
            SqlValue::Null => statement.raw_bind_parameter(parameter, rusqlite::types::Null)?,
            SqlValue::Integer(value) => statement.raw_bind_parameter(parameter, value)?,
            SqlValue::Real(value) => statement.raw_bind_parameter(parameter, value)?,
            SqlValue::Text(value) => statement.raw_bind_parameter(parameter, &**value)?,
            SqlValue::Blob(value) => statement.raw_bind_parameter(parameter, &**value)?,
            SqlValue::Uuid(value) => bind_uuid(statement, parameter, *value)?,
        }
    }
    Ok(())
}

/// A cell as it is: an id reads as a blob of 16 bytes.
pub fn value_of(value: ValueRef<'_>) -> Result<SqlValue, StoreError> {
    Ok(match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(value) => SqlValue::Integer(value),
        ValueRef::Real(value) => SqlValue::Real(value),
        ValueRef::Text(bytes) => {
            SqlValue::Text(std::str::from_utf8(bytes).map_err(|_| corrupt("a text is no UTF-8"))?.into())
        }
        ValueRef::Blob(bytes) => SqlValue::Blob(bytes.into()),
    })
}
