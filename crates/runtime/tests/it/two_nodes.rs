//! Two runtimes on one PostgreSQL: whatever one of them has done, the other one goes on from there.

use std::sync::Arc;
use std::time::Duration;

use engine::{Command, VariablePatch, VariableReach};
use query::{Dialect, tables};
use runtime::{Cascade, DefinitionSet, JobExecutor, LocatedBy, Nodes, Runtime, Settings, TenantChoice};
use store::PostgresStore;
use types::{ProcessInstanceId, VariableMap, VariableValue};

use crate::support::*;

async fn node(url: &str) -> Runtime {
    let settings = Settings {
        dialect: Dialect::Postgres,
        nodes: Nodes::Several,
        job_executor: JobExecutor::Off,
        ..Settings::default()
    };
    let store = Arc::new(PostgresStore::open(url).await.expect("opens"));
    Runtime::open(store, settings).await.expect("opens")
}

async fn two_nodes() -> (Runtime, Runtime) {
    let schema = throwaway_postgres::unique_name();
    let url = throwaway_postgres::server_url();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the server is there");
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.expect("a new schema");
    let url = throwaway_postgres::with_schema(&url, &schema);
    (node(&url).await, node(&url).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definitions_are_seen_by_all_at_once() {
    let (one, other) = two_nodes().await;
    for round in 1..=3 {
        deploy(&one, &external_task_model("order", &format!("work{round}"), "")).await;
        let row = other.definition_row(&latest("order")).await.expect("looks").expect("it is there");
        assert_eq!(row.version, round);
        start(&other, "order").await;
        assert_eq!(fetch_ids(&one, "ann", &format!("work{round}")).await.len(), 1, "as the new version says");
    }
    one.delete_process_definitions(
        DefinitionSet::ByKey { key: "order".into(), tenant: TenantChoice::None },
        Cascade::On,
    )
    .await
    .expect("deletes");
    assert_eq!(other.definition_row(&latest("order")).await, Ok(None));
    other.start_process_instance(latest("order"), None, VariableMap::new()).await.expect_err("it is gone everywhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn deployments_of_the_same_process_at_once_are_versions_in_a_row() {
    let (one, other) = two_nodes().await;
    let model = external_task_model("order", "work", "");
    for _ in 0..3 {
        tokio::join!(deploy(&one, &model), deploy(&other, &model));
    }
    let row = one.definition_row(&latest("order")).await.expect("looks").expect("it is there");
    assert_eq!(row.version, 6);
    assert_eq!(count(&other, &tables::PROCESS_DEFINITION).await, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_goes_on_from_what_any_node_has_done() {
    let (one, other) = two_nodes().await;
    deploy(&one, &external_task_model("order", "work", "")).await;
    let instance = start(&one, "order").await;
    let task = fetch_ids(&other, "ann", "work").await[0];
    // Still in the memory of the first one, without its lock.
    one.execute(complete(task, "bob")).await.expect_err("it is ann's");
    one.execute(set("n", VariableValue::Integer(1), instance)).await.expect("sets");
    let seen = other.inspect(LocatedBy::ProcessInstance(instance), |aggregate| aggregate.variables().count()).await;
    assert_eq!(seen, Ok(Some(1)));
    other.execute(set("m", VariableValue::Integer(2), instance)).await.expect("its state was old, and is loaded");
    one.execute(complete(task, "ann")).await.expect("ann may");
    other.execute(complete(task, "ann")).await.expect_err("it is done");
    assert_eq!(other.inspect(LocatedBy::ProcessInstance(instance), |_| ()).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_lock_is_refused_everywhere() {
    let (one, other) = two_nodes().await;
    deploy(&one, &external_task_model("order", "work", "")).await;
    start(&one, "order").await;
    let mut short = fetch("ann", "work");
    short.topics[0].claim.lock_duration_ms = 1;
    let task = one.fetch_and_lock(short).await.expect("fetches").delivered().remove(0).locked.task.id;
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(fetch_ids(&other, "bob", "work").await, [task]);
    one.execute(complete(task, "ann")).await.expect_err("bob has it now");
    one.execute(complete(task, "bob")).await.expect("bob may, on any node");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_is_answered_by_what_another_node_starts() {
    let (one, other) = two_nodes().await;
    deploy(&one, &external_task_model("order", "work", "")).await;
    for _ in 0..5 {
        let waiting = {
            let other = other.clone();
            tokio::spawn(
                async move { other.fetch_and_lock(poll("bob", "work")).await.expect("polls").delivered().len() },
            )
        };
        parked(&other, 1).await;
        start(&one, "order").await;
        assert_eq!(waiting.await.expect("no panic"), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_task_is_worked_once() {
    const TASKS: usize = 200;
    let (one, other) = two_nodes().await;
    deploy(&one, &external_task_model("order", "work", "")).await;
    for n in 0..TASKS {
        start(if n % 2 == 0 { &one } else { &other }, "order").await;
    }
    let worker = |runtime: Runtime, finisher: Runtime, name: &'static str| async move {
        let mut worked = 0;
        loop {
            let tasks = fetch_ids(&runtime, name, "work").await;
            if tasks.is_empty() {
                return worked;
            }
            for task in tasks {
                finisher.execute(complete(task, name)).await.expect("it is this worker's");
                worked += 1;
            }
        }
    };
    let workers = [
        tokio::spawn(worker(one.clone(), other.clone(), "a")),
        tokio::spawn(worker(other.clone(), one.clone(), "b")),
        tokio::spawn(worker(one.clone(), one.clone(), "c")),
        tokio::spawn(worker(other.clone(), other.clone(), "d")),
    ];
    let mut worked = 0;
    for done in workers {
        worked += done.await.expect("no panic");
    }
    assert_eq!(worked, TASKS);
    assert_eq!(count(&one, &tables::PROCESS_INSTANCE).await, 0);
}

fn set(name: &str, value: VariableValue, instance: ProcessInstanceId) -> Command {
    Command::PatchVariables {
        execution_id: instance.into(),
        reach: VariableReach::Local,
        patch: VariablePatch { modifications: variables(&[(name, value)]), deletions: Vec::new() },
    }
}
