//! `camunda:executionListener` and `camunda:taskListener`.

use std::sync::Arc;

use crate::attribute::bpmn_child;
use crate::definitions::read_expression;
use crate::document::Node;
use crate::element::event_trigger;
use crate::extension::{camunda_children, extensions, is_camunda};
use crate::field;
use crate::model::{Action, Delegate, ExecutionEvent, ExecutionListener, TaskEvent, TaskListener, TimeoutListener};
use crate::report::Report;
use crate::scope::ProcessBuilder;
use crate::script;

/// The listeners of an element or process. What is wrong is reported for `owner`.
pub(crate) fn read_all(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Vec<ExecutionListener> {
    let mut listeners = Vec::new();
    for listener in extensions(node).filter(|extension| is_camunda(*extension, "executionListener")) {
        let event = match listener.attribute("event") {
            Some("start") => ExecutionEvent::Start,
            Some("end") => ExecutionEvent::End,
            Some(event) if !event.trim().is_empty() => {
                report.error_for(listener, &[owner], "Attribute 'event' must be one of {start|end}");
                continue;
            }
            _ => {
                report.error_for(listener, &[owner], "Attribute 'event' is mandatory on listener");
                continue;
            }
        };
        if let Some(action) = action(listener, owner, report) {
            listeners.push(ExecutionListener { event, action });
        }
    }
    listeners
}

/// The listeners of a flow, which has one event alone: whatever they name does not matter.
pub(crate) fn read_of_flow(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Vec<Action> {
    let listeners = extensions(node).filter(|extension| is_camunda(*extension, "executionListener"));
    listeners.filter_map(|listener| action(listener, owner, report)).collect()
}

/// The listeners of a user task.
pub(crate) fn read_of_task(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Vec<TaskListener> {
    let mut listeners = Vec::new();
    for listener in extensions(node).filter(|extension| is_camunda(*extension, "taskListener")) {
        let Some(name) = listener.attribute("event") else {
            report.error(node, "Attribute 'event' is mandatory on taskListener");
            continue;
        };
        if name == TaskEvent::Timeout.name() {
            continue;
        }
        let Some(event) = TaskEvent::OF_TASK.into_iter().find(|event| event.name() == name) else {
            let message = "Attribute 'event' must be one of {create|assignment|complete|update|delete|timeout}";
            report.error(node, message);
            continue;
        };
        if let Some(action) = action(listener, owner, report) {
            listeners.push(TaskListener { event, action });
        }
    }
    listeners
}

/// The listeners of a user task for the event `timeout`. Of those with the same id the last one counts.
pub(crate) fn read_timeouts(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    node: Node<'_>,
    owner: &str,
) -> Vec<TimeoutListener> {
    let mut listeners: Vec<TimeoutListener> = Vec::new();
    for listener in extensions(node).filter(|extension| is_camunda(*extension, "taskListener")) {
        if listener.attribute("event") != Some(TaskEvent::Timeout.name()) {
            continue;
        }
        let id = listener.attribute("id");
        if id.is_none() {
            let message = "Element 'id' is mandatory on taskListener of type 'timeout'";
            builder.report.error_for(listener, &[owner], message);
        }
        let Some(definition) = bpmn_child(listener, "timerEventDefinition") else {
            let message = "Element 'timerEventDefinition' is mandatory on taskListener of type 'timeout'";
            builder.report.error_for(listener, &[owner], message);
            continue;
        };
        let timer = event_trigger::timer(builder, node, definition, owner);
        let action = action(listener, owner, builder.report);
        if let (Some(id), Some(timer), Some(action)) = (id, timer, action) {
            listeners.retain(|known| *known.id != *id);
            listeners.push(TimeoutListener { id: id.into(), timer, action });
        }
    }
    listeners
}

/// What a listener runs: the first of class, expression, delegate expression and script that it has.
fn action(listener: Node<'_>, owner: &str, report: &mut Report<'_>) -> Option<Action> {
    let name = listener.tag_name().name();
    let is_execution_listener = name == "executionListener";
    if let Some(class) = listener.attribute("class") {
        if class.is_empty() && is_execution_listener {
            report.error_for(listener, &[owner], "Attribute 'class' cannot be empty");
            return None;
        }
        field::read_all(listener, report);
        warn_of_java(listener, owner, class, report);
        return Some(Action::Delegate(Delegate::Class(Arc::from(class))));
    }
    if let Some(text) = listener.attribute("expression") {
        return read_expression(text, listener, report).map(Action::Expression);
    }
    if let Some(text) = listener.attribute("delegateExpression") {
        if text.is_empty() && is_execution_listener {
            report.error_for(listener, &[owner], "Attribute 'delegateExpression' cannot be empty");
            return None;
        }
        field::read_all(listener, report);
        warn_of_java(listener, owner, text, report);
        return read_expression(text, listener, report).map(|text| Action::Delegate(Delegate::Expression(text)));
    }
    if let Some(script) = camunda_children(listener, "script").next() {
        return script::read_camunda(script, owner, report).map(Action::Script);
    }
    let message = format!("Element 'class', 'expression', 'delegateExpression' or 'script' is mandatory on {name}");
    report.error_for(listener, &[owner], message);
    None
}

/// Java code is named, which nothing here can load.
pub(crate) fn warn_of_java(node: Node<'_>, owner: &str, code: &str, report: &mut Report<'_>) {
    report.warning(
        node,
        &[owner],
        format!("no Java code is loaded here: reaching '{code}' fails unless code in Rust stands for it"),
    );
}
