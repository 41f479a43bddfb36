//! Two runtimes on one PostgreSQL: whatever one of them has done, the other one goes on from there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::{Command, RejectionKind, VariablePatch, VariableReach};
use query::{Dialect, SqlValue, tables};
use runtime::{
    Cascade, DefinitionSet, DefinitionSuspension, Error, InstancesOfDefinition, JobExecutor, LocatedBy, Nodes, Runtime,
    Settings, SuspensionState, TenantChoice,
};
use store::PostgresStore;
use types::{JobId, ProcessInstanceId, VariableMap, VariableValue};

use crate::job_executor::{ended, logged, timers_model, until_empty};
use crate::support::*;

async fn node(url: &str, job_executor: JobExecutor) -> Runtime {
    let settings = Settings { dialect: Dialect::Postgres, nodes: Nodes::Several, job_executor, ..Settings::default() };
    let store = Arc::new(PostgresStore::open(url).await.expect("opens"));
    Runtime::open(store, settings).await.expect("opens")
}

async fn two_nodes() -> (Runtime, Runtime) {
    let url = database().await;
    (node(&url, JobExecutor::Off).await, node(&url, JobExecutor::Off).await)
}

/// A schema of one's own.
async fn database() -> String {
    let schema = throwaway_postgres::unique_name();
    let url = throwaway_postgres::server_url();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the server is there");
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.expect("a new schema");
    throwaway_postgres::with_schema(&url, &schema)
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn executors_of_two_nodes_and_requests_do_no_job_twice() {
    let url = database().await;
    let by_hand = node(&url, JobExecutor::Off).await;
    deploy(&by_hand, &timers_model(4, "PT0S")).await;
    for _ in 0..25 {
        start(&by_hand, "order").await;
    }
    let jobs: Vec<JobId> = column(&by_hand, &tables::JOB, "id").await.iter().map(crate::deployment::job_id).collect();
    let nodes = [node(&url, JobExecutor::On).await, node(&url, JobExecutor::On).await];
    for job in jobs {
        // Some executor may have been faster.
        let _ = by_hand.execute_job(job).await;
    }
    until_empty(&by_hand, &tables::JOB).await;
    assert_eq!(ended(&by_hand).await, 25);
    assert_eq!((logged(&by_hand, 1).await, logged(&by_hand, 2).await), (0, 100));
    for node in nodes {
        node.shutdown().await;
    }
}

/// Starts on one node until nothing starts any more; the other one does something about the definition meanwhile.
async fn race(starter: &Runtime, key: &str, interfere: impl Future<Output = ()>) -> usize {
    let is_over = AtomicBool::new(false);
    let starting = async {
        let mut started = 0;
        while !is_over.load(Ordering::Relaxed) {
            let starts = (0..8).map(|_| starter.start_process_instance(latest(key), None, VariableMap::new()));
            for start in futures_util::future::join_all(starts).await {
                match start {
                    Ok(_) => started += 1,
                    Err(error @ Error::Rejected(_)) => {
                        let result: Result<(), Error> = Err(error);
                        assert!(
                            is_refused(&result, RejectionKind::NotFound)
                                || is_refused(&result, RejectionKind::Suspended),
                            "{result:?}"
                        );
                    }
                    Err(other) => panic!("a start is done or refused, not {other:?}"),
                }
            }
        }
        started
    };
    let interfering = async {
        interfere.await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(starting, interfering).0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_instance_outlives_its_definition_that_another_node_deletes() {
    const ROUNDS: u64 = 25;
    let (one, other) = two_nodes().await;
    let model = external_task_model("order", "work", "");
    let which = || DefinitionSet::ByKey { key: "order".into(), tenant: TenantChoice::None };
    let mut started = 0;
    for round in 0..ROUNDS {
        deploy(&one, &model).await;
        started += race(&other, "order", async {
            tokio::time::sleep(Duration::from_millis(round % 7)).await;
            // Without cascade it is refused while there are instances: those that were there stay as they are.
            if round % 2 == 0 {
                let refused = one.delete_process_definitions(which(), Cascade::Off).await;
                assert!(refused.is_ok() || is_refused(&refused, RejectionKind::ProcessEngine), "{refused:?}");
            }
            match one.delete_process_definitions(which(), Cascade::On).await {
                Ok(()) => {}
                gone => assert!(is_refused(&gone, RejectionKind::NotFound) && round % 2 == 0, "{gone:?}"),
            }
        })
        .await;
        assert_eq!(count(&one, &tables::PROCESS_DEFINITION).await, 0, "in round {round}");
        assert_eq!(count(&one, &tables::PROCESS_INSTANCE).await, 0, "in round {round}");
        assert_eq!(count(&one, &tables::EXTERNAL_TASK).await, 0, "in round {round}");
    }
    assert!(started > 0, "the rounds are no race");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_that_begin_while_another_node_suspends_are_suspended_with_the_others() {
    const ROUNDS: u64 = 25;
    let (one, other) = two_nodes().await;
    deploy(&one, &external_task_model("order", "work", "")).await;
    let suspension = |state| DefinitionSuspension {
        which: DefinitionSet::ByKey { key: "order".into(), tenant: TenantChoice::None },
        state,
        instances: InstancesOfDefinition::Included,
        at: None,
    };
    let mut started = 0;
    for round in 0..ROUNDS {
        started += race(&other, "order", async {
            tokio::time::sleep(Duration::from_millis(round % 7)).await;
            one.set_definition_suspension(suspension(SuspensionState::Suspended)).await.expect("suspends");
        })
        .await;
        let is_suspended = column(&one, &tables::PROCESS_INSTANCE, "is_suspended").await;
        assert!(is_suspended.iter().all(|cell| *cell == SqlValue::Integer(1)), "in round {round}: {is_suspended:?}");
        assert_eq!(fetch_ids(&other, "ann", "work").await, [], "in round {round}");
        one.set_definition_suspension(suspension(SuspensionState::Active)).await.expect("activates");
    }
    assert!(started > 0, "the rounds are no race");
}

/// News are no help here: it is the command that asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_activities_of_running_instances_call_what_was_deployed_last() {
    let (one, other) = two_nodes().await;
    let called = |topic: &str| external_task_model("called", topic, "");
    deploy(&one, &called("v1")).await;
    let caller = r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="prepare"/>
        <bpmn:serviceTask id="prepare" camunda:type="external" camunda:topic="prepare"/>
        <bpmn:sequenceFlow id="f2" sourceRef="prepare" targetRef="call"/>
        <bpmn:callActivity id="call" calledElement="called"/>
        <bpmn:sequenceFlow id="f3" sourceRef="call" targetRef="end"/><bpmn:endEvent id="end"/>"#;
    deploy(&one, &model("caller", caller)).await;
    for version in 1..=5 {
        for _ in 0..2 {
            start(&other, "caller").await;
        }
        let prepared = fetch_ids(&other, "ann", "prepare").await;
        other.execute(complete(prepared[0], "ann")).await.expect("calls");
        deploy(&one, &called(&format!("v{}", version + 1))).await;
        other.execute(complete(prepared[1], "ann")).await.expect("calls");
        let (before, after) = (format!("v{version}"), format!("v{}", version + 1));
        assert_eq!(fetch_ids(&one, "bob", &before).await.len(), 1);
        assert_eq!(fetch_ids(&one, "bob", &after).await.len(), 1);
    }
}

/// The aggregate of the caller is in the memory of one node when the other one deletes what was called.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_goes_on_without_the_called_instance_that_another_node_deletes() {
    let (one, other) = two_nodes().await;
    deploy(&one, &external_task_model("called", "work", "")).await;
    let caller = r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="call"/>
        <bpmn:callActivity id="call" calledElement="called"/>
        <bpmn:sequenceFlow id="f2" sourceRef="call" targetRef="end"/><bpmn:endEvent id="end"/>"#;
    deploy(&one, &model("caller", caller)).await;
    let instance = start(&other, "caller").await;
    let task = fetch_ids(&other, "ann", "work").await[0];
    let instances = column(&other, &tables::PROCESS_INSTANCE, "id").await;
    let called = instances.into_iter().map(id_of).find(|id| *id != instance.0).expect("one was called");
    other.execute(set("n", VariableValue::Integer(1), instance)).await.expect("sets");

    let which = DefinitionSet::ByKey { key: "called".into(), tenant: TenantChoice::None };
    one.delete_process_definitions(which, Cascade::On).await.expect("deletes");
    let late = other.execute(set("m", VariableValue::Integer(2), ProcessInstanceId(called))).await;
    assert!(is_refused(&late, RejectionKind::ProcessEngine) || is_refused(&late, RejectionKind::NotFound), "{late:?}");
    other.execute(complete(task, "ann")).await.expect_err("it has gone");
    other.execute(set("n", VariableValue::Integer(3), instance)).await.expect("the caller is there");
    let left = other.inspect(LocatedBy::ProcessInstance(instance), |aggregate| aggregate.process_instances().count());
    assert_eq!(left.await, Ok(Some(1)), "the caller alone");
    assert_eq!(column(&other, &tables::VARIABLE, "integer_value").await, [SqlValue::Integer(3)]);
    assert_eq!(count(&other, &tables::EXTERNAL_TASK).await, 0);
}

fn set(name: &str, value: VariableValue, instance: ProcessInstanceId) -> Command {
    Command::PatchVariables {
        execution_id: instance.into(),
        reach: VariableReach::Local,
        patch: VariablePatch { modifications: variables(&[(name, value)]), deletions: Vec::new() },
    }
}
