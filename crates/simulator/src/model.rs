//! The processes that are run, and what each visit of their activities must amount to.

/// A process that needs no choice of a client to end.
#[derive(Debug)]
pub struct Model {
    pub key: &'static str,
    pub body: &'static str,
    /// How often each activity is visited by an instance that has completed and that nobody has interfered with.
    pub visits: &'static [(&'static str, i64)],
    /// A message that the instance waits for.
    pub message: Option<&'static str>,
}

pub const TOPICS: &[&str] = &["pack", "ship", "risky"];

/// What a worker of the topic `risky` may throw.
pub const ERROR_CODE: &str = "broken";

pub const MODELS: &[Model] = &[
    Model {
        key: "single",
        body: r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="pack"/>
            <bpmn:serviceTask id="pack" camunda:type="external" camunda:topic="pack"/>
            <bpmn:sequenceFlow id="f2" sourceRef="pack" targetRef="end"/><bpmn:endEvent id="end"/>"#,
        visits: &[("start", 1), ("pack", 1), ("end", 1)],
        message: None,
    },
    Model {
        key: "parallel",
        body: r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="fork"/>
            <bpmn:parallelGateway id="fork"/>
            <bpmn:sequenceFlow id="f2" sourceRef="fork" targetRef="pack"/>
            <bpmn:sequenceFlow id="f3" sourceRef="fork" targetRef="ship"/>
            <bpmn:sequenceFlow id="f4" sourceRef="fork" targetRef="approve"/>
            <bpmn:serviceTask id="pack" camunda:type="external" camunda:topic="pack"/>
            <bpmn:serviceTask id="ship" camunda:type="external" camunda:topic="ship"/>
            <bpmn:userTask id="approve"/>
            <bpmn:sequenceFlow id="f5" sourceRef="pack" targetRef="join"/>
            <bpmn:sequenceFlow id="f6" sourceRef="ship" targetRef="join"/>
            <bpmn:sequenceFlow id="f7" sourceRef="approve" targetRef="join"/>
            <bpmn:parallelGateway id="join"/><bpmn:sequenceFlow id="f8" sourceRef="join" targetRef="last"/>
            <bpmn:serviceTask id="last" camunda:type="external" camunda:topic="pack"/>
            <bpmn:sequenceFlow id="f9" sourceRef="last" targetRef="end"/><bpmn:endEvent id="end"/>"#,
        visits: &[("fork", 1), ("pack", 1), ("ship", 1), ("approve", 1), ("join", 3), ("last", 1), ("end", 1)],
        message: None,
    },
    Model {
        key: "events",
        body: r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="fork"/>
            <bpmn:parallelGateway id="fork"/>
            <bpmn:sequenceFlow id="f2" sourceRef="fork" targetRef="paid"/>
            <bpmn:sequenceFlow id="f3" sourceRef="fork" targetRef="wait"/>
            <bpmn:intermediateCatchEvent id="paid"><bpmn:messageEventDefinition messageRef="message"/></bpmn:intermediateCatchEvent>
            <bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition>
              <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT3S</bpmn:timeDuration>
            </bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>
            <bpmn:sequenceFlow id="f4" sourceRef="paid" targetRef="join"/>
            <bpmn:sequenceFlow id="f5" sourceRef="wait" targetRef="ship"/>
            <bpmn:serviceTask id="ship" camunda:asyncBefore="true" camunda:type="external" camunda:topic="ship"/>
            <bpmn:sequenceFlow id="f6" sourceRef="ship" targetRef="join"/>
            <bpmn:parallelGateway id="join"/><bpmn:sequenceFlow id="f7" sourceRef="join" targetRef="end"/>
            <bpmn:endEvent id="end"/>"#,
        visits: &[("fork", 1), ("paid", 1), ("wait", 1), ("ship", 1), ("join", 2), ("end", 1)],
        message: Some("paid"),
    },
    Model {
        key: "caller",
        body: r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="call"/>
            <bpmn:callActivity id="call" calledElement="single"/>
            <bpmn:sequenceFlow id="f2" sourceRef="call" targetRef="ship"/>
            <bpmn:serviceTask id="ship" camunda:type="external" camunda:topic="ship"/>
            <bpmn:sequenceFlow id="f3" sourceRef="ship" targetRef="end"/><bpmn:endEvent id="end"/>"#,
        visits: &[("start", 1), ("call", 1), ("ship", 1), ("end", 1)],
        message: None,
    },
    Model {
        key: "several",
        body: r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="pack"/>
            <bpmn:serviceTask id="pack" camunda:type="external" camunda:topic="pack">
              <bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>
            </bpmn:serviceTask>
            <bpmn:sequenceFlow id="f2" sourceRef="pack" targetRef="end"/><bpmn:endEvent id="end"/>"#,
        visits: &[("start", 1), ("pack", 3), ("end", 1)],
        message: None,
    },
    Model {
        key: "boundary",
        body: r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="risky"/>
            <bpmn:serviceTask id="risky" camunda:type="external" camunda:topic="risky"/>
            <bpmn:boundaryEvent id="late" attachedToRef="risky"><bpmn:timerEventDefinition>
              <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT8S</bpmn:timeDuration>
            </bpmn:timerEventDefinition></bpmn:boundaryEvent>
            <bpmn:boundaryEvent id="failed" attachedToRef="risky"><bpmn:errorEventDefinition errorRef="error"/></bpmn:boundaryEvent>
            <bpmn:sequenceFlow id="f2" sourceRef="risky" targetRef="end"/>
            <bpmn:sequenceFlow id="f3" sourceRef="late" targetRef="ship"/>
            <bpmn:sequenceFlow id="f4" sourceRef="failed" targetRef="ship"/>
            <bpmn:serviceTask id="ship" camunda:type="external" camunda:topic="ship"/>
            <bpmn:sequenceFlow id="f5" sourceRef="ship" targetRef="end"/><bpmn:endEvent id="end"/>"#,
        visits: &[("start", 1), ("risky", 1), ("end", 1)],
        message: None,
    },
    Model {
        key: "jobs",
        body: r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="fork"/>
            <bpmn:parallelGateway id="fork"/>
            <bpmn:sequenceFlow id="f2" sourceRef="fork" targetRef="one"/>
            <bpmn:sequenceFlow id="f3" sourceRef="fork" targetRef="two"/>
            <bpmn:sequenceFlow id="f4" sourceRef="fork" targetRef="three"/>
            <bpmn:task id="one" camunda:asyncBefore="true"/>
            <bpmn:task id="two" camunda:asyncBefore="true" camunda:asyncAfter="true"/>
            <bpmn:task id="three" camunda:asyncBefore="true" camunda:exclusive="false"/>
            <bpmn:sequenceFlow id="f5" sourceRef="one" targetRef="join"/>
            <bpmn:sequenceFlow id="f6" sourceRef="two" targetRef="join"/>
            <bpmn:sequenceFlow id="f7" sourceRef="three" targetRef="join"/>
            <bpmn:parallelGateway id="join"/><bpmn:sequenceFlow id="f8" sourceRef="join" targetRef="end"/>
            <bpmn:endEvent id="end"/>"#,
        visits: &[("fork", 1), ("one", 1), ("two", 1), ("three", 1), ("join", 3), ("end", 1)],
        message: None,
    },
];

impl Model {
    pub fn xml(&self) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="definitions" targetNamespace="http://simulator.test">
  <bpmn:message id="message" name="paid"/><bpmn:error id="error" errorCode="{ERROR_CODE}"/>
  <bpmn:process id="{key}" isExecutable="true">{body}</bpmn:process>
</bpmn:definitions>"#,
            key = self.key,
            body = self.body
        )
    }
}
