//! A database file: who may open it, and that it keeps what it was given.

use std::path::Path;

use store::conformance::fixture::{WaitingInstance, claim_from, count, load, start};
use store::sqlite::SqliteOptions;
use store::{OpenError, SqliteStore};
use types::VariableValue;

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

fn refusal(path: &Path) -> OpenError {
    SqliteStore::open(&url(path)).expect_err("it cannot be used")
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.db");
    let waiting = WaitingInstance::new("t").with_variable("v", VariableValue::Integer(1));
    let locked = {
        let store = SqliteStore::open(&url(&path)).expect("opens");
        start(&store, &waiting).await;
        claim_from(&store, "t", 1).await.remove(0).task
    };
    assert!(!folder.path().join("a.db-wal").exists(), "a store that ends leaves one file");
    let store = SqliteStore::open(&url(&path)).expect("opens again");
    let snapshot = load(&store, waiting.id()).await.expect("it is there");
    assert_eq!(snapshot.external_tasks, [locked]);
    assert_eq!(snapshot.variables, waiting.variables);
}

#[tokio::test]
async fn work_in_hand_is_done_when_the_store_ends() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&url(&path)).expect("opens");
    let answers: Vec<_> = (0..100)
        .map(|_| store::Store::submit(&store, store::Work::Apply(vec![WaitingInstance::new("t").started()])))
        .collect();
    drop(store);
    for answer in answers {
        answer.await.expect("it was submitted before the end");
    }
    let store = SqliteStore::open(&url(&path)).expect("opens again");
    assert_eq!(count(&store, "process_instance").await, 100);
}

#[tokio::test]
async fn the_log_is_copied_while_work_goes_on_and_begins_anew() {
    const CHECKPOINT_PAGES: u32 = 100;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.db");
    let options = SqliteOptions { vfs: None, checkpoint_pages: Some(CHECKPOINT_PAGES) };
    let store = SqliteStore::open_with(&url(&path).parse().expect("a valid URL"), &options).expect("opens");
    // Each commit writes some ten pages of 4 KiB: thirty times the log.
    for _ in 0..300 {
        start(&store, &WaitingInstance::new("t")).await;
    }
    let size = |name: &str| folder.path().join(name).metadata().map_or(0, |file| file.len());
    let log = size("a.db-wal");
    assert!(log > 0 && log < u64::from(CHECKPOINT_PAGES) * 4 * 4096, "{log} bytes of log");
    assert!(size("a.db") > 300 * 100, "the database holds some of it");
    assert_eq!(count(&store, "process_instance").await, 300);
}

#[tokio::test]
async fn a_second_server_is_refused_and_readers_are_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&url(&path)).expect("opens");
    start(&store, &WaitingInstance::new("t")).await;
    assert!(matches!(refusal(&path), OpenError::InUse { .. }));
    #[cfg(unix)]
    {
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        assert!(matches!(refusal(&link), OpenError::InUse { .. }), "by another name");
    }
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let backup = rusqlite::Connection::open_with_flags(&path, flags).expect("a backup may read");
    let instances: i64 =
        backup.query_row("SELECT count(*) FROM process_instance", [], |row| row.get(0)).expect("it reads");
    assert_eq!(instances, 1);
    drop((backup, store));
    SqliteStore::open(&url(&path)).expect("the lock went with the store");
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = folder.path().join("text");
    std::fs::write(&text, "not a database, however long it may be ".repeat(100)).expect("written");
    let foreign = folder.path().join("foreign.db");
    let theirs = rusqlite::Connection::open(&foreign).expect("opens");
    theirs.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").expect("valid");
    drop(theirs);
    for path in [&text, &foreign] {
        let before = std::fs::read(path).expect("readable");
        assert_eq!(refusal(path), OpenError::Foreign { path: path.display().to_string() });
        assert_eq!(std::fs::read(path).expect("readable"), before);
    }
}

/// Cut off, or with pages of something else.
#[tokio::test]
async fn a_torn_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&url(&path)).expect("opens");
    for _ in 0..50 {
        start(&store, &WaitingInstance::new("t")).await;
    }
    drop(store);
    let whole = std::fs::read(&path).expect("readable");
    let half = whole[..whole.len() / 2].to_vec();
    let mut overwritten = whole;
    overwritten[100..4096].fill(0xAA);
    for torn in [half, overwritten] {
        std::fs::write(&path, &torn).expect("written");
        let refusal = refusal(&path);
        assert!(matches!(refusal, OpenError::Unusable { .. }), "{refusal}");
        assert!(refusal.to_string().contains("malformed"), "{refusal}");
        assert_eq!(std::fs::read(&path).expect("readable"), torn);
    }
}

#[test]
fn what_cannot_be_a_database_is_refused_with_its_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for path in [folder.path().to_owned(), folder.path().join("missing").join("a.db")] {
        let refusal = refusal(&path);
        assert!(matches!(refusal, OpenError::Unusable { .. }), "{refusal}");
        assert!(refusal.to_string().contains(&path.display().to_string()), "{refusal}");
    }
    for unknown in ["", "sqlite:", "postgres://localhost/a", "camlock.db"] {
        let refusal = SqliteStore::open(unknown).expect_err("it is no database");
        assert_eq!(refusal, OpenError::UnknownUrl(unknown.to_owned()));
    }
}

#[tokio::test]
async fn databases_in_memory_are_apart() {
    let first = SqliteStore::open("sqlite::memory:").expect("opens");
    let second = SqliteStore::open("sqlite::memory:").expect("opens");
    start(&first, &WaitingInstance::new("t")).await;
    assert_eq!((count(&first, "process_instance").await, count(&second, "process_instance").await), (1, 0));
}
