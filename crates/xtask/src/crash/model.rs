//! The process that is executed: what a completion, a message and a job each lead on, and how far an instance is.

/// Process key and topic.
pub const KEY: &str = "crash";

/// The name of the message, by which and the business key an instance is found.
pub const MESSAGE: &str = "crash-message";

/// Each stage ends with one change: the completion of an external task, a message, which leaves a job behind that
/// goes on by itself, and another completion.
pub const MODEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="crash">
  <message id="message" name="crash-message"/>
  <process id="crash" isExecutable="true" camunda:historyTimeToLive="1">
    <startEvent id="start"/>
    <sequenceFlow id="toFirst" sourceRef="start" targetRef="first"/>
    <serviceTask id="first" camunda:type="external" camunda:topic="crash"/>
    <sequenceFlow id="toWait" sourceRef="first" targetRef="wait"/>
    <intermediateCatchEvent id="wait"><messageEventDefinition messageRef="message"/></intermediateCatchEvent>
    <sequenceFlow id="toJob" sourceRef="wait" targetRef="job"/>
    <serviceTask id="job" camunda:asyncBefore="true" camunda:expression="${firstResult}"
        camunda:resultVariable="jobResult"/>
    <sequenceFlow id="toSecond" sourceRef="job" targetRef="second"/>
    <serviceTask id="second" camunda:type="external" camunda:topic="crash"/>
    <sequenceFlow id="toEnd" sourceRef="second" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"#;

/// How far an instance is. Between stages lies one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// An external task.
    First,
    /// Until the message.
    Waiting,
    /// An external task, which a job has led to.
    Second,
    Ended,
}

impl Stage {
    pub fn of_activity(activity_id: &str) -> Option<Stage> {
        match activity_id {
            "first" => Some(Stage::First),
            "second" => Some(Stage::Second),
            _ => None,
        }
    }

    pub fn next(self) -> Stage {
        match self {
            Stage::First => Stage::Waiting,
            Stage::Waiting => Stage::Second,
            Stage::Second | Stage::Ended => Stage::Ended,
        }
    }

    /// The variable that the change at the end of the stage sets.
    pub fn result_variable(self) -> &'static str {
        match self {
            Stage::First => "firstResult",
            Stage::Waiting => "messageResult",
            Stage::Second | Stage::Ended => "secondResult",
        }
    }

    /// Activities with whether they have ended, by id.
    pub fn activities(self) -> &'static [(&'static str, bool)] {
        match self {
            Stage::First => &[("first", false), ("start", true)],
            Stage::Waiting => &[("first", true), ("start", true), ("wait", false)],
            Stage::Second => &[("first", true), ("job", true), ("second", false), ("start", true), ("wait", true)],
            Stage::Ended => {
                &[("end", true), ("first", true), ("job", true), ("second", true), ("start", true), ("wait", true)]
            }
        }
    }
}
