//! `startEvent`: where a process or an embedded sub-process begins.

use std::sync::Arc;

use crate::attribute::{self, bpmn_child, bpmn_children_named, camunda};
use crate::document::Node;
use crate::element::{event_definition, event_sub_process, event_trigger, form};
use crate::form::Form;
use crate::io_mapping;
use crate::model::{ElementIndex, ElementKind, EventStartEvent, EventTrigger};
use crate::scope::{ProcessBuilder, Scope, Wait};
use crate::unsupported;

/// Reads the start events of a scope, which must have one. The result is where it begins unless an event starts it.
pub(crate) fn read_all<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>) -> Option<ElementIndex> {
    let mut initial = None;
    let mut nodes = bpmn_children_named(scope.node, "startEvent").peekable();
    if nodes.peek().is_none() {
        let message = format!("{} must define a startEvent element", scope.node.tag_name().name());
        builder.report.error(scope.node, message);
    }
    let mut found = Vec::new();
    for node in nodes {
        let Some(event) = read(builder, scope, node) else { continue };
        found.push(event);
        match initial {
            _ if !is_exclusive(&builder.arena.element(event).kind) => {}
            None => initial = Some(event),
            Some(_) => {
                let id = attribute::id(node).unwrap_or_default();
                let message = "multiple none start events or timer start events are not supported";
                builder.report.error_for(scope.node, &[id], message);
            }
        }
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
    let Some(id) = attribute::id(node) else {
        builder.report.error(node, "attribute 'id' is missing on startEvent");
        return None;
    };
    io_mapping::refuse(node, builder.report);
    let is_refused = unsupported::refuse_parts(node, id, builder.report);
    let kind = if event_sub_process::is_one(builder, scope) {
        event_sub_process::start_event(builder, scope, node, id)
    } else {
        kind(builder, scope, node, id)
    };
    let (Some(kind), false) = (kind, is_refused) else {
        builder.refuse(node);
        return None;
    };
    builder.add(scope, node, kind)
}

fn kind(builder: &mut ProcessBuilder<'_, '_, '_>, scope: Scope<'_>, node: Node<'_>, id: &str) -> Option<ElementKind> {
    let initiator = camunda(node, "initiator").map(Arc::from);
    match event_definition::of_event(node, builder.report) {
        None => Some(ElementKind::NoneStartEvent { initiator }),
        Some(definition) if scope.element.is_some() => {
            let message = format!("{} is not allowed on start event within a subprocess", definition.tag_name().name());
            builder.report.error_for(definition, &[id], message);
            None
        }
        Some(definition) if event_trigger::is_known(definition) => {
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
        definition @ Some(_) => {
            unsupported::refuse_event_definition(node, definition, builder.report);
            None
        }
    }
}
