//! What requests mean and how they are refused, as recorded from Camunda 7.24.

use query::{Dialect, ListRequest, Mutation, Purpose, QueryErrorKind, Select, SqlValue, Table, tables};
use rusqlite::Connection;
use serde_json::{Value, json};
use types::Uuid;

use crate::contract::declared;
use crate::database::{NOW, database, run, run_select};

fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').expect("name=value")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

fn get(of: &str, query: &str, purpose: Purpose) -> Result<ListRequest, QueryErrorKind> {
    ListRequest::from_query(declared(of), &pairs(query), purpose).map_err(|error| error.kind)
}

fn post(of: &str, body: &Value) -> Result<ListRequest, QueryErrorKind> {
    ListRequest::from_body(declared(of), body, &[], Purpose::Rows).map_err(|error| error.kind)
}

#[test]
fn query_strings_are_refused() {
    use QueryErrorKind::{BadUserRequest, InvalidPage, InvalidValue, Refused};
    for (of, query, expected) in [
        ("external-task", "locked=TRUE", InvalidValue),
        ("external-task", "locked=yes", InvalidValue),
        ("external-task", "locked=", InvalidValue),
        ("external-task", "priorityHigherThanOrEquals=high", InvalidValue),
        ("external-task", "priorityHigherThanOrEquals=", InvalidValue),
        ("external-task", "lockExpirationAfter=2030-01-01T00:00:00", InvalidValue),
        ("external-task", "lockExpirationAfter=yesterday", InvalidValue),
        ("external-task", "processVariables=n_is_2", InvalidValue),
        ("external-task", "processVariables=n_eq", InvalidValue),
        ("external-task", "processVariables=n", InvalidValue),
        ("external-task", "sortBy=createTime", InvalidValue),
        ("external-task", "sortOrder=asc", InvalidValue),
        ("external-task", "sortBy=priority&sortOrder=asc", InvalidValue),
        ("external-task", "sortBy=createTime&sortOrder=ASC", InvalidValue),
        ("external-task", "sortBy=&sortOrder=asc", InvalidValue),
        ("external-task", "firstResult=one", InvalidPage),
        ("external-task", "maxResults=1.5", InvalidPage),
        ("task", "maxResults=99999999999", InvalidPage),
        ("task", "delegationState=NONE", InvalidValue),
        ("task", "delegationState=", InvalidValue),
        ("task", "dueDate=2031-03-02T12:00:00.000Z", InvalidValue),
        ("task", "processVariables=", InvalidValue),
        ("task", "processVariables=s_eq_a_b", InvalidValue),
        ("task", "taskVariables=s_notLike_t%", InvalidValue),
        ("task", "assigneeExpression=${'kermit'}", BadUserRequest),
        ("task", "tenantIdIn=red&withoutTenantId=true", Refused),
        ("task", "includeAssignedTasks=true", Refused),
        ("task", "candidateUser=kermit&candidateGroup=sales", Refused),
        ("task", "dueBefore=2031-03-02T12:00:00.000+0000&withoutDueDate=true", Refused),
        ("deployment", "source=S1&withoutSource=true", InvalidValue),
        ("process-definition", "latestVersion=true&version=1", Refused),
        ("process-instance", "variables=s_notLike_%ext%", InvalidValue),
        ("execution", "processVariables=x_gt_1", InvalidValue),
        ("job", "timers=true&messages=true", InvalidValue),
        ("job", "dueDates=gt_x", InvalidValue),
        ("job", "dueDates=eq_2050-01-01T00:00:00.000+0000", InvalidValue),
        ("batch", "suspended=x", InvalidValue),
        ("batch", "sortBy=startTime&sortOrder=asc", InvalidValue),
        ("history/incident", "open=true&deleted=true", Refused),
        ("history/process-instance", "active=true&suspended=true", BadUserRequest),
        ("history/variable-instance", "variableValue=Kermit", InvalidValue),
    ] {
        assert_eq!(get(of, query, Purpose::Rows), Err(expected), "{of}?{query}");
    }
}

