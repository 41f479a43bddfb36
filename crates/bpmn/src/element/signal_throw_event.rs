//! Signals that intermediate and end events throw, with what goes along.

use std::sync::Arc;

use crate::document::Node;
use crate::element::event_trigger;
use crate::extension::{extensions, is_camunda};
use crate::model::{ElementKind, PassedSource, PassedVariables, SignalThrowEvent};
use crate::scope::ProcessBuilder;
use crate::unsupported;

pub(crate) fn read(
    builder: &mut ProcessBuilder<'_, '_, '_>,
    event: Node<'_>,
    definition: Node<'_>,
    id: &str,
) -> Option<ElementKind> {
    let is_refused = unsupported::refuse_parts(definition, id, builder.report);
    let name = event_trigger::signal_name(builder, definition, id);
    let mut payload = Vec::new();
    let mut business_key = None;
    for passed in extensions(definition).filter(|extension| is_camunda(*extension, "in")) {
        match passed.attribute("businessKey").filter(|key| !key.is_empty()) {
            Some(key) => business_key = builder.expression(key, passed),
            None => payload.extend(passed_variables(builder, passed, id)),
        }
    }
    let is_end_event = event.tag_name().name() == "endEvent";
    let name = name.filter(|_| !is_refused)?;
    Some(ElementKind::SignalThrowEvent(SignalThrowEvent { is_end_event, name, payload, business_key }))
}

/// One `camunda:in`.
fn passed_variables(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str) -> Option<PassedVariables> {
    let is_local = node.attribute("local") == Some("true");
    if node.attribute("variables") == Some("all") {
        return Some(if is_local { PassedVariables::AllLocal } else { PassedVariables::All });
    }
    let source = match (node.attribute("source"), node.attribute("sourceExpression")) {
        (Some(""), _) => wrong(builder, node, id, "Empty attribute 'source' when passing variables"),
        (Some(name), _) if is_local => Some(PassedSource::LocalVariable(Arc::from(name))),
        (Some(name), _) => Some(PassedSource::Variable(Arc::from(name))),
        (None, Some("")) => wrong(builder, node, id, "Empty attribute 'sourceExpression' when passing variables"),
        (None, Some(text)) => builder.expression(text, node).map(PassedSource::Expression),
        (None, None) => {
            wrong(builder, node, id, "Missing parameter 'source' or 'sourceExpression' when passing variables")
        }
    };
    let target = match node.attribute("target") {
        None => {
            wrong(builder, node, id, "Missing attribute 'target' when attribute 'source' or 'sourceExpression' is set")
        }
        Some("") => {
            wrong(builder, node, id, "Empty attribute 'target' when attribute 'source' or 'sourceExpression' is set")
        }
        Some(target) => Some(Arc::from(target)),
    };
    Some(PassedVariables::One { source: source?, target: target? })
}

fn wrong<T>(builder: &mut ProcessBuilder<'_, '_, '_>, node: Node<'_>, id: &str, message: &str) -> Option<T> {
    builder.report.error_for(node, &[id], message);
    None
}
