//! A query that nobody waits for any more stops.

use std::time::Duration;

use query::Statement;
use store::conformance::fixture::count;
use store::{SqliteStore, Store};

/// More than there are threads for queries.
const QUERIES: usize = 6;

async fn abandoned_queries_stop(store: &SqliteStore) {
    let text = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    for _ in 0..QUERIES {
        let endless = store.select(Statement { text: text.to_owned(), binds: Vec::new() });
        tokio::time::timeout(Duration::from_millis(20), endless).await.expect_err("it has no end");
    }
    let answer = tokio::time::timeout(Duration::from_secs(20), count(store, "process_instance"));
    assert_eq!(answer.await, Ok(0), "the threads are free again");
}

#[tokio::test]
async fn in_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    abandoned_queries_stop(&SqliteStore::open(&url).expect("opens")).await;
}

#[tokio::test]
async fn in_memory() {
    abandoned_queries_stop(&SqliteStore::open("sqlite::memory:").expect("opens")).await;
}
