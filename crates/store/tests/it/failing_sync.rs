//! A disk that does not take what it was given: nobody can say what is on it, so the process ends before it says anything.
//!
//! The test runs itself in another process, which is the one that ends.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use store::SqliteStore;
use store::conformance::fixture::{WaitingInstance, apply, count, start};
use store::sqlite::SqliteOptions;
use vfs_layer::{Below, FileKind, Layer, LayerFile, Opening, Refusal, SyncKind};

const FOLDER: &str = "STORE_TEST_FAILING_SYNC";
const LAYER: &str = "failing-sync";

static FAILS: AtomicBool = AtomicBool::new(false);

struct FailingSync;

struct Log;

impl Layer for FailingSync {
    type File = Log;

    fn open(&self, _: &Path, opening: Opening) -> Option<Log> {
        (opening.kind == FileKind::WriteAheadLog).then_some(Log)
    }
}

impl LayerFile for Log {
    fn sync(&mut self, below: Below<'_>, kind: SyncKind) -> Result<(), Refusal> {
        if FAILS.load(Ordering::SeqCst) { Err(Refusal::NOT_SYNCED) } else { below.sync(kind) }
    }
}

#[tokio::test]
async fn a_sync_that_fails_ends_the_process_before_anybody_is_answered() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return on_a_failing_disk(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = "failing_sync::a_sync_that_fails_ends_the_process_before_anybody_is_answered";
    let output = Command::new(std::env::current_exe().expect("this test is a file"))
        .args(["--exact", name, "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .expect("it can be started");
    let (told, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success() && !complaint.contains("answered"), "{told}{complaint}");
    assert!(complaint.contains("the write-ahead log cannot be synced: disk I/O error"), "{complaint}");
    let store = SqliteStore::open(&format!("sqlite:{}", folder.path().join("a.db").display())).expect("opens again");
    assert!(count(&store, "process_instance").await >= 1, "what was acknowledged is there");
}

async fn on_a_failing_disk(folder: &Path) {
    assert!(vfs_layer::register(LAYER, None, FailingSync), "SQLite comes with a layer for this platform");
    let url = format!("sqlite:{}", folder.join("a.db").display()).parse().expect("a valid URL");
    let options = SqliteOptions { vfs: Some(LAYER.to_owned()), checkpoint_pages: None };
    let store = SqliteStore::open_with(&url, &options).expect("opens");
    start(&store, &WaitingInstance::new("t")).await;
    FAILS.store(true, Ordering::SeqCst);
    let answer = apply(&store, vec![WaitingInstance::new("t").started()]).await;
    panic!("answered {answer:?}");
}
