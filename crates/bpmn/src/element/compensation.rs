//! Compensation: events that throw it, and how activities find what undoes them.

use std::sync::Arc;

use crate::document::Node;
use crate::element::event_sub_process;
use crate::model::{BoundaryEvent, BoundaryTrigger, CompensationThrowEvent, ElementIndex, ElementKind, SubProcessForm};
use crate::scope::{ProcessBuilder, Scope, Target};

/// An event that undoes one activity; whether that exists is known when all is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompensationReference<'d> {
    scope: Option<ElementIndex>,
    definition: Node<'d>,
    event_id: &'d str,
    activity: &'d str,
}

pub(crate) fn thrown<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    scope: Scope<'d>,
    definition: Node<'d>,
    event_id: &'d str,
) -> CompensationThrowEvent {
    let activity = definition.attribute("activityRef");
    if let Some(activity) = activity {
        let scope = scope.element;
        builder.compensation_references.push(CompensationReference { scope, definition, event_id, activity });
    }
    if definition.attribute("waitForCompletion").is_some_and(|value| value != "true") {
        let message = "'waitForCompletion=false' is not supported: the event waits until all is compensated";
        builder.report.warning(definition, &[event_id], message);
    }
    let is_end_event = definition.parent_element().is_some_and(|event| event.tag_name().name() == "endEvent");
    CompensationThrowEvent { is_end_event, activity: activity.map(Arc::from) }
}

/// Warns of attributes that mean nothing where compensation is caught.
pub(crate) fn check_caught(builder: &mut ProcessBuilder<'_, '_, '_>, definition: Node<'_>, id: &str) {
    for name in ["activityRef", "waitForCompletion"] {
        if definition.attribute(name).is_some() {
            let message = format!("attribute '{name}' is ignored where a compensation event is caught");
            builder.report.warning(definition, &[id], message);
        }
    }
}

/// The activities that throwing events name must be in the scope of the event, or in that around its event sub-process.
pub(crate) fn check_references(builder: &mut ProcessBuilder<'_, '_, '_>) {
    for reference in std::mem::take(&mut builder.compensation_references) {
        let CompensationReference { scope, definition, event_id, activity } = reference;
        if let Target::Nothing = find(builder, scope, activity) {
            let message =
                format!("Invalid attribute value for 'activityRef': no activity with id '{activity}' in scope");
            builder.report.error_for(definition, &[event_id], message);
        }
    }
}

fn find(builder: &ProcessBuilder<'_, '_, '_>, scope: Option<ElementIndex>, activity: &str) -> Target {
    let around = scope
        .map(|scope| builder.arena.element(scope))
        .filter(|element| matches!(element.kind, ElementKind::SubProcess { form: SubProcessForm::Event, .. }));
    let found = builder.find_in(scope, activity);
    match around {
        Some(event_sub_process) if found == Target::Nothing => builder.find_in(event_sub_process.parent, activity),
        _ => found,
    }
}

/// The start event of an event sub-process that undoes the sub-process around it.
pub(crate) fn start_event(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    scope: Scope<'_>,
    node: Node<'_>,
    definition: Node<'_>,
    id: &str,
) -> Option<BoundaryTrigger> {
    let event_sub_process = scope.element?;
    builder.arena.element_mut(event_sub_process).is_for_compensation = true;
    let Some(undone) = builder.arena.element(event_sub_process).parent else {
        let message = "an event subprocess with a compensation start event must be within an embedded subprocess";
        builder.report.error(node, message);
        builder.report.give_up(node, message);
        return None;
    };
    match builder.arena.element(undone).compensation_handler {
        None => builder.arena.element_mut(undone).compensation_handler = Some(event_sub_process),
        Some(_) => {
            let message = "more than one event subprocess with a compensation start event in one scope";
            builder.report.error(node, message);
        }
    }
    check_caught(builder, definition, id);
    Some(BoundaryTrigger::Compensation)
}

/// Connects the activity of a compensation boundary event with what undoes it, where an association in their scope or in
/// one around it says so.
pub(crate) fn connect<'d>(builder: &mut ProcessBuilder<'_, 'd, '_>, scope: Scope<'d>, association: Node<'d>) {
    let end = |name: &str| builder.find_within(scope, association.attribute(name).unwrap_or_default());
    let (Target::Element(event), Target::Element(handler)) = (end("sourceRef"), end("targetRef")) else { return };
    let ElementKind::BoundaryEvent(BoundaryEvent { host, trigger: BoundaryTrigger::Compensation, .. }) =
        builder.arena.element(event).kind
    else {
        return;
    };
    let handler_activity = builder.activity_of(handler);
    let event_id = Arc::clone(&builder.arena.element(event).id);
    if !builder.arena.element(handler_activity).is_for_compensation {
        let handler_id = Arc::clone(&builder.arena.element(handler_activity).id);
        let message = "a compensation boundary event must be connected to an element with isForCompensation=true";
        return builder.report.error_for(association, &[&event_id, &handler_id], message);
    }
    let by_event_sub_process = builder
        .arena
        .element(host)
        .compensation_handler
        .is_some_and(|other| event_sub_process::is_one(builder, Scope { node: association, element: Some(other) }));
    if by_event_sub_process {
        let host_id = Arc::clone(&builder.arena.element(host).id);
        let message =
            "a compensation boundary event and an event subprocess with compensation start event in one scope";
        return builder.report.error_for(association, &[&host_id, &event_id], message);
    }
    // Camunda: what undoes something does so once, also if it is said to run several times.
    builder.arena.element_mut(host).compensation_handler = Some(handler_activity);
    // Camunda: what undoes an instance of several is in their multi-instance body, if its association is beside it.
    let is_beside = builder.arena.element(handler).parent == scope.element;
    let body = builder.arena.element(host).parent.filter(|parent| is_beside && builder.activity_of(*parent) == host);
    if let Some(body) = body {
        builder.arena.element_mut(handler).parent = Some(body);
    }
}
