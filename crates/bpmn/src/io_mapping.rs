//! Input and output mappings: `camunda:inputOutput`.
//!
//! Lists and maps nest as deep as the document, whose depth is limited before it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::attribute;
use crate::definitions::read_expression;
use crate::document::Node;
use crate::extension::{camunda_children, extensions, is_camunda};
use crate::model::{IoMapping, IoParameter};
use crate::report::Report;
use crate::script;

/// The mappings of one element.
#[derive(Debug, Default)]
pub(crate) struct InputOutput {
    pub inputs: Vec<IoParameter>,
    pub outputs: Vec<IoParameter>,
}

/// The `camunda:inputOutput` of an element, if it has one. What is wrong is reported for `owner`.
pub(crate) fn read(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Option<InputOutput> {
    let mut all = extensions(node).filter(|extension| is_camunda(*extension, "inputOutput"));
    let input_output = all.next()?;
    if let Some(second) = all.next() {
        report.error_for(second, &[owner], "more than one camunda:inputOutput on an element is not supported");
        return None;
    }
    // Camunda: the first parameter that is wrong is the last one looked at.
    let inputs: Option<Vec<_>> =
        camunda_children(input_output, "inputParameter").map(|node| parameter(node, owner, report)).collect();
    let inputs = inputs?;
    let outputs: Option<Vec<_>> =
        camunda_children(input_output, "outputParameter").map(|node| parameter(node, owner, report)).collect();
    let outputs = outputs?;
    Some(InputOutput { inputs, outputs })
}

/// Reports a mapping where there must be none.
pub(crate) fn refuse(node: Node<'_>, report: &mut Report<'_>) {
    if extensions(node).any(|extension| is_camunda(extension, "inputOutput")) {
        let name = node.tag_name().name();
        report.error(node, format!("camunda:inputOutput is not supported on element type '{name}'"));
    }
}

fn parameter(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Option<IoParameter> {
    match node.attribute("name") {
        None | Some("") => {
            report.error_for(node, &[owner], format!("attribute 'name' is missing on {}", node.tag_name().name()));
            None
        }
        Some(name) => Some(IoParameter { name: Arc::from(name), mapping: nested(node, owner, report)? }),
    }
}

/// The value of a parameter or map entry: its only child, else its text.
fn nested(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Option<IoMapping> {
    let mut children = node.children().filter(|child| child.is_element());
    match (children.next(), children.next()) {
        (None, _) => value(node, owner, report),
        (Some(only), None) => value(only, owner, report),
        (Some(_), Some(_)) => {
            report.error_for(node, &[owner], format!("{} must have at most one child element", node.tag_name().name()));
            None
        }
    }
}

fn value(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Option<IoMapping> {
    match node.tag_name().name() {
        "list" => {
            let items = node.children().filter(|child| child.is_element()).map(|item| value(item, owner, report));
            items.collect::<Option<Vec<_>>>().map(IoMapping::List)
        }
        "map" => map(node, owner, report),
        "script" => script::read_camunda(node, owner, report).map(IoMapping::Script),
        _ => {
            let text = attribute::text(node);
            match text.trim() {
                "" => Some(IoMapping::Null),
                text => read_expression(text, node, report).map(IoMapping::Value),
            }
        }
    }
}

fn map(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> Option<IoMapping> {
    let mut entries = BTreeMap::new();
    for entry in node.children().filter(|child| child.is_element() && child.tag_name().name() == "entry") {
        match entry.attribute("key") {
            None | Some("") => report.error_for(entry, &[owner], "attribute 'key' is missing on entry"),
            Some(key) => {
                if let (Some(expression), Some(mapping)) =
                    (read_expression(key, entry, report), nested(entry, owner, report))
                {
                    // Camunda: entries are in the order of the keys as written, and the last of equal ones counts.
                    entries.insert(key, (expression, mapping));
                }
            }
        }
    }
    Some(IoMapping::Map(entries.into_values().collect()))
}
