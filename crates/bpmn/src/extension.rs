//! Camunda's extension elements.

use std::sync::Arc;

use crate::attribute::bpmn_child;
use crate::definitions::{Definitions, read_expression};
use crate::document::{ACTIVITI, CAMUNDA, Node};
use crate::model::ErrorEventDefinition;
use crate::report::Report;

/// The extension elements of an element, whatever their namespace.
pub(crate) fn extensions<'d>(node: Node<'d>) -> impl Iterator<Item = Node<'d>> {
    bpmn_child(node, "extensionElements")
        .into_iter()
        .flat_map(|extensions| extensions.children())
        .filter(|node| node.is_element())
}

/// The children of one name in Camunda's namespace.
pub(crate) fn camunda_children<'d>(node: Node<'d>, name: &'static str) -> impl Iterator<Item = Node<'d>> {
    node.children().filter(move |child| is_camunda(*child, name))
}

/// Whether an element is Camunda's, by this name.
pub(crate) fn is_camunda(node: Node<'_>, name: &str) -> bool {
    node.is_element()
        && node.tag_name().name() == name
        && matches!(node.tag_name().namespace(), Some(CAMUNDA | ACTIVITI))
}

/// `camunda:properties`, in document order. A property without a name or value cannot be asked for and is left out.
pub(crate) fn properties(node: Node<'_>) -> Vec<(Arc<str>, Arc<str>)> {
    let properties = extensions(node).filter(|extension| is_camunda(*extension, "properties"));
    properties
        .flat_map(|properties| camunda_children(properties, "property"))
        .filter_map(|property| Some((Arc::from(property.attribute("name")?), Arc::from(property.attribute("value")?))))
        .collect()
}

/// `camunda:errorEventDefinition`s, in document order.
pub(crate) fn error_event_definitions(
    node: Node<'_>,
    owner: &str,
    definitions: &Definitions<'_>,
    report: &mut Report<'_>,
) -> Vec<ErrorEventDefinition> {
    extensions(node)
        // Camunda: in whatever namespace.
        .filter(|extension| extension.tag_name().name() == "errorEventDefinition")
        .filter_map(|definition| {
            // Camunda: without a reference the definition does nothing.
            let error = definitions.error(definition.attribute("errorRef")?);
            let Some(text) = definition.attribute("expression") else {
                report.error_for(
                    definition,
                    &[owner],
                    "attribute 'expression' is missing on camunda:errorEventDefinition",
                );
                return None;
            };
            let expression = read_expression(text, definition, report);
            Some(ErrorEventDefinition { error, expression })
        })
        .collect()
}
