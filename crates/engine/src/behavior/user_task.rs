//! User task.
//!
//! `enter`: makes the task that people see, with what its expressions give, and waits. `resume`: it was completed, the
//! row is gone; next is its leaving. `cancel`: deletes the task with its variables. Its listeners are told of all that.

use std::collections::BTreeSet;
use std::sync::Arc;

use bpmn::model::{TaskEvent, UserTask as UserTaskElement};
use expression::{Expression, Value};
use types::{ExecutionId, TaskId, Timestamp};

use crate::data_property;
use crate::due_date;
use crate::evaluate;
use crate::history::TaskEnd;
use crate::instance::{Aggregate, ScopeKey};
use crate::listener::{self, Heard};
use crate::record::{IdentityLink, IdentityLinkKind, Task, TaskPlace};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

use super::Next;

/// Camunda's priority of tasks that say nothing else.
const PRIORITY_DEFAULT: i32 = 50;

pub(crate) fn enter(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &UserTaskElement,
) -> Result<Next, Rejection> {
    data_property::set_all(turn, execution, &element.data_properties)?;
    let id: TaskId = turn.new_id_at(execution);
    let name = evaluate::optional_text(turn, execution, element.name.as_ref())?;
    let description = evaluate::optional_text(turn, execution, element.description.as_ref())?;
    let due_date = date(turn, execution, element.due_date.as_ref())?;
    let follow_up_date = date(turn, execution, element.follow_up_date.as_ref())?;
    let priority = priority(turn, execution, element.priority.as_ref())?;
    let assignee = evaluate::optional_text(turn, execution, element.assignee.as_ref())?;
    let owner = evaluate::optional_text(turn, execution, element.owner.as_ref())?;
    let identity_links = candidates(turn, execution, element)?;
    let visit = turn.visit_of(execution);
    turn.history.activity_has_task(&visit.activity_instance_id, id, assignee.clone());
    let instance = turn.instance_of(execution);
    let place = TaskPlace {
        execution_id: execution,
        process_instance_id: instance.id,
        definition_id: instance.definition_id.clone(),
        definition_key: instance.definition_key.clone(),
        business_key: instance.business_key.clone(),
        activity_id: visit.activity_id,
        activity_instance_id: visit.activity_instance_id,
    };
    let row = Task {
        id,
        root_process_instance_id: instance.root_process_instance_id,
        place: Some(place),
        tenant_id: instance.tenant_id.clone(),
        name,
        description,
        assignee,
        owner,
        priority,
        create_time: turn.env.now,
        last_updated: None,
        due_date,
        follow_up_date,
        is_suspended: instance.is_suspended,
        delegation_state: None,
        parent_task_id: None,
        identity_links,
        revision: 0,
    };
    turn.aggregate.tasks.insert(row);
    let heard = listener::task(turn, id, TaskEvent::Create)?;
    if heard == Heard::Regular && turn.aggregate.task(id).is_some_and(|task| task.assignee.is_some()) {
        let _ = listener::task(turn, id, TaskEvent::Assignment)?;
    }
    Ok(Next::Wait)
}

pub(crate) fn resume() -> Next {
    Next::Leave
}

pub(crate) fn cancel(turn: &mut Turn<'_, '_>, execution: ExecutionId) -> Result<(), Rejection> {
    let ids: Vec<TaskId> = turn.aggregate.tasks_at(execution).map(|task| task.id).collect();
    for id in ids {
        let _ = listener::task(turn, id, TaskEvent::Delete)?;
        delete(turn, id, TaskOutcome::Cancelled);
    }
    Ok(())
}

/// Something about the task has changed; `assignee` is who had it before.
pub(crate) fn updated(turn: &mut Turn<'_, '_>, id: TaskId, assignee: Option<&Arc<str>>) -> Result<(), Rejection> {
    let now = turn.env.now;
    turn.aggregate.tasks.update(id, |row| row.last_updated = Some(now));
    let heard = listener::task(turn, id, TaskEvent::Update)?;
    let is_reassigned =
        heard == Heard::Regular && turn.aggregate.task(id).is_some_and(|task| task.assignee.as_ref() != assignee);
    if is_reassigned {
        let _ = listener::task(turn, id, TaskEvent::Assignment)?;
    }
    Ok(())
}

/// Somebody else has the task now, or nobody.
pub(crate) fn assign(turn: &mut Turn<'_, '_>, id: TaskId, assignee: Option<Arc<str>>) {
    turn.aggregate.tasks.update(id, |row| row.assignee = assignee.clone());
    if let Some(place) = turn.aggregate.task(id).and_then(|task| task.place.as_ref()) {
        let (activity, execution) = (place.activity_instance_id.clone(), place.execution_id);
        turn.history.activity_has_task(&activity, id, assignee.clone());
        turn.history.activity_moved(&activity, execution, assignee);
    }
}

