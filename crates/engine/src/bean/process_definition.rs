//! The definition of a process, as `execution.processDefinition` gives it.

use expression::Value;
use types::ExecutionId;

use crate::turn::Turn;

use super::{optional, uuid};

pub(crate) fn property(turn: &Turn<'_, '_>, id: ExecutionId, name: &str) -> Option<Value> {
    let definition = turn.definition_of(id).ok()?;
    Some(match name {
        "id" => Value::string(definition.id.as_str()),
        "key" => Value::String(definition.key.clone()),
        "name" => optional(definition.model.name.as_ref()),
        "description" => optional(definition.model.description.as_ref()),
        "version" => Value::Integer(i32::try_from(definition.version).unwrap_or(i32::MAX)),
        "versionTag" => optional(definition.model.version_tag.as_ref()),
        "deploymentId" => uuid(definition.deployment_id.0),
        "resourceName" => Value::String(definition.resource_name.clone()),
        "tenantId" => optional(definition.tenant_id.as_ref()),
        _ => return None,
    })
}
