//! A task gets other properties, another assignee or owner, other links to users and groups.

use std::sync::Arc;

use types::{TaskId, VariableMap};

use crate::behavior::user_task;
use crate::command::dispatch::Answer;
use crate::command::{Reply, TaskChange, TaskProperties};
use crate::record::{DelegationState, IdentityLink, IdentityLinkKind, Task};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

use super::complete_task;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: TaskId, change: &TaskChange) -> Result<Answer, Rejection> {
    let task = match change {
        // Camunda: one that is suspended can be talked about.
        TaskChange::Touch => turn.aggregate.task(id).cloned().ok_or_else(|| Rejection::not_found("task", id))?,
        TaskChange::Claim { user_id } => claimable_task(turn, id, user_id.as_ref())?,
        _ => active_task(turn, id)?,
    };
    let assignee = task.assignee;
    match change {
        TaskChange::Touch => {}
        TaskChange::Claim { user_id } | TaskChange::Assign { user_id } => user_task::assign(turn, id, user_id.clone()),
        TaskChange::Delegate { user_id } => delegate(turn, id, user_id.as_ref()),
        TaskChange::Resolve { variables } => resolve(turn, id, variables)?,
        TaskChange::Replace(properties) => replace(turn, id, properties)?,
        TaskChange::AddIdentityLink(link) => add_link(turn, id, link)?,
        TaskChange::DeleteIdentityLink(link) => delete_link(turn, id, link)?,
    }
    user_task::updated(turn, id, assignee.as_ref())?;
    Ok(Answer::Ready(Reply::Done))
}

/// The task, if work on it may go on.
pub(super) fn active_task(turn: &Turn<'_, '_>, id: TaskId) -> Result<Task, Rejection> {
    let task = turn.aggregate.task(id).ok_or_else(|| Rejection::not_found("task", id))?;
    if task.is_suspended {
        return Err(Rejection::new(RejectionKind::Suspended, format!("task {id} is suspended")));
    }
    Ok(task.clone())
}

/// Camunda: whose it is counts before whether it is suspended, and who has it already may claim it even then.
fn claimable_task(turn: &Turn<'_, '_>, id: TaskId, user_id: Option<&Arc<str>>) -> Result<Task, Rejection> {
    let task = turn.aggregate.task(id).ok_or_else(|| Rejection::not_found("task", id))?;
    match (&task.assignee, user_id) {
        (Some(assignee), Some(user_id)) if assignee == user_id => Ok(task.clone()),
        (Some(_), Some(_)) => {
            let message = format!("task {id} has been claimed by somebody else already");
            Err(Rejection::new(RejectionKind::TaskAlreadyClaimed, message))
        }
        (None, _) | (_, None) => active_task(turn, id),
    }
}

fn delegate(turn: &mut Turn<'_, '_>, id: TaskId, user_id: Option<&Arc<str>>) {
    turn.aggregate.tasks.update(id, |row| {
        row.delegation_state = Some(DelegationState::Pending);
        row.owner = row.owner.take().or_else(|| row.assignee.clone());
    });
    user_task::assign(turn, id, user_id.cloned());
}

fn resolve(turn: &mut Turn<'_, '_>, id: TaskId, variables: &VariableMap) -> Result<(), Rejection> {
    let task = active_task(turn, id)?;
    complete_task::set_around(turn, id, variables)?;
    turn.aggregate.tasks.update(id, |row| row.delegation_state = Some(DelegationState::Resolved));
    user_task::assign(turn, id, task.owner);
    Ok(())
}

fn replace(turn: &mut Turn<'_, '_>, id: TaskId, properties: &TaskProperties) -> Result<(), Rejection> {
    if active_task(turn, id)?.tenant_id != properties.tenant_id {
        return Err(Rejection::new(RejectionKind::ProcessEngine, format!("task {id} keeps the tenant that it has")));
    }
    turn.aggregate.tasks.update(id, |row| {
        row.name = properties.name.clone();
        row.description = properties.description.clone();
        row.priority = properties.priority;
        row.owner = properties.owner.clone();
        row.delegation_state = properties.delegation_state;
        row.due_date = properties.due_date;
        row.follow_up_date = properties.follow_up_date;
        row.parent_task_id = properties.parent_task_id;
    });
    user_task::assign(turn, id, properties.assignee.clone());
    Ok(())
}

fn add_link(turn: &mut Turn<'_, '_>, id: TaskId, link: &IdentityLink) -> Result<(), Rejection> {
    match link.kind.name() {
        IdentityLinkKind::ASSIGNEE if link.group_id.is_some() => {
            Err(Rejection::new(RejectionKind::BadUserRequest, "a group cannot be the assignee of a task"))
        }
        IdentityLinkKind::ASSIGNEE => {
            user_task::assign(turn, id, link.user_id.clone());
            Ok(())
        }
        // Camunda: a group as the owner leaves the task without one.
        IdentityLinkKind::OWNER => {
            turn.aggregate.tasks.update(id, |row| row.owner = link.user_id.clone());
            Ok(())
        }
        _ => {
            must_name_somebody(link)?;
            // Camunda: the same link may be there twice.
            turn.aggregate.tasks.update(id, |row| row.identity_links.push(link.clone()));
            Ok(())
        }
    }
}

fn delete_link(turn: &mut Turn<'_, '_>, id: TaskId, link: &IdentityLink) -> Result<(), Rejection> {
    match link.kind.name() {
        name @ (IdentityLinkKind::ASSIGNEE | IdentityLinkKind::OWNER) if link.group_id.is_some() => {
            Err(Rejection::new(RejectionKind::ProcessEngine, format!("a group cannot be the {name} of a task")))
        }
        IdentityLinkKind::ASSIGNEE => {
            user_task::assign(turn, id, None);
            Ok(())
        }
        IdentityLinkKind::OWNER => {
            turn.aggregate.tasks.update(id, |row| row.owner = None);
            Ok(())
        }
        _ => {
            must_name_somebody(link)?;
            turn.aggregate.tasks.update(id, |row| row.identity_links.retain(|known| known != link));
            Ok(())
        }
    }
}

fn must_name_somebody(link: &IdentityLink) -> Result<(), Rejection> {
    if link.user_id.is_none() && link.group_id.is_none() {
        return Err(Rejection::new(RejectionKind::NullValue, "neither userId nor groupId is given"));
    }
    Ok(())
}