/// How a task ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskOutcome {
    Completed,
    Cancelled,
}

/// The row and its own variables go, and with it the tasks that stand alone and are parts of it.
pub(crate) fn delete(turn: &mut Turn<'_, '_>, id: TaskId, outcome: TaskOutcome) {
    for id in task_tree(turn.aggregate, id) {
        delete_one(turn, id, outcome);
    }
}

/// A task after those that are parts of it.
pub(crate) fn task_tree(aggregate: &Aggregate, top: TaskId) -> Vec<TaskId> {
    let mut tree = vec![top];
    // Two tasks may be made parts of each other.
    let mut known = BTreeSet::from([top]);
    let mut next = 0;
    while let Some(id) = tree.get(next).copied() {
        let parts = aggregate.parts_of(id).map(|part| part.id);
        tree.extend(parts.filter(|part| known.insert(*part)));
        next += 1;
    }
    tree.reverse();
    tree
}

fn delete_one(turn: &mut Turn<'_, '_>, id: TaskId, outcome: TaskOutcome) {
    variables::drop_scope(turn, ScopeKey::Task(id));
    let Some(task) = turn.aggregate.tasks.remove(id) else { return };
    let delete_reason = match (outcome, &turn.task_delete_reason) {
        (TaskOutcome::Completed, _) => "completed".into(),
        (TaskOutcome::Cancelled, Some(reason)) => reason.clone(),
        (TaskOutcome::Cancelled, None) => "deleted".into(),
    };
    let end = TaskEnd { end_time: turn.env.now, delete_reason, is_completed: outcome == TaskOutcome::Completed };
    turn.ended_tasks.push((Arc::unwrap_or_clone(task), end));
}

fn date(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    expression: Option<&Expression>,
) -> Result<Option<Timestamp>, Rejection> {
    let Some(expression) = expression else { return Ok(None) };
    match evaluate::value(turn, execution, expression)? {
        Value::Null => Ok(None),
        Value::Date(instant) => Ok(Some(instant)),
        Value::String(text) => due_date::date(&text, turn.env.now)
            .map(Some)
            .map_err(|error| Rejection::new(RejectionKind::ProcessEngine, error.to_string())),
        other => Err(evaluate::wrong_type(expression, &other, "a Date or a text of one")),
    }
}

fn priority(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    expression: Option<&Expression>,
) -> Result<i32, Rejection> {
    let Some(expression) = expression else { return Ok(PRIORITY_DEFAULT) };
    let value = evaluate::value(turn, execution, expression)?;
    match &value {
        Value::Null => Ok(PRIORITY_DEFAULT),
        Value::String(text) => {
            text.parse().map_err(|_| evaluate::wrong_type(expression, &value, "a number as the priority"))
        }
        Value::Short(_) | Value::Integer(_) | Value::Long(_) | Value::Double(_) | Value::Decimal(_) => {
            value.to_integer().map_err(|_| evaluate::wrong_type(expression, &value, "a number as the priority"))
        }
        _ => Err(evaluate::wrong_type(expression, &value, "a number as the priority")),
    }
}

fn candidates(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &UserTaskElement,
) -> Result<Vec<IdentityLink>, Rejection> {
    let mut links = Vec::new();
    let candidate = |user_id, group_id| IdentityLink { kind: IdentityLinkKind::Candidate, user_id, group_id };
    for expression in &element.candidate_users {
        links.extend(names(turn, execution, expression)?.into_iter().map(|name| candidate(Some(name), None)));
    }
    for expression in &element.candidate_groups {
        links.extend(names(turn, execution, expression)?.into_iter().map(|name| candidate(None, Some(name))));
    }
    Ok(links)
}

/// A text with commas between the names, or a list of texts.
fn names(turn: &mut Turn<'_, '_>, execution: ExecutionId, expression: &Expression) -> Result<Vec<Arc<str>>, Rejection> {
    let value = evaluate::value(turn, execution, expression)?;
    let refusal = || evaluate::wrong_type(expression, &value, "a text or a list of texts");
    match &value {
        Value::String(text) => Ok(text.split(',').map(|name| name.trim().into()).collect()),
        Value::List(list) => list
            .items
            .iter()
            .map(|item| match item {
                Value::String(name) => Ok(name.clone()),
                _ => Err(refusal()),
            })
            .collect(),
        _ => Err(refusal()),
    }
}
