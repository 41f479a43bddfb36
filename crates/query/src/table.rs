//! Declarations of tables and what follows from them: `CREATE` statements in both dialects.

use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
    pub primary_key: &'static [&'static str],
    pub indexes: &'static [Index],
}

#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: ColumnKind,
    pub is_nullable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A UUID.
    Id,
    Text,
    Integer,
    /// Milliseconds since 1970.
    Time,
    /// 0 or 1.
    Boolean,
    Real,
    Blob,
}

/// Named after table and columns. `terms` may carry a direction: `priority DESC`.
#[derive(Debug)]
pub struct Index {
    pub name: &'static str,
    pub terms: &'static [&'static str],
    pub is_unique: bool,
    /// A partial index holds only rows for which this is true.
    pub predicate: Option<&'static str>,
}

pub(crate) const fn required(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, is_nullable: false }
}

pub(crate) const fn optional(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, is_nullable: true }
}

pub(crate) const fn index(name: &'static str, terms: &'static [&'static str]) -> Index {
    Index { name, terms, is_unique: false, predicate: None }
}

pub(crate) const fn partial_index(
    name: &'static str,
    terms: &'static [&'static str],
    predicate: &'static str,
) -> Index {
    Index { name, terms, is_unique: false, predicate: Some(predicate) }
}

pub(crate) const fn unique_index(name: &'static str, terms: &'static [&'static str]) -> Index {
    Index { name, terms, is_unique: true, predicate: None }
}

impl Table {
    /// The statements that create the table and its indexes, in order.
    pub fn create_statements(&self, dialect: Dialect) -> Vec<String> {
        let mut text = format!("CREATE TABLE {} (\n", self.name);
        for column in self.columns {
            let null = if column.is_nullable { "" } else { " NOT NULL" };
            let _ = writeln!(text, "  {} {}{null},", column.name, column.kind.sql_type(dialect));
        }
        let _ = write!(text, "  PRIMARY KEY ({})\n)", self.primary_key.join(", "));
        if dialect == Dialect::Sqlite {
            text.push_str(" STRICT, WITHOUT ROWID");
        }
        let mut statements = vec![text];
        for index in self.indexes {
            let unique = if index.is_unique { "UNIQUE " } else { "" };
            let predicate = index.predicate.map(|p| format!(" WHERE {p}")).unwrap_or_default();
            let terms = index.terms.join(", ");
            statements.push(format!("CREATE {unique}INDEX {} ON {} ({terms}){predicate}", index.name, self.name));
        }
        statements
    }
}

impl ColumnKind {
    fn sql_type(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (ColumnKind::Id, Dialect::Postgres) => "uuid",
            (ColumnKind::Id | ColumnKind::Blob, Dialect::Sqlite) => "BLOB",
            (ColumnKind::Blob, Dialect::Postgres) => "bytea",
            (ColumnKind::Text, Dialect::Sqlite) => "TEXT",
            // Compares and sorts by code points, as SQLite does.
            (ColumnKind::Text, Dialect::Postgres) => "TEXT COLLATE \"C\"",
            (ColumnKind::Integer | ColumnKind::Time | ColumnKind::Boolean, Dialect::Sqlite) => "INTEGER",
            (ColumnKind::Integer | ColumnKind::Time | ColumnKind::Boolean, Dialect::Postgres) => "bigint",
            (ColumnKind::Real, Dialect::Sqlite) => "REAL",
            (ColumnKind::Real, Dialect::Postgres) => "double precision",
        }
    }
}
