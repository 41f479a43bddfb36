//! Locks of tasks whose answers did not get through.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::TestServer;

fn poll(timeout_ms: u64) -> String {
    poll_at("fetchAndLock", timeout_ms)
}

fn poll_at(operation: &str, timeout_ms: u64) -> String {
    let topics = json!([{"topicName": "t", "lockDuration": 600_000}]);
    let body = json!({
        "workerId": "gone", "maxTasks": 5, "asyncResponseTimeout": timeout_ms, "topics": topics, "tasks": []
    })
    .to_string();
    let head =
        format!("POST /engine-rest/external-task/{operation} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json");
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The worker of each task, once no task has the worker that went away, or after a while.
async fn workers(server: &TestServer) -> Vec<serde_json::Value> {
    let mut found = Vec::new();
    for _ in 0..100 {
        let tasks = server.get("/external-task").await.json();
        found = tasks.as_array().expect("a list").iter().map(|task| task["workerId"].clone()).collect();
        if !found.contains(&json!("gone")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    found
}

async fn until_parked(server: &TestServer, count: usize) {
    for _ in 0..200 {
        if server.runtime.parked_polls() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} polls are parked, not {count}", server.runtime.parked_polls());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_went_away_while_waiting_gets_nothing_locked() {
    for operation in ["fetchAndLock", "complete-and-fetch"] {
        waits_and_goes(operation).await;
    }
}

async fn waits_and_goes(operation: &str) {
    let server = TestServer::new().await;
    server.deploy("p", "t").await;
    let address = server.listen().await;
    let mut client = TcpStream::connect(address).await.expect("connected");
    client.write_all(poll_at(operation, 60_000).as_bytes()).await.expect("sent");
    until_parked(&server, 1).await;
    drop(client);
    until_parked(&server, 0).await;
    server.start("p", "{}").await;
    assert_eq!(workers(&server).await, [json!(null)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_an_answer_that_cannot_be_written_are_unlocked() {
    let server = TestServer::new().await;
    server.deploy("p", "t").await;
    let address = server.listen().await;
    // More than the kernel keeps for a client that does not read.
    let large = "x".repeat(8 * 1024 * 1024);
    server.start("p", &json!({"variables": {"large": {"value": large}}}).to_string()).await;
    server.start("p", &json!({"variables": {"large": {"value": large}}}).to_string()).await;
    let mut client = TcpStream::connect(address).await.expect("connected");
    client.write_all(poll(0).as_bytes()).await.expect("sent");
    let mut first = [0; 1024];
    client.read_exact(&mut first).await.expect("the answer begins");
    let locked = server.get("/external-task/count?locked=true").await.json();
    assert_eq!(locked, json!({"count": 2}));
    drop(client);
    assert_eq!(workers(&server).await, [json!(null), json!(null)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_read_keeps_its_locks() {
    let server = TestServer::new().await;
    server.deploy("p", "t").await;
    let address = server.listen().await;
    server.start("p", "{}").await;
    let mut client = TcpStream::connect(address).await.expect("connected");
    client.write_all(poll(0).as_bytes()).await.expect("sent");
    let mut answer = [0; 4096];
    let read = client.read(&mut answer).await.expect("an answer");
    assert!(String::from_utf8_lossy(&answer[..read]).starts_with("HTTP/1.1 200 OK"));
    drop(client);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let tasks = server.get("/external-task").await.json();
    assert_eq!(tasks[0]["workerId"], json!("gone"));
}
