//! An external task from its start to its end.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::server::TestServer;

#[tokio::test]
async fn start_fetch_complete() {
    let server = TestServer::new().await;
    server.deploy("order", "ship").await;
    let id = server.start("order", r#"{"businessKey":"b","variables":{"n":{"value":1},"d":{"type":"Date"}}}"#).await;
    let body = json!({"workerId": "w", "maxTasks": 5, "topics": [{"topicName": "ship", "lockDuration": 10_000}]});
    let fetched = server.post("/external-task/fetchAndLock", &body.to_string()).await.json();
    assert_eq!(fetched[0]["businessKey"], json!("b"));
    assert_eq!(
        fetched[0]["variables"],
        json!({
            "d": {"type": "Date", "value": null, "valueInfo": {}},
            "n": {"type": "Integer", "value": 1, "valueInfo": {}},
        })
    );
    let task = fetched[0]["id"].as_str().expect("an id");
    let foreign = server.post(&format!("/external-task/{task}/complete"), r#"{"workerId":"other"}"#).await;
    assert_eq!(foreign.refusal(), (400, "InvalidRequestException".to_owned()));
    let done = json!({"workerId": "w", "variables": {"r": {"value": "x"}}});
    let completed = server.post(&format!("/external-task/{task}/complete"), &done.to_string()).await;
    assert_eq!(completed.status, StatusCode::NO_CONTENT);
    let history = server.get(&format!("/history/process-instance/{id}")).await.json();
    assert_eq!(history["state"], json!("COMPLETED"));
    let gone = server.post(&format!("/external-task/{task}/complete"), &done.to_string()).await;
    assert_eq!(gone.refusal(), (404, "RestException".to_owned()));
}

#[tokio::test]
async fn activity_instances() {
    let server = TestServer::new().await;
    server.deploy("order", "ship").await;
    let id = server.start("order", "{}").await;
    let tree = server.get(&format!("/process-instance/{id}/activity-instances")).await.json();
    assert_eq!((&tree["id"], &tree["activityType"]), (&json!(id), &json!("processDefinition")));
    let task = &tree["childActivityInstances"][0];
    assert_eq!((&task["activityId"], &task["activityType"]), (&json!("task"), &json!("serviceTask")));
    assert_eq!(task["parentActivityInstanceId"], json!(id));
    let deleted = server.call(Method::DELETE, &format!("/process-instance/{id}"), "").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(server.get(&format!("/process-instance/{id}/activity-instances")).await.refusal().0, 404);
}
