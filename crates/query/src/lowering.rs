//! Filters with their values to conditions.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use types::{ActivityInstanceId, Uuid, VariableType};

use crate::condition::{ColumnRef, Comparison, Condition, LetterCase, Operand, Source, Subquery, Term, column};
use crate::error::{QueryError, QueryErrorKind};
use crate::filter::{CaseRule, Filter, FilterKind, ListForm, Membership, Otherwise, TextMatching, ValueForm};
use crate::reading::Given;
use crate::resource::{Resource, Rule};
use crate::table::ColumnKind;
use crate::value::SqlValue;
use crate::variable_condition::{self, CaseOfVariables};

/// How many or-queries one request can have.
pub const OR_QUERIES_MAX: usize = 20;

/// How many patterns a column can be asked not to match.
pub const PATTERNS_MAX: usize = 200;
/// How many looks at other tables one request can ask for: a database takes long to prepare many of them.
pub const EXISTENCES_MAX: usize = 200;

/// The parameters of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parameters<'a> {
    Query(&'a [(String, String)]),
    Body(&'a Map<String, Value>),
}

/// Whether all filters must hold, or any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Query,
    OrQuery,
}

impl<'a> Parameters<'a> {
    /// Camunda: of a parameter that is given twice the first counts.
    pub fn get(self, name: &str) -> Option<Given<'a>> {
        match self {
            Parameters::Query(pairs) => {
                pairs.iter().find(|(key, _)| key == name).map(|(_, value)| Given::Text(value.as_str()))
            }
            Parameters::Body(fields) => fields.get(name).map(Given::Json),
        }
    }
}

/// The modifiers that are true.
pub(crate) fn flags(resource: &Resource, parameters: Parameters<'_>) -> Result<Vec<&'static str>, QueryError> {
    let lowering = Lowering { resource, parameters, role: Role::Query };
    let mut flags = Vec::new();
    for filter in &resource.filters {
        if matches!(filter.kind, FilterKind::Modifier) && lowering.is_true(filter.name)? {
            flags.push(filter.name);
        }
    }
    Ok(flags)
}

/// What must hold for a row of the list.
pub(crate) fn condition(resource: &Resource, parameters: Parameters<'_>) -> Result<Condition, QueryError> {
    let lowering = Lowering { resource, parameters, role: Role::Query };
    let mut conditions = lowering.defaults()?;
    conditions.extend(lowering.conditions()?);
    let condition = Condition::All(conditions).flat();
    match condition.existences() {
        0..=EXISTENCES_MAX => Ok(condition),
        count => {
            let expected = format!("at most {EXISTENCES_MAX} conditions on variables and other related rows");
            Err(QueryError::invalid("request", format_args!("{count} conditions"), &expected))
        }
    }
}

/// What must hold for the row with this key.
pub(crate) fn key_condition(resource: &Resource, key: &str) -> Result<Condition, QueryError> {
    let lowering = Lowering { resource, parameters: Parameters::Query(&[]), role: Role::Query };
    let mut conditions = lowering.defaults()?;
    let found = lowering.kind("id", &resource.key, Given::Text(key), &[])?;
    conditions.push(found.unwrap_or(Condition::NOTHING));
    Ok(Condition::All(conditions).flat())
}

struct Lowering<'a> {
    resource: &'a Resource,
    parameters: Parameters<'a>,
    role: Role,
}

