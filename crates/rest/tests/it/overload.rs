//! More than is taken on.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use rest::{Api, RestSettings};
use runtime::{JobExecutor, Runtime, Settings};
use store::sqlite::SqliteStore;

use crate::server::{Answered, TestServer};

async fn server(settings: Settings) -> TestServer {
    let store = SqliteStore::open("sqlite::memory:").expect("a database in memory");
    let settings = Settings { job_executor: JobExecutor::Off, ..settings };
    let runtime = Runtime::open(Arc::new(store), settings).await.expect("a runtime");
    TestServer { api: Api::new(runtime.clone(), RestSettings::default()), runtime }
}

fn is_told_to_come_back(answer: &Answered) -> bool {
    answer.refusal() == (429, "TooManyRequestsException".to_owned()) && answer.headers.contains_key(RETRY_AFTER)
}

const POLL: &str = r#"{"workerId":"w","maxTasks":1,"asyncResponseTimeout":600000,
    "topics":[{"topicName":"t","lockDuration":1000}]}"#;

#[tokio::test]
async fn polls_beyond_the_limit_are_told_to_come_back() {
    let server = server(Settings { parked_polls_max: 1, ..Settings::default() }).await;
    let parked = tokio::spawn({
        let server = TestServer { api: server.api.clone(), runtime: server.runtime.clone() };
        async move { server.post("/external-task/fetchAndLock", POLL).await }
    });
    while server.runtime.parked_polls() == 0 {
        tokio::task::yield_now().await;
    }
    let refused = server.post("/external-task/fetchAndLock", POLL).await;
    assert!(is_told_to_come_back(&refused), "{}", refused.text());
    tokio::time::timeout(Duration::from_secs(60), server.runtime.shutdown()).await.expect("it ends");
    assert_eq!(parked.await.expect("no panic").status, StatusCode::OK);
    let late = server.post("/message", r#"{"messageName":"m"}"#).await;
    assert_eq!(late.refusal(), (503, "ServiceUnavailableException".to_owned()));
    assert!(late.headers.contains_key(RETRY_AFTER));
}

#[tokio::test]
async fn commands_beyond_the_limit_are_told_to_come_back() {
    let server = server(Settings { in_flight_max: 0, ..Settings::default() }).await;
    let refused = server.post("/message", r#"{"messageName":"m"}"#).await;
    assert!(is_told_to_come_back(&refused), "{}", refused.text());
    assert_eq!(server.get("/process-instance").await.status, StatusCode::OK, "reading goes on");
}
