//! Cells of query rows to values, and back. What does not fit its column's kind is a defect of the database.

use std::sync::Arc;

use query::SqlValue;
use types::{Timestamp, Uuid, VariableValue};

use crate::error::Error;

/// The columns of a variable's value.
pub(crate) const VALUE_COLUMNS: [&str; 6] =
    ["value_type", "text_value", "integer_value", "real_value", "bytes_value", "value_info"];

/// Reads a row from left to right.
#[derive(Debug)]
pub(crate) struct Cells {
    cells: std::vec::IntoIter<SqlValue>,
}

impl Cells {
    pub(crate) fn of(row: Vec<SqlValue>) -> Cells {
        Cells { cells: row.into_iter() }
    }

    pub(crate) fn text(&mut self) -> Result<Arc<str>, Error> {
        self.optional_text()?.ok_or_else(|| misfit("a text", &SqlValue::Null))
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<Arc<str>>, Error> {
        match self.next() {
            SqlValue::Null => Ok(None),
            SqlValue::Text(text) => Ok(Some(text)),
            other => Err(misfit("a text", &other)),
        }
    }

    pub(crate) fn integer(&mut self) -> Result<i64, Error> {
        self.optional_integer()?.ok_or_else(|| misfit("a number", &SqlValue::Null))
    }

    pub(crate) fn optional_integer(&mut self) -> Result<Option<i64>, Error> {
        match self.next() {
            SqlValue::Null => Ok(None),
            SqlValue::Integer(number) => Ok(Some(number)),
            other => Err(misfit("a number", &other)),
        }
    }

    pub(crate) fn count(&mut self) -> Result<u32, Error> {
        let number = self.integer()?;
        u32::try_from(number).map_err(|_| misfit("a count", &SqlValue::Integer(number)))
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, Error> {
        Ok(self.integer()? != 0)
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Error> {
        Ok(Timestamp(self.integer()?))
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<Timestamp>, Error> {
        Ok(self.optional_integer()?.map(Timestamp))
    }

    pub(crate) fn id<I: From<Uuid>>(&mut self) -> Result<I, Error> {
        self.optional_id()?.ok_or_else(|| misfit("an id", &SqlValue::Null))
    }

    pub(crate) fn optional_id<I: From<Uuid>>(&mut self) -> Result<Option<I>, Error> {
        match self.next() {
            SqlValue::Null => Ok(None),
            SqlValue::Uuid(id) => Ok(Some(id.into())),
            SqlValue::Blob(bytes) => match <[u8; 16]>::try_from(bytes.as_ref()) {
                Ok(bytes) => Ok(Some(Uuid::from_bytes(bytes).into())),
                Err(_) => Err(misfit("an id", &SqlValue::Null)),
            },
            other => Err(misfit("an id", &other)),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<Arc<[u8]>, Error> {
        match self.next() {
            SqlValue::Blob(bytes) => Ok(bytes),
            SqlValue::Uuid(id) => Ok(id.to_bytes().as_slice().into()),
            other => Err(misfit("bytes", &other)),
        }
    }

    /// From `VALUE_COLUMNS`.
    pub(crate) fn variable_value(&mut self) -> Result<VariableValue, Error> {
        let cells: Vec<SqlValue> = VALUE_COLUMNS.iter().map(|_| self.next()).collect();
        query::variable_value(&cells).ok_or_else(|| misfit("a variable's value", &SqlValue::Null))
    }

    fn next(&mut self) -> SqlValue {
        self.cells.next().unwrap_or(SqlValue::Null)
    }
}

fn misfit(expected: &str, found: &SqlValue) -> Error {
    let found = match found {
        SqlValue::Null => "nothing",
        SqlValue::Integer(_) => "a number",
        SqlValue::Real(_) => "a fraction",
        SqlValue::Text(_) => "a text",
        SqlValue::Blob(_) => "bytes",
        SqlValue::Uuid(_) => "an id",
    };
    Error::Defect(format!("a cell of the database should hold {expected} and holds {found}"))
}

pub(crate) fn text(value: &Arc<str>) -> SqlValue {
    SqlValue::Text(value.clone())
}

pub(crate) fn optional_text(value: Option<&Arc<str>>) -> SqlValue {
    value.map_or(SqlValue::Null, text)
}

pub(crate) fn flag(value: bool) -> SqlValue {
    SqlValue::Integer(i64::from(value))
}

pub(crate) fn number(value: impl Into<i64>) -> SqlValue {
    SqlValue::Integer(value.into())
}

pub(crate) fn time(value: Timestamp) -> SqlValue {
    SqlValue::Integer(value.0)
}

pub(crate) fn optional_time(value: Option<Timestamp>) -> SqlValue {
    value.map_or(SqlValue::Null, time)
}

pub(crate) fn id(value: Uuid) -> SqlValue {
    SqlValue::Uuid(value)
}
