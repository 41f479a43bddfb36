//! The flow elements of a process and of the sub-processes in it.
//!
//! Open scopes lie on a stack of their own, so that nesting does not recurse. Within one, events and activities come before
//! boundary events, which refer to them, and sequence flows last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use expression::Expression;

use crate::association;
use crate::asynchronous;
use crate::attribute::{self, bpmn_children_named, camunda, is_true};
use crate::definitions::{Definitions, read_expression};
use crate::document::Node;
use crate::element::compensation::{self, CompensationReference};
use crate::element::{boundary_event, end_event, exclusive_gateway, flow_node, intermediate_catch_event, start_event};
use crate::form::Form;
use crate::io_mapping::InputOutput;
use crate::listener;
use crate::model::{Element, ElementIndex, ElementKind, ExecutionListener, Flow, FlowIndex};
use crate::parse::Delegates;
use crate::report::Report;
use crate::sequence_flow;

/// What of a process has been read so far.
#[derive(Debug)]
pub(crate) struct ProcessBuilder<'b, 'd, 'r> {
    pub definitions: &'b Definitions<'d>,
    pub delegates: &'b Delegates,
    pub report: &'b mut Report<'r>,
    pub process_id: &'d str,
    pub arena: Arena<'d>,
    pub links: Links<'d>,
    /// The elements of scopes that are there but not executable; what refers to them is not an error of its own.
    refused: BTreeSet<(Option<ElementIndex>, &'d str)>,
    /// The escalations that scopes catch; `None` is the process.
    escalations: BTreeMap<Option<ElementIndex>, Vec<CaughtEscalation>>,
    /// Events that undo one activity, by its id.
    pub compensation_references: Vec<CompensationReference<'d>>,
    /// What scopes wait for; `None` is the process.
    subscriptions: BTreeSet<(Option<ElementIndex>, Wait)>,
}

/// A wait that a scope may have once only, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wait {
    Message(String),
    Signal(String),
    /// Of start events only.
    Condition(String),
}

/// The link events of a process.
#[derive(Debug, Default)]
pub(crate) struct Links<'d> {
    /// Throwing events: id to name of the link.
    pub sources: BTreeMap<&'d str, &'d str>,
    /// Name of the link to the id of the catching event.
    pub targets: BTreeMap<&'d str, &'d str>,
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
    pub has_conditional_events: bool,
    /// Those of the process itself.
    pub event_sub_processes: Vec<ElementIndex>,
    /// Those of the process itself.
    pub listeners: Vec<ExecutionListener>,
}

/// An escalation that a scope catches. Without a code it is every escalation.
#[derive(Clone, Debug)]
pub(crate) struct CaughtEscalation {
    pub by_event_sub_process: bool,
    pub code: Option<Arc<str>>,
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

/// Reads all elements of a process; the result is where an instance starts, and by what form.
pub(crate) fn read<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    process: Node<'d>,
) -> (Option<ElementIndex>, Option<Form>) {
    let process = Scope { node: process, element: None };
    let start = start_event::read_all(builder, process);
    let form = start.and_then(|start| start_event::read_form(builder, process, start));
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
    compensation::check_references(builder);
    exclusive_gateway::check_all(builder);
    asynchronous::check_all(&builder.arena, builder.report);
    (start, form)
}

fn begin_sub_process<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>) {
    let start = start_event::read_all(builder, scope);
    let element = scope.element.map(|index| builder.arena.element_mut(index));
    if let (Some(start), Some(Element { kind: ElementKind::SubProcess { start_event, .. }, .. })) = (start, element) {
        *start_event = Some(start);
    }
}

/// Reads what comes after the activities of a scope.
fn read_connections<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>) {
    for node in bpmn_children_named(scope.node, "intermediateCatchEvent") {
        let id = attribute::id(node).unwrap_or_default();
        // One behind an event-based gateway has been read with it.
        if builder.find(scope, id) == Target::Nothing {
            intermediate_catch_event::read(builder, scope, node, None);
        }
    }
    for node in bpmn_children_named(scope.node, "endEvent") {
        end_event::read(builder, scope, node);
    }
    for node in bpmn_children_named(scope.node, "boundaryEvent") {
        boundary_event::read(builder, scope, node);
    }
    for node in bpmn_children_named(scope.node, "sequenceFlow") {
        // Camunda: after a link that leads nowhere no other flow of the scope is looked at.
        if sequence_flow::read(builder, scope, node).is_break() {
            break;
        }
    }
    let id = attribute::id(scope.node).unwrap_or_default();
    let listeners = listener::read_all(scope.node, id, builder.report);
    match scope.element {
        Some(element) => builder.arena.element_mut(element).listeners = listeners,
        None => builder.arena.listeners = listeners,
    }
    for node in bpmn_children_named(scope.node, "association") {
        if association::check(node, builder.definitions, builder.report) {
            compensation::connect(builder, scope, node);
        }
    }
}

