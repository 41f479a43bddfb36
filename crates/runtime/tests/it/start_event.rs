//! Signals from one instance to others, and start events, which wait while there is no instance.

use query::tables;
use runtime::{ConditionEvaluation, Correlated, MessageCorrelation, Runtime, Signal};
use types::{JobId, VariableMap, VariableValue};

use crate::support::*;

const SIGNAL: &str = r#"<bpmn:signalEventDefinition signalRef="signal"/>"#;
const END: &str = r#"<bpmn:endEvent id="end"/>"#;

/// A process that begins by `definition` and waits for a user.
fn started_by(key: &str, definition: &str) -> String {
    model(
        key,
        &format!(
            r#"<bpmn:startEvent id="start">{definition}</bpmn:startEvent><bpmn:userTask id="task"/>
            <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="task"/>"#
        ),
    )
}

/// A process with one element between start and end.
fn line(key: &str, element: &str) -> String {
    model(
        key,
        &format!(
            r#"<bpmn:startEvent id="start"/>{element}{END}
            <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="it"/>
            <bpmn:sequenceFlow id="f2" sourceRef="it" targetRef="end"/>"#
        ),
    )
}

async fn waits(runtime: &Runtime) -> usize {
    count(runtime, &tables::EVENT_SUBSCRIPTION).await
}

async fn running(runtime: &Runtime) -> usize {
    count(runtime, &tables::PROCESS_INSTANCE).await
}

fn signal() -> Signal {
    Signal { name: "signal".into(), execution_id: None, tenant: None, variables: VariableMap::new() }
}

#[tokio::test]
async fn a_thrown_signal_reaches_other_instances_and_start_events() {
    let runtime = runtime().await;
    let catch = format!(r#"<bpmn:intermediateCatchEvent id="it">{SIGNAL}</bpmn:intermediateCatchEvent>"#);
    let throw = format!(r#"<bpmn:intermediateThrowEvent id="it">{SIGNAL}</bpmn:intermediateThrowEvent>"#);
    deploy(&runtime, &line("catch", &catch)).await;
    deploy(&runtime, &line("throw", &throw)).await;
    deploy(&runtime, &started_by("started", SIGNAL)).await;
    start(&runtime, "catch").await;
    start(&runtime, "catch").await;
    assert_eq!((running(&runtime).await, waits(&runtime).await), (2, 3));
    start(&runtime, "throw").await;
    assert_eq!((running(&runtime).await, waits(&runtime).await), (1, 1));
    runtime.throw_signal(signal()).await.expect("a start event waits");
    assert_eq!(running(&runtime).await, 2);
}

#[tokio::test]
async fn a_message_starts_the_latest_version() {
    let runtime = runtime().await;
    let model = started_by("started", r#"<bpmn:messageEventDefinition messageRef="message"/>"#);
    let message = || MessageCorrelation { name: "cancel".into(), ..MessageCorrelation::default() };
    for version in [1, 2] {
        deploy(&runtime, &model).await;
        assert_eq!(waits(&runtime).await, 1);
        let correlated = runtime.correlate_message(message()).await.expect("a start event waits");
        let [Correlated::Started(started)] = correlated.as_slice() else { panic!("{correlated:?}") };
        assert!(started.definition_id.as_str().starts_with(&format!("started:{version}:")), "{started:?}");
    }
}

#[tokio::test]
async fn a_timer_starts_an_instance_once_for_each_job() {
    let runtime = runtime().await;
    let timer = "<bpmn:timerEventDefinition><bpmn:timeCycle>R2/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>";
    deploy(&runtime, &started_by("started", timer)).await;
    let job = || async {
        let ids = column(&runtime, &tables::JOB, "id").await;
        let [query::SqlValue::Blob(bytes)] = ids.as_slice() else { panic!("{ids:?}") };
        JobId(types::Uuid::from_bytes(bytes.as_ref().try_into().expect("an id")))
    };
    let first = job().await;
    let both = tokio::join!(runtime.execute_job(first), runtime.execute_job(first));
    assert!(both.0.is_ok() != both.1.is_ok(), "{both:?}");
    assert_eq!(running(&runtime).await, 1);
    assert_ne!(job().await, first, "the next repetition has a job of its own");
    deploy(&runtime, &started_by("started", "")).await;
    assert_eq!(count(&runtime, &tables::JOB).await, 0);
}

#[tokio::test]
async fn conditions_start_what_they_hold_for() {
    let runtime = runtime().await;
    let condition =
        "<bpmn:conditionalEventDefinition><bpmn:condition>${x > 5}</bpmn:condition></bpmn:conditionalEventDefinition>";
    deploy(&runtime, &started_by("started", condition)).await;
    for (x, expected) in [(3, 0), (7, 1)] {
        let variables = variables(&[("x", VariableValue::Integer(x))]);
        let evaluation = ConditionEvaluation { variables, ..ConditionEvaluation::default() };
        let started = runtime.evaluate_start_conditions(evaluation).await.expect("one is looked at");
        assert_eq!(started.len(), expected);
    }
}
