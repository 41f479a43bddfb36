//! Commands of one instance, one after another.

use std::sync::atomic::Ordering;

use engine::{Command, RejectionKind, VariablePatch, VariableReach};
use query::tables;
use runtime::{ClaimVariables, Error, LocatedBy, Nodes, Settings, StoreError};
use types::{ProcessInstanceId, VariableValue};

use crate::support::*;

fn set(instance: ProcessInstanceId, name: &str, value: i32) -> Command {
    Command::PatchVariables {
        execution_id: instance.into(),
        reach: VariableReach::Local,
        patch: VariablePatch {
            modifications: variables(&[(name, VariableValue::Integer(value))]),
            deletions: Vec::new(),
        },
    }
}

#[tokio::test]
async fn an_instance_is_started_worked_and_gone() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let instance = start(&runtime, "order").await;
    let tasks = fetch_ids(&runtime, "ann", "work").await;
    assert_eq!(tasks.len(), 1);
    assert!(fetch_ids(&runtime, "bob", "work").await.is_empty());
    assert!(is_refused(&runtime.execute(complete(tasks[0], "bob")).await, RejectionKind::BadUserRequest));
    runtime.execute(complete(tasks[0], "ann")).await.expect("it is ann's");
    assert!(is_refused(&runtime.execute(complete(tasks[0], "ann")).await, RejectionKind::NotFound));
    assert_eq!(runtime.inspect(LocatedBy::ProcessInstance(instance), |_| ()).await, Ok(None));
    assert_eq!(count(&runtime, &tables::EXECUTION).await, 0);
    assert_eq!(count(&runtime, &tables::HISTORIC_PROCESS_INSTANCE).await, 1);
}

#[tokio::test]
async fn commands_at_once_all_take_place() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let instance = start(&runtime, "order").await;
    let commands = (0..50).map(|n| {
        let runtime = runtime.clone();
        tokio::spawn(async move { runtime.execute(set(instance, &format!("v{n}"), n)).await })
    });
    for command in commands.collect::<Vec<_>>() {
        command.await.expect("no panic").expect("no conflict within one node");
    }
    assert_eq!(count(&runtime, &tables::VARIABLE).await, 50);
    let revision = runtime.inspect(LocatedBy::ProcessInstance(instance), |aggregate| aggregate.revision()).await;
    let first = runtime.inspect(LocatedBy::ProcessInstance(instance), |aggregate| aggregate.row_count()).await;
    assert!(revision.expect("readable") >= Some(50));
    assert_eq!(first.expect("readable"), Some(50 + 4), "an instance, two executions and a task");
}

#[tokio::test]
async fn a_conflict_with_another_node_is_decided_again() {
    let staged = Staged::memory();
    let (here, there) = (runtime_on(&staged, settings()).await, runtime_on(&staged, settings()).await);
    deploy(&here, &external_task_model("order", "work", "")).await;
    let instance = start(&here, "order").await;
    for round in 0..3 {
        here.execute(set(instance, "here", round)).await.expect("decided again if need be");
        there.execute(set(instance, "there", round)).await.expect("decided again if need be");
    }
    let values = here.inspect(LocatedBy::ProcessInstance(instance), |aggregate| {
        aggregate.variables_visible_from(aggregate.root().expect("runs").id.into())
    });
    // What is in memory here may be one step behind the other node, never wrong about its own.
    assert!(values.await.expect("readable").expect("runs").contains(&("here".into(), VariableValue::Integer(2))));
    assert_eq!(count(&here, &tables::VARIABLE).await, 2);
}

#[tokio::test]
async fn a_claim_elsewhere_is_noticed_before_a_task_is_completed() {
    let staged = Staged::memory();
    let (here, there) = (runtime_on(&staged, settings()).await, runtime_on(&staged, settings()).await);
    deploy(&here, &external_task_model("order", "work", "")).await;
    start(&here, "order").await;
    let task = fetch_ids(&here, "ann", "work").await[0];
    here.execute(unlock(task)).await.expect("unlocks");
    assert_eq!(fetch_ids(&there, "bob", "work").await, [task]);
    assert!(is_refused(&here.execute(complete(task, "ann")).await, RejectionKind::BadUserRequest));
    there.execute(complete(task, "bob")).await.expect("it is bob's");
}

#[tokio::test]
async fn endless_conflicts_end_in_an_error() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, settings()).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let instance = start(&runtime, "order").await;
    staged.fail_next(std::iter::repeat_n(StoreError::Conflict, 100));
    let result = runtime.execute(set(instance, "v", 1)).await;
    assert!(matches!(result, Err(Error::OptimisticLocking { .. })), "{result:?}");
}

