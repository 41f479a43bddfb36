//! `execution`: the path that a behaviour or listener runs on.

use std::sync::Arc;

use expression::{EvaluationError, Value};
use types::ExecutionId;

use crate::instance::ScopeKey;
use crate::turn::Turn;

use super::{BeanKind, optional, text, uuid, variable_scope};

pub(crate) fn property(turn: &Turn<'_, '_>, id: ExecutionId, name: &str) -> Option<Value> {
    let execution = turn.aggregate.execution(id)?;
    let instance = turn.instance_of(id);
    let visit = execution.at.as_ref();
    let notified = turn.notified.as_ref();
    Some(match name {
        "id" => uuid(id.0),
        "processInstanceId" => uuid(instance.id.0),
        "rootProcessInstanceId" => uuid(instance.root_process_instance_id.0),
        "businessKey" | "processBusinessKey" => optional(instance.business_key.as_ref()),
        "processDefinitionId" => Value::string(instance.definition_id.as_str()),
        "processDefinitionKey" => Value::String(instance.definition_key.clone()),
        "tenantId" => optional(instance.tenant_id.as_ref()),
        "parentId" => execution.parent_id.map_or(Value::Null, |parent| uuid(parent.0)),
        "parent" => execution.parent_id.map_or(Value::Null, |parent| BeanKind::Execution.value(parent.0)),
        "processInstance" => BeanKind::Execution.value(instance.id.0),
        // Camunda: the instance alone has one, not the paths in it.
        "superExecution" => match instance.super_execution_id.filter(|_| execution.parent_id.is_none()) {
            Some(caller) => BeanKind::Execution.value(caller.0),
            None => Value::Null,
        },
        "processDefinition" => BeanKind::ProcessDefinition.value(id.0),
        "bpmnModelElementInstance" => BeanKind::ModelElement.value(id.0),
        // Of the engine's services only this is there: who is signed in, which is nobody.
        "processEngineServices" => {
            let identity = Value::map(vec![("currentAuthentication".into(), Value::Null)]);
            Value::map(vec![("identityService".into(), identity)])
        }
        "eventName" => notified.map_or(Value::Null, |notified| Value::from(notified.event)),
        "currentTransitionId" => optional(notified.and_then(|notified| notified.flow_id.as_ref())),
        "activityInstanceId" => Value::string(
            visit.map_or_else(|| turn.enclosing_activity_instance(id), |v| v.activity_instance_id.clone()).to_string(),
        ),
        "parentActivityInstanceId" => Value::string(turn.enclosing_activity_instance(id).to_string()),
        "currentActivityId" | "activityId" => optional(current_activity(turn, id).as_ref()),
        "currentActivityName" => {
            let element = current_activity(turn, id).and_then(|activity| turn.element_named(id, &activity).ok());
            let definition = turn.definition_of(id).ok()?;
            optional(element.and_then(|element| definition.model.element(element).name.as_ref()))
        }
        "canceled" => Value::Boolean(notified.is_some_and(|notified| notified.is_canceled)),
        "suspended" => Value::Boolean(instance.is_suspended),
        _ => return variable_scope::property(turn, ScopeKey::Execution(id), name),
    })
}

pub(crate) fn call(
    turn: &mut Turn<'_, '_>,
    id: ExecutionId,
    method: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    if let ("setProcessBusinessKey", [key]) = (method, arguments) {
        let key = text(key)?;
        let instance = turn.instance_of(id).id;
        turn.aggregate.process_instances.update(instance, |row| row.business_key = key.clone());
        return Ok(Some(Value::Null));
    }
    if let ("setVariable", [name, value, Value::String(activity_id)]) = (method, arguments) {
        let scope = ScopeKey::Execution(scope_of(turn, id, activity_id)?);
        return variable_scope::call(turn, scope, "setVariableLocal", &[name.clone(), value.clone()]);
    }
    variable_scope::call(turn, ScopeKey::Execution(id), method, arguments)
}

/// The execution that is the scope of an activity, or of the process, around this one; itself if it is there.
fn scope_of(turn: &Turn<'_, '_>, id: ExecutionId, activity_id: &str) -> Result<ExecutionId, EvaluationError> {
    if current_activity(turn, id).as_deref() == Some(activity_id) {
        return Ok(id);
    }
    let process = turn.instance_of(id).definition_key.clone();
    let is_wanted = |execution: &ExecutionId| {
        let row = turn.execution(*execution);
        match &row.scope {
            Some(scope) if row.parent_id.is_some() => scope.activity_id.as_deref() == Some(activity_id),
            Some(_) => *process == *activity_id,
            None => false,
        }
    };
    let mut around = std::iter::successors(Some(id), |execution| turn.execution(*execution).parent_id);
    around.find(is_wanted).ok_or_else(|| {
        let message = format!("Scope with specified activity Id {activity_id} and execution {id} not found");
        EvaluationError::failed(message)
    })
}

/// The activity that the execution is at or, within a listener, that is spoken of.
pub(super) fn current_activity(turn: &Turn<'_, '_>, id: ExecutionId) -> Option<Arc<str>> {
    let row = turn.execution(id);
    let at = row.at.as_ref().map(|visit| visit.activity_id.clone());
    let notified = turn.notified.as_ref().filter(|notified| notified.execution == id);
    let of_scope = || row.scope.as_ref().and_then(|scope| scope.activity_id.clone());
    notified.and_then(|notified| notified.activity_id.clone()).or(at).or_else(of_scope)
}
