//! The flow elements of a process and of the sub-processes in it.
//!
//! Open scopes lie on a stack of their own, so that nesting does not recurse. Within one, events and activities come before
//! boundary events, which refer to them, and sequence flows last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use expression::Expression;

use crate::association;
use crate::asynchronous;
use crate::attribute::{self, bpmn_children_named};
use crate::definitions::{Definitions, read_expression};
use crate::document::Node;
use crate::element::{boundary_event, end_event, exclusive_gateway, flow_node, start_event};
use crate::io_mapping::InputOutput;
use crate::listener;
use crate::model::{Element, ElementIndex, ElementKind, Flow, FlowIndex};
use crate::process::priority;
use crate::report::Report;
use crate::sequence_flow;

/// What of a process has been read so far.
#[derive(Debug)]
pub(crate) struct ProcessBuilder<'b, 'd, 'r> {
    pub definitions: &'b Definitions<'d>,
    pub report: &'b mut Report<'r>,
    pub arena: Arena<'d>,
    /// The ids of elements that are there but not executable; what refers to them is not an error of its own.
    refused: BTreeSet<&'d str>,
    /// The names of messages that boundary events of an activity wait for.
    subscriptions: BTreeSet<(ElementIndex, String)>,
}

/// A process or sub-process whose elements are still to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'d> {
    pub node: Node<'d>,
    /// `None` is the process.
    pub element: Option<ElementIndex>,
}

/// The elements and flows of a model.
#[derive(Debug, Default)]
pub(crate) struct Arena<'d> {
    pub elements: Vec<Element>,
    /// One for each element.
    pub references: Vec<References<'d>>,
    pub flows: Vec<Flow>,
    pub elements_by_id: BTreeMap<Arc<str>, ElementIndex>,
}

/// What an element refers to, as far as the model does not say it.
#[derive(Debug)]
pub(crate) struct References<'d> {
    /// Its attribute `default`.
    pub default_flow: Option<&'d str>,
    /// One of its flows is missing, as the element at the other end was refused.
    pub leads_to_refused: bool,
}

/// Where a reference leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Element(ElementIndex),
    /// An element that has been refused already.
    Refused,
    Nothing,
}

/// A scope whose activities are being read.
struct OpenScope<'d> {
    scope: Scope<'d>,
    next_child: Option<Node<'d>>,
}

/// Reads all elements of a process; the result is where an instance starts.
pub(crate) fn read<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, process: Node<'d>) -> Option<ElementIndex> {
    let process = Scope { node: process, element: None };
    let start = start_event::read_all(builder, process);
    let mut open = vec![OpenScope { scope: process, next_child: process.node.first_element_child() }];
    while let Some(OpenScope { scope, next_child }) = open.last_mut() {
        let scope = *scope;
        let Some(node) = *next_child else {
            read_connections(builder, scope);
            open.pop();
            continue;
        };
        *next_child = node.next_sibling_element();
        if let Some(inner) = flow_node::read(builder, scope, node) {
            begin_sub_process(builder, inner);
            open.push(OpenScope { scope: inner, next_child: inner.node.first_element_child() });
        }
    }
    exclusive_gateway::check_all(builder);
    asynchronous::check_all(&builder.arena, builder.report);
    start
}

fn begin_sub_process<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>) {
    let start = start_event::read_all(builder, scope);
    let element = scope.element.map(|index| builder.arena.element_mut(index));
    if let (Some(none_start_event), Some(element)) = (start, element) {
        element.kind = ElementKind::SubProcess { none_start_event };
    }
}

/// Reads what comes after the activities of a scope.
fn read_connections<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>) {
    for node in bpmn_children_named(scope.node, "endEvent") {
        end_event::read(builder, scope, node);
    }
    for node in bpmn_children_named(scope.node, "boundaryEvent") {
        boundary_event::read(builder, scope, node);
    }
    for node in bpmn_children_named(scope.node, "sequenceFlow") {
        sequence_flow::read(builder, scope, node);
    }
    for node in bpmn_children_named(scope.node, "association") {
        association::check(node, builder.definitions, builder.report);
    }
}

