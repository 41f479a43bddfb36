//! Filters that are used all the time look rows up by an index.

use query::{Dialect, ListRequest, Purpose, SqlValue};

use crate::contract::declared;
use crate::database::{NOW, database, run};

const ID: &str = "01936f3a-0000-7000-8000-00000000000a";
const IDS: &str = "01936f3a-0000-7000-8000-000000000000,01936f3a-0000-7000-8001-000000000000";

/// The rows of an instance are a range of the table's key.
const IN_RANGE: &str = "USING PRIMARY KEY (id>? AND id<?)";

/// Resource, filter, value, how its own table is searched.
const HOT: &[(&str, &str, &str, &str)] = &[
    ("external-task", "externalTaskId", ID, "SEARCH external_task USING PRIMARY KEY (id=?)"),
    ("external-task", "processInstanceId", ID, IN_RANGE),
    ("external-task", "processInstanceIdIn", ID, IN_RANGE),
    ("task", "processInstanceId", ID, IN_RANGE),
    ("task", "assignee", "kermit", "task_by_assignee (assignee=?)"),
    ("process-instance", "processInstanceIds", ID, "SEARCH process_instance USING PRIMARY KEY (id=?)"),
    ("process-instance", "businessKey", "b", "process_instance_by_business_key (business_key=?)"),
    ("process-instance", "processDefinitionId", "p:1:x", "process_instance_by_definition (definition_id=?)"),
    ("external-task", "executionId", ID, IN_RANGE),
    ("execution", "processInstanceId", ID, IN_RANGE),
    ("variable-instance", "processInstanceIdIn", ID, IN_RANGE),
    ("variable-instance", "executionIdIn", ID, IN_RANGE),
    ("job", "processInstanceId", ID, IN_RANGE),
    ("job", "jobDefinitionId", ID, "job_by_definition (job_definition_id=?)"),
    ("incident", "processInstanceId", ID, IN_RANGE),
    ("incident", "configuration", ID, "incident_by_configuration (configuration=?)"),
    ("process-definition", "key", "k", "process_definition_by_version (key=?)"),
    ("process-definition", "deploymentId", ID, "process_definition_by_deployment (deployment_id=?)"),
    ("event-subscription", "eventType", "message", "event_subscription_by_event (event_type=?)"),
    ("history/process-instance", "processInstanceId", ID, "SEARCH historic_process_instance USING PRIMARY KEY (id=?)"),
    ("history/process-instance", "processInstanceBusinessKey", "b", "_by_business_key (business_key=?)"),
    ("history/process-instance", "processDefinitionId", "p", "_by_definition (definition_id=?)"),
    ("history/activity-instance", "processInstanceId", ID, IN_RANGE),
    ("history/variable-instance", "processInstanceId", ID, IN_RANGE),
    ("history/variable-instance", "processInstanceIdIn", ID, IN_RANGE),
    ("history/variable-instance", "processInstanceIdIn", IDS, "historic_variable USING PRIMARY KEY (id=?)"),
    ("history/detail", "processInstanceId", ID, IN_RANGE),
    ("history/incident", "processInstanceId", ID, IN_RANGE),
    ("history/external-task-log", "processInstanceId", ID, IN_RANGE),
];

#[test]
fn hot_filters_use_indexes() {
    let connection = database();
    let mut scans = Vec::new();
    for (of, name, value, expected) in HOT {
        let resource = declared(of);
        let pairs = [((*name).to_owned(), (*value).to_owned())];
        let request = ListRequest::from_query(resource, &pairs, Purpose::Rows).expect("is read");
        let list = resource.select(&request, NOW).render(Dialect::Sqlite);
        let count = resource.select_count(&request, NOW).render_count(Dialect::Sqlite);
        for mut statement in [list, count] {
            statement.text.insert_str(0, "EXPLAIN QUERY PLAN ");
            let plan: Vec<String> = run(&connection, &statement)
                .into_iter()
                .filter_map(|row| match row.last() {
                    Some(SqlValue::Text(detail)) => Some(detail.to_string()),
                    _ => None,
                })
                .collect();
            // Of a view each table is searched.
            let own = if *of == "history/detail" { &plan[..] } else { &plan[..1] };
            if !own.iter().any(|step| step.contains(expected)) || own.iter().any(|step| step.starts_with("SCAN hist")) {
                scans.push(format!("{of}?{name}: {plan:?}"));
            }
        }
    }
    assert!(scans.is_empty(), "{scans:#?}");
}

/// So are those of the instance that a row outside belongs to, and of each instance that is named.
#[test]
fn rows_of_other_tables_are_looked_for_in_ranges() {
    let connection = database();
    let body = serde_json::json!({"variables": [{"name": "a", "operator": "eq", "value": 1}], "activityIdIn": ["b"]});
    let cases = [
        ("history/process-instance", body, 2),
        (
            "history/variable-instance",
            serde_json::json!({"processInstanceIdIn": IDS.split(',').collect::<Vec<_>>()}),
            1,
        ),
        ("process-instance", serde_json::json!({"activityIdIn": ["b"], "withIncident": true}), 2),
    ];
    for (of, body, ranges) in cases {
        let resource = declared(of);
        let request = ListRequest::from_body(resource, &body, &[], Purpose::Rows).expect("is read");
        let mut statement = resource.select(&request, NOW).render(Dialect::Sqlite);
        statement.text.insert_str(0, "EXPLAIN QUERY PLAN ");
        let plan = format!("{:?}", run(&connection, &statement));
        assert_eq!(plan.matches(IN_RANGE).count(), ranges, "{of}: {plan}");
    }
}

/// A walk of the table would grow with what nobody asked for.
#[test]
fn statistics_walk_indexes() {
    let connection = database();
    for (mut statement, expected) in [
        (query::statistics::ready_tasks_by_topic(), "USING COVERING INDEX external_task_fetch_by_priority"),
        (query::statistics::locked_tasks_by_topic(), "USING INDEX external_task_next_available"),
    ] {
        statement.text.insert_str(0, "EXPLAIN QUERY PLAN ");
        let plan = format!("{:?}", run(&connection, &statement));
        assert!(plan.contains(expected), "{plan}");
    }
}

#[test]
fn joins_are_by_key() {
    let connection = database();
    for resource in query::resource::ALL {
        let request = ListRequest::from_query(resource, &[], Purpose::Rows).expect("is read");
        let mut statement = resource.select(&request, NOW).render(Dialect::Sqlite);
        statement.text.insert_str(0, "EXPLAIN QUERY PLAN ");
        let scans = run(&connection, &statement).into_iter().filter(|row| match row.last() {
            Some(SqlValue::Text(detail)) => detail.starts_with("SCAN"),
            _ => false,
        });
        // Details are in two tables.
        let tables = if resource.name == "history/detail" { 2 } else { 1 };
        assert_eq!(scans.count(), tables, "{}: {}", resource.name, statement.text);
    }
}
