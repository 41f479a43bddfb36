//! `externalTask`, as error event definitions see it.

use expression::Value;
use types::ExternalTaskId;

use crate::turn::Turn;

use super::{date, optional, uuid};

pub(crate) fn property(turn: &Turn<'_, '_>, id: ExternalTaskId, name: &str) -> Option<Value> {
    let task = turn.aggregate.external_task(id)?;
    Some(match name {
        "id" => uuid(task.id.0),
        "topicName" => Value::String(task.topic.clone()),
        "workerId" => optional(task.worker_id.as_ref()),
        "lockExpirationTime" => date(task.lock_expiration),
        "createTime" => Value::Date(task.create_time),
        "retries" => task.retries.map_or(Value::Null, Value::Integer),
        "errorMessage" => optional(task.error_message.as_ref()),
        "errorDetails" => optional(task.error_details.as_ref()),
        "priority" => Value::Long(task.priority),
        "executionId" => uuid(task.execution_id.0),
        "processInstanceId" => uuid(task.process_instance_id.0),
        "processDefinitionId" => Value::string(task.definition_id.as_str()),
        "processDefinitionKey" => Value::String(task.definition_key.clone()),
        "processDefinitionVersionTag" => optional(task.definition_version_tag.as_ref()),
        "activityId" => Value::String(task.activity_id.clone()),
        "activityInstanceId" => Value::string(task.activity_instance_id.to_string()),
        "businessKey" => optional(task.business_key.as_ref()),
        "tenantId" => optional(task.tenant_id.as_ref()),
        "suspended" => Value::Boolean(task.is_suspended),
        _ => return None,
    })
}
