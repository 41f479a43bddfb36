//! The diagram, as far as a wrong one is an error: shapes and edges must belong to something.

use crate::attribute::id;
use crate::definitions::Definitions;
use crate::document::{BPMN_DI, Node};
use crate::report::Report;

/// How often one error is repeated at most.
const MAX_EQUAL_ERRORS: usize = 16;

/// Reports shapes and edges of elements that do not exist.
pub(crate) fn check(definitions: &Definitions<'_>, report: &mut Report<'_>) {
    let executable = definitions.processes().filter(|process| id(*process).is_some()).count();
    let diagrams = definitions.root().children().filter(|node| node.has_tag_name((BPMN_DI, "BPMNDiagram")));
    for plane in
        diagrams.flat_map(|diagram| diagram.children()).filter(|node| node.has_tag_name((BPMN_DI, "BPMNPlane")))
    {
        if element_of(plane).is_none() {
            report.error(plane, "'bpmnElement' attribute is required on BPMNPlane");
            continue;
        }
        for node in plane.children().filter(Node::is_element) {
            if node.has_tag_name((BPMN_DI, "BPMNShape")) {
                check_shape(node, executable, definitions, report);
            } else if node.has_tag_name((BPMN_DI, "BPMNEdge")) {
                check_edge(node, definitions, report);
            }
        }
    }
}

fn check_shape(node: Node<'_>, executable: usize, definitions: &Definitions<'_>, report: &mut Report<'_>) {
    match element_of(node) {
        None => report.error(node, "'bpmnElement' attribute is required on BPMNShape"),
        Some(element) if definitions.has_element(element) => {}
        Some(element) => {
            // Camunda: each executable process finds the same error.
            for _ in 0..executable.min(MAX_EQUAL_ERRORS) {
                report
                    .error(node, format!("Invalid reference in 'bpmnElement' attribute, activity {element} not found"));
            }
        }
    }
}

fn check_edge(node: Node<'_>, definitions: &Definitions<'_>, report: &mut Report<'_>) {
    match element_of(node) {
        None => report.error(node, "'bpmnElement' attribute is required on BPMNEdge"),
        Some(element) if definitions.has_element(element) => {}
        Some(element) => report
            .error(node, format!("Invalid reference in 'bpmnElement' attribute, sequenceFlow {element} not found")),
    }
}

fn element_of<'d>(node: Node<'d>) -> Option<&'d str> {
    node.attribute("bpmnElement").filter(|element| !element.is_empty())
}