impl Lowering<'_> {
    /// What holds unless the request says otherwise.
    fn defaults(&self) -> Result<Vec<Condition>, QueryError> {
        let mut conditions = Vec::new();
        for (flag, condition) in &self.resource.unless {
            if !self.is_true(flag)? {
                conditions.push(condition.clone());
            }
        }
        Ok(conditions)
    }

    /// Of the filters that are given.
    fn conditions(&self) -> Result<Vec<Condition>, QueryError> {
        let mut found: Vec<(Option<&'static str>, Vec<Condition>)> = Vec::new();
        let mut within: Vec<(&Subquery, Condition)> = Vec::new();
        let mut given_names = BTreeSet::new();
        for filter in &self.resource.filters {
            let Some(given) = self.parameters.get(filter.name) else { continue };
            if let (FilterKind::Exists(subquery, inner), Role::Query) = (&filter.kind, self.role) {
                let Some(condition) = self.kind(filter.name, inner, given, &sources(subquery))? else { continue };
                within.push((subquery, condition));
                given_names.insert(filter.name);
                continue;
            }
            let Some(conditions) = self.filter(filter, given)? else { continue };
            given_names.insert(filter.name);
            if filter.slot.is_some() {
                found.retain(|(slot, _)| *slot != filter.slot);
            }
            found.push((filter.slot, conditions));
        }
        self.check_rules(&given_names)?;
        let mut conditions: Vec<Condition> = found.into_iter().flat_map(|(_, conditions)| conditions).collect();
        conditions.extend(same_rows(within));
        Ok(conditions)
    }

    fn check_rules(&self, given: &BTreeSet<&'static str>) -> Result<(), QueryError> {
        for rule in &self.resource.rules {
            let (name, kind, message) = match rule {
                Rule::AtMostOneOutsideOrQueries(_, _) if self.role == Role::OrQuery => continue,
                Rule::AtMostOne(names, kind) | Rule::AtMostOneOutsideOrQueries(names, kind) => {
                    let mut together = names.iter().filter(|name| given.contains(*name));
                    let (Some(first), Some(second)) = (together.next(), together.next()) else { continue };
                    (*second, *kind, format!("`{first}` and `{second}` cannot be used together"))
                }
                Rule::Excludes(name, others, kind) => {
                    let other = others.iter().find(|other| given.contains(*other));
                    let (true, Some(other)) = (given.contains(name), other) else { continue };
                    (*name, *kind, format!("`{name}` and `{other}` cannot be used together"))
                }
                Rule::Needs(name, others, kind) => {
                    if !given.contains(name) || others.iter().any(|other| given.contains(other)) {
                        continue;
                    }
                    (*name, *kind, format!("`{name}` needs one of {}", others.join(", ")))
                }
                Rule::NotInOrQuery(names, kind) => {
                    let found = names.iter().find(|name| given.contains(*name));
                    let (Role::OrQuery, Some(name)) = (self.role, found) else { continue };
                    (*name, *kind, format!("`{name}` cannot be used in an or-query"))
                }
            };
            return Err(QueryError::new(kind, name, message));
        }
        Ok(())
    }

    /// `None` if the value says that the filter is not used.
    fn filter(&self, filter: &Filter, given: Given<'_>) -> Result<Option<Vec<Condition>>, QueryError> {
        match &filter.kind {
            FilterKind::Variables(scope) => {
                let Some(conditions) = given.conditions(filter.name, true)? else { return Ok(None) };
                let case = CaseOfVariables {
                    names: self.case(CaseRule::IgnoredIf("variableNamesIgnoreCase"))?,
                    values: self.case(CaseRule::IgnoredIf("variableValuesIgnoreCase"))?,
                };
                variable_condition::conditions(filter.name, scope, &conditions, case).map(Some)
            }
            FilterKind::TimeConditions { column, less } => time_conditions(filter.name, *column, *less, given),
            FilterKind::Modifier => Ok(given.boolean(filter.name)?.filter(|flag| *flag).map(|_| Vec::new())),
            FilterKind::Ignored => Ok(None),
            FilterKind::OrQueries => self.or_queries(filter.name, given),
            kind => Ok(self.kind(filter.name, kind, given, &[])?.map(|condition| vec![condition])),
        }
    }

    fn kind(
        &self,
        name: &str,
        kind: &FilterKind,
        given: Given<'_>,
        sources: &[Source],
    ) -> Result<Option<Condition>, QueryError> {
        Ok(match kind {
            FilterKind::Compare(column, comparison) => self.compare(name, *column, *comparison, given, sources)?,
            FilterKind::Text { column, matching, case } => self.text(name, *column, *matching, *case, given)?,
            FilterKind::List { column, membership, form } => {
                let Some(texts) = given.list(name, *form)? else { return Ok(None) };
                let kind = self.resource.column_kind(*column, sources);
                Some(member(name, *column, *membership, kind, &texts)?)
            }
            FilterKind::Tenants { column, form, include_none } => {
                self.tenants(name, *column, *form, *include_none, given)?
            }
            FilterKind::ActivityInstance { activity, id, form } => {
                activity_instances(name, *activity, *id, *form, given)?
            }
            FilterKind::WriteId { id, variable } => {
                given.text(name)?.map(|text| with_write_id(*id, *variable, Uuid::named(&text)))
            }
            FilterKind::Flag { when_true, when_false } => match given.boolean(name)? {
                None => None,
                Some(true) => Some(when_true.clone()),
                Some(false) if *when_false == Condition::EVERYTHING => None,
                Some(false) => Some(when_false.clone()),
            },
            FilterKind::Choice { words, otherwise } => choice(name, words, otherwise, given)?,
            FilterKind::Exists(subquery, inner) => {
                let condition = self.kind(name, inner, given, &self::sources(subquery))?;
                condition.map(|condition| existence(subquery, vec![condition]))
            }
            FilterKind::AnyOf(inner, condition) => {
                let mut any = Vec::new();
                for kind in inner {
                    any.extend(self.kind(name, kind, given, sources)?);
                }
                any_or(any, condition)
            }
            FilterKind::And { inner, condition, unless } => {
                let is_waived = match unless {
                    Some(flag) => self.is_true(flag)?,
                    None => false,
                };
                let inner = self.kind(name, inner, given, sources)?;
                inner.map(|inner| if is_waived { inner } else { condition.clone().and(inner) })
            }
            FilterKind::VariableValue { source } => self.variable_value(name, *source, given)?,
            FilterKind::VariableTypes(column) => {
                given.list(name, ListForm::Split)?.map(|texts| Condition::OneOf((*column).into(), type_names(&texts)))
            }
            FilterKind::NoRows(form) => is_given(name, *form, given)?.then_some(Condition::NOTHING),
            FilterKind::Refused(..) if is_unset(given) => None,
            FilterKind::Refused(kind, reason) => {
                return Err(QueryError::new(*kind, name, format!("`{name}` {reason}")));
            }
            // These give a list of conditions, or none: `filter` handles them.
            FilterKind::Variables(_)
            | FilterKind::TimeConditions { .. }
            | FilterKind::OrQueries
            | FilterKind::Modifier
            | FilterKind::Ignored => None,
        })
    }

    fn tenants(
        &self,
        name: &str,
        column: ColumnRef,
        form: ListForm,
        include_none: Option<&str>,
        given: Given<'_>,
    ) -> Result<Option<Condition>, QueryError> {
        let Some(texts) = given.list(name, form)? else { return Ok(None) };
        let one_of = Condition::OneOf(column.into(), texts.into_iter().map(SqlValue::Text).collect());
        Ok(Some(match include_none {
            Some(flag) if self.is_true(flag)? => Condition::Any(vec![one_of, Condition::is_null(column)]),
            _ => one_of,
        }))
    }

    fn compare(
        &self,
        name: &str,
        column: ColumnRef,
        comparison: Comparison,
        given: Given<'_>,
        sources: &[Source],
    ) -> Result<Option<Condition>, QueryError> {
        let value = match self.resource.column_kind(column, sources) {
            ColumnKind::Integer => given.integer(name)?.map(SqlValue::Integer),
            ColumnKind::Time => given.time(name)?.map(|time| SqlValue::Integer(time.0)),
            ColumnKind::Boolean => given.boolean(name)?.map(|flag| SqlValue::Integer(i64::from(flag))),
            kind => match given.text(name)? {
                None => None,
                Some(text) => match cell(kind, &text) {
                    Some(value) => Some(value),
                    // Text that is no id is the id of nothing.
                    None => return Ok(Some(Condition::NOTHING)),
                },
            },
        };
        Ok(value.map(|value| Condition::compare(column, comparison, value)))
    }

    fn text(
        &self,
        name: &str,
        column: ColumnRef,
        matching: TextMatching,
        case: CaseRule,
        given: Given<'_>,
    ) -> Result<Option<Condition>, QueryError> {
        let case = self.case(case)?;
        let term = match case {
            LetterCase::Kept => Term::Column(column),
            LetterCase::Ignored => Term::Lower(column),
        };
        let equal = |comparison, text: Arc<str>| {
            Condition::Compare(term.clone(), comparison, Operand::Value(SqlValue::Text(text)))
        };
        Ok(match matching {
            TextMatching::Equal => given.text(name)?.map(|text| equal(Comparison::Equal, text)),
            TextMatching::NotEqual => given.text(name)?.map(|text| equal(Comparison::NotEqual, text)),
            TextMatching::Like => given.pattern(name)?.map(|pattern| Condition::Like(column, pattern, case)),
            TextMatching::NotLike => given.pattern(name)?.map(|pattern| Condition::Like(column, pattern, case).not()),
        })
    }

    fn variable_value(&self, name: &str, source: Source, given: Given<'_>) -> Result<Option<Condition>, QueryError> {
        let value = match given {
            Given::Text(text) => Value::String(text.to_owned()),
            Given::Json(Value::Null) => return Ok(None),
            Given::Json(value @ (Value::Array(_) | Value::Object(_))) => {
                let message = format!("object values cannot be used to query: {value}");
                return Err(QueryError::new(QueryErrorKind::Refused, name, message));
            }
            Given::Json(value) => value.clone(),
        };
        let case = self.case(CaseRule::IgnoredIf("variableValuesIgnoreCase"))?;
        Ok(Some(variable_condition::exactly(source, &value, case)))
    }

    /// Camunda: or-queries inside of or-queries do not count.
    fn or_queries(&self, name: &str, given: Given<'_>) -> Result<Option<Vec<Condition>>, QueryError> {
        let queries = match given {
            Given::Json(Value::Array(queries)) => queries,
            Given::Json(Value::Null) | Given::Text(_) => return Ok(None),
            Given::Json(_) => return Err(QueryError::unreadable(name, "a list of queries")),
        };
        if queries.len() > OR_QUERIES_MAX {
            let expected = format!("at most {OR_QUERIES_MAX} queries");
            return Err(QueryError::invalid(name, format_args!("{} queries", queries.len()), &expected));
        }
        let mut conditions = Vec::new();
        for query in queries {
            let Value::Object(fields) = query else { return Err(QueryError::unreadable(name, "a list of queries")) };
            if self.role == Role::OrQuery {
                continue;
            }
            let parameters = Parameters::Body(fields);
            let any = Lowering { resource: self.resource, parameters, role: Role::OrQuery }.conditions()?;
            if !any.is_empty() {
                conditions.push(Condition::Any(any));
            }
        }
        Ok(Some(conditions))
    }

    fn case(&self, rule: CaseRule) -> Result<LetterCase, QueryError> {
        Ok(match rule {
            CaseRule::Kept => LetterCase::Kept,
            CaseRule::Ignored => LetterCase::Ignored,
            CaseRule::IgnoredIf(flag) if self.is_true(flag)? => LetterCase::Ignored,
            CaseRule::IgnoredIf(_) => LetterCase::Kept,
        })
    }

    fn is_true(&self, name: &str) -> Result<bool, QueryError> {
        match self.parameters.get(name) {
            Some(given) => Ok(given.boolean(name)? == Some(true)),
            None => Ok(false),
        }
    }
}

