//! Waiting for external tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use engine::Command;
use query::{SqlValue, tables};
use runtime::{
    Clock, DefinitionSet, DefinitionSuspension, Error, FetchRequest, FetchedTasks, InstancesOfDefinition, Runtime,
    Settings, StoreError, SuspensionState, TenantChoice,
};
use tokio::task::JoinHandle;
use types::{Timestamp, VariableMap};

use crate::support::*;

fn spawn_poll(runtime: &Runtime, request: FetchRequest) -> JoinHandle<FetchedTasks> {
    let runtime = runtime.clone();
    tokio::spawn(async move { runtime.fetch_and_lock(request).await.expect("polls") })
}

/// A poll that waits while `wake` happens, and is answered by it.
async fn answered_by(runtime: &Runtime, wake: impl Future<Output = ()>) -> usize {
    let waiting = spawn_poll(runtime, poll("bob", "work"));
    parked(runtime, 1).await;
    wake.await;
    waiting.await.expect("no panic").delivered().len()
}

async fn with_a_started_order() -> Runtime {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    start(&runtime, "order").await;
    runtime
}

#[tokio::test]
async fn a_start_answers() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let count = answered_by(&runtime, async {
        start(&runtime, "order").await;
    });
    assert_eq!(count.await, 1);
}

#[tokio::test]
async fn an_unlock_answers() {
    let runtime = with_a_started_order().await;
    let task = fetch_ids(&runtime, "ann", "work").await[0];
    let count = answered_by(&runtime, async {
        runtime.execute(unlock(task)).await.expect("unlocks");
    });
    assert_eq!(count.await, 1);
}

#[tokio::test]
async fn an_unlock_answers_after_the_clock_was_set_back() {
    let skew_ms = Arc::new(AtomicI64::new(0));
    let clock = Clock::skewed(Timestamp(1_800_000_000_000), skew_ms.clone());
    let runtime = runtime_on(&Staged::memory(), Settings { clock, ..settings() }).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let instance = start(&runtime, "order").await;
    assert_eq!(fetch_ids(&runtime, "alice", "work").await.len(), 1);
    let id = task_of(&runtime, instance).await;
    skew_ms.store(-60_000, Ordering::SeqCst);
    let unlocked = async { runtime.execute(unlock(id)).await.map(drop).expect("it is there") };
    assert_eq!(answered_by(&runtime, unlocked).await, 1);
}

#[tokio::test]
async fn an_expired_lock_answers() {
    let runtime = with_a_started_order().await;
    let mut short = fetch("ann", "work");
    short.topics[0].claim.lock_duration_ms = 20;
    assert_eq!(runtime.fetch_and_lock(short).await.expect("fetches").delivered().len(), 1);
    let fetched = spawn_poll(&runtime, poll("bob", "work")).await.expect("no panic");
    assert_eq!(fetched.delivered()[0].locked.task.worker_id.as_deref(), Some("bob"));
}

#[tokio::test]
async fn a_due_retry_answers() {
    let runtime = with_a_started_order().await;
    let task = fetch_ids(&runtime, "ann", "work").await[0];
    let fail = Command::FailExternalTask {
        id: task,
        worker_id: Some("ann".into()),
        error_message: None,
        error_details: None,
        retries: 2,
        retry_timeout_ms: 20,
        variables: VariableMap::new(),
        local_variables: VariableMap::new(),
    };
    runtime.execute(fail).await.expect("fails");
    assert_eq!(spawn_poll(&runtime, poll("bob", "work")).await.expect("no panic").delivered().len(), 1);
}

#[tokio::test]
async fn a_resumed_instance_and_a_resumed_definition_answer() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let instance = start(&runtime, "order").await;
    let suspend = |is_suspended| Command::SetProcessInstanceSuspension { id: instance, is_suspended };
    runtime.execute(suspend(true)).await.expect("suspends");
    let count = answered_by(&runtime, async {
        runtime.execute(suspend(false)).await.expect("resumes");
    });
    assert_eq!(count.await, 1);
    runtime.execute(unlock(task_of(&runtime, instance).await)).await.expect("unlocks");
    let suspend = |state| DefinitionSuspension {
        which: DefinitionSet::ByKey { key: "order".into(), tenant: TenantChoice::Any },
        state,
        instances: InstancesOfDefinition::Included,
        at: None,
    };
    runtime.set_definition_suspension(suspend(SuspensionState::Suspended)).await.expect("suspends");
    let count = answered_by(&runtime, async {
        runtime.set_definition_suspension(suspend(SuspensionState::Active)).await.expect("resumes");
    });
    assert_eq!(count.await, 1);
}

