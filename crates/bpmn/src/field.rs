//! `camunda:field`: values for Java code. Nothing here uses them, but they must be right.

use expression::Expression;

use crate::attribute::{bpmn_child, text};
use crate::document::Node;
use crate::extension::{camunda_children, is_camunda};
use crate::report::Report;

/// One that is right.
#[derive(Debug)]
pub(crate) struct Field<'d> {
    pub name: &'d str,
    /// `None` is an expression.
    pub value: Option<String>,
}

/// The fields of an element with code. What is wrong is reported for the element.
pub(crate) fn read_all<'d>(node: Node<'d>, report: &mut Report<'_>) -> Vec<Field<'d>> {
    // Camunda: without extension elements they may stand in the element itself.
    let fields = bpmn_child(node, "extensionElements").unwrap_or(node).children();
    fields.filter(|child| is_camunda(*child, "field")).filter_map(|field| read(field, node, report)).collect()
}

fn read<'d>(field: Node<'d>, node: Node<'d>, report: &mut Report<'_>) -> Option<Field<'d>> {
    let name = field.attribute("name").unwrap_or_default();
    if let Some(value) = value(field, ("stringValue", "string"), node, report) {
        return Some(Field { name, value: Some(value) });
    }
    if let Some(text) = value(field, ("expression", "expression"), node, report).filter(|text| !text.trim().is_empty())
    {
        match Expression::parse(&text) {
            Ok(_) => return Some(Field { name, value: None }),
            Err(error) => report.error(node, format!("a field declaration is wrong: {error}")),
        }
    }
    let message = "One of the following is mandatory on a field declaration: one of attributes stringValue|expression \
                   or one of child elements string|expression";
    report.error(node, message);
    None
}

/// What an attribute or a child element says.
fn value(
    field: Node<'_>,
    (attribute, element): (&str, &'static str),
    node: Node<'_>,
    report: &mut Report<'_>,
) -> Option<String> {
    let owner = node.attribute("id").unwrap_or_default();
    let mut children = camunda_children(field, element);
    let (child, second) = (children.next(), children.next());
    if second.is_some() {
        report.error(node, format!("Multiple {element} field declarations found"));
        return None;
    }
    match (field.attribute(attribute), child.map(text)) {
        (Some(_), Some(_)) => {
            let message = format!("the attribute '{attribute}' and the element '{element}' cannot be used together");
            report.error_for(field, &[owner], message);
            None
        }
        (None, Some(text)) if text.is_empty() => {
            let message = format!("No valid value found in attribute '{attribute}' nor element '{element}'");
            report.error_for(field, &[owner], message);
            None
        }
        (None, Some(text)) => Some(text),
        (value, None) => value.filter(|value| !value.is_empty()).map(str::to_owned),
    }
}
