//! From parameters of a query string, or a body, to a validated request, and from there to statements.

use serde_json::{Map, Value};
use types::{Timestamp, VariableType};

use crate::condition::{Condition, Source, Subquery, Term, column};
use crate::error::{QueryError, QueryErrorKind};
use crate::lowering::{self, Parameters, variable_column};
use crate::reading::{Given, field_of};
use crate::resource::{OutputValue, Resource, SortKey, VariablePart};
use crate::select::{Direction, Nulls, Order, Select};

/// How many sort keys one request can have.
pub const SORTINGS_MAX: usize = 20;

/// Whether rows are wanted, or only how many there are. Paging matters to rows alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Rows,
    Count,
}

/// Everything that was asked for, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ListRequest {
    condition: Condition,
    order: Vec<Order>,
    page: Page,
    flags: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Page {
    first: i64,
    max: Option<i64>,
}

impl ListRequest {
    /// Of `GET …?parameters`, decoded.
    pub fn from_query(
        resource: &Resource,
        parameters: &[(String, String)],
        purpose: Purpose,
    ) -> Result<ListRequest, QueryError> {
        Self::new(resource, Parameters::Query(parameters), parameters, purpose)
    }

    /// Of `POST …?parameters` with a body. The parameters hold the page.
    pub fn from_body(
        resource: &Resource,
        body: &Value,
        parameters: &[(String, String)],
        purpose: Purpose,
    ) -> Result<ListRequest, QueryError> {
        let none = Map::new();
        let fields = match body {
            Value::Object(fields) => fields,
            Value::Null => &none,
            _ => return Err(QueryError::unreadable("body", "an object")),
        };
        Self::new(resource, Parameters::Body(fields), parameters, purpose)
    }

    fn new(
        resource: &Resource,
        given: Parameters<'_>,
        parameters: &[(String, String)],
        purpose: Purpose,
    ) -> Result<ListRequest, QueryError> {
        let page = match purpose {
            Purpose::Rows => page(parameters)?,
            Purpose::Count => Page::default(),
        };
        let condition = lowering::condition(resource, given)?;
        let flags = lowering::flags(resource, given)?;
        Ok(ListRequest { condition, order: order(resource, given)?, page, flags })
    }
}

impl ListRequest {
    /// Whether this modifier is true.
    pub fn has_flag(&self, name: &str) -> bool {
        self.flags.contains(&name)
    }
}

impl Resource {
    /// The rows of a request.
    pub fn select(&self, request: &ListRequest, now: Timestamp) -> Select {
        let Page { first, max } = request.page;
        let is_empty = first < 0 || max.is_some_and(|max| max < 0);
        let limit = if is_empty { Some(0) } else { max.map(i64::unsigned_abs) };
        let mut order = request.order.clone();
        for key in &self.tie_break {
            let term = Term::Column(*key);
            if !order.iter().any(|order| order.term == term) {
                order.push(Order { term, direction: Direction::Ascending, nulls: Nulls::First });
            }
        }
        self.with_joins(Select {
            from: self.source,
            joins: Vec::new(),
            columns: self.outputs.iter().flat_map(|output| output.value.terms()).map(|term| term.at(now)).collect(),
            condition: request.condition.clone().at(now),
            order,
            limit,
            offset: u64::try_from(first).unwrap_or(0),
        })
    }

    /// To be rendered by `render_count`.
    pub fn select_count(&self, request: &ListRequest, now: Timestamp) -> Select {
        self.with_joins(Select {
            from: self.source,
            joins: Vec::new(),
            columns: Vec::new(),
            condition: request.condition.clone().at(now),
            order: Vec::new(),
            limit: None,
            offset: 0,
        })
    }

    /// The row with this key. A text that can be none finds nothing.
    pub fn select_one(&self, key: &str, now: Timestamp) -> Result<Select, QueryError> {
        Ok(self.with_joins(Select {
            from: self.source,
            joins: Vec::new(),
            columns: self.outputs.iter().flat_map(|output| output.value.terms()).map(|term| term.at(now)).collect(),
            condition: lowering::key_condition(self, key)?,
            order: Vec::new(),
            limit: None,
            offset: 0,
        }))
    }