#[tokio::test]
async fn as_many_are_answered_as_there_are_tasks() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, settings()).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let waiting: Vec<_> = (0..20).map(|_| spawn_poll(&runtime, poll("bob", "work"))).collect();
    parked(&runtime, 20).await;
    let claims_before = staged.claims.load(Ordering::SeqCst);
    for _ in 0..5 {
        start(&runtime, "order").await;
    }
    parked(&runtime, 15).await;
    assert_eq!(staged.claims.load(Ordering::SeqCst) - claims_before, 5, "nobody else looked");
    runtime.shutdown().await;
    let mut counts = Vec::new();
    for poll in waiting {
        counts.push(poll.await.expect("no panic").delivered().len());
    }
    counts.sort_unstable();
    assert_eq!(counts, [vec![0; 15], vec![1; 5]].concat(), "the others were answered empty at the end");
}

#[tokio::test]
async fn a_poll_that_has_gone_before_its_claim_locks_nothing() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, settings()).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    start(&runtime, "order").await;
    staged.hold();
    let waiting = spawn_poll(&runtime, poll("ann", "work"));
    while staged.claims.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    assert!(waiting.await.expect_err("it was dropped").is_cancelled());
    staged.release();
    assert_eq!(fetch_ids(&runtime, "bob", "work").await.len(), 1);
    assert_eq!(runtime.parked_polls(), 0);
}

#[tokio::test]
async fn tasks_of_an_answer_that_nobody_saw_are_unlocked() {
    let runtime = with_a_started_order().await;
    let waiting = {
        let undelivered = runtime.fetch_and_lock(fetch("ann", "work")).await.expect("fetches");
        assert_eq!(undelivered.tasks.len(), 1);
        let waiting = spawn_poll(&runtime, poll("bob", "work"));
        parked(&runtime, 1).await;
        waiting
    };
    let seen = waiting.await.expect("no panic").delivered();
    assert_eq!(seen[0].locked.task.worker_id.as_deref(), Some("bob"));
}

#[tokio::test]
async fn an_answer_that_came_too_late_takes_nothing_from_the_next_worker() {
    let runtime = with_a_started_order().await;
    let mut short = fetch("ann", "work");
    short.topics[0].claim.lock_duration_ms = 1;
    let undelivered = runtime.fetch_and_lock(short).await.expect("fetches");
    let task = undelivered.tasks[0].locked.task.id;
    let taken = spawn_poll(&runtime, poll("bob", "work")).await.expect("no panic").delivered();
    assert_eq!(taken[0].locked.task.id, task);
    drop(undelivered);
    runtime.shutdown().await;
    assert_eq!(column(&runtime, &tables::EXTERNAL_TASK, "worker_id").await, [SqlValue::Text("bob".into())]);
}

#[tokio::test]
async fn a_poll_with_filters_does_not_keep_others_waiting() {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let mut choosy = poll("ann", "work");
    choosy.topics[0].claim.business_key = Some("other".into());
    let choosy = spawn_poll(&runtime, choosy);
    parked(&runtime, 1).await;
    let open = spawn_poll(&runtime, poll("bob", "work"));
    parked(&runtime, 2).await;
    start(&runtime, "order").await;
    assert_eq!(open.await.expect("no panic").delivered().len(), 1);
    parked(&runtime, 1).await;
    choosy.abort();
}

#[tokio::test]
async fn a_parked_poll_outlives_a_database_that_goes_and_comes_back() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, settings()).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let waiting = spawn_poll(&runtime, poll("bob", "work"));
    parked(&runtime, 1).await;
    let away = || StoreError::Unavailable("it is away".to_owned());
    staged.fail_next_claims([away(), away()]);
    start(&runtime, "order").await;
    assert_eq!(waiting.await.expect("no panic").delivered().len(), 1, "it claims again");

    staged.fail_next_claims([away()]);
    let refused = runtime.fetch_and_lock(poll("ann", "work")).await.map(drop);
    assert!(matches!(refused, Err(Error::Store(StoreError::Unavailable(_)))), "{refused:?}");
    assert_eq!(runtime.parked_polls(), 0);
}

#[tokio::test]
async fn a_timeout_answers_empty_and_leaves_no_trace() {
    let runtime = runtime().await;
    let request = FetchRequest { async_response_timeout_ms: 1, ..fetch("ann", "work") };
    assert!(runtime.fetch_and_lock(request).await.expect("polls").is_empty());
    assert_eq!(runtime.parked_polls(), 0);
}

#[tokio::test]
async fn ten_thousand_polls_wait_and_are_answered_empty_at_the_end() {
    let runtime = runtime().await;
    let waiting: Vec<_> =
        (0..10_000).map(|n| spawn_poll(&runtime, poll("ann", &format!("topic{}", n % 100)))).collect();
    parked(&runtime, 10_000).await;
    runtime.shutdown().await;
    for poll in waiting {
        assert!(poll.await.expect("no panic").is_empty());
    }
}

#[tokio::test]
async fn extension_properties_come_if_asked_for() {
    let runtime = with_a_started_order().await;
    let mut request = fetch("ann", "work");
    request.topics[0].extension_properties = runtime::ExtensionProperties::Included;
    let fetched = runtime.fetch_and_lock(request).await.expect("fetches").delivered();
    assert_eq!(fetched[0].extension_properties, [("color".into(), "red".into())]);
}