impl<'b, 'd, 'r> ProcessBuilder<'b, 'd, 'r> {
    pub fn new(definitions: &'b Definitions<'d>, report: &'b mut Report<'r>) -> ProcessBuilder<'b, 'd, 'r> {
        ProcessBuilder {
            definitions,
            report,
            arena: Arena::default(),
            refused: BTreeSet::new(),
            subscriptions: BTreeSet::new(),
        }
    }

    pub fn finish(self) -> Arena<'d> {
        self.arena
    }

    /// Parses an expression or literal; a failure goes to the report.
    pub fn expression(&mut self, text: &str, node: Node<'_>) -> Option<Expression> {
        read_expression(text, node, self.report)
    }

    /// Remembers that an element is there, though it is not part of the model.
    pub fn refuse(&mut self, node: Node<'d>) {
        self.refused.extend(attribute::id(node));
    }

    /// Adds an element. Its id is that of the node; flows and boundary events come later.
    pub fn add(&mut self, scope: Scope<'d>, node: Node<'d>, kind: ElementKind) -> Option<ElementIndex> {
        let id: Arc<str> = Arc::from(attribute::id(node)?);
        let index = ElementIndex(
            u32::try_from(self.arena.elements.len()).expect("documents have fewer elements, by their limit"),
        );
        let job_priority = priority(node, "jobPriority", self.report);
        let asynchronous = asynchronous::read(node);
        let retry_cycle = asynchronous::retry_cycle(node, asynchronous, self.report);
        let position = self.report.position(node);
        let listeners = listener::read_all(node, &id, self.report);
        let is_scope = match kind {
            ElementKind::ExternalTask(_) | ElementKind::SubProcess { .. } => true,
            // Camunda: data properties make a user task a scope, though they do nothing by themselves.
            ElementKind::UserTask(_) => attribute::bpmn_child(node, "property").is_some(),
            ElementKind::NoneStartEvent { .. }
            | ElementKind::NoneEndEvent
            | ElementKind::ErrorEndEvent { .. }
            | ElementKind::ExclusiveGateway
            | ElementKind::ParallelGateway
            | ElementKind::ServiceTask(_)
            | ElementKind::BoundaryEvent(_) => false,
        };
        self.arena.elements_by_id.insert(Arc::clone(&id), index);
        self.arena
            .references
            .push(References { default_flow: node.attribute("default").map(str::trim), leads_to_refused: false });
        self.arena.elements.push(Element {
            id,
            name: node.attribute("name").map(Arc::from),
            kind,
            parent: scope.element,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            default_flow: None,
            boundary_events: Vec::new(),
            is_scope,
            asynchronous,
            job_priority,
            retry_cycle,
            inputs: Vec::new(),
            outputs: Vec::new(),
            listeners,
            properties: crate::extension::properties(node),
            line: position.line,
            column: position.column,
        });
        Some(index)
    }

    /// Remembers that an activity waits for a message; false if it does so already.
    pub fn subscribe(&mut self, activity: ElementIndex, message_name: &str) -> bool {
        self.subscriptions.insert((activity, message_name.to_owned()))
    }

    /// Gives an element its mappings, which make it a scope.
    pub fn set_input_output(&mut self, index: ElementIndex, input_output: InputOutput) {
        let element = self.arena.element_mut(index);
        element.inputs = input_output.inputs;
        element.outputs = input_output.outputs;
        element.is_scope = true;
    }

    /// What an id means among the elements of a scope.
    pub fn find(&self, scope: Scope<'_>, id: &str) -> Target {
        match self.arena.elements_by_id.get(id) {
            Some(&index) if self.arena.elements[index.0 as usize].parent == scope.element => Target::Element(index),
            _ if self.refused.contains(id) => Target::Refused,
            _ => Target::Nothing,
        }
    }
}

impl Arena<'_> {
    pub fn element(&self, index: ElementIndex) -> &Element {
        &self.elements[index.0 as usize]
    }

    pub fn element_mut(&mut self, index: ElementIndex) -> &mut Element {
        &mut self.elements[index.0 as usize]
    }

    pub fn flow(&self, index: FlowIndex) -> &Flow {
        &self.flows[index.0 as usize]
    }
}
