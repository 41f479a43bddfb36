//! Tasks and message events that workers do: `camunda:type="external"`.

use crate::attribute::camunda;
use crate::document::Node;
use crate::extension::error_event_definitions;
use crate::model::{ElementKind, ExternalTask, ExternalTaskForm};
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
        None => {}
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
    match camunda(definition, "type") {
        Some(_) => read(builder, form, definition, id),
        None => {
            builder.report.error_for(
                definition,
                &[id],
                "a message event that throws without camunda:type is not executable yet",
            );
            None
        }
    }
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
