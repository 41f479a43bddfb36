//! A disk without room: what changes something is answered 503, reading goes on, and all is well once there is room.
//!
//! The disk is a limit on the size of files, set for the running server.

use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;

use crate::process::{Process, count, deploy, start};

#[tokio::test]
async fn writes_are_refused_until_there_is_room() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Process::start_without_file_signal(folder.path()).await;
    let mut client = server.client().await;
    deploy(&mut client).await;
    start(&mut client).await.expect("there is room");

    let unlimited = prlimit(Some(server.id()), Resource::Fsize, Rlimit { current: Some(1024), maximum: None })
        .expect("a lower limit");
    for _ in 0..3 {
        let refused = start(&mut client).await.expect_err("there is no room");
        assert!(refused.contains("503"), "{refused}");
    }
    assert_eq!(count(&mut client).await, json!(1), "reading goes on");
    let reason = server.ready_status(503).await;
    assert!(reason.starts_with("not ready: the database is not available"), "{reason}");
    assert_eq!(server.ask("/livez").await.0, 200, "a restart would not help");
    assert_eq!(server.ask("/metrics").await.0, 200);

    prlimit(Some(server.id()), Resource::Fsize, unlimited).expect("the old limit");
    start(&mut client).await.expect("there is room again");
    assert_eq!(count(&mut client).await, json!(2));
    server.ready_status(200).await;
}