#[test]
fn query_strings_are_read_leniently() {
    for (of, query) in [
        ("external-task", "noSuchParameter=x"),
        ("external-task", "priorityHigherThanOrEquals=1.5"),
        ("external-task", "firstResult=-1"),
        ("task", "maxResults="),
        ("task", "minPriority=1e3"),
        ("task", "dueDate="),
        ("task", "delegationState=pending"),
        ("batch", "startedAfter=x"),
        ("history/incident", "open=false"),
        ("history/external-task-log", "creationLog=true&failureLog=true"),
        ("history/process-instance", "incidentStatus=none"),
    ] {
        assert!(get(of, query, Purpose::Rows).is_ok(), "{of}?{query}");
    }
    assert!(get("task", "maxResults=x", Purpose::Count).is_ok(), "a count has no page");
}

#[test]
fn bodies_are_refused() {
    use QueryErrorKind::{InvalidValue, NotValid, NullValue, OperatorMissing, Refused, Unreadable};
    let variable =
        |name: Value, operator: Value, value: Value| json!([{"name": name, "operator": operator, "value": value}]);
    for (of, body, expected) in [
        ("external-task", json!([]), Unreadable),
        ("external-task", json!("text"), Unreadable),
        ("external-task", json!({"sorting": {}}), Unreadable),
        ("external-task", json!({"sorting": "id"}), Unreadable),
        ("external-task", json!({"topicName": ["a"]}), Unreadable),
        ("external-task", json!({"locked": "yes"}), Unreadable),
        ("external-task", json!({"priorityLowerThanOrEquals": "1.5"}), Unreadable),
        ("external-task", json!({"processVariables": "n_eq_1"}), Unreadable),
        ("external-task", json!({"activityIdIn": "left"}), Unreadable),
        ("external-task", json!({"activityIdIn": [null]}), NullValue),
        ("external-task", json!({"sorting": [{"sortBy": "createTime"}]}), NotValid),
        ("external-task", json!({"sorting": [{"sortBy": "priority", "sortOrder": "asc"}]}), NotValid),
        ("external-task", json!({"sorting": [{"sortBy": "createTime", "sortOrder": "up"}]}), NotValid),
        ("external-task", json!({"processVariables": variable(json!("n"), json!("is"), json!(2))}), InvalidValue),
        ("external-task", json!({"processVariables": variable(json!(null), json!("eq"), json!(2))}), NullValue),
        ("external-task", json!({"processVariables": variable(json!("n"), json!("gt"), json!(true))}), Refused),
        ("external-task", json!({"processVariables": variable(json!("n"), json!("gt"), json!(null))}), Refused),
        ("process-instance", json!({"variables": variable(json!("b"), json!("gt"), json!(true))}), NotValid),
        ("process-instance", json!({"variables": variable(json!(null), json!("eq"), json!(1))}), NotValid),
        ("process-instance", json!({"variables": variable(json!("n"), json!(null), json!(1))}), OperatorMissing),
        ("process-instance", json!({"variables": variable(json!("n"), json!("eq"), json!([1]))}), Refused),
        ("process-instance", json!({"processInstanceIds": []}), Refused),
        ("process-instance", json!({"orQueries": "x"}), Unreadable),
        ("task", json!({"sortBy": "name"}), InvalidValue),
        ("task", json!({"candidateGroups": []}), Refused),
        ("task", json!({"orQueries": [{"withCandidateGroups": true}]}), Refused),
        ("task", json!({"sorting": [{"sortBy": "processVariable", "sortOrder": "asc"}]}), NullValue),
        ("history/external-task-log", json!({"activityIdIn": [null]}), NotValid),
        ("history/external-task-log", json!({"tenantIdIn": [null]}), NullValue),
    ] {
        assert_eq!(post(of, &body), Err(expected), "{of} {body}");
    }
}

