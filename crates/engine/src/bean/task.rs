//! `task`: the user task that a task listener runs for.

use expression::{EvaluationError, Value};
use types::{TaskId, Timestamp};

use crate::behavior::user_task;
use crate::due_date;
use crate::instance::ScopeKey;
use crate::record::{IdentityLink, IdentityLinkKind, TaskPlace};
use crate::turn::Turn;

use super::{BeanKind, date, optional, text, texts, uuid, variable_scope};

pub(crate) fn property(turn: &Turn<'_, '_>, id: TaskId, name: &str) -> Option<Value> {
    let task = turn.aggregate.task(id)?;
    if let Some(value) = task.place.as_ref().and_then(|place| place_property(place, name)) {
        return Some(value);
    }
    Some(match name {
        "id" => uuid(id.0),
        "name" => optional(task.name.as_ref()),
        "description" => optional(task.description.as_ref()),
        "priority" => Value::Integer(task.priority),
        "assignee" => optional(task.assignee.as_ref()),
        "owner" => optional(task.owner.as_ref()),
        "createTime" => Value::Date(task.create_time),
        "lastUpdated" => date(task.last_updated),
        "dueDate" => date(task.due_date),
        "followUpDate" => date(task.follow_up_date),
        "tenantId" => optional(task.tenant_id.as_ref()),
        "suspended" => Value::Boolean(task.is_suspended),
        "eventName" => turn.task_event.map_or(Value::Null, |event| Value::from(event.name())),
        "delegationState" => task.delegation_state.map_or(Value::Null, |state| Value::from(state.name())),
        "parentTaskId" => task.parent_task_id.map_or(Value::Null, |id| uuid(id.0)),
        "caseInstanceId" | "caseExecutionId" | "caseDefinitionId" | "caseExecution" => Value::Null,
        _ => return variable_scope::property(turn, ScopeKey::Task(id), name),
    })
}

fn place_property(place: &TaskPlace, name: &str) -> Option<Value> {
    Some(match name {
        "taskDefinitionKey" => Value::String(place.activity_id.clone()),
        "executionId" => uuid(place.execution_id.0),
        "execution" => BeanKind::Execution.value(place.execution_id.0),
        "processInstanceId" => uuid(place.process_instance_id.0),
        "processDefinitionId" => Value::string(place.definition_id.as_str()),
        "activityInstanceId" => Value::string(place.activity_instance_id.to_string()),
        _ => return None,
    })
}

pub(crate) fn call(
    turn: &mut Turn<'_, '_>,
    id: TaskId,
    method: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    match (method, arguments) {
        ("setName", [name]) => {
            let name = text(name)?;
            turn.aggregate.tasks.update(id, |row| row.name = name.clone());
        }
        ("setDescription", [description]) => {
            let description = text(description)?;
            turn.aggregate.tasks.update(id, |row| row.description = description.clone());
        }
        ("setPriority", [priority]) => {
            let priority = priority.to_integer()?;
            turn.aggregate.tasks.update(id, |row| row.priority = priority);
        }
        ("setAssignee", [assignee]) => {
            let assignee = text(assignee)?;
            user_task::assign(turn, id, assignee);
        }
        ("setOwner", [owner]) => {
            let owner = text(owner)?;
            turn.aggregate.tasks.update(id, |row| row.owner = owner.clone());
        }
        ("setDueDate", [due]) => {
            let due = instant(due, turn.env.now)?;
            turn.aggregate.tasks.update(id, |row| row.due_date = due);
        }
        ("setFollowUpDate", [follow_up]) => {
            let follow_up = instant(follow_up, turn.env.now)?;
            turn.aggregate.tasks.update(id, |row| row.follow_up_date = follow_up);
        }
        _ => return change_links_or_variables(turn, id, method, arguments),
    }
    Ok(Some(Value::Null))
}

fn change_links_or_variables(
    turn: &mut Turn<'_, '_>,
    id: TaskId,
    method: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    let user = |name| IdentityLink { kind: IdentityLinkKind::Candidate, user_id: Some(name), group_id: None };
    let group = |name| IdentityLink { kind: IdentityLinkKind::Candidate, user_id: None, group_id: Some(name) };
    let changed: Vec<IdentityLink> = match (method, arguments) {
        ("addCandidateUser" | "deleteCandidateUser", [name]) => text(name)?.map(user).into_iter().collect(),
        ("addCandidateGroup" | "deleteCandidateGroup", [name]) => text(name)?.map(group).into_iter().collect(),
        ("addCandidateUsers", [names]) => texts(names)?.into_iter().map(user).collect(),
        ("addCandidateGroups", [names]) => texts(names)?.into_iter().map(group).collect(),
        _ => return variable_scope::call(turn, ScopeKey::Task(id), method, arguments),
    };
    let is_deletion = method.starts_with("delete");
    turn.aggregate.tasks.update(id, |row| {
        row.identity_links.retain(|link| !changed.contains(link));
        if !is_deletion {
            row.identity_links.extend(changed.iter().cloned());
        }
    });
    Ok(Some(Value::Null))
}

fn instant(value: &Value, now: Timestamp) -> Result<Option<Timestamp>, EvaluationError> {
    match value {
        Value::Null => Ok(None),
        Value::Date(instant) | Value::DateTime(instant) => Ok(Some(*instant)),
        Value::String(text) => {
            due_date::date(text, now).map(Some).map_err(|error| EvaluationError::failed(error.to_string()))
        }
        other => Err(EvaluationError::failed(format!("{} instead of java.util.Date", other.type_name()))),
    }
}
