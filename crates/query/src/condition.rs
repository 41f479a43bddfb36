//! Conditions of a statement as values: what a row must fulfil, without a dialect.
//!
//! Tables and columns are named by declarations of this crate alone, everything that comes from a caller is an
//! operand and becomes a bind.

use std::sync::Arc;

use types::Timestamp;

use crate::{SqlValue, Table};

/// A column of a table under its alias in the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ColumnRef {
    pub alias: &'static str,
    pub name: &'static str,
}

/// Shorthand for a declaration.
pub const fn column(alias: &'static str, name: &'static str) -> ColumnRef {
    ColumnRef { alias, name }
}

/// Something with a value for each row.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    Column(ColumnRef),
    /// In lower case, letters of ASCII only. A text that it is compared with is taken in lower case too.
    Lower(ColumnRef),
    /// The first minus the second.
    Difference(ColumnRef, ColumnRef),
    /// The first that is not NULL.
    Coalesce(ColumnRef, ColumnRef),
    /// Of a time, in UTC; January is 1.
    Month(ColumnRef),
    /// From 1 to 4.
    Quarter(ColumnRef),
    /// Of a time, from 0 to 59.
    Minute(ColumnRef),
    /// How many rows the sub-select has.
    Count(Box<Subquery>),
    /// A column of the one row that the sub-select has, or NULL.
    Lookup(Box<Subquery>, ColumnRef),
}

impl From<ColumnRef> for Term {
    fn from(column: ColumnRef) -> Self {
        Term::Column(column)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// The right side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Value(SqlValue),
    Column(ColumnRef),
    /// The time of the request, in milliseconds.
    Now,
}

impl From<SqlValue> for Operand {
    fn from(value: SqlValue) -> Self {
        Operand::Value(value)
    }
}

impl From<ColumnRef> for Operand {
    fn from(column: ColumnRef) -> Self {
        Operand::Column(column)
    }
}

impl From<i64> for Operand {
    fn from(value: i64) -> Self {
        Operand::Value(SqlValue::Integer(value))
    }
}

impl From<&str> for Operand {
    fn from(text: &str) -> Self {
        Operand::Value(SqlValue::Text(text.into()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterCase {
    Kept,
    /// Of the letters of ASCII.
    Ignored,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// True for all rows if empty.
    All(Vec<Condition>),
    /// True for no row if empty.
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Term, Comparison, Operand),
    /// One of the values; for no row if there are none.
    OneOf(Term, Vec<SqlValue>),
    /// SQL LIKE with `\` as its escape. Case matters unless it is ignored.
    Like(ColumnRef, Arc<str>, LetterCase),
    IsNull(Term),
    IsNotNull(Term),
    Exists(Box<Subquery>),
    /// One of the values that rows have in a column; to be preferred where they are few and the rows outside many.
    OneOfColumn(Term, Box<Subquery>, ColumnRef),
}

/// Rows of a table, with others joined to them, for which a condition holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Subquery {
    pub from: Source,
    pub joins: Vec<Join>,
    pub condition: Condition,
}

/// A table under an alias.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    pub table: &'static Table,
    pub alias: &'static str,
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.table.name == other.table.name && self.alias == other.alias
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    Inner,
    /// Keeps rows without a partner.
    Left,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    pub kind: JoinKind,
    pub source: Source,
    /// Pairs of equal columns: of the joined table, of one named before.
    pub on: Vec<(ColumnRef, ColumnRef)>,
}

impl Condition {
    pub const NOTHING: Condition = Condition::Any(Vec::new());
    pub const EVERYTHING: Condition = Condition::All(Vec::new());

    pub fn compare(term: impl Into<Term>, comparison: Comparison, operand: impl Into<Operand>) -> Condition {
        Condition::Compare(term.into(), comparison, operand.into())
    }

    pub fn equal(term: impl Into<Term>, operand: impl Into<Operand>) -> Condition {
        Condition::compare(term, Comparison::Equal, operand)
    }

    pub fn is_null(term: impl Into<Term>) -> Condition {
        Condition::IsNull(term.into())
    }

    pub fn is_not_null(term: impl Into<Term>) -> Condition {
        Condition::IsNotNull(term.into())
    }

    /// The opposite. A comparison with NULL is neither true nor false, as in SQL.
    #[expect(clippy::should_implement_trait, reason = "a verb of this tree, like `and`")]
    pub fn not(self) -> Condition {
        Condition::Not(Box::new(self))
    }

    pub fn and(self, other: Condition) -> Condition {
        match self {
            Condition::All(mut conditions) => {
                conditions.push(other);
                Condition::All(conditions)
            }
            one => Condition::All(vec![one, other]),
        }
    }

