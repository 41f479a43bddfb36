//! Tasks and message events that workers do (`camunda:type="external"`) or the engine does itself.

use std::sync::Arc;

use crate::attribute::camunda;
use crate::document::Node;
use crate::extension::error_event_definitions;
use crate::model::{Action, ElementKind, ExternalTask, ExternalTaskForm, ServiceTask};
use crate::process::priority;
use crate::scope::ProcessBuilder;
use crate::unsupported;

/// A service, send or business rule task.
pub(crate) fn read(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    form: ExternalTaskForm,
    node: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    if unsupported::refuse_implementation(node, id, builder.report) {
        return None;
    }
    let name = node.tag_name().name();
    match camunda(node, "type") {
        Some(value) if value.eq_ignore_ascii_case("external") => return external(builder, form, node, id),
        Some(value) => builder.report.error(node, format!("Invalid usage of type attribute on {name}: '{value}'")),
        None => {
            if let Some(text) = camunda(node, "expression").filter(|text| !text.trim().is_empty()) {
                let action = builder.expression(text, node).map(Action::Expression)?;
                return Some(service_task(form, node, Some(action)));
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
    if unsupported::refuse_parts(definition, id, builder.report)
        || unsupported::refuse_implementation(definition, id, builder.report)
    {
        return None;
    }
    let implementations = ["type", "class", "delegateExpression", "expression"];
    if implementations.iter().any(|name| camunda(definition, name).is_some()) {
        return read(builder, form, definition, id);
    }
    // Camunda: nothing is sent, and nothing is said about it.
    Some(service_task(form, definition, None))
}

fn service_task(form: ExternalTaskForm, node: Node<'_>, action: Option<Action>) -> ElementKind {
    let result_variable = camunda(node, "resultVariable").or_else(|| camunda(node, "resultVariableName"));
    ElementKind::ServiceTask(ServiceTask { form, action, result_variable: result_variable.map(Arc::from) })
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
