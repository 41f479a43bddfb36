//! What can be listed, each as one value: its table, joins, columns, filters and sort keys.

pub mod batch;
pub mod cleanable_process_instances;
pub mod deployment;
pub mod event_subscription;
pub mod execution;
pub mod external_task;
pub mod historic_activity_instance;
pub mod historic_batch;
pub mod historic_detail;
pub mod historic_external_task_log;
pub mod historic_incident;
pub mod historic_job_log;
pub mod historic_process_instance;
pub mod historic_task;
pub mod historic_variable_instance;
pub mod identity_link_log;
pub mod incident;
pub mod job;
pub mod job_definition;
pub mod process_definition;
pub mod process_instance;
pub mod task;
pub mod variable_instance;

pub use batch::{BATCH_STATISTICS, BATCHES};
pub use cleanable_process_instances::CLEANABLE_PROCESS_INSTANCES;
pub use deployment::DEPLOYMENTS;
pub use event_subscription::EVENT_SUBSCRIPTIONS;
pub use execution::EXECUTIONS;
pub use external_task::EXTERNAL_TASKS;
pub use historic_activity_instance::HISTORIC_ACTIVITY_INSTANCES;
pub use historic_batch::HISTORIC_BATCHES;
pub use historic_detail::HISTORIC_DETAILS;
pub use historic_external_task_log::HISTORIC_EXTERNAL_TASK_LOGS;
pub use historic_incident::HISTORIC_INCIDENTS;
pub use historic_job_log::HISTORIC_JOB_LOGS;
pub use historic_process_instance::HISTORIC_PROCESS_INSTANCES;
pub use historic_task::HISTORIC_TASKS;
pub use historic_variable_instance::HISTORIC_VARIABLE_INSTANCES;
pub use identity_link_log::IDENTITY_LINK_LOGS;
pub use incident::INCIDENTS;
pub use job::JOBS;
pub use job_definition::JOB_DEFINITIONS;
pub use process_definition::PROCESS_DEFINITIONS;
pub use process_instance::PROCESS_INSTANCES;
pub use task::TASKS;
pub use variable_instance::VARIABLE_INSTANCES;

use std::sync::LazyLock;

use crate::condition::{ColumnRef, Comparison, Condition, Join, JoinKind, Source, Term};
use crate::error::QueryErrorKind;
use crate::filter::{Filter, FilterKind};
use crate::table::ColumnKind;
use crate::tables::HISTORIC_PROCESS_INSTANCE;
use crate::value::SqlValue;

/// Every resource.
pub const ALL: &[&LazyLock<Resource>] = &[
    &BATCHES,
    &BATCH_STATISTICS,
    &CLEANABLE_PROCESS_INSTANCES,
    &DEPLOYMENTS,
    &EVENT_SUBSCRIPTIONS,
    &EXECUTIONS,
    &EXTERNAL_TASKS,
    &HISTORIC_ACTIVITY_INSTANCES,
    &HISTORIC_BATCHES,
    &HISTORIC_DETAILS,
    &HISTORIC_EXTERNAL_TASK_LOGS,
    &HISTORIC_INCIDENTS,
    &HISTORIC_JOB_LOGS,
    &HISTORIC_PROCESS_INSTANCES,
    &HISTORIC_TASKS,
    &HISTORIC_VARIABLE_INSTANCES,
    &IDENTITY_LINK_LOGS,
    &INCIDENTS,
    &JOBS,
    &JOB_DEFINITIONS,
    &PROCESS_DEFINITIONS,
    &PROCESS_INSTANCES,
    &TASKS,
    &VARIABLE_INSTANCES,
];

