//! The search for tasks that filters ask for finds them all, in the order of a claim, on each database.

use std::sync::Arc;

use futures_util::future::join_all;
use query::Dialect;
use store::conformance::fixture::{NOW, WaitingInstance, text, topic};
use store::work::{ClaimOrder, ClaimTopic, TaskKey};
use store::{PostgresStore, SqliteStore, Store, TaskSearch, Work};
use types::{ExternalTaskId, Timestamp};

use ClaimOrder::{CreateTimeDescending, PriorityDescending};

/// More than one step looks at.
const TASKS: usize = 4_300;

/// Every third task is wanted. Priorities and times come more than once.
fn waiting(n: usize) -> WaitingInstance {
    let mut waiting = WaitingInstance::new("t");
    waiting.task.priority = [0, 7, 0, -3, 0][n % 5];
    waiting.task.create_time = Timestamp(NOW.0 - (n * 7 % 997) as i64);
    waiting.task.business_key = Some(text(if n.is_multiple_of(3) { "wanted" } else { "other" }));
    waiting
}

async fn found(store: &dyn Store, dialect: Dialect, order: &[ClaimOrder], tasks_max: u32) -> Vec<ExternalTaskId> {
    let wanted = ClaimTopic { business_key: Some(text("wanted")), ..topic("t") };
    let mut search = TaskSearch::new(wanted, order, tasks_max, dialect);
    let mut found = Vec::new();
    while let Some(step) = search.step() {
        let keys = search.take(store.select(step).await.expect("a step can be read")).expect("it has keys");
        assert!(keys.len() <= tasks_max as usize);
        found.extend(keys.into_iter().map(|TaskKey { id, .. }| id));
    }
    found
}

async fn check(store: Arc<dyn Store>, dialect: Dialect) {
    assert_eq!(found(&*store, dialect, &[], 10).await, [], "there is nothing yet");
    let all: Vec<WaitingInstance> = (0..TASKS).map(waiting).collect();
    for part in all.chunks(500) {
        let started = join_all(part.iter().map(|waiting| store.submit(Work::Apply(vec![waiting.started()])))).await;
        assert!(started.iter().all(Result::is_ok));
    }
    for order in
        [vec![], vec![CreateTimeDescending], vec![PriorityDescending], vec![PriorityDescending, CreateTimeDescending]]
    {
        let mut expected: Vec<_> = all
            .iter()
            .map(|waiting| &waiting.task)
            .filter(|task| task.business_key.as_deref() == Some("wanted"))
            .collect();
        expected.sort_by_key(|task| (task.create_time, task.id));
        if order.contains(&CreateTimeDescending) {
            expected.reverse();
        }
        if order.contains(&PriorityDescending) {
            expected.sort_by_key(|task| -task.priority);
        }
        let expected: Vec<ExternalTaskId> = expected.into_iter().map(|task| task.id).collect();
        for tasks_max in [7, 10_000] {
            assert_eq!(found(&*store, dialect, &order, tasks_max).await, expected, "{order:?}, {tasks_max} at once");
        }
    }
}

#[tokio::test]
async fn on_sqlite() {
    check(Arc::new(SqliteStore::open("sqlite::memory:").expect("opens")), Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    let (_, url) = super::postgres::empty_database().await;
    check(Arc::new(PostgresStore::open(&url).await.expect("opens")), Dialect::Postgres).await;
}