fn time_conditions(
    name: &str,
    column: ColumnRef,
    less: Comparison,
    given: Given<'_>,
) -> Result<Option<Vec<Condition>>, QueryError> {
    let Some(conditions) = given.conditions(name, false)? else { return Ok(None) };
    let lowered = conditions.iter().map(|condition| {
        let comparison = match condition.operator.as_deref() {
            Some("gt") => Comparison::Greater,
            Some("lt") => less,
            other => return Err(QueryError::invalid(name, other.unwrap_or("null"), "the operator gt or lt")),
        };
        let time = match &condition.value {
            Value::String(text) => Given::Text(text).time(name)?,
            other => Given::Json(other).time(name)?,
        };
        let time = time.ok_or_else(|| QueryError::invalid(name, "null", "a time"))?;
        Ok(Condition::compare(column, comparison, time.0))
    });
    lowered.collect::<Result<Vec<_>, _>>().map(Some)
}

fn sources(subquery: &Subquery) -> Vec<Source> {
    std::iter::once(subquery.from).chain(subquery.joins.iter().map(|join| join.source)).collect()
}

fn existence(subquery: &Subquery, conditions: Vec<Condition>) -> Condition {
    let mut subquery = subquery.clone();
    subquery.condition = subquery.condition.and(Condition::All(conditions)).flat();
    Condition::Exists(Box::new(subquery))
}

