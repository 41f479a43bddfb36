//! Messages to boundary events.

use engine::RejectionKind;
use query::tables;
use runtime::{Error, MessageCorrelation, MessageReach, Runtime, TenantChoice};
use types::{VariableMap, VariableValue};

use crate::support::*;

fn cancel() -> MessageCorrelation {
    MessageCorrelation { name: "cancel".into(), ..MessageCorrelation::default() }
}

fn with_key(value: VariableValue) -> MessageCorrelation {
    MessageCorrelation { correlation_keys: vec![("key".into(), value)], ..cancel() }
}

/// Three instances that wait, with the keys 1, 2 and `2`.
async fn three_orders() -> Runtime {
    let runtime = runtime().await;
    let boundary = r#"<bpmn:boundaryEvent id="cancelled" attachedToRef="task"><bpmn:messageEventDefinition messageRef="message"/>
    </bpmn:boundaryEvent><bpmn:sequenceFlow id="f3" sourceRef="cancelled" targetRef="late"/><bpmn:endEvent id="late"/>"#;
    deploy(&runtime, &external_task_model("order", "work", boundary)).await;
    for key in [VariableValue::Integer(1), VariableValue::Integer(2), VariableValue::String("2".into())] {
        start_with(&runtime, "order", variables(&[("key", key)])).await;
    }
    runtime
}

async fn running(runtime: &Runtime) -> usize {
    count(runtime, &tables::PROCESS_INSTANCE).await
}

#[tokio::test]
async fn a_message_reaches_the_one_execution_that_matches() {
    let runtime = three_orders().await;
    for message in [cancel(), with_key(VariableValue::Integer(3)), with_key(VariableValue::Long(1))] {
        let refused = runtime.correlate_message(message).await;
        assert!(is_refused(&refused, RejectionKind::MismatchingMessageCorrelation), "{refused:?}");
    }
    let reached = runtime.correlate_message(with_key(VariableValue::Integer(2))).await.expect("one matches");
    assert_eq!((reached.len(), running(&runtime).await), (1, 2));
    let text = VariableValue::String("2".into());
    runtime.correlate_message(with_key(text.clone())).await.expect("one matches");
    assert!(runtime.correlate_message(with_key(text)).await.is_err());
    let last = MessageCorrelation { tenant: Some(TenantChoice::None), ..cancel() };
    runtime.correlate_message(last).await.expect("only one is left");
    assert_eq!(running(&runtime).await, 0);
}

#[tokio::test]
async fn a_message_reaches_all_or_nobody() {
    let runtime = three_orders().await;
    let to_all = MessageCorrelation { reach: MessageReach::All, ..cancel() };
    assert_eq!(runtime.correlate_message(to_all.clone()).await.expect("all match").len(), 3);
    assert_eq!(runtime.correlate_message(to_all).await, Ok(Vec::new()));
    assert_eq!(running(&runtime).await, 0);
}

#[tokio::test]
async fn a_key_that_cannot_be_compared_is_refused() {
    let runtime = three_orders().await;
    let refused = runtime.correlate_message(with_key(VariableValue::Json("{}".into()))).await;
    assert!(is_refused(&refused, RejectionKind::BadUserRequest), "{refused:?}");
}

#[tokio::test]
async fn the_same_message_twice_at_once_is_received_once() {
    let runtime = three_orders().await;
    let send = || {
        let runtime = runtime.clone();
        tokio::spawn(async move {
            let variables = VariableMap::new();
            runtime.correlate_message(MessageCorrelation { variables, ..with_key(VariableValue::Integer(1)) }).await
        })
    };
    let results = [send(), send()];
    let mut reached = 0;
    for result in results {
        match result.await.expect("no panic") {
            Ok(executions) => reached += executions.len(),
            Err(Error::Rejected(rejection)) => {
                assert_eq!(rejection.kind, RejectionKind::MismatchingMessageCorrelation);
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(reached, 1);
}
