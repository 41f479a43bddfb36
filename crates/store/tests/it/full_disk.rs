//! A disk that is full: what cannot be written is refused, nothing of it is kept, and all is well once there is room.
//!
//! The disk is a limit on the size of files, which holds for a whole process: the test runs itself in another one, by
//! way of a shell, because only that can make the kernel's signal about the limit be ignored.

use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use store::conformance::fixture::{WaitingInstance, apply, count, load, start};
use store::{SqliteStore, StoreError};
use types::VariableValue;

const FOLDER: &str = "STORE_TEST_SMALL_DISK";
const ROOM_BYTES: u64 = 3 << 20;

#[test]
fn nothing_is_half_written_and_room_helps() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        return runtime.block_on(on_a_small_disk(std::path::Path::new(&folder)));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" --exact full_disk::nothing_is_half_written_and_room_helps --nocapture"])
        .arg(std::env::current_exe().expect("this test is a file"))
        .env(FOLDER, folder.path())
        .output()
        .expect("a shell");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}{}", String::from_utf8_lossy(&output.stderr));
}

async fn on_a_small_disk(folder: &std::path::Path) {
    let path = folder.join("a.db");
    let store = SqliteStore::open(&format!("sqlite:{}", path.display())).expect("opens");
    let waiting =
        |size: usize| WaitingInstance::new("t").with_variable("v", VariableValue::Bytes(vec![7; size].into()));
    let first = waiting(10);
    start(&store, &first).await;

    let unlimited = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(ROOM_BYTES), maximum: unlimited.maximum })
        .expect("a lower limit");
    let mut kept = 1;
    let failure = loop {
        match apply(&store, vec![waiting(200_000).started()]).await {
            Ok(()) => kept += 1,
            Err(failure) => break failure,
        }
        assert!(kept < 1000, "the disk is never full");
    };
    assert!(matches!(failure, StoreError::Unavailable(_)), "{failure}");
    for _ in 0..3 {
        let several: Vec<_> = (0..3).map(|_| waiting(200_000).started()).collect();
        let failure = apply(&store, several).await.expect_err("there is still no room");
        assert!(matches!(failure, StoreError::Unavailable(_)), "{failure}");
    }
    // Reading goes on, and shows all or nothing of each unit.
    assert!(load(&store, first.id()).await.is_some());
    for table in ["process_instance", "external_task", "variable", "historic_process_instance"] {
        assert_eq!(count(&store, table).await, kept, "{table}");
    }

    setrlimit(Resource::Fsize, unlimited).expect("the old limit");
    let last = waiting(1_000_000);
    start(&store, &last).await;
    drop(store);
    let store = SqliteStore::open(&format!("sqlite:{}", path.display())).expect("opens again");
    assert_eq!(load(&store, last.id()).await.expect("it is there").variables, last.variables);
    assert_eq!(count(&store, "variable").await, kept + 1);
}
