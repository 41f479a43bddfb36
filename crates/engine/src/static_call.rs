//! What the call activities of a definition call whatever happens: as far as it follows from the model alone.

use std::sync::Arc;

use bpmn::model::{CallActivity, CallBinding, ElementKind};
use expression::Expression;

use crate::definition::{DefinitionBinding, DefinitionReference, ProcessDefinition};

/// Call activities with the definitions they mean, in document order.
///
/// Camunda: one with an expression is left out, even if that needs no variables.
pub fn references(definition: &ProcessDefinition) -> Vec<(Arc<str>, DefinitionReference)> {
    let calls = definition.model.elements.iter().filter_map(|element| match &element.kind {
        ElementKind::CallActivity(call) => Some((element.id.clone(), reference(definition, call)?)),
        _ => None,
    });
    calls.collect()
}

fn reference(caller: &ProcessDefinition, call: &CallActivity) -> Option<DefinitionReference> {
    let key = text(&call.called_element)?;
    let tenant_id = match &call.tenant_id {
        Some(expression) => Some(text(expression)?),
        None => caller.tenant_id.clone(),
    };
    let binding = match &call.binding {
        CallBinding::Latest => DefinitionBinding::Latest,
        CallBinding::Deployment => DefinitionBinding::Deployment(caller.deployment_id),
        CallBinding::Version(expression) => DefinitionBinding::Version(text(expression)?.parse().ok()?),
        CallBinding::VersionTag(expression) => DefinitionBinding::VersionTag(text(expression)?),
    };
    Some(DefinitionReference { key, tenant_id, binding })
}

fn text(expression: &Expression) -> Option<Arc<str>> {
    expression.is_literal().then(|| expression.text().into())
}
