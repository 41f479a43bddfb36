//! Everything at once, on several threads and a database in a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::{Command, VariablePatch, VariableReach};
use query::{SqlValue, tables};
use runtime::{Error, Runtime, Settings};
use store::SqliteStore;
use types::VariableValue;

use crate::support::*;

const INSTANCES: usize = 200;
const WORKERS: usize = 6;

/// Works tasks until all are done; throws every fifth answer away, as a broken connection does.
async fn work(runtime: Runtime, name: String, completed: Arc<AtomicUsize>) {
    let mut answers = 0;
    while completed.load(Ordering::SeqCst) < INSTANCES {
        let mut request = poll(&name, "work");
        request.tasks_max = 3;
        let fetched = runtime.fetch_and_lock(request).await.expect("polls");
        answers += 1;
        if answers % 5 == 0 {
            continue;
        }
        for task in fetched.delivered() {
            let id = task.locked.task.id;
            let note = Command::PatchVariables {
                execution_id: task.locked.task.process_instance_id.into(),
                reach: VariableReach::Local,
                patch: VariablePatch {
                    modifications: variables(&[("note", VariableValue::String(name.as_str().into()))]),
                    deletions: Vec::new(),
                },
            };
            runtime.execute(note).await.expect("the instance is there");
            runtime.execute(complete(id, &name)).await.expect("the lock is held");
            if completed.fetch_add(1, Ordering::SeqCst) + 1 == INSTANCES {
                runtime.shutdown().await;
            }
        }
    }
}

async fn check(settings: Settings) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("camlock.db").display());
    let store = SqliteStore::open(&url).expect("opens");
    let runtime = Runtime::open(Arc::new(store), settings).await.expect("opens");
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let completed = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> =
        (0..WORKERS).map(|n| tokio::spawn(work(runtime.clone(), format!("worker{n}"), completed.clone()))).collect();
    let starters: Vec<_> = (0..4)
        .map(|_| {
            let runtime = runtime.clone();
            tokio::spawn(async move {
                for _ in 0..INSTANCES / 4 {
                    start(&runtime, "order").await;
                }
            })
        })
        .collect();
    for task in starters.into_iter().chain(workers) {
        task.await.expect("no panic");
    }
    assert_eq!(runtime.execute(unlock(types::Uuid(1).into())).await, Err(Error::ShuttingDown));
    for table in [&tables::PROCESS_INSTANCE, &tables::EXECUTION, &tables::EXTERNAL_TASK, &tables::VARIABLE] {
        assert_eq!(count(&runtime, table).await, 0, "{}", table.name);
    }
    let states = column(&runtime, &tables::HISTORIC_PROCESS_INSTANCE, "state").await;
    assert_eq!(states, vec![SqlValue::Text("COMPLETED".into()); INSTANCES]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_instance_is_worked_once() {
    check(settings()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_instance_is_worked_once_without_a_cache() {
    check(Settings { aggregate_cache_bytes: 0, ..settings() }).await;
}
