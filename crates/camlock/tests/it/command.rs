//! The subcommands for operators.

use std::process::Output;

use serde_json::json;
use tokio::process::Command;

use crate::process::{PROGRAM, Process, count, database, deploy, start};

async fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().await.expect("can be started")
}

/// What it says where it refuses.
async fn refusal(arguments: &[&str]) -> String {
    let output = run(arguments).await;
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn backup_copy_and_health() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let moved_folder = tempfile::tempdir().expect("a temporary folder");
    let server = Process::start(folder.path(), &[]).await;
    let mut client = server.client().await;
    deploy(&mut client).await;
    start(&mut client).await.expect("starts");
    let running = database(folder.path());
    let kept = folder.path().join("kept.db").display().to_string();
    let moved = database(moved_folder.path());

    let backed_up = run(&["backup", "--database", &running, "--to", &kept]).await;
    assert!(backed_up.status.success(), "{backed_up:?}");
    let in_use = refusal(&["copy", "--from", &running, "--to", &moved]).await;
    assert!(in_use.contains("another server uses the database"), "{in_use}");
    let copied = run(&["copy", "--from", &format!("sqlite:{kept}"), "--to", &moved]).await;
    assert!(copied.status.success() && String::from_utf8_lossy(&copied.stdout).contains("verified"), "{copied:?}");
    let again = refusal(&["copy", "--from", &format!("sqlite:{kept}"), "--to", &moved]).await;
    assert!(again.contains("not empty"), "{again}");

    let address = server.address.to_string();
    assert!(run(&["health", "--listen", &address]).await.status.success());
    server.terminate();
    assert!(server.ends_well().await);
    refusal(&["health", "--listen", &address]).await;

    let server = Process::start(moved_folder.path(), &[]).await;
    assert_eq!(count(&mut server.client().await).await, json!(1));
}

#[tokio::test]
async fn a_file_of_somebody_else_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "notes of somebody else, longer than the head of a database ".repeat(20);
    std::fs::write(folder.path().join("a.db"), &text).expect("written");
    let refused = refusal(&["serve", "--listen", "127.0.0.1:0", "--database", &database(folder.path())]).await;
    assert!(refused.contains("is not a database of Camlock"), "{refused}");
    assert_eq!(std::fs::read_to_string(folder.path().join("a.db")).expect("readable"), text);
}
