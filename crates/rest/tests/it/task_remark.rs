//! Comments and attachments: the task hears of them, and they go with the history of its instance.

use axum::http::{Method, StatusCode};

use crate::server::TestServer;

async fn task_of(server: &TestServer, instance: &str) -> String {
    let tasks = server.get(&format!("/task?processInstanceId={instance}")).await.json();
    tasks[0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn they_are_removed_with_the_history() {
    let server = TestServer::new().await;
    server.deploy_task("talk", "userTask").await;
    let instance = server.start("talk", "{}").await;
    let task = task_of(&server, &instance).await;
    let created = server.post(&format!("/task/{task}/comment/create"), r#"{"message": "m"}"#).await.json();
    let comment = format!("/task/{task}/comment/{}", created["id"].as_str().expect("an id"));
    let created = server.post_file(&format!("/task/{task}/attachment/create"), "content", "a.txt", "text").await.json();
    let contents = format!("/task/{task}/attachment/{}/data", created["id"].as_str().expect("an id"));
    assert_eq!(server.post(&format!("/task/{task}/complete"), "{}").await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.get(&comment).await.status, StatusCode::OK);
    assert_eq!(server.get(&contents).await.text(), "text");

    let history = format!("/history/process-instance/{instance}");
    assert_eq!(server.call(Method::DELETE, &history, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.get(&comment).await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get(&contents).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_suspended_task_can_be_talked_about() {
    let server = TestServer::new().await;
    server.deploy_task("talk", "userTask").await;
    let instance = server.start("talk", "{}").await;
    let task = task_of(&server, &instance).await;
    let suspended = format!("/process-instance/{instance}/suspended");
    assert_eq!(server.call(Method::PUT, &suspended, r#"{"suspended": true}"#).await.status, StatusCode::NO_CONTENT);
    let comments = format!("/task/{task}/comment");
    assert_eq!(server.post(&format!("{comments}/create"), r#"{"message": "m"}"#).await.status, StatusCode::OK);
    let shown = server.get(&format!("/task/{task}?withCommentAttachmentInfo=true")).await.json();
    assert_eq!((&shown["comment"], &shown["attachment"]), (&true.into(), &false.into()));
    assert!(shown["lastUpdated"].is_string(), "{shown}");
    assert_eq!(server.call(Method::DELETE, &comments, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.get(&comments).await.json(), serde_json::json!([]));
}
