//! What the call activities of a definition call whatever happens: as far as it follows from the model alone.

use std::sync::Arc;

use bpmn::model::{CallActivity, CallBinding, ElementKind};
use expression::{Expression, Value};
use types::Timestamp;

use crate::definition::{DefinitionBinding, DefinitionReference, ProcessDefinition};
use crate::start_event;

/// Call activities with the definitions they mean, in document order. One that needs variables to know is left out.
pub fn references(definition: &ProcessDefinition, now: Timestamp) -> Vec<(Arc<str>, DefinitionReference)> {
    let calls = definition.model.elements.iter().filter_map(|element| match &element.kind {
        ElementKind::CallActivity(call) => Some((element.id.clone(), reference(definition, call, now)?)),
        _ => None,
    });
    calls.collect()
}

fn reference(caller: &ProcessDefinition, call: &CallActivity, now: Timestamp) -> Option<DefinitionReference> {
    let key = text(&call.called_element, now)?;
    let tenant_id = match &call.tenant_id {
        Some(expression) => start_event::event_name(expression, now).ok()?,
        None => caller.tenant_id.clone(),
    };
    let binding = match &call.binding {
        CallBinding::Latest => DefinitionBinding::Latest,
        CallBinding::Deployment => DefinitionBinding::Deployment(caller.deployment_id),
        CallBinding::Version(expression) => DefinitionBinding::Version(version(expression, now)?),
        CallBinding::VersionTag(expression) => DefinitionBinding::VersionTag(text(expression, now)?),
    };
    Some(DefinitionReference { key, tenant_id, binding })
}

fn text(expression: &Expression, now: Timestamp) -> Option<Arc<str>> {
    start_event::event_name(expression, now).ok().flatten()
}

fn version(expression: &Expression, now: Timestamp) -> Option<i32> {
    match start_event::value(expression, now).ok()? {
        Value::Integer(version) => Some(version),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
