//! Two processes on one database.

use std::time::Duration;

use camlock::http_client::HttpClient;
use hyper::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::process::{PROGRAM, Process, count, deploy, start};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A new one, that nobody has migrated.
async fn empty_database() -> String {
    let schema = throwaway_postgres::unique_name();
    let url = throwaway_postgres::server_url();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the server is there");
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.expect("a new schema");
    throwaway_postgres::with_schema(&url, &schema)
}

/// The cells of each node, by `camlock nodes`.
async fn nodes(database: &str) -> Vec<Vec<String>> {
    let output = Command::new(PROGRAM).args(["nodes", "--database", database]).output().await.expect("can be started");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("a text");
    text.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

async fn until_nodes(server: &Process, expected: &str) {
    let looking = async {
        while !server.ask("/metrics").await.1.lines().any(|line| line == format!("camlock_nodes {expected}")) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("it never sees {expected} nodes"));
}

async fn call(client: &mut HttpClient, path: &str, body: Value) -> Value {
    client.call(Method::POST, path, &body).await.expect("is answered")
}

fn fetch(worker: &str, timeout_ms: u64) -> Value {
    json!({
        "workerId": worker, "maxTasks": 1, "asyncResponseTimeout": timeout_ms,
        "topics": [{"topicName": "ship", "lockDuration": 600_000}],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_share_the_work_and_know_each_other() {
    let database = empty_database().await;
    let one_flags = ["--node-name", "first"];
    // Both find nothing, and one of them migrates.
    let (one, other) = tokio::join!(Process::start_on(&database, &one_flags), Process::start_on(&database, &[]));
    until_nodes(&one, "2.0").await;
    until_nodes(&other, "2.0").await;
    let found = nodes(&database).await;
    let other_name = format!(":{}", other.address.port());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|node| node[1] == "alive"), "{found:?}");
    assert!(found.iter().any(|node| node[0] == "first" && node[3] == one.address.to_string()), "{found:?}");
    assert!(found.iter().any(|node| node[0].ends_with(&other_name)), "{found:?}");

    let (mut at_one, mut at_other) = (one.client().await, other.client().await);
    deploy(&mut at_one).await;
    let mut poller = other.client().await;
    let polling =
        tokio::spawn(async move { call(&mut poller, "/external-task/fetchAndLock", fetch("ann", 60_000)).await });
    start(&mut at_one).await.expect("starts");
    let polled = tokio::time::timeout(PATIENCE, polling).await.expect("the other node hears of it").expect("no panic");
    let path = format!("/external-task/{}/complete", polled[0]["id"].as_str().expect("one task"));
    call(&mut at_one, &path, json!({ "workerId": "ann" })).await;
    assert_eq!(count(&mut at_other).await, json!(0));

    start(&mut at_other).await.expect("starts");
    other.terminate();
    assert!(other.ends_well().await);
    assert_eq!(nodes(&database).await.len(), 1);
    let left = call(&mut at_one, "/external-task/fetchAndLock", fetch("ann", 0)).await;
    assert_eq!(left.as_array().map(Vec::len), Some(1), "{left}");
}

#[tokio::test]
async fn nodes_are_those_of_a_database_that_several_can_use() {
    let database = empty_database().await;
    for (database, expected) in [("sqlite:a.db", "several nodes"), (database.as_str(), "not a database of Camlock")] {
        let output = Command::new(PROGRAM).args(["nodes", "--database", database]).output().await.expect("starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(expected), "{said}");
    }
}
