//! Tasks as server-sent events.

use std::time::Duration;

use axum::http::StatusCode;
use rest::RestSettings;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;

use crate::server::TestServer;

const STREAM: &str = "/external-task/stream";

/// A worker that reads its stream line by line.
struct Reader(Lines<BufReader<TcpStream>>);

impl Reader {
    async fn open(server: &TestServer, credits: u32) -> Reader {
        let topics = json!([{"topicName": "ship", "lockDuration": 60_000, "variables": ["n"]}]);
        let body = json!({"workerId": "w", "maxTasks": credits, "topics": topics}).to_string();
        let mut client = TcpStream::connect(server.listen().await).await.expect("connected");
        let head = "POST /engine-rest/external-task/stream HTTP/1.1\r\nHost: test\r\nContent-Type: application/json";
        let request = format!("{head}\r\nAccept: text/event-stream\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        client.write_all(request.as_bytes()).await.expect("sent");
        let mut reader = Reader(BufReader::new(client).lines());
        assert_eq!(reader.line().await, "HTTP/1.1 200 OK");
        let mut headers = Vec::new();
        while let line = reader.line().await
            && !line.is_empty()
        {
            headers.push(line);
        }
        assert!(headers.contains(&"content-type: text/event-stream".to_owned()), "{headers:?}");
        reader
    }

    async fn line(&mut self) -> String {
        self.0.next_line().await.expect("can be read").expect("it goes on")
    }

    /// Lengths of chunks and comments are passed over.
    async fn event(&mut self) -> (String, Value) {
        loop {
            if let Some(name) = self.line().await.strip_prefix("event: ") {
                let data = self.line().await;
                let data = data.strip_prefix("data: ").expect("data");
                return (name.to_owned(), serde_json::from_str(data).expect("JSON"));
            }
        }
    }
}

async fn with_orders(settings: RestSettings, count: usize) -> TestServer {
    let server = TestServer::with(settings).await;
    server.deploy("order", "ship").await;
    for n in 0..count {
        server.start("order", &json!({"variables": {"n": {"value": n}, "m": {"value": n}}}).to_string()).await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_come_as_they_are_completed_and_go_with_the_connection() {
    let server = with_orders(RestSettings::default(), 4).await;
    let mut reader = Reader::open(&server, 2).await;
    let (name, opened) = reader.event().await;
    assert_eq!((name.as_str(), &opened["credits"]), ("open", &json!(2)));
    let mut tasks = Vec::new();
    for n in 0..2 {
        let (name, task) = reader.event().await;
        assert_eq!(name, "task");
        assert_eq!(task["variables"], json!({"n": {"type": "Integer", "value": n, "valueInfo": {}}}));
        assert_eq!((&task["workerId"], &task["topicName"]), (&json!("w"), &json!("ship")));
        tasks.push(task["id"].as_str().expect("an id").to_owned());
    }
    let entries = json!([{"id": tasks[0]}]);
    server.post("/external-task/complete-batch", &json!({"workerId": "w", "tasks": entries}).to_string()).await;
    assert_eq!(reader.event().await.1["variables"]["n"]["value"], json!(2));
    let path = format!("{STREAM}/{}/credit", opened["streamId"].as_str().expect("an id"));
    assert_eq!(server.post(&path, r#"{"credits":5}"#).await.status, StatusCode::NO_CONTENT);
    assert_eq!(reader.event().await.1["variables"]["n"]["value"], json!(3));
    assert_eq!(server.post(&path, r#"{"credits":0}"#).await.refusal().0, 400);
    assert_eq!(server.post(&path, r#"{"credits":10000}"#).await.refusal().0, 400);
    drop(reader);
    while server.get("/external-task/count?locked=true").await.json() != json!({"count": 0}) {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.get("/external-task/count").await.json(), json!({"count": 3}));
    assert_eq!(server.post(&path, "").await.refusal(), (404, "InvalidRequestException".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_has_a_heart_beat_and_an_end() {
    let settings = RestSettings { stream_heart_beat: Duration::from_millis(20), ..RestSettings::default() };
    let server = with_orders(settings, 0).await;
    let mut reader = Reader::open(&server, 1).await;
    assert_eq!(reader.event().await.0, "open");
    let mut heart_beats = 0;
    while heart_beats < 3 {
        heart_beats += usize::from(reader.line().await == ":");
    }
    assert_eq!(server.runtime.parked_polls(), 1, "it keeps its place");
    server.start("order", "{}").await;
    assert_eq!(reader.event().await.0, "task");
    server.runtime.shutdown().await;
    assert_eq!(reader.event().await.0, "close");
    assert_eq!(server.get("/external-task/count?locked=true").await.json(), json!({"count": 1}));
}

#[tokio::test]
async fn streams_that_make_no_sense_are_refused() {
    let server = TestServer::new().await;
    let topic = json!({"topicName": "t", "lockDuration": 1_000});
    for body in [
        json!({}),
        json!({"workerId": "w", "maxTasks": 1}),
        json!({"workerId": "w", "maxTasks": 1, "topics": []}),
        json!({"workerId": "w", "topics": [topic]}),
        json!({"workerId": "w", "maxTasks": 0, "topics": [topic]}),
        json!({"maxTasks": 1, "topics": [topic]}),
        json!({"workerId": "w", "maxTasks": 1, "topics": [{"topicName": "t", "lockDuration": 999}]}),
    ] {
        assert_eq!(server.post(STREAM, &body.to_string()).await.refusal().0, 400, "{body}");
    }
    assert_eq!(server.post("/external-task/stream/nonsense/credit", "{}").await.refusal().0, 404);
    assert_eq!(server.runtime.worker_streams(), 0);
    // As before there was an operation of that name.
    assert_eq!(server.get("/external-task/stream/errorDetails").await.status, StatusCode::BAD_REQUEST);
}
