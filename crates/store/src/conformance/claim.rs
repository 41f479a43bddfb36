//! fetchAndLock: order, locks, and what it costs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::record::ExternalTask;
use types::{ExternalTaskId, Timestamp};

use super::fixture::{
    NOW, WaitingInstance, apply, claim, claim_from, claim_request, load, release, start, text, topic,
};
use crate::Store;
use crate::work::{ClaimOrder, ClaimTopic, ClaimWanted, Work};

use ClaimOrder::{CreateTimeAscending, CreateTimeDescending, PriorityDescending};

async fn started_task(store: &dyn Store, topic: &str, priority: i64, age_ms: i64) -> ExternalTaskId {
    let mut waiting = WaitingInstance::new(topic);
    waiting.task.priority = priority;
    waiting.task.create_time = Timestamp(NOW.0 - age_ms);
    start(store, &waiting).await;
    waiting.task.id
}

async fn claimed(store: &dyn Store, tasks_max: u32, order: &[ClaimOrder], topics: &[&str]) -> Vec<ExternalTaskId> {
    let topics: Vec<ClaimTopic> = topics.iter().map(|name| topic(name)).collect();
    let tasks = claim(store, claim_request(tasks_max, order, topics)).await;
    tasks.into_iter().map(|locked| locked.task.id).collect()
}

/// Claims, then lets all locks run out.
async fn peeked(store: &dyn Store, tasks_max: u32, order: &[ClaimOrder], topics: &[&str]) -> Vec<ExternalTaskId> {
    let tasks = claimed(store, tasks_max, order, topics).await;
    release(store, Timestamp(NOW.0 + 3_600_000)).await;
    tasks
}

pub async fn tasks_come_in_the_order_asked_for(store: Arc<dyn Store>) {
    let store = &*store;
    let a = started_task(store, "t", 1, 50).await;
    let b = started_task(store, "t", 9, 40).await;
    let c = started_task(store, "t", 1, 30).await;
    let d = started_task(store, "t", 5, 20).await;
    let e = started_task(store, "t", 9, 10).await;
    for (order, expected) in [
        (&[][..], [a, b, c, d, e]),
        (&[CreateTimeAscending], [a, b, c, d, e]),
        (&[CreateTimeDescending], [e, d, c, b, a]),
        (&[PriorityDescending], [b, e, d, a, c]),
        (&[PriorityDescending, CreateTimeAscending], [b, e, d, a, c]),
        (&[PriorityDescending, CreateTimeDescending], [e, b, d, c, a]),
        (&[CreateTimeDescending, CreateTimeAscending], [e, d, c, b, a]),
    ] {
        assert_eq!(peeked(store, 9, order, &["t"]).await, expected, "{order:?}");
        assert_eq!(peeked(store, 3, order, &["t"]).await, expected[..3], "three, {order:?}");
    }
    assert_eq!(peeked(store, 0, &[], &["t"]).await, []);
    assert_eq!(peeked(store, 9, &[], &["other"]).await, []);
    assert_eq!(peeked(store, 9, &[], &[]).await, []);
}

pub async fn topics_are_merged_in_order(store: Arc<dyn Store>) {
    let store = &*store;
    let a = started_task(store, "one", 1, 40).await;
    let b = started_task(store, "two", 2, 30).await;
    let c = started_task(store, "one", 2, 20).await;
    let d = started_task(store, "two", 1, 10).await;
    started_task(store, "three", 9, 90).await;
    for (order, expected) in [
        (&[][..], [a, b, c, d]),
        (&[CreateTimeDescending], [d, c, b, a]),
        (&[PriorityDescending], [b, c, a, d]),
        (&[PriorityDescending, CreateTimeDescending], [c, b, d, a]),
    ] {
        assert_eq!(peeked(store, 9, order, &["one", "two"]).await, expected, "{order:?}");
        assert_eq!(peeked(store, 2, order, &["two", "one", "none"]).await, expected[..2], "two, {order:?}");
    }
    let mut twice = claim_request(9, &[], vec![topic("one"), topic("one")]);
    twice.topics[1].lock_duration_ms = 5;
    let tasks = claim(store, twice).await;
    assert_eq!(tasks.iter().map(|locked| locked.task.id).collect::<Vec<_>>(), [a, c]);
    assert_eq!(tasks[0].task.lock_expiration, Some(Timestamp(NOW.0 + 5)), "the last one counts");
}

pub async fn each_task_is_handed_out_once(store: Arc<dyn Store>) {
    for _ in 0..50 {
        started_task(&*store, "t", 0, 0).await;
    }
    let answers: Vec<_> = (0..20).map(|_| store.submit(Work::Claim(claim_request(3, &[], vec![topic("t")])))).collect();
    let mut handed_out = Vec::new();
    for answer in answers {
        match answer.await.expect("a claim can be made") {
            crate::WorkDone::Claimed(tasks) => handed_out.extend(tasks.into_iter().map(|locked| locked.task.id)),
            other => panic!("a claim answers tasks, not {other:?}"),
        }
    }
    assert_eq!(handed_out.len(), 50);
    assert_eq!(handed_out.iter().collect::<BTreeSet<_>>().len(), 50);
}

