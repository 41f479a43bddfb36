//! Rows that really are in a database: change sets written to SQLite, aggregates loaded from it.

use engine::{ChangeSet, Snapshot};
use store::{SqliteStore, Store, Work};
use tokio::runtime::{Builder, Runtime};
use types::ProcessInstanceId;

/// A database in memory, asked from code that does not wait.
#[derive(Debug)]
pub struct SqliteRows {
    runtime: Runtime,
    store: SqliteStore,
}

impl SqliteRows {
    /// An empty database.
    pub fn open() -> SqliteRows {
        let runtime = Builder::new_current_thread().build().expect("a runtime without threads can be made");
        let store = SqliteStore::open("sqlite::memory:").expect("a database in memory can be opened");
        SqliteRows { runtime, store }
    }

    /// Panics if the store refuses.
    pub fn apply(&self, change_set: &ChangeSet) {
        let done = self.runtime.block_on(self.store.submit(Work::Apply(vec![change_set.clone()])));
        done.unwrap_or_else(|error| panic!("the store refuses {change_set:#?}: {error}"));
    }

    /// Without rows where the aggregate has ended or never was.
    pub fn snapshot(&self, root: ProcessInstanceId) -> Snapshot {
        let loaded = self.runtime.block_on(self.store.load(root));
        loaded.expect("an aggregate can be loaded").unwrap_or_default()
    }
}