    /// Adds the joins of which columns are named, and those that they build on.
    fn with_joins(&self, mut select: Select) -> Select {
        let mut used: Vec<&'static str> = Vec::new();
        select.condition.visit_aliases(&mut |alias| used.push(alias));
        for term in select.columns.iter().chain(select.order.iter().map(|order| &order.term)) {
            term.visit_aliases(&mut |alias| used.push(alias));
        }
        for join in self.joins.iter().rev() {
            if used.contains(&join.source.alias) {
                used.extend(join.on.iter().map(|(_, right)| right.alias));
                select.joins.insert(0, join.clone());
            }
        }
        select
    }
}

impl OutputValue {
    /// The cells of a row that the value is made from.
    pub(crate) fn terms(&self) -> Vec<Term> {
        match self {
            OutputValue::Column(column) | OutputValue::Is(column, _) | OutputValue::IfPresent(column, _, _) => {
                vec![Term::Column(*column)]
            }
            OutputValue::RemovalTime(columns) => columns.iter().copied().map(Term::Column).collect(),
            OutputValue::Sum(signed) => signed.iter().map(|(_, term)| term.clone()).collect(),
            OutputValue::ActivityInstance { activity, id } => vec![Term::Column(*activity), Term::Column(*id)],
            OutputValue::WriteId { id, variable } => vec![Term::Column(*id), Term::Column(*variable)],
            OutputValue::Duration { start, end } => vec![Term::Column(*start), Term::Column(*end)],
            OutputValue::Constant(_) => Vec::new(),
            OutputValue::Variable(VariablePart::Type, alias) => {
                let names = ["value_type", "text_value", "integer_value", "real_value", "value_info"];
                names.map(|name| Term::Column(column(alias, name))).into()
            }
            OutputValue::Variable(VariablePart::Value | VariablePart::Info | VariablePart::Error, _) => Vec::new(),
        }
    }
}

fn page(parameters: &[(String, String)]) -> Result<Page, QueryError> {
    Ok(Page {
        first: page_number(parameters, "firstResult")?.unwrap_or(0),
        max: page_number(parameters, "maxResults")?,
    })
}

fn page_number(parameters: &[(String, String)], name: &str) -> Result<Option<i64>, QueryError> {
    match parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()) {
        None | Some("") => Ok(None),
        Some(text) => match text.parse::<i32>() {
            Ok(number) => Ok(Some(i64::from(number))),
            Err(_) => {
                let message = format!("`{name}` is `{text}`: expected an integer");
                Err(QueryError::new(QueryErrorKind::InvalidPage, name, message))
            }
        },
    }
}

/// `sortBy` with `sortOrder`, then the list `sorting` of a body.
fn order(resource: &Resource, given: Parameters<'_>) -> Result<Vec<Order>, QueryError> {
    let mut order = Vec::new();
    let text = |name: &str| given.get(name).map(|given| given.text(name)).transpose().map(Option::flatten);
    single_order(resource, text("sortBy")?.as_deref(), text("sortOrder")?.as_deref(), &mut order)?;
    let Some(Given::Json(sorting)) = (match given {
        Parameters::Body(_) => given.get("sorting"),
        Parameters::Query(_) => None,
    }) else {
        return Ok(order);
    };
    let entries = match sorting {
        Value::Null => return Ok(order),
        Value::Array(entries) => entries,
        _ => return Err(QueryError::unreadable("sorting", "a list of sort keys")),
    };
    if entries.len() > SORTINGS_MAX {
        let expected = format!("at most {SORTINGS_MAX} sort keys");
        return Err(QueryError::invalid("sorting", format_args!("{} sort keys", entries.len()), &expected));
    }
    for entry in entries {
        let Value::Object(fields) = entry else {
            return Err(QueryError::unreadable("sorting", "a list of sort keys"));
        };
        sorting_entry(resource, fields, &mut order)?;
    }
    Ok(order)
}

