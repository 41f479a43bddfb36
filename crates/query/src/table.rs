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
    /// Columns whose ids are in the same range as the row's own (ADR 0020): who looks for one of their values looks
    /// through its range of `id` alone.
    pub clustered_by: &'static [&'static str],
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

/// Rows of several tables as those of one, to be read.
#[derive(Debug)]
pub struct View {
    /// Without keys and indexes of its own.
    pub table: &'static Table,
    /// What follows `AS`. `{id}` is the type of ids.
    pub query: &'static str,
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

/// Of rows that belong to a process instance, or to none at all.
pub(crate) const IN_INSTANCE: &[&str] = &["process_instance_id", "execution_id"];

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

impl View {
    pub fn create_statement(&self, dialect: Dialect) -> String {
        let columns: Vec<&str> = self.table.columns.iter().map(|column| column.name).collect();
        let query = self.query.replace("{id}", ColumnKind::Id.sql_type(dialect));
        format!("CREATE VIEW {} ({}) AS {query}", self.table.name, columns.join(", "))
    }
}

impl ColumnKind {
    pub(crate) fn sql_type(self, dialect: Dialect) -> &'static str {
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
