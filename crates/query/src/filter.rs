//! The closed set of filters that resources are declared with.

use crate::condition::{ColumnRef, Comparison, Condition, Source, Subquery};
use crate::error::QueryErrorKind;

/// A parameter of a list that restricts its rows, or changes what others mean.
#[derive(Debug)]
pub struct Filter {
    /// The name in query strings and bodies.
    pub name: &'static str,
    pub kind: FilterKind,
    /// Camunda: some parameters set the same property of a query; the last one in the order of declaration counts.
    pub slot: Option<&'static str>,
}

#[derive(Debug)]
pub enum FilterKind {
    /// The column compared with one value, read as the column's kind asks for.
    Compare(ColumnRef, Comparison),
    /// Text compared with one value, in one of the two ways of LIKE or as it is.
    Text { column: ColumnRef, matching: TextMatching, case: CaseRule },
    /// The column is one of the values, or none of them.
    List { column: ColumnRef, membership: Membership, form: ListForm },
    /// `tenantIdIn`, with rows of no tenant if the named flag asks for them too.
    Tenants { column: ColumnRef, form: ListForm, include_none: Option<&'static str> },
    /// `activityId:uuid`, one or many.
    ActivityInstance { activity: ColumnRef, id: ColumnRef, form: Option<ListForm> },
    /// A write of a variable, whose id may be that of the first one.
    WriteId { id: ColumnRef, variable: ColumnRef },
    /// What holds if the parameter is true, and if it is false.
    Flag { when_true: Condition, when_false: Condition },
    /// What holds for each known word, in any case of letters if `otherwise` is a refusal.
    Choice { words: Vec<(&'static str, Condition)>, otherwise: Otherwise },
    /// The inner filter holds for a row of the sub-select. Outside of or-queries, filters with equal sub-selects
    /// must hold for the same row.
    Exists(Subquery, Box<FilterKind>),
    /// One of the inner filters holds for the value, or the condition does.
    AnyOf(Vec<FilterKind>, Condition),
    /// The inner filter holds, and the condition unless the named flag is true.
    And { inner: Box<FilterKind>, condition: Condition, unless: Option<&'static str> },
    /// Conditions on variables: `name_operator_value`, or objects of these three.
    Variables(VariableScope),
    /// The value that the variable itself must have.
    VariableValue { source: Source },
    /// Types of variables by name, in any case.
    VariableTypes(ColumnRef),
    /// `operator_time`, or objects of these two, with `gt` and `lt`; the latter is compared like this.
    TimeConditions { column: ColumnRef, less: Comparison },
    /// Queries of which any filter may hold.
    OrQueries,
    /// Read by other filters only.
    Modifier,
    /// Well-formed values of which no row can exist: of case instances, for example.
    NoRows(ValueForm),
    /// Documented, but without effect.
    Ignored,
    /// Refused whenever it is given.
    Refused(QueryErrorKind, &'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextMatching {
    Equal,
    NotEqual,
    Like,
    NotLike,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseRule {
    Kept,
    Ignored,
    /// Ignored if this flag of the request is true.
    IgnoredIf(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    In,
    /// A row without a value is not in, as in SQL.
    NotIn,
    /// The values are patterns of LIKE, and the column matches none.
    NotLike,
}

/// How lists are read where they are empty or hold a null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListForm {
    /// An empty one does not filter.
    Optional,
    /// An empty query parameter is a list with one empty text; an empty list of a body does not filter.
    Split,
    /// As `Split`, but an empty list of a body is refused.
    Required,
    /// As `Split`, but a null or an empty text in it is a `NotValid` refusal.
    SplitStrict,
}

/// What another word means.
#[derive(Debug)]
pub enum Otherwise {
    Refused,
    Holds(Condition),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueForm {
    Text,
    List(ListForm),
    Variables,
}

#[derive(Debug)]
pub struct VariableScope {
    /// A variable of this table exists, linked to the row like this; the row itself if there is no link.
    pub source: Source,
    pub link: Option<Condition>,
    pub operators: &'static [VariableOperator],
    /// How Camunda refuses comparisons by size with booleans and null.
    pub refusal: QueryErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableOperator {
    Equal,
    NotEqual,
    Greater,
    AtLeast,
    Less,
    AtMost,
    Like,
    NotLike,
}

impl VariableOperator {
    pub const ALL: &[VariableOperator] = &[
        VariableOperator::Equal,
        VariableOperator::NotEqual,
        VariableOperator::Greater,
        VariableOperator::AtLeast,
        VariableOperator::Less,
        VariableOperator::AtMost,
        VariableOperator::Like,
        VariableOperator::NotLike,
    ];
    /// Camunda: most queries know no `notLike`.
    pub const ALL_BUT_NOT_LIKE: &[VariableOperator] = VariableOperator::ALL.split_at(7).0;
    pub const EQUALITY: &[VariableOperator] = VariableOperator::ALL.split_at(2).0;

    pub fn name(self) -> &'static str {
        match self {
            VariableOperator::Equal => "eq",
            VariableOperator::NotEqual => "neq",
            VariableOperator::Greater => "gt",
            VariableOperator::AtLeast => "gteq",
            VariableOperator::Less => "lt",
            VariableOperator::AtMost => "lteq",
            VariableOperator::Like => "like",
            VariableOperator::NotLike => "notLike",
        }
    }
}

impl Filter {
    /// Shares a property with other filters of this slot.
    pub fn slot(mut self, slot: &'static str) -> Filter {
        self.slot = Some(slot);
        self
    }
}

/// A filter of any kind.
pub fn filter(name: &'static str, kind: FilterKind) -> Filter {
    Filter { name, kind, slot: None }
}

pub fn equal(name: &'static str, column: ColumnRef) -> Filter {
    compare(name, column, Comparison::Equal)
}

pub fn compare(name: &'static str, column: ColumnRef, comparison: Comparison) -> Filter {
    filter(name, FilterKind::Compare(column, comparison))
}

pub fn like(name: &'static str, column: ColumnRef) -> Filter {
    text(name, column, TextMatching::Like, CaseRule::Kept)
}

pub fn text(name: &'static str, column: ColumnRef, matching: TextMatching, case: CaseRule) -> Filter {
    filter(name, FilterKind::Text { column, matching, case })
}

pub fn one_of(name: &'static str, column: ColumnRef, form: ListForm) -> Filter {
    filter(name, FilterKind::List { column, membership: Membership::In, form })
}

pub fn none_of(name: &'static str, column: ColumnRef, form: ListForm) -> Filter {
    filter(name, FilterKind::List { column, membership: Membership::NotIn, form })
}

pub fn tenants(name: &'static str, column: ColumnRef, form: ListForm, include_none: Option<&'static str>) -> Filter {
    filter(name, FilterKind::Tenants { column, form, include_none }).slot("tenant")
}

/// `withoutTenantId`.
pub fn without_tenant(column: ColumnRef) -> Filter {
    flag("withoutTenantId", Condition::is_null(column)).slot("tenant")
}

/// Holds if true, does not filter if false.
pub fn flag(name: &'static str, when_true: Condition) -> Filter {
    filter(name, FilterKind::Flag { when_true, when_false: Condition::EVERYTHING })
}

pub fn modifier(name: &'static str) -> Filter {
    filter(name, FilterKind::Modifier)
}

/// Of something that does not exist in this engine.
pub fn no_rows(name: &'static str, form: ValueForm) -> Filter {
    filter(name, FilterKind::NoRows(form))
}

pub fn exists(name: &'static str, subquery: Subquery, inner: FilterKind) -> Filter {
    filter(name, FilterKind::Exists(subquery, Box::new(inner)))
}
