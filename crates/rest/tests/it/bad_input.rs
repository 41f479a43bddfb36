//! Every operation of the contract with everything that a request should not be: there is always an answer, it comes
//! in time, it says nothing of the inside, and the server goes on.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use rest::OPERATIONS;
use rest::operation::{Operation, Takes, Verb};

use crate::server::{Answered, TestServer};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn hostile_ids() {
    let server = TestServer::new().await;
    let long = "x".repeat(10_000);
    for operation in OPERATIONS {
        for id in
            ["nonsense", "%00", "%27%20OR%201=1--", "..%5c..", "%ff%fe", "a%20b", "-1", "%F0%9F%98%80", "'\"", &long]
        {
            let body = if operation.takes == Takes::Json { "{}" } else { "" };
            check(&server, operation, &path_of(operation, id), "application/json", body.as_bytes()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_query_values() {
    let server = TestServer::new().await;
    let queries = [
        "maxResults=x&firstResult=-1",
        "sortBy=nothing&sortOrder=up",
        "sortBy=%27;DROP%20TABLE%20x--&sortOrder=asc",
        "processInstanceId=%ff&taskId=%zz&id=%00",
        "variables=a_b_c_d,,,__,x_eq_&processVariables=_&taskVariables=n_nope_1",
        "createdBefore=tomorrow&dueDate=2026-13-45T99:99:99.000%2B0000",
        "suspended=maybe&cascade=perhaps&withoutTenantId=1",
        "tenantIdIn=,,,&processInstanceIds=,&ids=,",
    ];
    let many = (0..5_000).map(|n| format!("p{n}={n}")).collect::<Vec<_>>().join("&");
    for operation in OPERATIONS {
        for query in queries.iter().copied().chain([many.as_str()]) {
            let path = format!("{}?{query}", path_of(operation, "nonsense"));
            check(&server, operation, &path, "application/json", b"").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_bodies() {
    let server = TestServer::new().await;
    let deep_array = "[".repeat(100_000);
    let deep_object = "{\"a\":".repeat(100_000);
    let huge_number = format!("{{\"retries\":{}}}", "9".repeat(100_000));
    let wide = format!("[{}0]", "0,".repeat(1_200_000));
    let bodies: Vec<&[u8]> = vec![
        b"{",
        b"[]",
        b"null",
        b"\"text\"",
        b"5",
        b"{} {}",
        b"{\"a\":}",
        b"\xff\xfe\x00",
        b"{\"\\ud800\":1}",
        deep_array.as_bytes(),
        deep_object.as_bytes(),
        huge_number.as_bytes(),
        wide.as_bytes(),
    ];
    for operation in OPERATIONS.iter().filter(|operation| operation.takes != Takes::Nothing) {
        for body in &bodies {
            check(&server, operation, &path_of(operation, "nonsense"), "application/json", body).await;
        }
    }
}

/// Known names with values of every wrong kind.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_types() {
    let server = TestServer::new().await;
    server.deploy("p", "t").await;
    server.start("p", "{}").await;
    let names = [
        "workerId",
        "maxTasks",
        "topics",
        "lockDuration",
        "newDuration",
        "retries",
        "retryTimeout",
        "variables",
        "localVariables",
        "modifications",
        "deletions",
        "suspended",
        "sorting",
        "processInstanceIds",
        "orQueries",
        "externalTaskIds",
        "externalTaskQuery",
        "messageName",
        "correlationKeys",
        "duedate",
        "priority",
        "value",
        "type",
        "businessKey",
        "startInstructions",
        "processDefinitionKey",
        "tenantIdIn",
        "asyncResponseTimeout",
        "resourceIds",
    ];
    let values = [
        "[]",
        "{}",
        "[[]]",
        "[null]",
        "{\"a\":1}",
        "-1",
        "1e400",
        "99999999999999999999",
        "true",
        "\"\\u0000\"",
        "\"x\"",
    ];
    for operation in OPERATIONS.iter().filter(|operation| operation.takes == Takes::Json) {
        for value in values {
            let fields: Vec<String> = names.iter().map(|name| format!("\"{name}\":{value}")).collect();
            let all = format!("{{{}}}", fields.join(","));
            for id in ["nonsense", "p"] {
                check(&server, operation, &path_of(operation, id), "application/json", all.as_bytes()).await;
            }
            // What is not there yet looks into no body.
            for field in fields.iter().filter(|_| operation.handler.is_some()) {
                let one = format!("{{{field}}}");
                check(&server, operation, &path_of(operation, "nonsense"), "application/json", one.as_bytes()).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_media_types_and_forms() {
    let server = TestServer::new().await;
    let form = |part: &str| format!("--b\r\n{part}\r\n--b--\r\n");
    let bodies = [
        ("text/plain", "{}".to_owned()),
        ("application/xml", "<a/>".to_owned()),
        ("", "{}".to_owned()),
        ("application/json; charset=utf-16", "{}".to_owned()),
        ("multipart/form-data", "{}".to_owned()),
        ("multipart/form-data; boundary=b", String::new()),
        ("multipart/form-data; boundary=b", "--b\r\n\r\n".to_owned()),
        ("multipart/form-data; boundary=b", form("Content-Disposition: form-data; name=\"data\"\r\n\r\nx")),
        ("multipart/form-data; boundary=b", form("Content-Disposition: form-data; name=\"type\"\r\n\r\nx")),
        (
            "multipart/form-data; boundary=b",
            form(
                "Content-Disposition: form-data; name=\"x\"; filename=\"../../a.bpmn\"\r\n\r\n<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
            ),
        ),
    ];
    for operation in OPERATIONS {
        for (media_type, body) in &bodies {
            check(&server, operation, &path_of(operation, "nonsense"), media_type, body.as_bytes()).await;
        }
    }
}

fn path_of(operation: &Operation, id: &str) -> String {
    let mut path = String::new();
    for segment in operation.path.split('/').skip(1) {
        path.push('/');
        path.push_str(if segment.starts_with('{') { id } else { segment });
    }
    path
}

async fn check(server: &TestServer, operation: &Operation, path: &str, media_type: &str, body: &[u8]) {
    let request = Request::builder()
        .method(operation.method.method())
        .uri(format!("/engine-rest{path}"))
        .header(CONTENT_TYPE, media_type)
        .body(Body::from(body.to_vec()));
    // What cannot even be written as an address never gets here.
    let Ok(request) = request else { return };
    let shown = format!("{} {:.80} with {:.80}", operation.method.name(), path, String::from_utf8_lossy(body));
    let answer = tokio::time::timeout(PATIENCE, server.send(request)).await;
    let answer = answer.unwrap_or_else(|_| panic!("no answer in time: {shown}"));
    check_answer(operation, &answer, &shown);
}

fn check_answer(operation: &Operation, answer: &Answered, shown: &str) {
    if answer.status.is_success() {
        assert!(operation.handler.is_some() || operation.method == Verb::Options, "{shown} is not there yet");
        return;
    }
    let (status, error_type) = answer.refusal();
    assert_ne!(error_type, "", "{shown}");
    // Camunda: some refusals are 500, but they say what was wrong with the request.
    let text = answer.text();
    assert!(!text.contains("the request failed"), "{shown}: {status} {text}");
    for inside in ["panicked", "SELECT ", "INSERT ", "sqlite", "no such column", "/src/", ".rs:", "RUST_BACKTRACE"] {
        assert!(!text.contains(inside), "{shown} tells of the inside: {text}");
    }
    let expected_when_absent = [404, 405, 406, 413, 415, 400, 501];
    if operation.handler.is_none() {
        assert!(expected_when_absent.contains(&status), "{shown}: {status}");
    }
    assert_ne!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{shown}");
}