fn single_order(
    resource: &Resource,
    sort_by: Option<&str>,
    sort_order: Option<&str>,
    order: &mut Vec<Order>,
) -> Result<(), QueryError> {
    let invalid = |name: &str, value: &str, expected: &str| Err(QueryError::invalid(name, value, expected));
    let key = match sort_by {
        None => None,
        Some(name) => match resource.sorts.iter().find(|sort| sort.name == name) {
            Some(sort) => Some(&sort.key),
            None => return invalid("sortBy", name, &sort_names(resource)),
        },
    };
    let direction = match sort_order {
        None => None,
        Some(word) => match direction(word) {
            Some(direction) => Some(direction),
            None => return invalid("sortOrder", word, "asc or desc"),
        },
    };
    match (key, direction) {
        (None, None) => Ok(()),
        (Some(key), Some(direction)) => push_order(key, direction, &Map::new(), order),
        (Some(_), None) => invalid("sortBy", sort_by.unwrap_or_default(), "a sortOrder beside it"),
        (None, Some(_)) => invalid("sortOrder", sort_order.unwrap_or_default(), "a sortBy beside it"),
    }
}

fn sorting_entry(resource: &Resource, fields: &Map<String, Value>, order: &mut Vec<Order>) -> Result<(), QueryError> {
    let refused = |message: String| Err(QueryError::new(QueryErrorKind::NotValid, "sorting", message));
    let text = |name: &str| Given::Json(field_of(fields, name)).text("sorting");
    let (sort_by, sort_order) = (text("sortBy")?, text("sortOrder")?);
    let name = sort_by.as_deref().unwrap_or_default();
    let sort = resource.sorts.iter().find(|sort| sort.name == name);
    match (sort, sort_order.as_deref().and_then(direction)) {
        (Some(sort), Some(direction)) => {
            let none = Map::new();
            let parameters = field_of(fields, "parameters").as_object().unwrap_or(&none);
            push_order(&sort.key, direction, parameters, order)
        }
        (Some(_), None) => refused(format!("the sort key `{name}` has no sortOrder: expected asc or desc")),
        (None, Some(_)) => refused(format!("cannot sort by `{name}`: expected {}", sort_names(resource))),
        // Camunda: neither a known key nor a known order is no entry at all.
        (None, None) => Ok(()),
    }
}

fn push_order(
    key: &SortKey,
    direction: Direction,
    parameters: &Map<String, Value>,
    order: &mut Vec<Order>,
) -> Result<(), QueryError> {
    let nulls = match direction {
        Direction::Ascending => Nulls::First,
        Direction::Descending => Nulls::Last,
    };
    match key {
        SortKey::Terms(terms) => order.extend(terms.iter().map(|term| Order { term: term.clone(), direction, nulls })),
        SortKey::Variable { source, link } => {
            order.push(Order { term: variable_term(*source, link, parameters)?, direction, nulls });
        }
        SortKey::Same => {}
        SortKey::SameInOrder(column) => {
            order.push(Order { term: Term::Column(*column), direction: Direction::Ascending, nulls: Nulls::First });
        }
        SortKey::NotThereYet => {
            let message = "this sort key is not supported yet";
            return Err(QueryError::new(QueryErrorKind::NotThereYet, "sortBy", message));
        }
    }
    Ok(())
}

/// The value of the variable that the parameters `variable` and `type` name.
fn variable_term(source: Source, link: &Condition, parameters: &Map<String, Value>) -> Result<Term, QueryError> {
    let text = |name: &str| Given::Json(field_of(parameters, name)).text("sorting");
    let missing = |what: &str| {
        QueryError::new(QueryErrorKind::NullValue, "sorting", format!("the sorting's parameters have no {what}"))
    };
    let name = text("variable")?.ok_or_else(|| missing("variable"))?;
    let type_name = text("type")?.ok_or_else(|| missing("type"))?;
    let value_type = VariableType::from_name(&type_name).ok_or_else(|| missing("known type"))?;
    let value = variable_column(source.alias, value_type).ok_or_else(|| {
        let message = format!("cannot sort by variables of type {}", value_type.name());
        QueryError::new(QueryErrorKind::Refused, "sorting", message)
    })?;
    let condition = link
        .clone()
        .and(Condition::equal(column(source.alias, "name"), name.as_ref()))
        .and(Condition::equal(column(source.alias, "value_type"), value_type.name()));
    Ok(Term::Lookup(Box::new(Subquery { from: source, joins: Vec::new(), condition }), value))
}

fn direction(word: &str) -> Option<Direction> {
    match word {
        "asc" => Some(Direction::Ascending),
        "desc" => Some(Direction::Descending),
        _ => None,
    }
}

fn sort_names(resource: &Resource) -> String {
    let names: Vec<&str> = resource.sorts.iter().map(|sort| sort.name).collect();
    format!("one of {}", names.join(", "))
}