impl<'b, 'd, 'r> ProcessBuilder<'b, 'd, 'r> {
    pub fn new(
        process_id: &'d str,
        definitions: &'b Definitions<'d>,
        delegates: &'b Delegates,
        report: &'b mut Report<'r>,
    ) -> ProcessBuilder<'b, 'd, 'r> {
        ProcessBuilder {
            definitions,
            delegates,
            report,
            process_id,
            arena: Arena::default(),
            links: Links::default(),
            refused: BTreeSet::new(),
            escalations: BTreeMap::new(),
            compensation_references: Vec::new(),
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
    pub fn refuse(&mut self, scope: Scope<'d>, node: Node<'d>) {
        self.refused.extend(attribute::id(node).map(|id| (scope.element, id)));
    }

    /// Adds an element. Its id is that of the node; flows and boundary events come later.
    pub fn add(&mut self, scope: Scope<'d>, node: Node<'d>, kind: ElementKind) -> Option<ElementIndex> {
        let id: Arc<str> = Arc::from(attribute::id(node)?);
        // Those of a scope come after all that is in it.
        let is_scope = matches!(kind, ElementKind::SubProcess { .. });
        let listeners = if is_scope { Vec::new() } else { listener::read_all(node, &id, self.report) };
        let index = self.add_as(scope, node, id, kind);
        self.arena.element_mut(index).listeners = listeners;
        Some(index)
    }

    /// Adds an element under an id of its own.
    pub fn add_as(&mut self, scope: Scope<'d>, node: Node<'d>, id: Arc<str>, kind: ElementKind) -> ElementIndex {
        let index = ElementIndex(
            u32::try_from(self.arena.elements.len()).expect("documents have fewer elements, by their limit"),
        );
        let is_body = matches!(kind, ElementKind::MultiInstanceBody(_));
        let job_priority = camunda(node, "jobPriority").filter(|_| !is_body);
        let job_priority = job_priority.and_then(|text| Expression::parse(text).ok());
        // What an activity says about jobs is for its multi-instance body; its instances' jobs stand in the loop.
        let is_instance = scope.element.is_some_and(|index| self.arena.is_multi_instance_body(index));
        let of_instances = attribute::bpmn_child(node, "multiInstanceLoopCharacteristics").filter(|_| is_instance);
        let asynchronous = asynchronous::read(of_instances.unwrap_or(node));
        let retry_cycle = asynchronous::retry_cycle(of_instances.unwrap_or(node), asynchronous, self.report);
        let position = self.report.position(node);
        let is_scope = match kind {
            ElementKind::ExternalTask(_)
            | ElementKind::SubProcess { .. }
            | ElementKind::MultiInstanceBody(_)
            | ElementKind::CompensationThrowEvent(_)
            | ElementKind::CancelEndEvent
            | ElementKind::EventBasedGateway { .. }
            | ElementKind::LinkCatchEvent => true,
            ElementKind::IntermediateCatchEvent(ref event) => event.gateway.is_none(),
            // Camunda: the paths of a multi-instance body are enough for the calls in it.
            ElementKind::CallActivity(_) => !is_instance,
            ElementKind::ReceiveTask { ref trigger } => trigger.is_some(),
            // Camunda: data properties make a user task a scope, though they do nothing by themselves.
            ElementKind::UserTask(ref task) => {
                attribute::bpmn_child(node, "property").is_some() || !task.timeout_listeners.is_empty()
            }
            ElementKind::NoneStartEvent { .. }
            | ElementKind::EventStartEvent(_)
            | ElementKind::NoneEndEvent
            | ElementKind::ErrorEndEvent { .. }
            | ElementKind::EscalationThrowEvent(_)
            | ElementKind::EventSubProcessStartEvent(_)
            | ElementKind::TerminateEndEvent
            | ElementKind::SignalThrowEvent(_)
            | ElementKind::PassThrough { .. }
            | ElementKind::ExclusiveGateway
            | ElementKind::ParallelGateway
            | ElementKind::ServiceTask(_)
            | ElementKind::InclusiveGateway
            | ElementKind::ScriptTask(_)
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
            event_sub_processes: Vec::new(),
            compensation_handler: None,
            is_for_compensation: !is_body && is_true(node.attribute("isForCompensation").map(str::trim)),
            is_scope,
            asynchronous,
            job_priority,
            retry_cycle,
            inputs: Vec::new(),
            outputs: Vec::new(),
            listeners: Vec::new(),
            properties: crate::extension::properties(node),
            line: position.line,
            column: position.column,
        });
        index
    }