#[tokio::test]
async fn what_was_built_on_a_failed_commit_is_decided_again() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, settings()).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    start(&runtime, "order").await;
    let task = fetch_ids(&runtime, "ann", "work").await[0];
    staged.hold();
    staged.fail_next([StoreError::Unavailable("the disk is full".to_owned())]);
    let first = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.execute(complete(task, "ann")).await }
    });
    let second = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.execute(complete(task, "ann")).await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!first.is_finished() && !second.is_finished(), "nobody is told what is not durable");
    staged.release();
    let (first, second) = (first.await.expect("no panic"), second.await.expect("no panic"));
    let failed = [&first, &second].into_iter().filter(|result| matches!(result, Err(Error::Store(_)))).count();
    let done = [&first, &second].into_iter().filter(|result| result.is_ok()).count();
    assert_eq!((failed, done), (1, 1), "one ran into the full disk, the other found the task still there");
}

#[tokio::test]
async fn commands_together_are_all_or_none() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let (one, two) = (start(&runtime, "order").await, start(&runtime, "order").await);
    let (one, two) = (task_of(&runtime, one).await, task_of(&runtime, two).await);
    let retries = |id, retries| Command::SetExternalTaskRetries { id, retries };
    runtime.execute_together(vec![retries(one, 5), retries(two, 5), retries(one, 6)]).await.expect("both are there");
    let mut left = column(&runtime, &tables::EXTERNAL_TASK, "retries").await;
    left.sort_by_key(|value| format!("{value:?}"));
    assert_eq!(left, [query::SqlValue::Integer(5), query::SqlValue::Integer(6)]);
    let refused = runtime.execute_together(vec![retries(one, 9), retries(two, -1)]).await;
    assert!(is_refused(&refused, RejectionKind::BadUserRequest), "{refused:?}");
    let unknown = runtime.execute_together(vec![retries(one, 9), retries(types::Uuid(7).into(), 1)]).await;
    assert!(is_refused(&unknown, RejectionKind::NotFound), "{unknown:?}");
    runtime.execute(retries(two, 7)).await.expect("it is not in the way of later ones");
    assert!(!column(&runtime, &tables::EXTERNAL_TASK, "retries").await.contains(&query::SqlValue::Integer(9)));
}

#[tokio::test]
async fn a_cache_without_room_changes_nothing_but_the_pace() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, Settings { aggregate_cache_bytes: 0, ..settings() }).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    for _ in 0..3 {
        let instance = start(&runtime, "order").await;
        runtime.execute(set(instance, "v", 1)).await.expect("loaded again");
    }
    for task in fetch_ids(&runtime, "ann", "work").await {
        runtime.execute(complete(task, "ann")).await.expect("loaded again");
    }
    assert_eq!(count(&runtime, &tables::EXECUTION).await, 0);
}

#[tokio::test]
async fn too_much_at_once_is_refused() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, Settings { in_flight_max: 0, ..settings() }).await;
    let result = runtime.execute(unlock(types::Uuid(1).into())).await;
    assert_eq!(result, Err(Error::Overloaded { in_flight_max: 0 }));
}

