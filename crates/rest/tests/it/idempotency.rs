//! Requests that are repeated with their `Idempotency-Key`, and completions that are repeated without one.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use rest::RestSettings;
use serde_json::json;

use crate::server::{Answered, TestServer};

async fn post(server: &TestServer, path: &str, key: &str, body: &str) -> Answered {
    let request = Request::post(format!("/engine-rest{path}"))
        .header(CONTENT_TYPE, "application/json")
        .header("Idempotency-Key", key)
        .body(Body::from(body.to_owned()));
    server.send(request.expect("a valid request")).await
}

fn is_replayed(answer: &Answered) -> bool {
    answer.headers.contains_key("idempotency-replayed")
}

async fn count(server: &TestServer, path: &str) -> u64 {
    server.get(path).await.json()["count"].as_u64().expect("a count")
}

async fn notes(server: &TestServer) -> usize {
    let table = &query::tables::IDEMPOTENCY_KEY;
    let statement = query::Select::all(table.source()).render(server.runtime.dialect());
    server.runtime.select(statement).await.expect("can be read").len()
}

async fn fetch_one(server: &TestServer, topic: &str) -> String {
    let body = json!({"workerId": "w", "maxTasks": 1, "topics": [{"topicName": topic, "lockDuration": 60_000}]});
    let tasks = server.post("/external-task/fetchAndLock", &body.to_string()).await.json();
    tasks[0]["id"].as_str().expect("a task").to_owned()
}

const START: &str = "/process-definition/key/order/start";

#[tokio::test]
async fn a_start_is_carried_out_once() {
    let server = TestServer::new().await;
    server.deploy("order", "ship").await;
    let body = r#"{"businessKey":"b","variables":{"n":{"value":1}},"withVariablesInReturn":true}"#;
    let first = post(&server, START, "k", body).await;
    let second = post(&server, START, "k", body).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    assert_eq!((second.status, second.text()), (first.status, first.text()));
    assert!(!is_replayed(&first) && is_replayed(&second));
    assert_eq!(count(&server, "/process-instance/count").await, 1);
    let other = post(&server, START, "k2", body).await;
    assert_ne!(other.text(), first.text());
    assert_eq!(count(&server, "/process-instance/count").await, 2);
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let server = TestServer::new().await;
    server.deploy("order", "ship").await;
    post(&server, START, "k", "{}").await;
    let other_body = post(&server, START, "k", r#"{"businessKey":"b"}"#).await;
    assert_eq!(other_body.refusal(), (422, "InvalidRequestException".to_owned()));
    let other_operation = post(&server, "/message", "k", "{}").await;
    assert_eq!(other_operation.refusal().0, 422);
    // The same engine by its other address.
    let same = post(&server, &format!("/engine/default{START}"), "k", "{}").await;
    assert!(is_replayed(&same), "{}", same.text());
}

#[tokio::test]
async fn keys_that_are_none_are_refused() {
    let server = TestServer::new().await;
    for key in ["", "ä", &"x".repeat(256)] {
        let request = Request::post("/engine-rest/message")
            .header(CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", key.as_bytes())
            .body(Body::from("{}"));
        let answer = server.send(request.expect("a valid request")).await;
        assert_eq!(answer.refusal(), (400, "InvalidRequestException".to_owned()), "{key}");
    }
}

#[tokio::test]
async fn what_was_refused_is_tried_again() {
    let server = TestServer::new().await;
    assert_eq!(post(&server, START, "k", "{}").await.status, StatusCode::NOT_FOUND);
    server.deploy("order", "ship").await;
    let started = post(&server, START, "k", "{}").await;
    assert!(started.status == StatusCode::OK && !is_replayed(&started), "{}", started.text());
}

#[tokio::test]
async fn a_completion_is_answered_as_done() {
    let server = TestServer::new().await;
    server.deploy("order", "ship").await;
    server.start("order", "{}").await;
    let path = format!("/external-task/{}/complete", fetch_one(&server, "ship").await);
    let first = post(&server, &path, "k", r#"{"workerId":"w"}"#).await;
    let second = post(&server, &path, "k", r#"{"workerId":"w"}"#).await;
    assert_eq!((first.status, second.status), (StatusCode::NO_CONTENT, StatusCode::NO_CONTENT));
    assert!(is_replayed(&second));
    assert_eq!(server.post(&path, r#"{"workerId":"w"}"#).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn deployments_and_lists_of_changes() {
    let server = TestServer::new().await;
    let deploy = async |boundary: &str| {
        let form = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"x\"; filename=\"a.txt\"\r\n\r\nx\r\n--{boundary}--\r\n"
        );
        let request = Request::post("/engine-rest/deployment/create")
            .header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
            .header("Idempotency-Key", "d")
            .body(Body::from(form));
        server.send(request.expect("a valid request")).await
    };
    let (first, second) = (deploy("b").await, deploy("another").await);
    assert_eq!((first.status, first.text()), (StatusCode::OK, second.text()));
    assert_eq!(count(&server, "/deployment/count").await, 1);
    // Nothing changes, so nothing has to be noted.
    let before = notes(&server).await;
    post(&server, "/external-task", "q", "{}").await;
    assert_eq!(notes(&server).await, before);
}

#[tokio::test]
async fn a_claim_is_never_answered_twice() {
    let server = TestServer::new().await;
    server.deploy("order", "ship").await;
    server.start("order", "{}").await;
    let body = r#"{"workerId":"w","maxTasks":1,"topics":[{"topicName":"ship","lockDuration":60000}]}"#;
    let first = post(&server, "/external-task/fetchAndLock", "k", body).await.json();
    let second = post(&server, "/external-task/fetchAndLock", "k", body).await.json();
    assert_eq!((first.as_array().map(Vec::len), second.as_array().map(Vec::len)), (Some(1), Some(0)));
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out() {
    let server = TestServer::new().await;
    server.deploy("order", "ship").await;
    let answers = futures_util::future::join_all((0..8).map(|_| post(&server, START, "k", "{}"))).await;
    for answer in answers {
        let in_progress = answer.status == StatusCode::CONFLICT && answer.headers.contains_key("retry-after");
        assert!(answer.status == StatusCode::OK || in_progress, "{}", answer.text());
    }
    assert_eq!(count(&server, "/process-instance/count").await, 1);
}

#[tokio::test]
async fn requests_without_a_key_leave_no_note() {
    let server = TestServer::new().await;
    server.deploy("order", "ship").await;
    server.start("order", "{}").await;
    let path = format!("/external-task/{}/complete", fetch_one(&server, "ship").await);
    assert_eq!(server.post(&path, r#"{"workerId":"w"}"#).await.status, StatusCode::NO_CONTENT);
    assert_eq!(notes(&server).await, 0);
}

#[tokio::test]
async fn idempotent_completion_is_of_the_same_worker() {
    let server = TestServer::with(RestSettings { idempotent_completion: true, ..RestSettings::default() }).await;
    server.deploy("order", "ship").await;
    server.start("order", "{}").await;
    let path = format!("/external-task/{}/complete", fetch_one(&server, "ship").await);
    let foreign = server.post(&path, r#"{"workerId":"other"}"#).await;
    assert_eq!(foreign.status, StatusCode::BAD_REQUEST, "{}", foreign.text());
    for body in [r#"{"workerId":"w"}"#, r#"{"workerId":"w","variables":{"late":{"value":1}}}"#] {
        let answer = server.post(&path, body).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    }
    assert_eq!(server.post(&path, r#"{"workerId":"other"}"#).await.status, StatusCode::NOT_FOUND);
}
