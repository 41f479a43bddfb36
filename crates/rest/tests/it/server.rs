//! A server of one test, without and with a socket.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use rest::{Api, RestSettings};
use runtime::{JobExecutor, Runtime, Settings};
use serde_json::Value;
use store::sqlite::SqliteStore;
use tokio::net::TcpListener;

pub struct TestServer {
    pub api: Api,
    pub runtime: Runtime,
}

#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl TestServer {
    pub async fn new() -> TestServer {
        TestServer::with(RestSettings::default()).await
    }

    pub async fn with(settings: RestSettings) -> TestServer {
        let store = SqliteStore::open("sqlite::memory:").expect("a database in memory");
        let runtime_settings = Settings { job_executor: JobExecutor::Off, ..Settings::default() };
        let runtime = Runtime::open(Arc::new(store), runtime_settings).await.expect("a runtime");
        TestServer { api: Api::new(runtime.clone(), settings), runtime }
    }

    /// Answers over a socket from now on.
    pub async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(rest::serve(listener, self.api.clone(), std::future::pending()));
        address
    }

    pub async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.api.answer(request, None).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes().to_vec();
        Answered { status: parts.status, headers: parts.headers, body }
    }

    pub async fn call(&self, method: Method, path: &str, body: &str) -> Answered {
        let request = Request::builder()
            .method(method)
            .uri(format!("/engine-rest{path}"))
            .header(HOST, "test")
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()));
        self.send(request.expect("a valid request")).await
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.call(Method::GET, path, "").await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answered {
        self.call(Method::POST, path, body).await
    }

    /// With an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, key: &str, body: &str) -> Answered {
        let request = Request::post(format!("/engine-rest{path}"))
            .header(CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", key)
            .body(Body::from(body.to_owned()));
        self.send(request.expect("a valid request")).await
    }

    /// Locks tasks for the worker `w`; their ids, first come first.
    pub async fn fetch(&self, topic: &str, tasks_max: u32) -> Vec<String> {
        let topics = serde_json::json!([{"topicName": topic, "lockDuration": 60_000}]);
        let body = serde_json::json!({"workerId": "w", "maxTasks": tasks_max, "topics": topics});
        let tasks = self.post("/external-task/fetchAndLock", &body.to_string()).await.json();
        let tasks = tasks.as_array().expect("a list");
        tasks.iter().map(|task| task["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// One external task of a topic in a process of that key.
    pub async fn deploy(&self, key: &str, topic: &str) {
        self.deploy_task(key, &format!(r#"serviceTask camunda:type="external" camunda:topic="{topic}""#)).await;
    }

    /// A process of that key with one task.
    pub async fn deploy_task(&self, key: &str, task: &str) {
        self.deploy_task_with(key, task, "").await;
    }

    /// The same with something in the task.
    pub async fn deploy_task_with(&self, key: &str, task: &str, inside: &str) {
        let name = task.split_whitespace().next().expect("the name of an element");
        let model = format!(
            r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
              xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
            <process id="{key}" isExecutable="true">
              <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="task"/>
              <{task} id="task">{inside}</{name}>
              <sequenceFlow id="f2" sourceRef="task" targetRef="end"/><endEvent id="end"/>
            </process></definitions>"#
        );
        let answer = self.post_file("/deployment/create", "x", &format!("{key}.bpmn"), &model).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }

    /// A form with one part, which is a file.
    pub async fn post_file(&self, path: &str, part: &str, filename: &str, contents: &str) -> Answered {
        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{filename}\"\r\n\r\n{contents}\r\n--b--\r\n"
        );
        let request = Request::post(format!("/engine-rest{path}"))
            .header(CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from(form));
        self.send(request.expect("a valid request")).await
    }

    /// Starts an instance and answers its id.
    pub async fn start(&self, key: &str, body: &str) -> String {
        let answer = self.post(&format!("/process-definition/key/{key}/start"), body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["id"].as_str().expect("an id").to_owned()
    }
}

impl Answered {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Status and type of a refusal, which has to be in the error format.
    pub fn refusal(&self) -> (u16, String) {
        let body = self.json();
        let fields: Vec<&String> = body.as_object().map(|fields| fields.keys().collect()).unwrap_or_default();
        for field in ["type", "message", "code"] {
            assert!(fields.iter().any(|known| *known == field), "no `{field}` in {}", self.text());
        }
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", self.text());
        (self.status.as_u16(), body["type"].as_str().expect("a type").to_owned())
    }
}