/// Those in memory come with a task without a look at the store.
#[tokio::test]
async fn a_task_comes_with_the_same_variables_from_memory_and_from_the_store() {
    let body = r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="sub"/>
      <bpmn:subProcess id="sub"><bpmn:extensionElements><camunda:inputOutput>
        <camunda:inputParameter name="b">of the sub-process</camunda:inputParameter>
      </camunda:inputOutput></bpmn:extensionElements>
      <bpmn:startEvent id="in"/><bpmn:sequenceFlow id="f2" sourceRef="in" targetRef="task"/>
      <bpmn:serviceTask id="task" camunda:type="external" camunda:topic="work"><bpmn:extensionElements>
        <camunda:inputOutput><camunda:inputParameter name="c">of the task</camunda:inputParameter></camunda:inputOutput>
      </bpmn:extensionElements></bpmn:serviceTask></bpmn:subProcess>"#;
    let staged = Staged::memory();
    let warm = runtime_on(&staged, settings()).await;
    deploy(&warm, &model("order", body)).await;
    let given = [
        ("a", VariableValue::Integer(1)),
        ("b", VariableValue::String("hidden".into())),
        ("d", VariableValue::Date(types::Timestamp(1_700_000_000_123))),
        ("e", VariableValue::TypedNull(types::VariableType::Long)),
        ("f", VariableValue::Double(0.1)),
        ("g", VariableValue::Json(r#"{"x": [1]}"#.into())),
        ("h", VariableValue::Null),
    ];
    start_with(&warm, "order", variables(&given)).await;
    for (names, is_local_only, count) in [
        (None, false, 7 + 1),
        (None, true, 1),
        (Some(vec!["b".into(), "c".into(), "missing".into()]), false, 2),
        (Some(vec!["a".into()]), true, 0),
        (Some(Vec::new()), false, 0),
    ] {
        let mut request = fetch("ann", "work");
        request.topics[0].claim.variables = ClaimVariables { names, is_local_only };
        let mut seen = Vec::new();
        let alone = runtime_on(&staged, settings()).await;
        let one_of_several = runtime_on(&staged, Settings { nodes: Nodes::Several, ..settings() }).await;
        for runtime in [warm.clone(), alone, one_of_several] {
            let fetched = runtime.fetch_and_lock(request.clone()).await.expect("can be fetched").delivered();
            assert_eq!(fetched.len(), 1);
            runtime.execute(unlock(fetched[0].locked.task.id)).await.expect("unlocks");
            seen.push(fetched[0].locked.variables.clone());
        }
        assert!(seen.iter().all(|variables| *variables == seen[0]), "{seen:?}");
        assert_eq!(seen[0].len(), count, "{:?}", seen[0]);
    }
}

/// What was read as its task was fetched serves its completion, too, unless it is long.
#[tokio::test]
async fn a_fetched_instance_is_not_loaded_again() {
    let staged = Staged::memory();
    let before = runtime_on(&staged, settings()).await;
    deploy(&before, &external_task_model("order", "work", "")).await;
    let long = "x".repeat(100_000);
    for (name, value) in [("a", "short"), ("a", &*long), ("b", "short")] {
        start_with(&before, "order", variables(&[(name, VariableValue::String(value.into()))])).await;
    }
    let runtime = runtime_on(&staged, settings()).await;
    staged.loads.store(0, Ordering::SeqCst);
    let fetched = runtime.fetch_and_lock(fetch("ann", "work")).await.expect("can be fetched").delivered();
    let seen: Vec<_> = fetched.iter().map(|task| &*task.locked.variables[0].0).collect();
    assert_eq!(seen, ["a", "a", "b"]);
    assert_eq!(fetched[1].locked.variables[0].1, VariableValue::String(long.into()));
    for task in &fetched {
        runtime.execute(complete(task.locked.task.id, "ann")).await.expect("it is ann's");
    }
    assert_eq!(staged.loads.load(Ordering::SeqCst), 1, "the long one");
    assert_eq!(count(&runtime, &tables::PROCESS_INSTANCE).await, 0);
}

/// Who fetches reads an instance, another one changes it meanwhile: none works on what was read before.
#[tokio::test]
async fn commands_and_claims_of_one_instance_at_once_lose_nothing() {
    let staged = Staged::memory();
    let before = runtime_on(&staged, settings()).await;
    deploy(&before, &external_task_model("order", "work", "")).await;
    let instance = start(&before, "order").await;
    let task = task_of(&before, instance).await;
    for round in 0..20 {
        let runtime = runtime_on(&staged, settings()).await;
        let claims = ["ann", "bob"].map(|worker| {
            let runtime = runtime.clone();
            tokio::spawn(async move { fetch_ids(&runtime, worker, "work").await.len() })
        });
        let changes = (0..3).map(|n| {
            let runtime = runtime.clone();
            tokio::spawn(async move { runtime.execute(set(instance, &format!("v{n}"), round)).await })
        });
        for change in changes.collect::<Vec<_>>() {
            change.await.expect("no panic").expect("no conflict within one node");
        }
        let mut fetched = 0;
        for claim in claims {
            fetched += claim.await.expect("no panic");
        }
        assert_eq!(fetched, 1, "one of them has it");
        runtime.execute(unlock(task)).await.expect("unlocks");
        let mut seen = runtime.fetch_and_lock(fetch("eve", "work")).await.expect("can be fetched").delivered();
        let seen = seen.pop().expect("was unlocked").locked.variables;
        assert_eq!(seen.len(), 3);
        assert!(seen.iter().all(|(_, value)| *value == VariableValue::Integer(round)), "{seen:?}");
        runtime.execute(unlock(task)).await.expect("unlocks");
    }
}
