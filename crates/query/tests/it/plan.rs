//! Filters that are used all the time look rows up by an index.

use query::{Dialect, ListRequest, Purpose, SqlValue};

use crate::contract::declared;
use crate::database::{NOW, database, run};

const ID: &str = "01936f3a-0000-7000-8000-00000000000a";

/// Resource, filter, value, how its own table is searched.
const HOT: &[(&str, &str, &str, &str)] = &[
    ("external-task", "externalTaskId", ID, "SEARCH external_task USING PRIMARY KEY (id=?)"),
    ("external-task", "processInstanceId", ID, "external_task_by_process_instance (process_instance_id=?)"),
    ("external-task", "processInstanceIdIn", ID, "external_task_by_process_instance (process_instance_id=?)"),
    ("task", "processInstanceId", ID, "task_by_process_instance (process_instance_id=?)"),
    ("task", "assignee", "kermit", "task_by_assignee (assignee=?)"),
    ("process-instance", "processInstanceIds", ID, "SEARCH process_instance USING PRIMARY KEY (id=?)"),
    ("process-instance", "businessKey", "b", "process_instance_by_business_key (business_key=?)"),
    ("process-instance", "processDefinitionId", "p:1:x", "process_instance_by_definition (definition_id=?)"),
    ("execution", "processInstanceId", ID, "execution_by_process_instance (process_instance_id=?)"),
    ("variable-instance", "processInstanceIdIn", ID, "variable_by_process_instance (process_instance_id=?)"),
    ("variable-instance", "executionIdIn", ID, "variable_by_execution (execution_id=?)"),
    ("job", "processInstanceId", ID, "job_by_process_instance (process_instance_id=?)"),
    ("job", "jobDefinitionId", ID, "job_by_definition (job_definition_id=?)"),
    ("incident", "processInstanceId", ID, "incident_by_process_instance (process_instance_id=?)"),
    ("incident", "configuration", ID, "incident_by_configuration (configuration=?)"),
    ("process-definition", "key", "k", "process_definition_by_version (key=?)"),
    ("process-definition", "deploymentId", ID, "process_definition_by_deployment (deployment_id=?)"),
    ("event-subscription", "eventType", "message", "event_subscription_by_event (event_type=?)"),
    ("history/process-instance", "processInstanceId", ID, "SEARCH historic_process_instance USING PRIMARY KEY (id=?)"),
    ("history/process-instance", "processInstanceBusinessKey", "b", "_by_business_key (business_key=?)"),
    ("history/process-instance", "processDefinitionId", "p", "_by_definition (definition_id=?)"),
    ("history/activity-instance", "processInstanceId", ID, "_by_process_instance (process_instance_id=?)"),
    ("history/variable-instance", "processInstanceId", ID, "_by_process_instance (process_instance_id=?)"),
    ("history/variable-instance", "processInstanceIdIn", ID, "_by_process_instance (process_instance_id=?)"),
    ("history/incident", "processInstanceId", ID, "_by_process_instance (process_instance_id=?)"),
    ("history/external-task-log", "processInstanceId", ID, "_by_process_instance (process_instance_id=?)"),
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
            if !plan[0].contains(expected) {
                scans.push(format!("{of}?{name}: {plan:?}"));
            }
        }
    }
    assert!(scans.is_empty(), "{scans:#?}");
}

/// A walk of the table would grow with what nobody asked for.
#[test]
fn statistics_walk_indexes() {
    let connection = database();
    for (mut statement, expected) in [
        (query::statistics::ready_tasks_by_topic(), "USING COVERING INDEX external_task_fetch_in_order"),
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
        assert_eq!(scans.count(), 1, "{}: {}", resource.name, statement.text);
    }
}
