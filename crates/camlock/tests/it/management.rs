//! `/livez`, `/readyz` and `/metrics`.

use crate::process::{Process, deploy, start};

#[tokio::test]
async fn they_are_beside_the_api_where_nothing_else_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Process::start(folder.path(), &[]).await;
    assert_eq!(server.management_address, server.address);
    assert_eq!(server.ask("/livez").await, (200, "alive\n".to_owned()));
    assert_eq!(server.ask("/readyz").await, (200, "ready\n".to_owned()));
    assert_eq!(server.ask("/engine-rest/readyz").await.0, 404);
}

#[tokio::test]
async fn an_address_of_their_own_has_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Process::start(folder.path(), &["--management-listen", "127.0.0.1:0"]).await;
    assert_ne!(server.management_address, server.address);
    assert_eq!(server.ask("/readyz").await.0, 200);
    assert_eq!(server.ask("/engine-rest/version").await.0, 404);
    let mut api = server.client().await;
    assert_eq!(api.get("/metrics").await.expect("an answer").0, 404);
}

#[tokio::test]
async fn metrics_tell_what_has_happened_and_what_waits() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Process::start(folder.path(), &["--metrics-topic-limit", "1"]).await;
    let mut client = server.client().await;
    deploy(&mut client).await;
    for _ in 0..3 {
        start(&mut client).await.expect("starts");
    }
    let (status, text) = server.ask("/metrics").await;
    assert_eq!(status, 200);
    for expected in [
        "camlock_build_info{version=",
        "camlock_requests_total{operation=\"startProcessInstanceByKey\",status=\"2xx\"} 3.0",
        "camlock_request_duration_seconds_count{operation=\"startProcessInstanceByKey\"} 3",
        "camlock_request_duration_seconds_bucket{le=\"+Inf\",operation=\"startProcessInstanceByKey\"} 3",
        "camlock_commit_duration_seconds_count ",
        "camlock_batch_units_sum ",
        "camlock_external_tasks_ready{topic=\"ship\"} 3.0",
        "camlock_external_task_oldest_seconds{topic=\"ship\"} ",
        "camlock_parked_polls 0.0",
        "camlock_jobs_due 0.0",
        "process_cpu_seconds_total ",
        "# EOF",
    ] {
        assert!(text.lines().any(|line| line.starts_with(expected)), "no `{expected}` in\n{text}");
    }
}
