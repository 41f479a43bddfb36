//! The suite, in memory and in a file.

use std::sync::Arc;

use store::{SqliteStore, Store};

#[tokio::test]
async fn sqlite_in_memory() {
    store::conformance::run(|| async {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open("sqlite::memory:").expect("opens"));
        store
    })
    .await;
}

#[tokio::test]
async fn sqlite_in_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut count = 0;
    store::conformance::run(|| {
        count += 1;
        let url = format!("sqlite:{}", folder.path().join(format!("{count}.db")).display());
        async move {
            let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&url).expect("opens"));
            store
        }
    })
    .await;
}
