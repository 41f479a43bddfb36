//! One row on its way into a database or out of it, cell by cell.

use std::sync::Arc;

use query::SqlValue;
use types::{ActivityInstanceId, Timestamp, Uuid};

use crate::StoreError;

/// Takes the cells of one row, in order.
pub trait RowSink {
    fn null(&mut self);
    fn uuid(&mut self, value: Uuid);
    fn integer(&mut self, value: i64);
    fn real(&mut self, value: f64);
    fn text(&mut self, value: &str);
    fn blob(&mut self, value: &[u8]);

    fn boolean(&mut self, value: bool) {
        self.integer(i64::from(value));
    }

    fn time(&mut self, value: Timestamp) {
        self.integer(value.0);
    }

    /// Counters stay far below 2^63.
    fn counter(&mut self, value: u64) {
        self.integer(i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn optional_uuid(&mut self, value: Option<Uuid>) {
        match value {
            Some(value) => self.uuid(value),
            None => self.null(),
        }
    }

    fn optional_integer(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.integer(value),
            None => self.null(),
        }
    }

    fn optional_time(&mut self, value: Option<Timestamp>) {
        self.optional_integer(value.map(|time| time.0));
    }

    fn optional_text(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }
}

/// A cell that was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    Blob(&'a [u8]),
    Uuid(Uuid),
}

/// Gives the cells of one row, in order. A cell of another kind than asked for is `StoreError::Failed`.
pub trait RowSource {
    fn cell(&mut self) -> Result<Cell<'_>, StoreError>;

    fn optional_uuid(&mut self) -> Result<Option<Uuid>, StoreError> {
        match self.cell()? {
            Cell::Null => Ok(None),
            Cell::Uuid(id) => Ok(Some(id)),
            Cell::Blob(bytes) => match <[u8; 16]>::try_from(bytes) {
                Ok(bytes) => Ok(Some(Uuid::from_bytes(bytes))),
                Err(_) => Err(corrupt("an id has 16 bytes")),
            },
            _ => Err(corrupt("an id was expected")),
        }
    }

    fn optional_integer(&mut self) -> Result<Option<i64>, StoreError> {
        match self.cell()? {
            Cell::Null => Ok(None),
            Cell::Integer(value) => Ok(Some(value)),
            _ => Err(corrupt("an integer was expected")),
        }
    }

    fn optional_real(&mut self) -> Result<Option<f64>, StoreError> {
        match self.cell()? {
            Cell::Null => Ok(None),
            Cell::Real(value) => Ok(Some(value)),
            _ => Err(corrupt("a real was expected")),
        }
    }

    fn optional_text(&mut self) -> Result<Option<Arc<str>>, StoreError> {
        match self.cell()? {
            Cell::Null => Ok(None),
            Cell::Text(value) => Ok(Some(value.into())),
            _ => Err(corrupt("a text was expected")),
        }
    }

    fn optional_blob(&mut self) -> Result<Option<Arc<[u8]>>, StoreError> {
        match self.cell()? {
            Cell::Null => Ok(None),
            Cell::Blob(value) => Ok(Some(value.into())),
            _ => Err(corrupt("a blob was expected")),
        }
    }

    fn optional_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_integer()?.map(Timestamp))
    }

    fn uuid(&mut self) -> Result<Uuid, StoreError> {
        required(self.optional_uuid()?)
    }

    fn integer(&mut self) -> Result<i64, StoreError> {
        required(self.optional_integer()?)
    }

    /// An integer in the range of a narrower type.
    fn narrow<T: TryFrom<i64>>(&mut self) -> Result<T, StoreError> {
        self.integer()?.try_into().map_err(|_| corrupt("an integer is out of range"))
    }

    fn optional_narrow<T: TryFrom<i64>>(&mut self) -> Result<Option<T>, StoreError> {
        let value = self.optional_integer()?;
        value.map(T::try_from).transpose().map_err(|_| corrupt("an integer is out of range"))
    }

    fn counter(&mut self) -> Result<u64, StoreError> {
        self.narrow()
    }

    fn boolean(&mut self) -> Result<bool, StoreError> {
        Ok(self.integer()? != 0)
    }

    fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.integer().map(Timestamp)
    }

    fn text(&mut self) -> Result<Arc<str>, StoreError> {
        required(self.optional_text()?)
    }

    /// A cell that nobody needs.
    fn skip(&mut self) -> Result<(), StoreError> {
        self.cell().map(|_| ())
    }

    /// The id of an activity in one column, the UUID of its visit in the next.
    fn activity_instance(&mut self) -> Result<ActivityInstanceId, StoreError> {
        let activity_id = self.optional_text()?;
        Ok(ActivityInstanceId { activity_id, uuid: self.uuid()? })
    }

    /// The same where there may be none.
    fn optional_activity_instance(&mut self) -> Result<Option<ActivityInstanceId>, StoreError> {
        let activity_id = self.optional_text()?;
        Ok(self.optional_uuid()?.map(|uuid| ActivityInstanceId { activity_id, uuid }))
    }
}

/// The database holds something that was never written there.
pub fn corrupt(what: &str) -> StoreError {
    StoreError::Failed(format!("unreadable row: {what}"))
}

fn required<T>(value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| corrupt("a value was expected, not null"))
}

/// A row as a list of values: for statements that are built as data, and for rows that a query answered.
#[derive(Debug, Default)]
pub struct RowValues {
    pub values: Vec<SqlValue>,
    read: usize,
}

impl RowValues {
    pub fn new(values: Vec<SqlValue>) -> Self {
        RowValues { values, read: 0 }
    }
}

impl RowSink for RowValues {
    fn null(&mut self) {
        self.values.push(SqlValue::Null);
    }

    fn uuid(&mut self, value: Uuid) {
        self.values.push(SqlValue::Uuid(value));
    }

    fn integer(&mut self, value: i64) {
        self.values.push(SqlValue::Integer(value));
    }

    fn real(&mut self, value: f64) {
        self.values.push(SqlValue::Real(value));
    }

    fn text(&mut self, value: &str) {
        self.values.push(SqlValue::Text(value.into()));
    }

    fn blob(&mut self, value: &[u8]) {
        self.values.push(SqlValue::Blob(value.into()));
    }
}

impl RowSource for RowValues {
    fn cell(&mut self) -> Result<Cell<'_>, StoreError> {
        let value = self.values.get(self.read).ok_or_else(|| corrupt("a column is missing"))?;
        self.read += 1;
        Ok(match value {
            SqlValue::Null => Cell::Null,
            SqlValue::Integer(value) => Cell::Integer(*value),
            SqlValue::Real(value) => Cell::Real(*value),
            SqlValue::Text(value) => Cell::Text(value),
            SqlValue::Blob(value) => Cell::Blob(value),
            SqlValue::Uuid(value) => Cell::Uuid(*value),
        })
    }
}