    /// Remembers that a scope waits for something; false if it does so already.
    pub fn subscribe(&mut self, scope: Option<ElementIndex>, wait: Wait) -> bool {
        self.subscriptions.insert((scope, wait))
    }

    /// Remembers that a scope catches an escalation. Answers the one that it catches already in the same form and that
    /// it must not have beside it.
    pub fn catch_escalation(
        &mut self,
        scope: Option<ElementIndex>,
        caught: CaughtEscalation,
    ) -> Option<CaughtEscalation> {
        let earlier = self.escalations.entry(scope).or_default();
        let excludes = |earlier: &&CaughtEscalation| {
            earlier.by_event_sub_process == caught.by_event_sub_process
                && (earlier.code.is_none() || caught.code.is_none() || earlier.code == caught.code)
        };
        let excluded = earlier.iter().find(excludes).cloned();
        earlier.push(caught);
        excluded
    }

    /// The activity itself where an index is that of its multi-instance body.
    pub fn activity_of(&self, index: ElementIndex) -> ElementIndex {
        match &self.arena.element(index).kind {
            ElementKind::MultiInstanceBody(body) => body.inner,
            _ => index,
        }
    }

    /// Adds an event sub-process to the scope that it listens in.
    pub fn listen(&mut self, scope: Scope<'_>, event_sub_process: ElementIndex) {
        match scope.element {
            Some(scope) => self.arena.element_mut(scope).event_sub_processes.push(event_sub_process),
            None => self.arena.event_sub_processes.push(event_sub_process),
        }
    }

    /// Gives an element its mappings, which make it a scope.
    pub fn set_input_output(&mut self, index: ElementIndex, node: Node<'_>, input_output: InputOutput) {
        let is_multi_instance = self.arena.multi_instance_body_of(index).is_some();
        if is_multi_instance && !input_output.outputs.is_empty() {
            self.report.error(node, "camunda:outputParameter not allowed for multi-instance constructs");
            return;
        }
        let element = self.arena.element_mut(index);
        element.inputs = input_output.inputs;
        element.outputs = input_output.outputs;
        // Each instance has an execution of its own already.
        element.is_scope |= !is_multi_instance;
    }

    /// What an id means among the elements of a scope. What is connected to an activity that runs several times is
    /// connected to its body.
    pub fn find(&self, scope: Scope<'_>, id: &str) -> Target {
        self.find_in(scope.element, id)
    }

    /// The same; `None` is the process.
    pub fn find_in(&self, scope: Option<ElementIndex>, id: &str) -> Target {
        let index = self.arena.elements_by_id.get(id).copied();
        let index = index.map(|index| self.arena.multi_instance_body_of(index).unwrap_or(index));
        match index {
            Some(index) if self.arena.elements[index.0 as usize].parent == scope => Target::Element(index),
            _ if self.refused.contains(&(scope, id)) => Target::Refused,
            _ => Target::Nothing,
        }
    }

    /// The same among all that a scope encloses, at any depth.
    pub fn find_within(&self, scope: Scope<'_>, id: &str) -> Target {
        let Some(index) = self.arena.elements_by_id.get(id) else { return Target::Nothing };
        let mut around =
            std::iter::successors(self.arena.element(*index).parent, |parent| self.arena.element(*parent).parent);
        let is_within = scope.element.is_none_or(|scope| around.any(|parent| parent == scope));
        let direct = self.arena.multi_instance_body_of(*index).unwrap_or(*index);
        if is_within { Target::Element(direct) } else { Target::Nothing }
    }
}

impl Arena<'_> {
    pub fn element(&self, index: ElementIndex) -> &Element {
        &self.elements[index.0 as usize]
    }

    pub fn element_mut(&mut self, index: ElementIndex) -> &mut Element {
        &mut self.elements[index.0 as usize]
    }

    /// The body around an activity that runs several times.
    pub fn multi_instance_body_of(&self, index: ElementIndex) -> Option<ElementIndex> {
        let body = self.element(index).parent?;
        self.is_multi_instance_body(body).then_some(body)
    }

    pub fn is_multi_instance_body(&self, index: ElementIndex) -> bool {
        matches!(self.element(index).kind, ElementKind::MultiInstanceBody(_))
    }

    pub fn flow(&self, index: FlowIndex) -> &Flow {
        &self.flows[index.0 as usize]
    }
}
