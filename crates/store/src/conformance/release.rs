//! Locks and retry timeouts that run out.

use std::sync::Arc;

use engine::record::ExternalTask;
use types::Timestamp;

use super::fixture::{NOW, WaitingInstance, claim, claim_from, claim_request, load, release, start, text, topic};
use crate::Store;
use crate::work::{ClaimTopic, Work, WorkDone};

fn later(ms: i64) -> Timestamp {
    Timestamp(NOW.0 + ms)
}

fn locked_for(name: &str, lock_duration_ms: i64) -> Vec<ClaimTopic> {
    vec![ClaimTopic { lock_duration_ms, ..topic(name) }]
}

pub async fn expired_locks_can_be_fetched_again(store: Arc<dyn Store>) {
    let store = &*store;
    let first = WaitingInstance::new("one");
    start(store, &first).await;
    start(store, &WaitingInstance::new("two")).await;
    assert_eq!(release(store, NOW).await, (Vec::new(), None));
    assert_eq!(claim(store, claim_request(1, &[], locked_for("one", 10))).await.len(), 1);
    assert_eq!(claim(store, claim_request(1, &[], locked_for("two", 20))).await.len(), 1);
    assert_eq!(release(store, later(9)).await, (Vec::new(), Some(later(10))));
    assert_eq!(release(store, later(10)).await, (vec![text("one")], Some(later(20))));
    assert_eq!(release(store, later(10)).await, (Vec::new(), Some(later(20))), "it is told once");
    let task = load(store, first.id()).await.expect("it is there").external_tasks.remove(0);
    assert_eq!(task.worker_id, Some(text("worker")), "it stays until someone else takes the task");
    assert_eq!((task.lock_expiration, task.lock_epoch), (Some(later(10)), ExternalTask::FOREIGN_EPOCH_STEP));
    assert_eq!(claim_from(store, "one", 9).await.len(), 1);
    assert_eq!(claim_from(store, "two", 9).await.len(), 0);

    for _ in 0..3 {
        start(store, &WaitingInstance::new("many")).await;
    }
    assert_eq!(claim(store, claim_request(9, &[], locked_for("many", 1))).await.len(), 3);
    match store.submit(Work::ReleaseExpired { now: later(5), limit: 2 }).await.expect("a release can be made") {
        WorkDone::Released { topics, next } => assert_eq!((topics, next), (vec![text("many")], Some(later(1)))),
        other => panic!("a release answers topics, not {other:?}"),
    }
}

pub async fn topics_released_by_a_claim_are_told(store: Arc<dyn Store>) {
    let store = &*store;
    start(store, &WaitingInstance::new("one")).await;
    start(store, &WaitingInstance::new("two")).await;
    let both = vec![locked_for("one", 10).remove(0), locked_for("two", 10).remove(0)];
    assert_eq!(claim(store, claim_request(9, &[], both)).await.len(), 2);
    let mut request = claim_request(9, &[], vec![topic("one")]);
    request.now = later(10);
    assert_eq!(claim(store, request).await.len(), 1, "a claim needs no release before it");
    // Who waits for the other one would sleep on if the claim kept that to itself.
    assert_eq!(release(store, later(10)).await, (vec![text("one"), text("two")], Some(later(60_010))));
    assert_eq!(release(store, later(10)).await.0, Vec::<Arc<str>>::new());
}
