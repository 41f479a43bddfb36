//! Worker streams: credits, locks that are kept, and who comes first.

use std::sync::atomic::Ordering;

use engine::{Command, RejectionKind};
use query::{SqlValue, tables};
use runtime::{Error, FetchRequest, Runtime, Settings, StreamEvent, WorkerStream};
use types::{ExternalTaskId, VariableMap};

use crate::support::*;

fn wanted(worker: &str, credits: u32) -> FetchRequest {
    FetchRequest { tasks_max: credits, ..fetch(worker, "work") }
}

fn open(runtime: &Runtime, worker: &str, credits: u32) -> WorkerStream {
    runtime.open_stream(wanted(worker, credits)).expect("there is room")
}

async fn with_orders(count: usize) -> Runtime {
    let runtime = runtime().await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    for _ in 0..count {
        start(&runtime, "order").await;
    }
    runtime
}

async fn next(stream: &mut WorkerStream) -> Vec<ExternalTaskId> {
    match stream.next().await {
        StreamEvent::Tasks(tasks) => tasks.iter().map(|task| task.locked.task.id).collect(),
        other => panic!("tasks come next, not {other:?}"),
    }
}

async fn workers(runtime: &Runtime) -> Vec<SqlValue> {
    column(runtime, &tables::EXTERNAL_TASK, "worker_id").await
}

async fn until_nobody_has_a_lock(runtime: &Runtime) {
    while workers(runtime).await.iter().any(|worker| *worker != SqlValue::Null) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_end_of_work_gives_one_credit_back() {
    let runtime = with_orders(7).await;
    let mut stream = open(&runtime, "ann", 2);
    let first = next(&mut stream).await;
    assert_eq!(first.len(), 2, "as many as there are credits");
    runtime.execute(complete(first[0], "bob")).await.expect_err("it is ann's");
    runtime.execute(complete(first[0], "ann")).await.expect("completes");
    let second = next(&mut stream).await;
    assert_eq!(second.len(), 1);
    let fail = Command::FailExternalTask {
        id: first[1],
        worker_id: Some("ann".into()),
        error_message: None,
        error_details: None,
        retries: 0,
        retry_timeout_ms: 0,
        variables: VariableMap::new(),
        local_variables: VariableMap::new(),
    };
    runtime.execute(fail).await.expect("fails");
    let third = next(&mut stream).await;
    assert_eq!(third.len(), 1);
    let throw = Command::ThrowExternalTaskBpmnError {
        id: second[0],
        worker_id: Some("ann".into()),
        error_code: Some("nobody-catches-it".into()),
        error_message: None,
        variables: VariableMap::new(),
    };
    runtime.execute(throw).await.expect("is thrown");
    assert_eq!(next(&mut stream).await.len(), 1);
    runtime.execute(unlock(third[0])).await.expect("unlocks");
    assert_eq!(next(&mut stream).await, third, "the oldest one again");
    assert_eq!(runtime.add_credits(stream.id(), 99, 100), Some(false), "two are delivered");
    assert_eq!(runtime.add_credits(stream.id(), 98, 100), Some(true));
    assert_eq!(next(&mut stream).await.len(), 2, "all that are left");
    assert_eq!(runtime.add_credits(types::Uuid(7), 1, 100), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_kept_while_its_stream_lasts_and_no_longer() {
    let runtime = with_orders(1).await;
    let mut request = wanted("ann", 5);
    request.topics[0].claim.lock_duration_ms = 200;
    let mut stream = runtime.open_stream(request).expect("there is room");
    let delivered = next(&mut stream).await;
    let other = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.fetch_and_lock(poll("bob", "work")).await.expect("polls").delivered() }
    });
    let mut ends = std::collections::BTreeSet::new();
    while ends.len() < 5 {
        let end = column(&runtime, &tables::EXTERNAL_TASK, "lock_expiration").await.remove(0);
        let SqlValue::Integer(end) = end else { panic!("a lock has an end, not {end:?}") };
        ends.insert(end);
        tokio::task::yield_now().await;
    }
    assert!(!other.is_finished());
    drop(stream);
    let taken = other.await.expect("no panic");
    assert_eq!(taken.iter().map(|task| task.locked.task.id).collect::<Vec<_>>(), delivered);
    assert_eq!(runtime.worker_streams(), 0);
}

