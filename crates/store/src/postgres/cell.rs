//! Single values to and from PostgreSQL, as statements that were built as data and the codecs see them.

use std::borrow::Cow;

use bytes::{Buf, BufMut, BytesMut};
use query::SqlValue;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use types::Uuid;

use super::message::Row;
use super::wire::{Answer, Prepared};
use crate::StoreError;
use crate::codec::{Cell, RowDecode, RowSource, corrupt};

type Boxed = Box<dyn std::error::Error + Sync + Send>;

/// A value to bind. It takes the form of the parameter's type, as far as SQLite would see the same value in it.
#[derive(Debug)]
pub struct Bind<'a>(pub &'a SqlValue);

impl ToSql for Bind<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match (self.0, wanted) {
            (SqlValue::Null, _) => return Ok(IsNull::Yes),
            (SqlValue::Integer(value), &Type::INT8) => out.put_i64(*value),
            (SqlValue::Integer(value), &Type::INT4) => out.put_i32(i32::try_from(*value)?),
            (SqlValue::Integer(value), &Type::INT2) => out.put_i16(i16::try_from(*value)?),
            (SqlValue::Integer(value), &Type::BOOL) => out.put_u8(u8::from(*value != 0)),
            (SqlValue::Integer(value), &Type::FLOAT8) => out.put_f64(*value as f64),
            (SqlValue::Real(value), &Type::FLOAT8) => out.put_f64(*value),
            (SqlValue::Text(value), &Type::TEXT | &Type::VARCHAR) => {
                out.put_slice(query::nul::escape(value).as_bytes());
            }
            (SqlValue::Blob(value), &Type::BYTEA | &Type::UUID) => out.put_slice(value),
            (SqlValue::Uuid(value), &Type::UUID | &Type::BYTEA) => out.put_slice(&value.to_bytes()),
            (value, wanted) => return Err(format!("{value:?} cannot be bound to a parameter of type {wanted}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// An id as a parameter or a cell.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub Uuid);

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        out.put_slice(&self.0.to_bytes());
        Ok(IsNull::No)
    }

    fn accepts(wanted: &Type) -> bool {
        *wanted == Type::UUID
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Id {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(Id(Uuid::from_bytes(raw.try_into()?)))
    }

    fn accepts(found: &Type) -> bool {
        *found == Type::UUID
    }
}

/// A cell of any type that our statements answer.
struct AnyCell<'a>(Cell<'a>);

fn cell_of<'a>(found: &Type, raw: &'a [u8]) -> Result<Cell<'a>, Boxed> {
    Ok(match *found {
        Type::INT8 => Cell::Integer(i64::from_be_bytes(raw.try_into()?)),
        Type::INT4 => Cell::Integer(i32::from_be_bytes(raw.try_into()?).into()),
        Type::INT2 => Cell::Integer(i16::from_be_bytes(raw.try_into()?).into()),
        Type::BOOL => Cell::Integer(raw.first().copied().unwrap_or_default().into()),
        Type::FLOAT8 => Cell::Real(f64::from_be_bytes(raw.try_into()?)),
        Type::TEXT | Type::VARCHAR | Type::NAME => Cell::Text(std::str::from_utf8(raw)?),
        Type::BYTEA => Cell::Blob(raw),
        Type::UUID => Cell::Uuid(Uuid::from_bytes(raw.try_into()?)),
        _ => return Err(format!("a cell of type {found} was not expected").into()),
    })
}

impl<'a> FromSql<'a> for AnyCell<'a> {
    fn from_sql(found: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(AnyCell(cell_of(found, raw)?))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Boxed> {
        Ok(AnyCell(Cell::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Reads the cells of a row one by one.
#[derive(Debug)]
pub struct ReadRow<'a> {
    kinds: std::slice::Iter<'a, Type>,
    rest: &'a [u8],
    /// A text that was stored in another form.
    unescaped: String,
}

impl<'a> ReadRow<'a> {
    /// `kinds`: those of the statement's columns.
    pub fn new(row: &'a Row, kinds: &'a [Type]) -> Self {
        ReadRow { kinds: kinds.iter(), rest: row.bytes(), unescaped: String::new() }
    }

    fn next(&mut self) -> Option<Result<Cell<'a>, Boxed>> {
        let kind = self.kinds.next()?;
        let length = self.rest.try_get_i32().ok()?;
        let Ok(length) = usize::try_from(length) else { return Some(Ok(Cell::Null)) };
        let (own, behind) = self.rest.split_at_checked(length)?;
        self.rest = behind;
        Some(cell_of(kind, own))
    }
}

impl RowSource for ReadRow<'_> {
    fn cell(&mut self) -> Result<Cell<'_>, StoreError> {
        let cell = self.next().ok_or_else(|| corrupt("a cell is missing"))?;
        match cell.map_err(|error| corrupt(&error.to_string()))? {
            Cell::Text(text) => match query::nul::unescape(text) {
                Cow::Borrowed(text) => Ok(Cell::Text(text)),
                Cow::Owned(text) => {
                    self.unescaped = text;
                    Ok(Cell::Text(&self.unescaped))
                }
            },
            other => Ok(other),
        }
    }
}

pub fn decode_all<R: RowDecode>(statement: &Prepared, answer: &Answer) -> Result<Vec<R>, StoreError> {
    answer.rows.iter().map(|row| R::decode(&mut ReadRow::new(row, &statement.columns))).collect()
}

/// The cells of a row as they are.
pub fn values_of(row: &tokio_postgres::Row) -> Result<Vec<SqlValue>, StoreError> {
    let cell = |n| {
        let AnyCell(cell) = row.try_get(n).map_err(|error| corrupt(&error.to_string()))?;
        Ok(match cell {
            Cell::Null => SqlValue::Null,
            Cell::Integer(value) => SqlValue::Integer(value),
            Cell::Real(value) => SqlValue::Real(value),
            Cell::Text(value) => SqlValue::Text(query::nul::unescape(value).into()),
            Cell::Blob(value) => SqlValue::Blob(value.into()),
            Cell::Uuid(value) => SqlValue::Uuid(value),
        })
    };
    (0..row.len()).map(cell).collect()
}
