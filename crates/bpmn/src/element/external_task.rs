//! Tasks and message events that workers do (`camunda:type="external"`) or the engine does itself.

use std::sync::Arc;

use expression::Expression;

use crate::attribute::{self, camunda};
use crate::document::Node;
use crate::extension::{camunda_children, error_event_definitions, extensions, is_camunda};
use crate::field;
use crate::listener;
use crate::model::{Action, Delegate, ElementKind, ExternalTask, ExternalTaskForm, ServiceTask};
use crate::process::priority;
use crate::report::Report;
use crate::scope::ProcessBuilder;
use crate::unsupported;

/// A service, send or business rule task.
pub(crate) fn read(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    form: ExternalTaskForm,
    node: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    if let Some(definition) = extensions(node).find(|extension| is_camunda(*extension, "connector")) {
        return connector(builder, form, node, definition, id);
    }
    let name = node.tag_name().name();
    match camunda(node, "type") {
        Some(value) if value.eq_ignore_ascii_case("external") => return external(builder, form, node, id),
        Some(value) if value.eq_ignore_ascii_case("mail") => {
            check_mail(node, builder.report);
            return None;
        }
        Some(value) if value.eq_ignore_ascii_case("shell") => {
            check_shell(node, builder.report);
            return None;
        }
        Some(value) => builder.report.error(node, format!("Invalid usage of type attribute on {name}: '{value}'")),
        None => {
            if let Some(kind) = internal(builder, form, node, id) {
                return kind;
            }
        }
    }
    // Camunda: a type that is not known is none at all too.
    let message =
        format!("One of the attributes 'class', 'delegateExpression', 'type', or 'expression' is mandatory on {name}.");
    builder.report.error(node, message);
    None
}

/// A message event that throws; `definition` says how.
pub(crate) fn of_message(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    form: ExternalTaskForm,
    definition: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    if unsupported::refuse_parts(definition, id, builder.report) {
        return None;
    }
    let implementations = ["type", "class", "delegateExpression", "expression"];
    let has_connector = extensions(definition).any(|extension| is_camunda(extension, "connector"));
    if has_connector || implementations.iter().any(|name| camunda(definition, name).is_some()) {
        return read(builder, form, definition, id);
    }
    // Camunda: nothing is sent, and nothing is said about it.
    Some(service_task(form, definition, None))
}

/// What the engine does itself: the first of class, delegate expression and expression. `None` is nothing at all.
fn internal(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    form: ExternalTaskForm,
    node: Node<'_>,
    id: &str,
) -> Option<Option<ElementKind>> {
    let not_blank = |name| camunda(node, name).filter(|text: &&str| !text.trim().is_empty());
    if let Some(class) = not_blank("class") {
        refuse_result_variable(builder, node, "class");
        return Some(Some(delegate(builder, form, node, id, class, Delegate::Class(Arc::from(class)))));
    }
    if let Some(text) = camunda(node, "delegateExpression") {
        refuse_result_variable(builder, node, "delegateExpression");
        let expression = builder.expression(text, node);
        return Some(expression.map(|it| delegate(builder, form, node, id, text, Delegate::Expression(it))));
    }
    let expression = not_blank("expression").map(|text| builder.expression(text, node))?;
    Some(expression.map(|expression| service_task(form, node, Some(Action::Expression(expression)))))
}

fn refuse_result_variable(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, attribute: &str) {
    if result_variable(node).is_some() {
        let name = node.tag_name().name();
        let message = format!("'resultVariableName' not supported for {name} elements using '{attribute}'");
        builder.report.error(node, message);
    }
}

/// Java code: what a worker does in its stead, if there is one, else a task that fails when it is reached.
fn delegate(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    form: ExternalTaskForm,
    node: Node<'_>,
    id: &str,
    code: &str,
    delegate: Delegate,
) -> ElementKind {
    if let Some(topic) = builder.delegates.topic(code).map(Expression::literal) {
        let priority = priority(node, "taskPriority", builder.report);
        let error_event_definitions = error_event_definitions(node, id, builder.definitions, builder.report);
        return ElementKind::ExternalTask(ExternalTask { form, topic, priority, error_event_definitions });
    }
    field::read_all(node, builder.report);
    listener::warn_of_java(node, id, code, builder.report);
    service_task(form, node, Some(Action::Delegate(delegate)))
}

/// A connector takes the place of whatever else the task is told to do. There is none here: the task fails when it is
/// reached, as where Camunda does not know the connector.
fn connector(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    form: ExternalTaskForm,
    node: Node<'_>,
    definition: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    let text = camunda_children(definition, "connectorId").next().map(attribute::text).unwrap_or_default();
    let connector = text.trim();
    if connector.is_empty() {
        builder.report.error_for(definition, &[id], "No 'id' defined for connector.");
        return None;
    }
    let message = format!("there are no connectors here: reaching '{connector}' fails");
    builder.report.warning(node, &[id], message);
    Some(service_task(form, node, Some(Action::Connector(Arc::from(connector)))))
}

/// Camunda: needs a library for mails that it does not bring along; without it no such task can be read.
fn check_mail(node: Node<'_>, report: &mut Report<'_>) {
    let fields = field::read_all(node, report);
    if !fields.iter().any(|field| field.name == "to") {
        report.error(node, "No recipient is defined on the mail activity");
    }
    if !fields.iter().any(|field| matches!(field.name, "text" | "html")) {
        report.error(node, "Text or html field should be provided");
    }
    report.give_up(node, "mail tasks are not executed: nothing here sends mails");
}

/// Commands of the machine that the engine runs on are none of a model.
fn check_shell(node: Node<'_>, report: &mut Report<'_>) {
    let fields = field::read_all(node, report);
    for field in fields.iter().filter(|field| matches!(field.name, "wait" | "redirectError" | "cleanEnv")) {
        let value = field.value.as_deref().unwrap_or_default();
        if !matches!(value.to_ascii_lowercase().as_str(), "true" | "false") {
            report.error(node, format!("undefined value for shell {} parameter: {value}", field.name));
        }
    }
    if !fields.iter().any(|field| field.name == "command") {
        report.error(node, "No shell command is defined on the shell activity");
    }
    report.doubt(node, &[], "shell tasks are not executed: a model must not run commands of the machine");
}

fn result_variable<'d>(node: Node<'d>) -> Option<&'d str> {
    camunda(node, "resultVariable").or_else(|| camunda(node, "resultVariableName"))
}

fn service_task(form: ExternalTaskForm, node: Node<'_>, action: Option<Action>) -> ElementKind {
    ElementKind::ServiceTask(ServiceTask { form, action, result_variable: result_variable(node).map(Arc::from) })
}

fn external(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    form: ExternalTaskForm,
    node: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    let priority = priority(node, "taskPriority", builder.report);
    let error_event_definitions = error_event_definitions(node, id, builder.definitions, builder.report);
    let Some(topic) = camunda(node, "topic") else {
        builder.report.error(node, "External tasks must specify a 'topic' attribute in the camunda namespace");
        return None;
    };
    let topic = builder.expression(topic, node)?;
    Some(ElementKind::ExternalTask(ExternalTask { form, topic, priority, error_event_definitions }))
}