#[tokio::test]
async fn what_was_not_seen_is_unlocked_too() {
    let runtime = with_orders(3).await;
    let mut stream = open(&runtime, "ann", 1);
    assert_eq!(next(&mut stream).await.len(), 1);
    drop(stream);
    until_nobody_has_a_lock(&runtime).await;
    // It goes while it claims.
    let mut stream = open(&runtime, "ann", 3);
    let waits = futures_util::future::select(Box::pin(stream.next()), std::future::ready(())).await;
    drop(waits);
    drop(stream);
    until_nobody_has_a_lock(&runtime).await;
    assert_eq!(runtime.parked_polls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_has_gone_is_told_and_gives_its_credit_back() {
    let runtime = with_orders(0).await;
    let gone = start(&runtime, "order").await;
    let mut request = wanted("ann", 1);
    request.topics[0].claim.lock_duration_ms = 50;
    let mut stream = runtime.open_stream(request).expect("there is room");
    let delivered = next(&mut stream).await;
    start(&runtime, "order").await;
    let delete = Command::DeleteProcessInstance { id: gone, delete_reason: None, skipped: engine::Skipped::default() };
    runtime.execute(delete).await.expect("deletes");
    match stream.next().await {
        StreamEvent::Lost(lost) => assert_eq!(lost, delivered),
        other => panic!("a task is lost, not {other:?}"),
    }
    assert_eq!(next(&mut stream).await.len(), 1);
}

#[tokio::test]
async fn streams_and_polls_are_served_in_the_order_they_came() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, settings()).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let poll_by = |worker: &'static str| {
        let runtime = runtime.clone();
        tokio::spawn(async move { runtime.fetch_and_lock(poll(worker, "work")).await.expect("polls").delivered() })
    };
    let stream_by = |worker: &'static str| {
        let mut stream = open(&runtime, worker, 1);
        tokio::spawn(async move { (next(&mut stream).await, stream) })
    };
    let first = stream_by("first");
    parked(&runtime, 1).await;
    let second = poll_by("second");
    parked(&runtime, 2).await;
    let third = stream_by("third");
    parked(&runtime, 3).await;
    let claims_before = staged.claims.load(Ordering::SeqCst);
    start(&runtime, "order").await;
    let (delivered, _first) = first.await.expect("no panic");
    assert_eq!(delivered.len(), 1);
    start(&runtime, "order").await;
    assert_eq!(second.await.expect("no panic").len(), 1);
    start(&runtime, "order").await;
    let _third = third.await.expect("no panic");
    assert_eq!(staged.claims.load(Ordering::SeqCst) - claims_before, 3, "nobody else looked");
}

#[tokio::test]
async fn thousands_wait_for_nothing_but_memory() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, settings()).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..2_000 {
        let mut stream = open(&runtime, "ann", 1);
        waiting.spawn(async move { (matches!(stream.next().await, StreamEvent::Tasks(_)), stream) });
    }
    parked(&runtime, 2_000).await;
    let claims_before = staged.claims.load(Ordering::SeqCst);
    for _ in 0..5 {
        start(&runtime, "order").await;
        let (is_served, stream) = waiting.join_next().await.expect("one is served").expect("no panic");
        assert!(is_served);
        // It stays locked.
        std::mem::forget(stream);
    }
    assert_eq!(staged.claims.load(Ordering::SeqCst) - claims_before, 5);
    runtime.shutdown().await;
    while let Some(ended) = waiting.join_next().await {
        assert!(!ended.expect("no panic").0, "the others were told of the end");
    }
}

#[tokio::test]
async fn at_the_end_locks_stay() {
    let runtime = with_orders(1).await;
    let mut stream = open(&runtime, "ann", 3);
    assert_eq!(next(&mut stream).await.len(), 1);
    runtime.shutdown().await;
    assert!(matches!(stream.next().await, StreamEvent::Closed));
    drop(stream);
    assert_eq!(workers(&runtime).await, [SqlValue::Text("ann".into())]);
    assert!(matches!(runtime.open_stream(wanted("ann", 1)), Err(Error::ShuttingDown)));
}

#[tokio::test]
async fn there_is_a_limit() {
    let runtime = runtime_on(&Staged::memory(), Settings { parked_polls_max: 1, ..settings() }).await;
    let stream = open(&runtime, "ann", 1);
    assert!(matches!(runtime.open_stream(wanted("bob", 1)), Err(Error::Overloaded { .. })));
    drop(stream);
    open(&runtime, "bob", 1);
    let unknown = runtime.execute(complete(types::Uuid(1).into(), "ann")).await;
    assert!(is_refused(&unknown, RejectionKind::NotFound));
}