#[derive(Debug)]
pub struct Resource {
    /// The path below `/engine-rest` that lists it.
    pub name: &'static str,
    pub source: Source,
    /// Added to a statement only if it names their columns. Each may build on those before it.
    pub joins: Vec<Join>,
    /// Holds for all rows of the resource unless the named flag is true.
    pub unless: Vec<(&'static str, Condition)>,
    /// How one row is found.
    pub key: FilterKind,
    /// In the order of the answer.
    pub outputs: Vec<Output>,
    /// In the order in which Camunda applies them.
    pub filters: Vec<Filter>,
    pub sorts: Vec<Sort>,
    pub rules: Vec<Rule>,
    /// Makes the order of rows total.
    pub tie_break: Vec<ColumnRef>,
}

/// A property of a row in the answer.
#[derive(Debug)]
pub struct Output {
    pub name: &'static str,
    pub value: OutputValue,
}

#[derive(Debug)]
pub enum OutputValue {
    /// In the form that the column's kind asks for.
    Column(ColumnRef),
    /// `activityId:uuid`, or the id alone where there is no activity.
    ActivityInstance { activity: ColumnRef, id: ColumnRef },
    /// The milliseconds between two times, both given.
    Duration { start: ColumnRef, end: ColumnRef },
    /// Of a write of a variable: its own, unless it has the variable's, because it is the first.
    WriteId { id: ColumnRef, variable: ColumnRef },
    /// Whether the column has this value.
    Is(ColumnRef, SqlValue),
    /// The first text if the column has a value, the second if not.
    IfPresent(ColumnRef, &'static str, &'static str),
    /// The first of the times that there is; `NEVER_REMOVED` is none.
    RemovalTime(Vec<ColumnRef>),
    /// Numbers added, or subtracted.
    Sum(Vec<(Sign, Term)>),
    /// The same for every row.
    Constant(serde_json::Value),
    /// Of a variable in the table of that alias.
    Variable(VariablePart, &'static str),
}

/// The type comes before the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariablePart {
    Type,
    /// Contents of files and bytes are never part of a list.
    Value,
    Info,
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Plus,
    Minus,
}

#[derive(Debug)]
pub struct Sort {
    pub name: &'static str,
    pub key: SortKey,
}

#[derive(Debug)]
pub enum SortKey {
    Terms(Vec<Term>),
    /// By a variable, named and typed in the sorting's parameters; linked to the row like this.
    Variable {
        source: Source,
        link: Condition,
    },
    /// A key by which all rows are equal.
    Same,
    /// The same where they come in the order of a column then, in whatever direction is asked for.
    SameInOrder(ColumnRef),
    NotThereYet,
}

/// What filters demand of each other.
#[derive(Debug)]
pub enum Rule {
    AtMostOne(&'static [&'static str], QueryErrorKind),
    /// Or-queries may have several.
    AtMostOneOutsideOrQueries(&'static [&'static str], QueryErrorKind),
    /// The first one excludes the others.
    Excludes(&'static str, &'static [&'static str], QueryErrorKind),
    /// The first one is given only together with one of the others.
    Needs(&'static str, &'static [&'static str], QueryErrorKind),
    NotInOrQuery(&'static [&'static str], QueryErrorKind),
}

impl Resource {
    /// The kind of a column, wherever it is declared.
    pub(crate) fn column_kind(&self, column: ColumnRef, more: &[Source]) -> ColumnKind {
        let joined = self.joins.iter().map(|join| &join.source);
        let mut sources = std::iter::once(&self.source).chain(joined).chain(more);
        let source = sources.find(|source| source.alias == column.alias);
        let found = source.and_then(|source| source.table.columns.iter().find(|c| c.name == column.name));
        found.expect("declarations name columns of their own tables; a test reads them all").kind
    }
}

/// A column under a name of the answer.
pub fn shown(name: &'static str, column: ColumnRef) -> Output {
    Output { name, value: OutputValue::Column(column) }
}

pub fn shown_as(name: &'static str, value: OutputValue) -> Output {
    Output { name, value }
}

pub fn constant(name: &'static str, value: impl Into<serde_json::Value>) -> Output {
    Output { name, value: OutputValue::Constant(value.into()) }
}

/// A table of which rows may have no partner.
pub fn left_join(source: Source, on: &[(&'static str, ColumnRef)]) -> Join {
    let on = on.iter().map(|(name, other)| (crate::condition::column(source.alias, name), *other));
    Join { kind: JoinKind::Left, source, on: on.collect() }
}

/// The instance that a row of the history belongs to, and the root of that one's tree.
pub fn removal_time_joins(source: Source) -> Vec<Join> {
    let of = |name| crate::condition::column(source.alias, name);
    vec![
        left_join(HISTORIC_PROCESS_INSTANCE.named("instance"), &[("id", of("process_instance_id"))]),
        left_join(
            HISTORIC_PROCESS_INSTANCE.named("root"),
            &[("id", crate::condition::column("instance", "root_process_instance_id"))],
        ),
    ]
}

/// That of the instance, or of the root where it has none of its own.
pub fn removal_time() -> Output {
    let of = |alias| crate::condition::column(alias, "removal_time");
    shown_as("removalTime", OutputValue::RemovalTime(vec![of("instance"), of("root")]))
}

/// The row with this id.
pub fn by_id(column: ColumnRef) -> FilterKind {
    FilterKind::Compare(column, Comparison::Equal)
}

/// `links`, which only HAL fills.
pub fn no_links() -> Output {
    constant("links", Vec::<serde_json::Value>::new())
}

pub fn sort(name: &'static str, term: impl Into<Term>) -> Sort {
    Sort { name, key: SortKey::Terms(vec![term.into()]) }
}

/// By a time; what has the same one is in the order of ids, which begin with the time.
pub fn sort_time(name: &'static str, time: ColumnRef, id: ColumnRef) -> Sort {
    Sort { name, key: SortKey::Terms(vec![time.into(), id.into()]) }
}

/// By `activityId:uuid`.
pub fn sort_activity_instance(name: &'static str, activity: ColumnRef, id: ColumnRef) -> Sort {
    Sort { name, key: SortKey::Terms(vec![activity.into(), id.into()]) }
}

pub fn sort_same_in_order(name: &'static str, column: ColumnRef) -> Sort {
    Sort { name, key: SortKey::SameInOrder(column) }
}

pub fn sort_same(name: &'static str) -> Sort {
    Sort { name, key: SortKey::Same }
}