    /// The same without a conjunction directly inside of another one.
    pub fn flat(self) -> Condition {
        match self {
            Condition::All(conditions) => {
                let parts = conditions.into_iter().flat_map(|condition| match condition.flat() {
                    Condition::All(parts) => parts,
                    other => vec![other],
                });
                Condition::All(parts.collect())
            }
            other => other,
        }
    }

    /// A row of `from` exists for which `condition` holds.
    pub fn exists(from: Source, condition: Condition) -> Condition {
        Condition::Exists(Box::new(Subquery { from, joins: Vec::new(), condition }))
    }

    /// The same with the time of the request in place of `Operand::Now`.
    pub fn at(self, now: Timestamp) -> Condition {
        match self {
            Condition::All(conditions) => Condition::All(conditions.into_iter().map(|c| c.at(now)).collect()),
            Condition::Any(conditions) => Condition::Any(conditions.into_iter().map(|c| c.at(now)).collect()),
            Condition::Not(condition) => Condition::Not(Box::new(condition.at(now))),
            Condition::Compare(term, comparison, Operand::Now) => {
                Condition::Compare(term, comparison, Operand::from(now.0))
            }
            Condition::Exists(mut subquery) => {
                subquery.condition = subquery.condition.at(now);
                Condition::Exists(subquery)
            }
            Condition::OneOfColumn(term, mut subquery, column) => {
                subquery.condition = subquery.condition.at(now);
                Condition::OneOfColumn(term, subquery, column)
            }
            other => other,
        }
    }

    /// How many sub-selects there are.
    pub(crate) fn existences(&self) -> usize {
        match self {
            Condition::All(conditions) | Condition::Any(conditions) => conditions.iter().map(Self::existences).sum(),
            Condition::Not(condition) => condition.existences(),
            Condition::Exists(subquery) | Condition::OneOfColumn(_, subquery, _) => 1 + subquery.condition.existences(),
            Condition::Compare(..)
            | Condition::OneOf(..)
            | Condition::Like(..)
            | Condition::IsNull(_)
            | Condition::IsNotNull(_) => 0,
        }
    }

    /// Calls `visit` with the alias of every column that this condition looks at outside of sub-selects, and inside
    /// of those too.
    pub fn visit_aliases(&self, visit: &mut impl FnMut(&'static str)) {
        match self {
            Condition::All(conditions) | Condition::Any(conditions) => {
                conditions.iter().for_each(|c| c.visit_aliases(visit));
            }
            Condition::Not(condition) => condition.visit_aliases(visit),
            Condition::Compare(term, _, operand) => {
                term.visit_aliases(visit);
                if let Operand::Column(column) = operand {
                    visit(column.alias);
                }
            }
            Condition::OneOf(term, _) | Condition::IsNull(term) | Condition::IsNotNull(term) => {
                term.visit_aliases(visit);
            }
            Condition::Like(column, _, _) => visit(column.alias),
            Condition::Exists(subquery) => subquery.condition.visit_aliases(visit),
            Condition::OneOfColumn(term, subquery, _) => {
                term.visit_aliases(visit);
                subquery.condition.visit_aliases(visit);
            }
        }
    }
}

impl Term {
    /// The same with the time of the request in place of `Operand::Now`.
    pub fn at(self, now: Timestamp) -> Term {
        match self {
            Term::Count(mut subquery) => {
                subquery.condition = subquery.condition.at(now);
                Term::Count(subquery)
            }
            Term::Lookup(mut subquery, column) => {
                subquery.condition = subquery.condition.at(now);
                Term::Lookup(subquery, column)
            }
            other => other,
        }
    }

    pub fn visit_aliases(&self, visit: &mut impl FnMut(&'static str)) {
        match self {
            Term::Column(column)
            | Term::Lower(column)
            | Term::Month(column)
            | Term::Quarter(column)
            | Term::Minute(column) => {
                visit(column.alias);
            }
            Term::Difference(first, second) | Term::Coalesce(first, second) => {
                visit(first.alias);
                visit(second.alias);
            }
            Term::Count(subquery) | Term::Lookup(subquery, _) => subquery.condition.visit_aliases(visit),
        }
    }
}

impl Table {
    /// This table under its own name.
    pub fn source(&'static self) -> Source {
        Source { table: self, alias: self.name }
    }

    pub fn named(&'static self, alias: &'static str) -> Source {
        Source { table: self, alias }
    }

    /// A column of this table under the table's own name.
    pub const fn col(&self, name: &'static str) -> ColumnRef {
        column(self.name, name)
    }
}
