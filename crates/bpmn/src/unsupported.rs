//! What BPMN and Camunda know but Camlock cannot execute yet. `NOT_YET` is the one list: an element that becomes executable
//! loses its entries here.
//!
//! A document that has any of these is refused with the name and the place. Attributes and extension elements that Camunda
//! does not know are not in the list: they do nothing there either.

use crate::attribute::{camunda, id};
use crate::document::Node;
use crate::report::Report;

/// One thing that is not executable.
#[derive(Clone, Copy, Debug)]
enum NotYet {
    /// An attribute of Camunda, on one element or, with an empty name, on all.
    Attribute { on: &'static str, name: &'static str },
}

const NOT_YET: &[NotYet] = &[
    NotYet::Attribute { on: "userTask", name: "formHandlerClass" },
    NotYet::Attribute { on: "startEvent", name: "formHandlerClass" },
    NotYet::Attribute { on: "businessRuleTask", name: "decisionRef" },
];

/// Reports everything on this element that is not executable. `owner` is the id of the flow element it belongs to.
///
/// True means that the element cannot be read as what its name says.
pub(crate) fn refuse_parts(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> bool {
    let found: Vec<String> = NOT_YET.iter().filter_map(|entry| entry.part_of(node)).collect();
    for part in &found {
        let message = format!("{part} of element type '{}' is not executable yet", node.tag_name().name());
        if id(node) == Some(owner) { report.error(node, message) } else { report.error_for(node, &[owner], message) }
    }
    !found.is_empty()
}

impl NotYet {
    /// What this entry finds on an element, in words.
    fn part_of(self, node: Node<'_>) -> Option<String> {
        let is_on = |on: &str| on.is_empty() || node.tag_name().name() == on;
        match self {
            NotYet::Attribute { on, name } => {
                camunda(node, name).filter(|_| is_on(on)).map(|_| format!("camunda:{name}"))
            }
        }
    }
}
