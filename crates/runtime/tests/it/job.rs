//! Jobs by hand and in the background.

use engine::RejectionKind;
use query::{SqlValue, tables};
use runtime::{JobExecutor, Settings};
use types::Uuid;

use crate::deployment::job_id;
use crate::support::*;

/// A timer on the task that leads to `target`.
fn with_timer(duration: &str, after: &str) -> String {
    let timer = format!(
        r#"<bpmn:boundaryEvent id="timer" attachedToRef="task"><bpmn:timerEventDefinition>
      <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">{duration}</bpmn:timeDuration>
    </bpmn:timerEventDefinition></bpmn:boundaryEvent>{after}"#
    );
    external_task_model("order", "work", &timer)
}

fn to_its_end(duration: &str) -> String {
    with_timer(duration, r#"<bpmn:sequenceFlow id="f3" sourceRef="timer" targetRef="late"/><bpmn:endEvent id="late"/>"#)
}

/// No flow can be taken after the timer.
fn to_nowhere(duration: &str) -> String {
    with_timer(
        duration,
        r#"<bpmn:sequenceFlow id="f3" sourceRef="timer" targetRef="choice"/><bpmn:exclusiveGateway id="choice"/>
    <bpmn:sequenceFlow id="f4" sourceRef="choice" targetRef="late">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">${unknown}</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="f5" sourceRef="choice" targetRef="late">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">${unknown}</bpmn:conditionExpression>
    </bpmn:sequenceFlow><bpmn:endEvent id="late"/>"#,
    )
}

#[tokio::test]
async fn a_timer_is_run_by_hand_before_it_is_due() {
    let runtime = runtime().await;
    deploy(&runtime, &to_its_end("PT1H")).await;
    start(&runtime, "order").await;
    assert_eq!(
        column(&runtime, &tables::JOB_DEFINITION, "configuration").await,
        [SqlValue::Text("DURATION: PT1H".into())]
    );
    let job = job_id(&column(&runtime, &tables::JOB, "id").await[0]);
    runtime.execute_job(job).await.expect("fires");
    assert_eq!(count(&runtime, &tables::EXECUTION).await, 0);
    assert!(is_refused(&runtime.execute_job(job).await, RejectionKind::NotFound));
    assert!(is_refused(&runtime.execute_job(Uuid(3).into()).await, RejectionKind::NotFound));
}

#[tokio::test]
async fn a_due_timer_is_run_in_the_background() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, Settings { job_executor: JobExecutor::On, ..settings() }).await;
    deploy(&runtime, &to_its_end("PT0S")).await;
    start(&runtime, "order").await;
    while count(&runtime, &tables::EXECUTION).await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(count(&runtime, &tables::JOB).await, 0);
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_job_that_keeps_failing_ends_in_an_incident() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, Settings { job_executor: JobExecutor::On, ..settings() }).await;
    deploy(&runtime, &to_nowhere("PT0S")).await;
    start(&runtime, "order").await;
    while count(&runtime, &tables::INCIDENT).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(column(&runtime, &tables::JOB, "retries").await, [SqlValue::Integer(0)]);
    assert_eq!(fetch_ids(&runtime, "ann", "work").await.len(), 1, "the task is as it was");
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_failure_by_hand_costs_a_retry() {
    let runtime = runtime().await;
    deploy(&runtime, &to_nowhere("PT1H")).await;
    start(&runtime, "order").await;
    let job = job_id(&column(&runtime, &tables::JOB, "id").await[0]);
    assert!(runtime.execute_job(job).await.is_err());
    assert_eq!(column(&runtime, &tables::JOB, "retries").await, [SqlValue::Integer(2)]);
}