pub async fn a_claim_locks(store: Arc<dyn Store>) {
    let store = &*store;
    let waiting = WaitingInstance::new("t");
    start(store, &waiting).await;
    let locked = claim_from(store, "t", 1).await.remove(0).task;
    let mut expected = waiting.task.clone();
    expected.worker_id = Some(text("worker"));
    expected.lock_expiration = Some(Timestamp(NOW.0 + 60_000));
    expected.lock_epoch = ExternalTask::FOREIGN_EPOCH_STEP;
    assert_eq!(locked, expected);
    let snapshot = load(store, waiting.id()).await.expect("it is there");
    assert_eq!(snapshot.external_tasks, [expected]);
    assert_eq!(snapshot.process_instances[0].revision, 1, "a claim leaves the revision alone");
    assert!(claim_from(store, "t", 1).await.is_empty());
    apply(store, vec![waiting.completed(1, 0)]).await.expect_err("it was decided before the lock");
    load(store, waiting.id()).await.expect("it is there");
    apply(store, vec![waiting.completed(1, ExternalTask::FOREIGN_EPOCH_STEP)])
        .await
        .expect("it was decided on the lock");
}

pub async fn an_unwanted_claim_locks_nothing(store: Arc<dyn Store>) {
    let store = &*store;
    let task = started_task(store, "t", 0, 0).await;
    let is_wanted = Arc::new(AtomicBool::new(false));
    let mut request = claim_request(1, &[], vec![topic("t")]);
    request.is_wanted = ClaimWanted(is_wanted.clone());
    assert!(claim(store, request.clone()).await.is_empty());
    is_wanted.store(true, Ordering::Release);
    assert_eq!(claim(store, request).await[0].task.id, task);
}

pub async fn suspended_and_exhausted_tasks_stay(store: Arc<dyn Store>) {
    let store = &*store;
    for n in 0..4 {
        let mut waiting = WaitingInstance::new("t");
        let task = &mut waiting.task;
        match n {
            0 => task.is_suspended = true,
            1 => task.retries = Some(0),
            2 => (task.is_suspended, task.lock_expiration) = (true, Some(Timestamp(1))),
            // A retry timeout.
            _ => (task.retries, task.lock_expiration) = (Some(1), Some(Timestamp(NOW.0 + 1))),
        }
        start(store, &waiting).await;
    }
    assert!(claim_from(store, "t", 9).await.is_empty());
    assert_eq!(release(store, NOW).await, (Vec::new(), Some(Timestamp(NOW.0 + 1))));
    let mut request = claim_request(9, &[], vec![topic("t")]);
    request.now = Timestamp(NOW.0 + 1);
    assert_eq!(claim(store, request).await.len(), 1);
}

pub async fn locked_tasks_do_not_slow_a_claim(store: Arc<dyn Store>) {
    const LOCKED: usize = 20_000;
    const MEASURED: u32 = 100;
    let store = &*store;
    async fn fill(store: &dyn Store, tasks: usize, is_locked: bool) {
        let answers: Vec<_> = (0..tasks)
            .map(|n| {
                let mut waiting = WaitingInstance::new("t");
                waiting.task.priority = i64::try_from(n % 7).expect("small");
                if is_locked {
                    waiting.task.worker_id = Some(text("busy"));
                    waiting.task.lock_expiration = Some(Timestamp(NOW.0 + 3_600_000));
                }
                store.submit(Work::Apply(vec![waiting.started()]))
            })
            .collect();
        for answer in answers {
            answer.await.expect("applies");
        }
    }
    async fn fastest(store: &dyn Store) -> Duration {
        let mut fastest = Duration::MAX;
        for _ in 0..MEASURED {
            for order in [&[][..], &[PriorityDescending]] {
                let begin = Instant::now();
                let tasks = claim(store, claim_request(1, order, vec![topic("t"), topic("none")])).await;
                fastest = fastest.min(begin.elapsed());
                assert_eq!(tasks.len(), 1);
            }
        }
        fastest
    }
    fill(store, 2 * MEASURED as usize, false).await;
    let alone = fastest(store).await;
    fill(store, LOCKED, true).await;
    fill(store, 2 * MEASURED as usize, false).await;
    let among_locked = fastest(store).await;
    // A walk past the locked ones would take a hundred times as long.
    assert!(among_locked < alone * 5 + Duration::from_millis(1), "{alone:?} became {among_locked:?}");
}
