//! fetchAndLock with filters, among many tasks that they do not let pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use engine::InstanceKeys;
use runtime::{ClaimOrder, Clock, FetchRequest, Runtime, Settings};
use types::{ExternalTaskId, Timestamp, VariableMap, VariableValue};

use crate::support::*;

async fn start_keyed(runtime: &Runtime, business_key: &str, variables: VariableMap) {
    let keys = InstanceKeys { business_key: Some(business_key.into()), ..InstanceKeys::default() };
    runtime.start_process_instance(latest("order"), keys, variables).await.expect("can be started");
}

fn keyed(request: FetchRequest, business_key: &str) -> FetchRequest {
    let mut request = request;
    request.topics[0].claim.business_key = Some(business_key.into());
    request
}

async fn ids(runtime: &Runtime, request: FetchRequest) -> Vec<ExternalTaskId> {
    let fetched = runtime.fetch_and_lock(request).await.expect("fetches").delivered();
    fetched.iter().map(|fetched| fetched.locked.task.id).collect()
}

async fn with_backlog(staged: &Arc<Staged>, others: usize) -> Runtime {
    let runtime = runtime_on(staged, settings()).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    for _ in 0..others {
        start_keyed(&runtime, "other", VariableMap::new()).await;
    }
    runtime
}

#[tokio::test]
async fn what_is_wanted_is_found_in_a_backlog_and_in_order() {
    let runtime = with_backlog(&Staged::memory(), 0).await;
    for n in 0..300 {
        let key = if n % 25 == 3 { "wanted" } else { "other" };
        start_keyed(&runtime, key, VariableMap::new()).await;
    }
    let newest = FetchRequest {
        order: vec![ClaimOrder::PriorityDescending, ClaimOrder::CreateTimeDescending],
        tasks_max: 2,
        ..keyed(fetch("ann", "work"), "wanted")
    };
    let last = ids(&runtime, newest).await;
    let oldest = ids(&runtime, keyed(fetch("ann", "work"), "wanted")).await;
    assert_eq!((last.len(), oldest.len()), (2, 10));
    assert!(oldest.is_sorted() && oldest[9] < last[1] && last[1] < last[0]);
    assert_eq!(ids(&runtime, keyed(fetch("ann", "work"), "wanted")).await, []);
    assert_eq!(ids(&runtime, fetch("ann", "work")).await.len(), 10, "others are still there");
}

#[tokio::test]
async fn one_topic_with_filters_and_one_without() {
    let runtime = with_backlog(&Staged::memory(), 3).await;
    deploy(&runtime, &external_task_model("open", "open", "")).await;
    start_keyed(&runtime, "wanted", VariableMap::new()).await;
    start(&runtime, "open").await;
    let mut request = keyed(fetch("ann", "work"), "wanted");
    request.topics.push(fetch("ann", "open").topics.remove(0));
    let fetched = runtime.fetch_and_lock(request.clone()).await.expect("fetches").delivered();
    let topics: Vec<&str> = fetched.iter().map(|fetched| &*fetched.locked.task.topic).collect();
    assert_eq!(topics, ["work", "open"], "the older one first");
    assert_eq!(ids(&runtime, request).await, []);
}

#[tokio::test]
async fn a_parked_poll_looks_at_what_is_new_alone() {
    let staged = Staged::memory();
    let runtime = with_backlog(&staged, 200).await;
    let waiting = {
        let (runtime, request) = (runtime.clone(), keyed(poll("ann", "work"), "wanted"));
        tokio::spawn(async move { ids(&runtime, request).await })
    };
    parked(&runtime, 1).await;
    let steps = staged.search_steps.load(Ordering::SeqCst);
    assert!(steps > 0);
    start_keyed(&runtime, "other", VariableMap::new()).await;
    start_keyed(&runtime, "wanted", VariableMap::new()).await;
    assert_eq!(waiting.await.expect("no panic").len(), 1);
    assert_eq!(staged.search_steps.load(Ordering::SeqCst), steps);
}

#[tokio::test]
async fn a_parked_poll_waits_for_a_variable() {
    let runtime = with_backlog(&Staged::memory(), 60).await;
    let mut request = poll("ann", "work");
    request.topics[0].claim.process_variables = vec![("color".into(), VariableValue::String("red".into()))];
    let waiting = {
        let runtime = runtime.clone();
        tokio::spawn(async move { ids(&runtime, request).await })
    };
    parked(&runtime, 1).await;
    for color in ["blue", "red"] {
        let color = VariableValue::String(color.into());
        start_keyed(&runtime, "other", variables(&[("color", color)])).await;
    }
    assert_eq!(waiting.await.expect("no panic").len(), 1);
}

#[tokio::test]
async fn a_lock_that_has_run_out_is_seen_at_once() {
    let skew_ms = Arc::new(AtomicI64::new(0));
    let clock = Clock::skewed(Timestamp(1_800_000_000_000), skew_ms.clone());
    let runtime = runtime_on(&Staged::memory(), Settings { clock, ..settings() }).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    start_keyed(&runtime, "wanted", VariableMap::new()).await;
    assert_eq!(ids(&runtime, keyed(fetch("ann", "work"), "wanted")).await.len(), 1);
    assert_eq!(ids(&runtime, keyed(fetch("bob", "work"), "wanted")).await.len(), 0);
    skew_ms.store(3_600_000, Ordering::SeqCst);
    assert_eq!(ids(&runtime, keyed(fetch("bob", "work"), "wanted")).await.len(), 1);
}

/// One that takes all takes what another was told of, and leaves what itself was told of.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_task_is_left_between_those_with_filters_and_those_without() {
    const TASKS: usize = 240;
    let runtime = with_backlog(&Staged::memory(), 0).await;
    let worker = |key: Option<&'static str>, share: usize| {
        let runtime = runtime.clone();
        tokio::spawn(async move {
            let mut done = 0;
            while done < share {
                let request = FetchRequest { tasks_max: 1, ..poll("ann", "work") };
                let request = key.map_or(request.clone(), |key| keyed(request, key));
                for id in ids(&runtime, request).await {
                    runtime.execute(complete(id, "ann")).await.expect("completes");
                    done += 1;
                }
            }
            done
        })
    };
    let open = worker(None, TASKS / 4);
    let choosy: Vec<_> = ["a", "b", "c"].map(|key| worker(Some(key), usize::MAX)).into();
    for n in 0..TASKS {
        start_keyed(&runtime, ["a", "b", "c"][n % 3], VariableMap::new()).await;
    }
    open.await.expect("no panic");
    while count(&runtime, &query::tables::EXTERNAL_TASK).await > 0 {
        tokio::task::yield_now().await;
    }
    choosy.into_iter().for_each(|worker| worker.abort());
}
