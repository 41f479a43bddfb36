//! What crosses the line to a SQL client: text with binds, and the values of cells.

use std::sync::Arc;

use types::Uuid;

#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    Null,
    Integer(i64),
    Real(f64),
    Text(Arc<str>),
    Blob(Arc<[u8]>),
    /// 16 bytes; a `uuid` on PostgreSQL, a blob on SQLite.
    Uuid(Uuid),
}

/// Text in one dialect with its binds, in order. Values are never part of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    pub text: String,
    pub binds: Vec<SqlValue>,
}
