//! Two nodes that are asked the same, and notes that expire.

use std::time::Duration;

use query::{Select, tables};
use runtime::{Clock, Error, IdempotencyKey, Recalled, RecordedAnswer, Runtime, Settings};
use types::{Timestamp, VariableMap};

use crate::support::{Staged, deploy, external_task_model, latest, runtime_on, settings};

fn key() -> IdempotencyKey {
    IdempotencyKey::new("k", [1; 32])
}

async fn instances(runtime: &Runtime) -> usize {
    let select = Select::all(tables::PROCESS_INSTANCE.source());
    runtime.select(select.render(runtime.dialect())).await.expect("can be read").len()
}

#[tokio::test]
async fn of_two_nodes_one_carries_it_out() {
    let staged = Staged::memory();
    let (a, b) = (runtime_on(&staged, settings()).await, runtime_on(&staged, settings()).await);
    deploy(&a, &external_task_model("p", "t", "")).await;
    let recorded = |node: &Runtime| node.record(key(), Some(RecordedAnswer::no_content())).expect("not in progress");
    let (on_a, on_b) = (recorded(&a), recorded(&b));
    assert!(a.record(key(), None).is_none(), "a node does not begin it twice");
    on_a.start_process_instance(latest("p"), None, VariableMap::new()).await.expect("starts");
    let second = on_b.start_process_instance(latest("p"), None, VariableMap::new()).await;
    assert!(matches!(second, Err(Error::OptimisticLocking { .. })), "{second:?}");
    assert_eq!(instances(&a).await, 1);
    let known = b.recall_stored(&key()).await.expect("can be read");
    assert_eq!(known, Recalled::Answered(RecordedAnswer::no_content()));
    let other = b.recall_stored(&IdempotencyKey::new("k", [2; 32])).await.expect("can be read");
    assert_eq!(other, Recalled::OtherRequest);
}

#[tokio::test]
async fn an_answer_that_came_later_is_kept() {
    let runtime = runtime_on(&Staged::memory(), settings()).await;
    deploy(&runtime, &external_task_model("p", "t", "")).await;
    let recording = runtime.record(key(), None).expect("not in progress");
    recording.start_process_instance(latest("p"), None, VariableMap::new()).await.expect("starts");
    assert_eq!(runtime.recall(&key()).await, Ok(Recalled::InProgress));
    assert_eq!(runtime.recall_stored(&key()).await, Ok(Recalled::Unanswered));
    let answer = RecordedAnswer { status: 200, content_type: Some("text/plain".into()), body: b"x".as_slice().into() };
    recording.record_answer(answer.clone()).await.expect("is kept");
    drop(recording);
    assert_eq!(runtime.recall(&key()).await, Ok(Recalled::Answered(answer)));
}

#[tokio::test(start_paused = true)]
async fn notes_expire() {
    let lifetime = Duration::from_secs(60);
    let clock = Clock::tokio(Timestamp(1_800_000_000_000));
    let settings = Settings { idempotency_key_lifetime: lifetime, clock, ..settings() };
    let runtime = runtime_on(&Staged::memory(), settings).await;
    deploy(&runtime, &external_task_model("p", "t", "")).await;
    for round in 1..=2 {
        let recording = runtime.record(key(), None).expect("not in progress");
        recording.start_process_instance(latest("p"), None, VariableMap::new()).await.expect("starts");
        assert_eq!(instances(&runtime).await, round);
        drop(recording);
        tokio::time::advance(lifetime).await;
        assert_eq!(runtime.recall(&key()).await, Ok(Recalled::Nothing));
    }
    // The next look for expired notes is at most so far away.
    tokio::time::advance(Duration::from_secs(600)).await;
    let notes = Select::all(tables::IDEMPOTENCY_KEY.source()).render(runtime.dialect());
    while !runtime.select(notes.clone()).await.expect("can be read").is_empty() {
        tokio::task::yield_now().await;
    }
}
