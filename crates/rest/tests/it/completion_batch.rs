//! Many completions in one request, alone and with a fetchAndLock behind them.

use std::time::Duration;

use axum::http::StatusCode;
use rest::RestSettings;
use serde_json::{Value, json};

use crate::server::TestServer;

const BATCH: &str = "/external-task/complete-batch";
const AND_FETCH: &str = "/external-task/complete-and-fetch";

async fn with_orders(settings: RestSettings, count: usize) -> TestServer {
    let server = TestServer::with(settings).await;
    server.deploy("order", "ship").await;
    for _ in 0..count {
        server.start("order", "{}").await;
    }
    server
}

fn statuses(results: &Value) -> Vec<u64> {
    results.as_array().expect("a list").iter().map(|result| result["status"].as_u64().expect("a status")).collect()
}

async fn count(server: &TestServer, path: &str) -> u64 {
    server.get(path).await.json()["count"].as_u64().expect("a count")
}

#[tokio::test]
async fn each_task_is_answered_as_the_single_call_would_have_been() {
    let server = with_orders(RestSettings::default(), 4).await;
    let ids = server.fetch("ship", 3).await;
    let unlocked = server.get("/external-task?notLocked=true").await.json()[0]["id"].clone();
    let entries = json!([
        {"id": ids[0], "variables": {"r": {"value": 1}}},
        {"id": unlocked},
        {"id": "nonsense"},
        {"id": ids[1], "variables": {"r": {"value": "x", "type": "NoSuchType"}}},
        "no object",
        {"variables": {}},
        {"id": ids[2], "localVariables": {"l": {"value": true}}},
        {"id": ids[0]},
    ]);
    let mut singles = Vec::new();
    for entry in [&entries[1], &entries[2], &entries[3]] {
        let body = json!({"workerId": "w", "variables": entry["variables"]}).to_string();
        let path = format!("/external-task/{}/complete", entry["id"].as_str().expect("an id"));
        let single = server.post(&path, &body).await;
        let status = single.status.as_u16();
        singles.push((status, single.json()));
    }
    let answer = server.post(BATCH, &json!({"workerId": "w", "tasks": entries}).to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let results = answer.json();
    assert_eq!(statuses(&results), [204, 400, 404, 400, 400, 400, 204, 404]);
    for (result, (status, single)) in results.as_array().expect("a list")[1..4].iter().zip(&singles) {
        let shown = (&result["status"], &result["type"], &result["message"], &result["code"]);
        assert_eq!(shown, (&json!(status), &single["type"], &single["message"], &single["code"]));
    }
    assert_eq!(results[0], json!({"id": ids[0], "status": 204}));
    assert_eq!(results[4]["id"], json!(null));
    assert_eq!(count(&server, "/history/process-instance/count?completed=true").await, 2);
    let variables = server.get("/history/variable-instance").await.json();
    let mut names: Vec<&str> =
        variables.as_array().expect("a list").iter().filter_map(|v| v["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["l", "r"]);
}

#[tokio::test]
async fn without_a_worker_each_task_is_refused() {
    let server = with_orders(RestSettings::default(), 1).await;
    let ids = server.fetch("ship", 1).await;
    let single = server.post(&format!("/external-task/{}/complete", ids[0]), "{}").await;
    let results = server.post(BATCH, &json!({"tasks": [{"id": ids[0]}]}).to_string()).await.json();
    assert_eq!(results[0]["status"], json!(single.status.as_u16()));
    assert_eq!(results[0]["type"], single.json()["type"]);
}

#[tokio::test]
async fn requests_that_make_no_sense_do_nothing() {
    let settings = RestSettings { completions_per_request_max: 2, ..RestSettings::default() };
    let server = with_orders(settings, 1).await;
    let ids = server.fetch("ship", 1).await;
    let entry = json!({"id": ids[0]});
    for body in [
        json!({"workerId": "w"}),
        json!({"workerId": "w", "tasks": {}}),
        json!({"workerId": "w", "tasks": [entry, entry, entry]}),
        json!({"workerId": [], "tasks": [entry]}),
    ] {
        assert_eq!(server.post(BATCH, &body.to_string()).await.refusal(), (400, "InvalidRequestException".to_owned()));
    }
    // The fetch is looked at before anything is completed.
    for (topic, status) in [(json!({"lockDuration": 1}), 400), (json!({"topicName": "ship", "lockDuration": 0}), 500)] {
        let body = json!({"workerId": "w", "tasks": [entry], "maxTasks": 1, "topics": [topic]});
        assert_eq!(server.post(AND_FETCH, &body.to_string()).await.refusal().0, status);
    }
    assert_eq!(count(&server, "/external-task/count").await, 1);
    let nothing = server.post(BATCH, r#"{"workerId":"w","tasks":[]}"#).await;
    assert_eq!((nothing.status, nothing.json()), (StatusCode::OK, json!([])));
}

#[tokio::test]
async fn tasks_of_one_instance_are_completed_in_their_order() {
    let server = TestServer::new().await;
    let task = r#"serviceTask camunda:type="external" camunda:topic="many""#;
    let loops =
        r#"<multiInstanceLoopCharacteristics><loopCardinality>40</loopCardinality></multiInstanceLoopCharacteristics>"#;
    server.deploy_task_with("many", task, loops).await;
    server.start("many", r#"{"variables":{"last":{"value":-1}}}"#).await;
    let ids = server.fetch("many", 40).await;
    assert_eq!(ids.len(), 40);
    let entries: Vec<Value> =
        ids.iter().enumerate().map(|(n, id)| json!({"id": id, "variables": {"last": {"value": n}}})).collect();
    let results = server.post(BATCH, &json!({"workerId": "w", "tasks": entries}).to_string()).await.json();
    assert_eq!(statuses(&results), [204; 40]);
    let last = server.get("/history/variable-instance?variableName=last").await.json();
    assert_eq!(last[0]["value"], json!(39));
    assert_eq!(count(&server, "/history/process-instance/count?completed=true").await, 1);
}

#[tokio::test]
async fn a_key_stands_for_each_task_of_its_request() {
    let server = with_orders(RestSettings::default(), 3).await;
    let ids = server.fetch("ship", 3).await;
    let body = |entries: Value| json!({"workerId": "w", "tasks": entries}).to_string();
    let first =
        server.post_once(BATCH, "k", &body(json!([{"id": ids[0]}, {"id": ids[0]}, {"id": "gone"}]))).await.json();
    assert_eq!(statuses(&first), [204, 409, 404]);
    assert_eq!(first[1]["retryAfter"], json!(1));
    // A part of it again with another one, by the other way in.
    let second = server.post_once(BATCH, "k", &body(json!([{"id": ids[1]}, {"id": ids[0]}]))).await.json();
    assert_eq!(second, json!([{"id": ids[1], "status": 204}, {"id": ids[0], "status": 204, "replayed": true}]));
    let other = server.post_once(BATCH, "k", &body(json!([{"id": ids[1], "variables": {"a": {"value": 1}}}]))).await;
    assert_eq!((other.status, statuses(&other.json())), (StatusCode::OK, vec![422]));
    let with_fetch = json!({"workerId": "w", "tasks": [{"id": ids[1]}], "maxTasks": 1, "topics": []}).to_string();
    let fetched = server.post_once(AND_FETCH, "k", &with_fetch).await.json();
    assert_eq!(fetched["completed"][0]["replayed"], json!(true));
    let without = server.post(BATCH, &body(json!([{"id": ids[0]}]))).await.json();
    assert_eq!(statuses(&without), [404]);
    let wrong = server.post_once(BATCH, "", &body(json!([]))).await;
    assert_eq!(wrong.refusal().0, 400);
}

#[tokio::test]
async fn idempotent_completion_is_of_each_task() {
    let server = with_orders(RestSettings { idempotent_completion: true, ..RestSettings::default() }, 2).await;
    let ids = server.fetch("ship", 2).await;
    let body = |worker: &str| json!({"workerId": worker, "tasks": [{"id": ids[0]}, {"id": ids[0]}]}).to_string();
    assert_eq!(statuses(&server.post(BATCH, &body("other")).await.json()), [400, 400]);
    for _ in 0..2 {
        assert_eq!(statuses(&server.post(BATCH, &body("w")).await.json()), [204, 204]);
    }
    assert_eq!(statuses(&server.post(BATCH, &body("other")).await.json()), [404, 404]);
    // As by the single call.
    let single = server.post(&format!("/external-task/{}/complete", ids[0]), r#"{"workerId":"w"}"#).await;
    assert_eq!(single.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn completing_fetches_what_comes_next() {
    let server = with_orders(RestSettings::default(), 3).await;
    let ids = server.fetch("ship", 1).await;
    let topics = json!([{"topicName": "ship", "lockDuration": 60_000}]);
    let body = json!({"workerId": "w", "tasks": [{"id": ids[0]}], "maxTasks": 1, "topics": topics});
    let answer = server.post(AND_FETCH, &body.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["completed"], json!([{"id": ids[0], "status": 204}]));
    let next = &answer["tasks"][0];
    assert_eq!((&next["workerId"], &next["topicName"]), (&json!("w"), &json!("ship")));
    assert_eq!(answer["tasks"].as_array().map(Vec::len), Some(1));
    assert_eq!(count(&server, "/history/process-instance/count?completed=true").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fetch_waits_unless_a_completion_was_refused() {
    let server = with_orders(RestSettings::default(), 1).await;
    let ids = server.fetch("ship", 1).await;
    let topics = json!([{"topicName": "ship", "lockDuration": 60_000}]);
    let body = json!({
        "workerId": "w", "tasks": [{"id": ids[0]}], "maxTasks": 1, "asyncResponseTimeout": 60_000, "topics": topics
    })
    .to_string();
    let (answer, _) = tokio::join!(server.post(AND_FETCH, &body), async {
        while server.runtime.parked_polls() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(count(&server, "/history/process-instance/count?completed=true").await, 1);
        server.start("order", "{}").await
    });
    assert_eq!(answer.json()["tasks"].as_array().map(Vec::len), Some(1), "{}", answer.text());
    let again = server.post(AND_FETCH, &body).await.json();
    assert_eq!((statuses(&again["completed"]), &again["tasks"]), (vec![404], &json!([])));
}

#[tokio::test]
async fn what_was_completed_is_told_where_the_fetch_is_refused() {
    let server = with_orders(RestSettings::default(), 1).await;
    let ids = server.fetch("ship", 1).await;
    server.runtime.shutdown().await;
    let topics = json!([{"topicName": "ship", "lockDuration": 60_000}]);
    let body = json!({"workerId": "w", "tasks": [{"id": ids[0]}], "maxTasks": 1, "topics": topics});
    let answer = server.post(AND_FETCH, &body.to_string()).await.json();
    assert_eq!(statuses(&answer["completed"]), [503]);
    assert_eq!((&answer["tasks"], &answer["fetchFailure"]["status"]), (&json!([]), &json!(503)));
}

#[tokio::test]
async fn tasks_whose_id_is_the_name_of_an_operation_are_unknown() {
    let server = TestServer::new().await;
    for name in ["complete-batch", "complete-and-fetch", "stream"] {
        for call in ["complete", "lock", "failure", "bpmnError", "unlock", "extendLock"] {
            let answer = server.post(&format!("/external-task/{name}/{call}"), r#"{"workerId":"w"}"#).await;
            assert_eq!(answer.refusal(), (404, "RestException".to_owned()), "{name}/{call}: {}", answer.text());
        }
    }
}