/// One existence for all conditions on rows of equal sub-selects.
fn same_rows(within: Vec<(&Subquery, Condition)>) -> Vec<Condition> {
    let mut groups: Vec<(&Subquery, Vec<Condition>)> = Vec::new();
    for (subquery, condition) in within {
        match groups.iter_mut().find(|(known, _)| *known == subquery) {
            Some((_, conditions)) => conditions.push(condition),
            None => groups.push((subquery, vec![condition])),
        }
    }
    groups.into_iter().map(|(subquery, conditions)| existence(subquery, conditions)).collect()
}

/// The cell that a text stands for; one that nobody can have stands for none.
pub(crate) fn cell(kind: ColumnKind, text: &str) -> Option<SqlValue> {
    match kind {
        ColumnKind::Id => Some(SqlValue::Uuid(Uuid::named(text))),
        ColumnKind::Text => Some(SqlValue::Text(text.into())),
        ColumnKind::Integer | ColumnKind::Time | ColumnKind::Boolean => text.parse().ok().map(SqlValue::Integer),
        ColumnKind::Real | ColumnKind::Blob => None,
    }
}

fn member(
    name: &str,
    column: ColumnRef,
    membership: Membership,
    kind: ColumnKind,
    texts: &[Arc<str>],
) -> Result<Condition, QueryError> {
    let values: Vec<SqlValue> = texts.iter().filter_map(|text| cell(kind, text)).collect();
    let is_empty = values.is_empty();
    Ok(match membership {
        Membership::In => Condition::OneOf(column.into(), values),
        Membership::NotIn if is_empty => Condition::is_not_null(column),
        Membership::NotIn => Condition::OneOf(column.into(), values).not(),
        Membership::NotLike if texts.len() > PATTERNS_MAX => {
            let expected = format!("at most {PATTERNS_MAX} patterns");
            return Err(QueryError::invalid(name, format_args!("{} patterns", texts.len()), &expected));
        }
        Membership::NotLike => {
            let mut none = Vec::new();
            for text in texts {
                let pattern = Given::Text(text).pattern(name)?.unwrap_or_default();
                none.push(Condition::Like(column, pattern, LetterCase::Kept).not());
            }
            Condition::All(none)
        }
    })
}

