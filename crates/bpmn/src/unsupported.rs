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
    /// A flow element.
    Element(&'static str),
    /// An attribute of Camunda, on one element or, with an empty name, on all.
    Attribute { on: &'static str, name: &'static str },
    /// A `camunda:type` of a service task or what is like one.
    ImplementationType(&'static str),
}

const NOT_YET: &[NotYet] = &[
    NotYet::Element("event"),
    NotYet::Element("implicitThrowEvent"),
    NotYet::Element("callChoreography"),
    NotYet::Element("choreographyTask"),
    NotYet::Element("subChoreography"),
    NotYet::Attribute { on: "userTask", name: "formHandlerClass" },
    NotYet::Attribute { on: "startEvent", name: "formHandlerClass" },
    NotYet::Attribute { on: "businessRuleTask", name: "decisionRef" },
    NotYet::ImplementationType("mail"),
    NotYet::ImplementationType("shell"),
];

/// Whether flow elements of this name are not executable.
pub(crate) fn is_refused_element(name: &str) -> bool {
    NOT_YET.iter().any(|entry| matches!(entry, NotYet::Element(element) if *element == name))
}

/// Reports an element that is not executable at all.
pub(crate) fn refuse_element(node: Node<'_>, report: &mut Report<'_>) {
    report.error(node, format!("element type '{}' is not executable yet", node.tag_name().name()));
}

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

/// Reports an event whose definition is not possible on it; `None` is an event without one.
pub(crate) fn refuse_event_definition(event: Node<'_>, definition: Option<Node<'_>>, report: &mut Report<'_>) {
    let on = event.tag_name().name();
    let what = match definition {
        Some(definition) => format!("'{}'", definition.tag_name().name()),
        None => "no event definition".to_owned(),
    };
    report.error(event, format!("element type '{on}' with {what} is not possible"));
}

/// Reports how a service task, or what is like one, is implemented if that is not executable. True if it was.
pub(crate) fn refuse_implementation(node: Node<'_>, owner: &str, report: &mut Report<'_>) -> bool {
    let implementation = camunda(node, "type");
    let found = NOT_YET.iter().find_map(|entry| match (entry, implementation) {
        (NotYet::ImplementationType(name), Some(value)) if value.eq_ignore_ascii_case(name) => {
            Some(format!("camunda:type=\"{name}\""))
        }
        _ => None,
    });
    if let Some(part) = &found {
        let message = format!("{part} of element type '{}' is not executable yet", node.tag_name().name());
        if id(node) == Some(owner) { report.error(node, message) } else { report.error_for(node, &[owner], message) }
    }
    found.is_some()
}

impl NotYet {
    /// What this entry finds on an element, in words.
    fn part_of(self, node: Node<'_>) -> Option<String> {
        let is_on = |on: &str| on.is_empty() || node.tag_name().name() == on;
        match self {
            NotYet::Attribute { on, name } => {
                camunda(node, name).filter(|_| is_on(on)).map(|_| format!("camunda:{name}"))
            }
            NotYet::Element(_) | NotYet::ImplementationType(_) => None,
        }
    }
}
