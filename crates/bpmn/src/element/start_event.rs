//! `startEvent`: where a process or an embedded sub-process begins.

use std::sync::Arc;

use crate::attribute::{self, bpmn_child, bpmn_children_named, camunda};
use crate::document::Node;
use crate::element::{event_definition, event_sub_process, event_trigger, form};
use crate::form::Form;
use crate::io_mapping;
use crate::model::{ElementIndex, ElementKind, EventStartEvent, EventTrigger};
use crate::process::check_job_priority;
use crate::scope::{ProcessBuilder, Scope, Wait};
use crate::unsupported;

/// What starts a process, in order of precedence.
const OF_PROCESS: [&str; 4] =
    ["timerEventDefinition", "messageEventDefinition", "signalEventDefinition", "conditionalEventDefinition"];

/// What an embedded sub-process cannot start by.
const OF_EVENTS_ALONE: [&str; 7] = [
    "conditionalEventDefinition",
    "timerEventDefinition",
    "escalationEventDefinition",
    "compensateEventDefinition",
    "errorEventDefinition",
    "messageEventDefinition",
    "signalEventDefinition",
];

/// Reads the start events of a scope, which must have one. The result is where it begins unless an event starts it.
pub(crate) fn read_all<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>) -> Option<ElementIndex> {
    let mut found = Vec::new();
    let mut has_any = false;
    for node in bpmn_children_named(scope.node, "startEvent") {
        if has_any && scope.element.is_some() {
            let id = attribute::id(node).unwrap_or_default();
            builder.report.error_for(scope.node, &[id], "a subprocess must not have more than one start event");
        }
        has_any = true;
        found.extend(read(builder, scope, node));
    }
    let name = scope.node.tag_name().name();
    // Camunda: a transaction finds out when it is entered.
    if !has_any && name != "transaction" {
        builder.report.error(scope.node, format!("{name} must define a startEvent element"));
    }
    if scope.element.is_some() {
        return found.first().copied();
    }
    let is_exclusive = |event: &&ElementIndex| is_exclusive(&builder.arena.element(**event).kind);
    let mut exclusive = found.iter().filter(is_exclusive);
    let initial = exclusive.next().copied();
    for second in exclusive {
        let id = &builder.arena.element(*second).id;
        let message = "multiple none start events or timer start events are not supported";
        builder.report.error_for(scope.node, &[id], message);
    }
    match found[..] {
        // Camunda: a single start event is where it begins, whatever it waits for.
        [only] => Some(only),
        _ => initial,
    }
}

/// The form of the event that a scope begins with.
///
/// Camunda: those of other start events are not looked at.
pub(crate) fn read_form(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    scope: Scope<'_>,
    start: ElementIndex,
) -> Option<Form> {
    let id = builder.arena.element(start).id.clone();
    let mut nodes = bpmn_children_named(scope.node, "startEvent");
    let node = nodes.find(|node| attribute::id(*node) == Some(&*id))?;
    Some(form::read(node, builder.report))
}

/// There is at most one of these in a scope.
fn is_exclusive(kind: &ElementKind) -> bool {
    match kind {
        ElementKind::EventStartEvent(event) => matches!(event.trigger, EventTrigger::Timer(_)),
        _ => true,
    }
}

fn read<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, node: Node<'d>) -> Option<ElementIndex> {
    let is_of_event_sub_process = event_sub_process::is_one(builder, scope);
    let Some(id) = attribute::id(node) else {
        let message = "attribute 'id' is missing on startEvent";
        match scope.element.is_some() && !is_of_event_sub_process {
            true => builder.report.doubt(node, &[], message),
            false => builder.report.give_up(node, message),
        }
        return None;
    };
    check_job_priority(node, builder.report);
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    let kind = match scope.element {
        Some(_) if is_of_event_sub_process => event_sub_process::start_event(builder, scope, node, id),
        Some(_) => of_embedded_sub_process(builder, node, id),
        None => of_process(builder, node, id),
    };
    io_mapping::refuse(node, builder.report);
    let (Some(kind), false) = (kind, is_refused) else {
        builder.refuse(scope, node);
        return None;
    };
    builder.add(scope, node, kind)
}

fn of_embedded_sub_process(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<ElementKind> {
    let mut is_wrong = false;
    for kind in OF_EVENTS_ALONE {
        if let Some(definition) = event_definition::named(node, kind, builder.report) {
            let message = format!("{kind} is not allowed on start event within a subprocess");
            builder.report.error_for(definition, &[id], message);
            is_wrong = true;
        }
    }
    let initiator = camunda(node, "initiator").map(Arc::from);
    (!is_wrong).then_some(ElementKind::NoneStartEvent { initiator })
}

fn of_process(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<ElementKind> {
    let initiator = camunda(node, "initiator").map(Arc::from);
    let Some((definition, _)) = event_definition::of_event(node, &OF_PROCESS, builder.report) else {
        return Some(ElementKind::NoneStartEvent { initiator });
    };
    let trigger = event_trigger::read(builder, node, definition, id)?;
    if let EventTrigger::Message { name } = &trigger
        && !name.is_literal()
    {
        let message = format!("the message name '{}' of a start event must not be an expression", name.text());
        builder.report.error_for(definition, &[id], message);
    }
    let wait = match &trigger {
        // They are told apart by what they say.
        EventTrigger::Conditional(_) => bpmn_child(definition, "condition")
            .map(|condition| Wait::Condition(attribute::text(condition).trim().to_owned())),
        trigger => event_trigger::wait_of(trigger),
    };
    event_trigger::check_is_unique(builder, None, wait, node, id);
    Some(ElementKind::EventStartEvent(EventStartEvent { initiator, trigger }))
}