fn activity_instances(
    name: &str,
    activity: ColumnRef,
    id: ColumnRef,
    form: Option<ListForm>,
    given: Given<'_>,
) -> Result<Option<Condition>, QueryError> {
    let texts = match form {
        Some(form) => given.list(name, form)?,
        None => given.text(name)?.map(|text| vec![text]),
    };
    let Some(texts) = texts else { return Ok(None) };
    let mut names = Vec::new();
    let mut of_activities = Vec::new();
    let mut of_processes = Vec::new();
    for instance in texts.iter().filter_map(|text| text.parse::<ActivityInstanceId>().ok()) {
        match instance.activity_id {
            Some(activity_id) => {
                names.push(SqlValue::Text(activity_id));
                of_activities.push(SqlValue::Uuid(instance.uuid));
            }
            None => of_processes.push(SqlValue::Uuid(instance.uuid)),
        }
    }
    let mut any = Vec::new();
    if !of_activities.is_empty() {
        any.push(Condition::OneOf(id.into(), of_activities).and(Condition::OneOf(activity.into(), names)));
    }
    if !of_processes.is_empty() {
        any.push(Condition::OneOf(id.into(), of_processes).and(Condition::is_null(activity)));
    }
    Ok(Some(Condition::Any(any)))
}

/// The first write of a variable has the variable's own id in the database.
pub(crate) fn with_write_id(id: ColumnRef, variable: ColumnRef, shown: Uuid) -> Condition {
    match shown.first_written() {
        Some(written) => {
            Condition::equal(id, SqlValue::Uuid(written)).and(Condition::equal(variable, SqlValue::Uuid(written)))
        }
        None => Condition::equal(id, SqlValue::Uuid(shown)).and(Condition::Any(vec![
            Condition::is_null(variable),
            Condition::compare(variable, Comparison::NotEqual, SqlValue::Uuid(shown)),
        ])),
    }
}