#[test]
fn bodies_are_read_leniently() {
    for (of, body) in [
        ("external-task", json!({"noSuchField": 1})),
        ("external-task", json!({"topicName": 5, "locked": 1, "priorityLowerThanOrEquals": 1.7})),
        ("external-task", json!({"activityIdIn": [], "externalTaskId": null, "priorityLowerThanOrEquals": ""})),
        ("task", json!({"firstResult": 4, "active": "true", "priority": "5", "dueDate": 5})),
        ("history/process-instance", json!({"orQueries": [{"active": true, "completed": true}]})),
        ("history/process-instance", json!({"orQueries": [{"sorting": [{"sortBy": "x"}]}]})),
        ("external-task", json!({"sorting": [{"sortBy": "nothing", "sortOrder": "up"}, {"sortBy": "nothing"}]})),
    ] {
        assert!(post(of, &body).is_ok(), "{of} {body}");
    }
}

fn insert(connection: &Connection, table: &'static Table, given: &[(&str, SqlValue)]) {
    let cells = table.columns.iter().map(|column| {
        let value = given.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value.clone());
        value.unwrap_or_else(|| match (column.is_nullable, column.kind) {
            (true, _) => SqlValue::Null,
            (false, query::ColumnKind::Id) => SqlValue::Uuid(Uuid(0)),
            (false, query::ColumnKind::Text) => SqlValue::Text("".into()),
            (false, query::ColumnKind::Blob) => SqlValue::Blob([].into()),
            (false, query::ColumnKind::Real) => SqlValue::Real(0.0),
            (false, _) => SqlValue::Integer(0),
        })
    });
    run(connection, &Mutation::insert(table, vec![cells.collect()]).render(Dialect::Sqlite));
}

/// Name, type, value.
type Variables = &'static [(&'static str, &'static str, &'static str)];

/// Instances by business key, with variables.
const INSTANCES: &[(&str, Variables)] = &[
    (
        "one",
        &[
            ("n", "Integer", "1"),
            ("s", "String", "Text"),
            ("d", "Double", "1.5"),
            ("b", "Boolean", "1"),
            ("L", "Long", "1"),
            ("date", "Date", "1704164645000"),
        ],
    ),
    (
        "two",
        &[
            ("n", "Integer", "2"),
            ("s", "String", "text two"),
            ("d", "Double", "2.5"),
            ("b", "Boolean", "0"),
            ("L", "Long", "10"),
            ("date", "Date", "1735787045000"),
        ],
    ),
    ("three", &[("n", "String", "1"), ("s", "Null", ""), ("d", "Integer", "1"), ("N", "Integer", "3")]),
    ("none", &[]),
];

fn instances() -> Connection {
    let connection = database();
    for (at, (key, variables)) in (1_u128..).zip(INSTANCES) {
        let id = SqlValue::Uuid(Uuid(at));
        let text = |text: &str| SqlValue::Text(text.into());
        insert(&connection, &tables::PROCESS_INSTANCE, &[("id", id.clone()), ("business_key", text(key))]);
        for (variable, (name, value_type, value)) in (1_u128..).zip(*variables) {
            let cell = match *value_type {
                "String" => Some(("text_value", text(value))),
                "Double" => Some(("real_value", SqlValue::Real(value.parse().expect("number")))),
                "Null" => None,
                _ => Some(("integer_value", SqlValue::Integer(value.parse().expect("number")))),
            };
            let mut given = vec![
                ("id", SqlValue::Uuid(Uuid(at * 100 + variable))),
                ("process_instance_id", id.clone()),
                ("execution_id", id.clone()),
                ("name", text(name)),
                ("value_type", text(value_type)),
            ];
            given.extend(cell);
            insert(&connection, &tables::VARIABLE, &given);
        }
    }
    connection
}

fn keys(connection: &Connection, request: &ListRequest) -> String {
    let mut select: Select = declared("process-instance").select(request, NOW);
    select.columns = vec![tables::PROCESS_INSTANCE.col("business_key").into()];
    let keys = run_select(connection, &select).into_iter().flatten().map(|key| match key {
        SqlValue::Text(key) => key.to_string(),
        other => panic!("{other:?}"),
    });
    keys.collect::<Vec<_>>().join(" ")
}

