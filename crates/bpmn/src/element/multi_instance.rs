//! `multiInstanceLoopCharacteristics`: an activity that runs several times, within a body of its own.

use std::sync::Arc;

use crate::attribute::{self, bpmn_child, bpmn_children_named, camunda, is_true};
use crate::document::Node;
use crate::model::{Collection, Condition, ElementIndex, ElementKind, MULTI_INSTANCE_BODY_SUFFIX, MultiInstance};
use crate::scope::{ProcessBuilder, Scope};
use crate::unsupported;

/// Reads how often an activity runs; `None` is once. What is wrong is in the report.
pub(crate) fn read(builder: &mut ProcessBuilder<'_, '_, '_>, activity: Node<'_>, id: &str) -> Option<MultiInstance> {
    let mut all = bpmn_children_named(activity, "multiInstanceLoopCharacteristics");
    let node = all.next()?;
    if all.next().is_some() {
        builder.report.give_up(activity, "an activity has more than one 'multiInstanceLoopCharacteristics'");
    }
    unsupported::refuse_parts(node, id, builder.report);
    let id = body_id(id);
    let expression = |name: &'static str| bpmn_child(node, name).map(|child| (child, attribute::text(child)));
    let cardinality = expression("loopCardinality");
    let completion_condition = expression("completionCondition");
    if cardinality.as_ref().is_some_and(|(_, text)| text.is_empty()) {
        builder.report.error_for(
            node,
            &[&id],
            "loopCardinality must be defined for a multiInstanceLoopCharacteristics",
        );
    }
    let collection = collection(builder, node);
    let element_variable = match bpmn_child(node, "inputDataItem") {
        // Camunda: an item without a name takes away the attribute's.
        Some(item) => item.attribute("name").map(Arc::from),
        None => camunda(node, "elementVariable").map(Arc::from),
    };
    if cardinality.is_none() && collection.is_none() {
        let message = "Either loopCardinality or loopDataInputRef/camunda:collection must be set";
        builder.report.error_for(node, &[&id], message);
    }
    if collection.is_none() && element_variable.is_some() {
        let message =
            "loopDataInputRef/camunda:collection must be set when using inputDataItem or camunda:elementVariable";
        builder.report.error_for(node, &[&id], message);
    }
    Some(MultiInstance {
        is_sequential: is_true(node.attribute("isSequential")),
        cardinality: cardinality.and_then(|(node, text)| builder.expression(&text, node)),
        collection,
        element_variable,
        completion_condition: completion_condition
            .and_then(|(node, text)| builder.expression(&text, node))
            .map(Condition::Expression),
        inner: ElementIndex(u32::MAX),
    })
}

/// Adds the body around an activity; what it encloses is added next. The result is the scope of the activity.
pub(crate) fn add_body<'d>(
    builder: &mut ProcessBuilder<'_, 'd, '_>,
    scope: Scope<'d>,
    node: Node<'d>,
    id: &str,
    multi_instance: MultiInstance,
) -> Scope<'d> {
    let body = builder.add_as(scope, node, Arc::from(body_id(id)), ElementKind::MultiInstanceBody(multi_instance));
    // Camunda: the default flow of an activity that runs several times is a flow like any other.
    builder.arena.references[body.0 as usize].default_flow = None;
    let element = builder.arena.element_mut(body);
    element.name = None;
    element.properties.clear();
    if let ElementKind::MultiInstanceBody(multi_instance) = &mut element.kind {
        multi_instance.inner = ElementIndex(body.0 + 1);
    }
    Scope { node: scope.node, element: Some(body) }
}

fn collection(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>) -> Option<Collection> {
    let text = match bpmn_child(node, "loopDataInputRef") {
        Some(reference) => attribute::text(reference),
        None => camunda(node, "collection")?.to_owned(),
    };
    if text.contains('{') {
        builder.expression(&text, node).map(Collection::Expression)
    } else {
        Some(Collection::Variable(Arc::from(text)))
    }
}

fn body_id(id: &str) -> String {
    format!("{id}{MULTI_INSTANCE_BODY_SUFFIX}")
}
