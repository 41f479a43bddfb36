//! Every statement that can be declared runs on SQLite.

use query::filter::{FilterKind, ValueForm};
use query::{Dialect, ListRequest, Purpose, QueryErrorKind, Resource, Select, SqlValue, Statement, resource, tables};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

pub use crate::random_request::NOW;

pub fn database() -> Connection {
    let connection = Connection::open_in_memory().expect("opens");
    // As the store has it.
    connection.pragma_update(None, "automatic_index", false).expect("a setting");
    for statement in tables::create_statements(Dialect::Sqlite) {
        connection.execute_batch(&statement).expect("creates");
    }
    connection
}

struct Bind<'a>(&'a SqlValue);

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            SqlValue::Null => ToSqlOutput::Owned(Value::Null),
            SqlValue::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            SqlValue::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
            SqlValue::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            SqlValue::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            SqlValue::Uuid(id) => ToSqlOutput::Owned(Value::Blob(id.to_bytes().to_vec())),
        })
    }
}

pub fn run(connection: &Connection, statement: &Statement) -> Vec<Vec<SqlValue>> {
    let mut prepared =
        connection.prepare(&statement.text).unwrap_or_else(|error| panic!("{error}: {}", statement.text));
    let count = prepared.column_count();
    let rows = prepared.query_map(params_from_iter(statement.binds.iter().map(Bind)), |row| {
        (0..count)
            .map(|at| {
                Ok(match row.get_ref(at)? {
                    ValueRef::Null => SqlValue::Null,
                    ValueRef::Integer(number) => SqlValue::Integer(number),
                    ValueRef::Real(number) => SqlValue::Real(number),
                    ValueRef::Text(text) => SqlValue::Text(std::str::from_utf8(text).expect("UTF-8").into()),
                    ValueRef::Blob(bytes) => SqlValue::Blob(bytes.into()),
                })
            })
            .collect()
    });
    rows.expect("runs").collect::<Result<_, _>>().expect("has rows")
}

pub fn run_select(connection: &Connection, select: &Select) -> Vec<Vec<SqlValue>> {
    run(connection, &select.render(Dialect::Sqlite))
}

/// Values of a query string that a filter of that kind can be given, good enough to be read.
pub fn examples(kind: &FilterKind) -> Vec<&'static str> {
    match kind {
        FilterKind::Compare(_, _) => vec!["1", "2024-01-31T10:00:00.123+0000", "01936f3a-0000-7000-8000-00000000000a"],
        FilterKind::WriteId { .. } => vec!["01936f3a-0000-7000-8000-00000000000a"],
        FilterKind::Flag { .. } | FilterKind::Modifier => vec!["true", "false"],
        FilterKind::Variables(_) | FilterKind::NoRows(ValueForm::Variables) => {
            vec!["a_eq_x,b_gt_y,c_like_%z", "a_eq_x,b_neq_y", "a_eq_x"]
        }
        FilterKind::TimeConditions { .. } => vec!["gt_2024-01-31T10:00:00.123+0000,lt_2025-01-31T10:00:00.123+0000"],
        FilterKind::Choice { words, .. } => words.iter().map(|(word, _)| *word).collect(),
        FilterKind::Exists(_, inner) | FilterKind::And { inner, .. } => examples(inner),
        FilterKind::AnyOf(inner, _) => inner.first().map(examples).unwrap_or_default(),
        FilterKind::List { .. }
        | FilterKind::Tenants { .. }
        | FilterKind::ActivityInstance { .. }
        | FilterKind::VariableTypes(_)
        | FilterKind::NoRows(ValueForm::List(_)) => {
            vec!["x", "01936f3a-0000-7000-8000-00000000000a", "a:01936f3a-0000-7000-8000-00000000000a,1,b,c,d,e,f,g,h"]
        }
        FilterKind::Text { .. } | FilterKind::VariableValue { .. } | FilterKind::NoRows(ValueForm::Text) => vec!["x%"],
        FilterKind::OrQueries | FilterKind::Ignored | FilterKind::Refused(..) => vec!["x"],
    }
}

fn try_request(connection: &Connection, resource: &Resource, pairs: &[(String, String)]) -> Result<(), QueryErrorKind> {
    let request = ListRequest::from_query(resource, pairs, Purpose::Rows).map_err(|error| error.kind)?;
    run_select(connection, &resource.select(&request, NOW));
    let count = run(connection, &resource.select_count(&request, NOW).render_count(Dialect::Sqlite));
    assert_eq!(count.len(), 1);
    Ok(())
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn every_filter_runs() {
    let connection = database();
    for resource in resource::ALL {
        for filter in &resource.filters {
            let mut outcomes = Vec::new();
            for example in examples(&filter.kind) {
                let pairs = [pair(filter.name, example), pair("variableName", "n"), pair("candidateGroupLike", "g")];
                outcomes.push(try_request(&connection, resource, &pairs));
            }
            let is_refused = matches!(filter.kind, FilterKind::Refused(..));
            let has_run = outcomes.iter().any(Result::is_ok);
            assert_eq!(has_run, !is_refused, "{} {}: {outcomes:?}", resource.name, filter.name);
        }
    }
}

#[test]
fn every_sort_key_runs_in_both_orders() {
    let connection = database();
    for resource in resource::ALL {
        for sort in &resource.sorts {
            for order in ["asc", "desc"] {
                let parameters = serde_json::json!({"variable": "v", "type": "String"});
                let body = serde_json::json!({
                    "sorting": [{"sortBy": sort.name, "sortOrder": order, "parameters": parameters}]
                });
                let page = [pair("firstResult", "1"), pair("maxResults", "2")];
                let request = ListRequest::from_body(resource, &body, &page, Purpose::Rows);
                let request = request.unwrap_or_else(|error| panic!("{} {}: {error}", resource.name, sort.name));
                run_select(&connection, &resource.select(&request, NOW));
            }
        }
    }
}

#[test]
fn every_row_can_be_asked_for_by_its_key() {
    let connection = database();
    for resource in resource::ALL {
        for key in ["01936f3a-0000-7000-8000-00000000000a", "x", "a:01936f3a-0000-7000-8000-00000000000a", ""] {
            let select = resource.select_one(key, NOW).expect("any text can be asked for");
            assert_eq!(run_select(&connection, &select), Vec::<Vec<SqlValue>>::new());
        }
    }
}

#[test]
fn many_values_are_no_problem() {
    let connection = database();
    let resource = &resource::EXTERNAL_TASKS;
    let ids: Vec<String> = (0..50_000_u128).map(|n| types::Uuid(n).to_string()).collect();
    let body = serde_json::json!({ "externalTaskIdIn": ids, "activityIdIn": ids });
    let request = ListRequest::from_body(resource, &body, &[], Purpose::Rows).expect("is read");
    run_select(&connection, &resource.select(&request, NOW));
}

#[test]
fn as_many_conditions_as_are_allowed_run() {
    let connection = database();
    let resource = &resource::TASKS;
    let condition = serde_json::json!({"name": "a", "operator": "eq", "value": 1});
    let query = serde_json::json!({ "processVariables": vec![condition.clone(); 9], "name": "n", "description": "d" });
    let body = |own: usize| serde_json::json!({ "orQueries": vec![query.clone(); 20], "processVariables": vec![condition.clone(); own] });
    let request = ListRequest::from_body(resource, &body(20), &[], Purpose::Rows).expect("is read");
    run_select(&connection, &resource.select(&request, NOW));
    assert!(ListRequest::from_body(resource, &body(21), &[], Purpose::Rows).is_err());
}