#[test]
fn conditions_on_variables() {
    let connection = instances();
    let time = "2024-01-02T03:04:05.000+0000";
    for (name, operator, value, expected) in [
        ("n", "eq", json!(1), "one"),
        ("n", "neq", json!(1), "two three"),
        ("n", "gt", json!(1), "two"),
        ("n", "gteq", json!(1), "one two"),
        ("n", "lt", json!(1), ""),
        ("n", "lteq", json!(1), "one"),
        ("n", "eq", json!("1"), "three"),
        ("n", "eq", json!(1.0), "one"),
        ("d", "eq", json!(1.5), "one"),
        ("d", "neq", json!(1.5), "two three"),
        ("d", "gt", json!(1.5), "two"),
        ("d", "lt", json!(1.5), ""),
        ("d", "lteq", json!(2), "one three"),
        ("date", "eq", json!(time), "one"),
        ("date", "neq", json!(time), "two"),
        ("date", "gt", json!(time), "two"),
        ("b", "eq", json!(true), "one"),
        ("b", "neq", json!(true), "two"),
        ("s", "eq", json!(null), "three"),
        ("s", "neq", json!(null), "one two"),
        ("s", "like", json!("%ext%"), "one two"),
        ("s", "like", json!("Te%"), "one"),
        ("n", "like", json!(1), ""),
        ("s", "eq", json!("TEXT"), ""),
        ("s", "gt", json!("Text"), "two"),
        ("L", "eq", json!(1), "one"),
        ("L", "gt", json!(1), "two"),
        ("N", "eq", json!(3), "three"),
        ("missing", "eq", json!(1), ""),
        ("missing", "neq", json!(1), ""),
    ] {
        let body = json!({"variables": [{"name": name, "operator": operator, "value": value}]});
        let request = post("process-instance", &body).expect("is read");
        assert_eq!(keys(&connection, &request), expected, "{name} {operator} {value}");
    }
    for (query, expected) in [
        // Values of a query string are texts.
        ("variables=n_eq_1", "three"),
        ("variables=s_eq_Text", "one"),
        ("variables=s_like_%ext%", "one two"),
        ("variables=b_eq_true", ""),
        ("variables=date_lteq_2024-01-02T03:04:05.000+0000", "one"),
        ("variables=s_eq_TEXT&variableValuesIgnoreCase=true", "one"),
        ("variables=S_eq_Text&variableNamesIgnoreCase=true", "one"),
        ("variables=s_like_TEXT%&variableValuesIgnoreCase=true", "one two"),
    ] {
        let request = get("process-instance", query, Purpose::Rows).expect("is read");
        assert_eq!(keys(&connection, &request), expected, "{query}");
    }
}

#[test]
fn or_queries() {
    let connection = instances();
    for (body, expected) in [
        (json!({"orQueries": [{"businessKey": "one", "processDefinitionKey": "x"}]}), "one"),
        (json!({"orQueries": [{"businessKey": "one", "businessKeyLike": "t%"}]}), "one two three"),
        (json!({"businessKey": "two", "orQueries": [{"businessKey": "one", "businessKeyLike": "t%"}]}), "two"),
        (json!({"orQueries": [{"businessKey": "one"}, {"businessKey": "two"}]}), ""),
        (json!({"orQueries": [{"orQueries": [{"businessKey": "one"}]}]}), "one two three none"),
        (json!({"orQueries": [{"sorting": [{"sortBy": "x", "sortOrder": "y"}]}]}), "one two three none"),
        (json!({"orQueries": [{}]}), "one two three none"),
        (json!({"orQueries": []}), "one two three none"),
    ] {
        let request = post("process-instance", &body).expect("is read");
        assert_eq!(keys(&connection, &request), expected, "{body}");
    }
}

#[test]
fn pages() {
    let connection = instances();
    for (page, expected) in [
        ("", "one two three none"),
        ("firstResult=1&maxResults=2", "two three"),
        ("firstResult=3", "none"),
        ("firstResult=9", ""),
        ("maxResults=0", ""),
        ("maxResults=-1", ""),
        ("firstResult=-1", ""),
    ] {
        let request = get("process-instance", page, Purpose::Rows).expect("is read");
        assert_eq!(keys(&connection, &request), expected, "{page}");
    }
}
