//! SIGTERM: first the server says that it is not ready, then it answers what waits, then it ends.

use hyper::Method;
use serde_json::json;

use crate::process::{Process, deploy};

#[tokio::test]
async fn it_says_so_before_it_ends_and_answers_polls() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let flags = ["--management-listen", "127.0.0.1:0", "--shutdown-delay", "2"];
    let server = Process::start(folder.path(), &flags).await;
    let mut client = server.client().await;
    deploy(&mut client).await;
    let poll = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 600_000,
        "topics": [{"topicName": "ship", "lockDuration": 1_000}]});
    let parked = tokio::spawn(async move { client.call(Method::POST, "/external-task/fetchAndLock", &poll).await });
    while !server.ask("/metrics").await.1.contains("camlock_parked_polls 1.0") {}
    server.terminate();
    assert_eq!(server.ready_status(503).await, "not ready: it is shutting down\n");
    // It still serves: who balances the load needs time to learn of it.
    let mut late = server.client().await;
    assert_eq!(late.get("/engine-rest/version").await.expect("an answer").0, 200);
    assert_eq!(parked.await.expect("no panic").expect("an answer"), json!([]));
    assert!(server.ends_well().await);
}
