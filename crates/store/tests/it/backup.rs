//! Copies of databases.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use query::Dialect;
use store::conformance::fixture::{WaitingInstance, count, load, start};
use store::copy::{CopyError, CopyPhase, CopySide, copy};
use store::sqlite::{BackupProgress, backup};
use store::{BackupError, SqliteStore, Store, StoreError};
use types::VariableValue;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(&format!("sqlite:{}", path.display())).expect("opens")
}

fn back_up(source: &Path, target: &Path) -> Result<(), BackupError> {
    let url = format!("sqlite:{}", source.display()).parse().expect("a database");
    backup(&url, target, |_| {}).map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_holds_one_moment_while_a_server_writes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, target) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let store = open(&path);
    let large = || WaitingInstance::new("t").with_variable("v", VariableValue::Bytes(vec![7; 100_000].into()));
    let first = large();
    start(&store, &first).await;
    for _ in 0..50 {
        start(&store, &large()).await;
    }
    let is_done = AtomicBool::new(false);
    let writing = async {
        let mut written = 0;
        while !is_done.load(Ordering::Relaxed) || written == 0 {
            start(&store, &large()).await;
            written += 1;
        }
    };
    let copying = async {
        let done = tokio::task::spawn_blocking(move || {
            let mut reports = Vec::new();
            let url = format!("sqlite:{}", path.display()).parse().expect("a database");
            let report = backup(&url, &target, |progress| reports.push(progress)).expect("is made");
            (report, reports, target)
        });
        let done = done.await.expect("no panic");
        is_done.store(true, Ordering::Relaxed);
        done
    };
    let ((), (report, reports, target)) = tokio::join!(writing, copying);
    assert_eq!(reports.last(), Some(&BackupProgress::Checking));
    assert_eq!(report.bytes, std::fs::metadata(&target).expect("it is there").len());
    let copy = open(&target);
    assert_eq!(load(&copy, first.id()).await.expect("it is there").variables, first.variables);
    let instances = count(&copy, "process_instance").await;
    assert!(instances >= 51, "{instances}");
    for table in ["external_task", "variable", "historic_process_instance"] {
        assert_eq!(count(&copy, table).await, instances, "{table}");
    }
    drop((copy, store));
    let left = std::fs::read_dir(folder.path()).expect("readable").count();
    assert_eq!(left, 4, "two databases with their lock files");
}

#[tokio::test]
async fn a_backup_replaces_an_older_one_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, target) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let store = open(&path);
    for expected in 1..=2 {
        start(&store, &WaitingInstance::new("t")).await;
        back_up(&path, &target).expect("is made");
        assert_eq!(count(&open(&target), "process_instance").await, expected);
    }
    let refused = |target: &Path| matches!(back_up(&path, target), Err(BackupError::NotReplaced { .. }));
    assert!(refused(&path), "the database itself");
    let in_use = open(&target);
    assert!(refused(&target), "a database that a server uses");
    drop(in_use);
    let text = folder.path().join("text");
    std::fs::write(&text, "somebody's notes, long enough to look at ".repeat(100)).expect("written");
    assert!(refused(&text), "a file of somebody else");
    let missing = back_up(&folder.path().join("missing.db"), &target);
    assert!(matches!(missing, Err(BackupError::Unreadable { .. })), "{missing:?}");
    let nowhere = back_up(&path, &folder.path().join("missing").join("b.db"));
    assert!(matches!(nowhere, Err(BackupError::Failed { .. })), "{nowhere:?}");
}

#[tokio::test]
async fn a_copy_has_every_row() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, target) = (open(&folder.path().join("a.db")), open(&folder.path().join("b.db")));
    let mut all = Vec::new();
    for number in 0..1_100_i64 {
        let instance = WaitingInstance::new("t").with_variable("v", VariableValue::Long(number));
        start(&source, &instance).await;
        all.push(instance);
    }
    let side = |store| CopySide { store, dialect: Dialect::Sqlite };
    let mut last = None;
    let copied = copy(side(&source), side(&target), |progress| last = Some(progress)).await.expect("is made");
    let last = last.expect("progress");
    assert_eq!((last.phase, last.rows_done), (CopyPhase::Verifying, last.rows));
    let rows = |name: &str| copied.iter().find(|table| table.table == name).map(|table| table.rows);
    assert_eq!((rows("process_instance"), rows("variable")), (Some(1_100), Some(1_100)));
    for instance in [&all[0], &all[500], &all[1_099]] {
        assert_eq!(load(&target, instance.id()).await, load(&source, instance.id()).await);
    }
    let again = copy(side(&source), side(&target), |_| {}).await;
    assert!(matches!(again, Err(CopyError::NotEmpty { .. })), "{again:?}");
}

#[tokio::test]
async fn a_database_with_another_schema_is_not_fit_for_work() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.db");
    let store = open(&path);
    assert_eq!(store.check().await, Ok(()));
    let newer = rusqlite::Connection::open(&path).expect("opens");
    newer.execute("INSERT INTO schema_version VALUES (9999, '', 0)", []).expect("written");
    assert!(matches!(store.check().await, Err(StoreError::Failed(_))));
}