fn choice(
    name: &str,
    words: &[(&'static str, Condition)],
    otherwise: &Otherwise,
    given: Given<'_>,
) -> Result<Option<Condition>, QueryError> {
    let Some(text) = given.text(name)? else { return Ok(None) };
    match otherwise {
        Otherwise::Holds(condition) => {
            let known = words.iter().find(|(word, _)| *word == text.as_ref());
            Ok(Some(known.map_or_else(|| condition.clone(), |(_, condition)| condition.clone())))
        }
        Otherwise::Refused => match words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)) {
            Some((_, condition)) => Ok(Some(condition.clone())),
            None => {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Err(QueryError::invalid(name, text, &format!("one of {}", known.join(", "))))
            }
        },
    }
}

fn type_names(texts: &[Arc<str>]) -> Vec<SqlValue> {
    // Camunda: objects are known by the names of their serializers, never as `Object`.
    let known = |text: &Arc<str>| {
        let mut types = VariableType::ALL.into_iter().filter(|known| *known != VariableType::Object);
        types.find(|known| known.name().eq_ignore_ascii_case(text))
    };
    texts.iter().filter_map(known).map(|known| SqlValue::Text(known.name().into())).collect()
}

/// `None` if there is nothing to hold.
fn any_or(mut any: Vec<Condition>, other: &Condition) -> Option<Condition> {
    if any.is_empty() {
        return None;
    }
    if *other != Condition::NOTHING {
        any.push(other.clone());
    }
    Some(Condition::Any(any))
}

/// Whether there is a value, which has to be of that form.
fn is_given(name: &str, form: ValueForm, given: Given<'_>) -> Result<bool, QueryError> {
    Ok(match form {
        ValueForm::Text => given.text(name)?.is_some(),
        ValueForm::List(form) => given.list(name, form)?.is_some(),
        ValueForm::Variables => given.conditions(name, true)?.is_some_and(|conditions| !conditions.is_empty()),
    })
}

fn is_unset(given: Given<'_>) -> bool {
    match given {
        Given::Text(text) => text == "false",
        Given::Json(value) => match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(values) => values.is_empty(),
            _ => false,
        },
    }
}

/// The columns of a variable's row hold what its condition compares.
pub(crate) fn variable_column(alias: &'static str, value_type: VariableType) -> Option<ColumnRef> {
    match value_type {
        VariableType::Boolean
        | VariableType::Short
        | VariableType::Integer
        | VariableType::Long
        | VariableType::Date => Some(column(alias, "integer_value")),
        VariableType::Double => Some(column(alias, "real_value")),
        VariableType::String => Some(column(alias, "text_value")),
        VariableType::Null
        | VariableType::Bytes
        | VariableType::File
        | VariableType::Json
        | VariableType::Xml
        | VariableType::Object => None,
    }
}
