//! External task, in all its forms.
//!
//! `enter`: makes the task that workers fetch and waits. `resume`: a worker has completed it, the row is gone; next is
//! its leaving. `cancel`: deletes the task, which its log shows.

use std::sync::Arc;

use bpmn::model::ExternalTask as ExternalTaskElement;
use expression::{Expression, Value};
use types::{ExecutionId, ExternalTaskId, HistoryId};

use crate::definition::ProcessDefinition;
use crate::evaluate;
use crate::history::{ExternalTaskLogEntry, ExternalTaskLogKind};
use crate::incident;
use crate::record::ExternalTask;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;

use super::Next;

pub(crate) fn enter(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    task: &ExternalTaskElement,
    definition: &ProcessDefinition,
) -> Result<Next, Rejection> {
    let priority = priority(turn, execution, task.priority.as_ref().or(definition.model.task_priority.as_ref()))?;
    let topic = topic(turn, execution, &task.topic)?;
    let id: ExternalTaskId = turn.new_id_at(execution);
    let visit = turn.visit_of(execution);
    let instance = turn.instance_of(execution);
    let row = ExternalTask {
        id,
        execution_id: execution,
        process_instance_id: instance.id,
        root_process_instance_id: instance.root_process_instance_id,
        definition_id: instance.definition_id.clone(),
        definition_key: instance.definition_key.clone(),
        definition_version_tag: definition.model.version_tag.clone(),
        business_key: instance.business_key.clone(),
        tenant_id: instance.tenant_id.clone(),
        activity_id: visit.activity_id,
        activity_instance_id: visit.activity_instance_id,
        topic,
        priority,
        create_time: turn.env.now,
        is_suspended: instance.is_suspended,
        worker_id: None,
        lock_expiration: None,
        lock_epoch: 0,
        retries: None,
        error_message: None,
        error_details: None,
    };
    turn.aggregate.external_tasks.insert(row);
    log(turn, id, ExternalTaskLogKind::Created);
    Ok(Next::Wait)
}

pub(crate) fn resume() -> Next {
    Next::Leave
}

pub(crate) fn cancel(turn: &mut Turn<'_, '_>, execution: ExecutionId) {
    let ids: Vec<ExternalTaskId> = turn.aggregate.external_tasks.by_key(execution).map(|task| task.id).collect();
    for id in ids {
        delete(turn, id);
    }
}

/// Nobody works on it any more.
pub(crate) fn delete(turn: &mut Turn<'_, '_>, id: ExternalTaskId) {
    log(turn, id, ExternalTaskLogKind::Deleted);
    if let Some(task) = turn.aggregate.external_tasks.remove(id) {
        incident::delete_all_about(turn, task.execution_id, id.0);
    }
}

/// Writes an entry about the task as it is now, where entries are kept.
pub(crate) fn log(turn: &mut Turn<'_, '_>, id: ExternalTaskId, kind: ExternalTaskLogKind) -> Option<HistoryId> {
    if !turn.history.keeps_logs() {
        return None;
    }
    let task = turn.aggregate.external_task(id).cloned()?;
    let entry_id: HistoryId = turn.new_id_in(task.process_instance_id);
    turn.history.external_task_logged(ExternalTaskLogEntry {
        id: entry_id,
        kind,
        timestamp: turn.env.now,
        external_task_id: id,
        topic: task.topic,
        worker_id: task.worker_id,
        priority: task.priority,
        retries: task.retries,
        // Only the entry of a failure shows what the task remembers of it.
        error_message: task.error_message.filter(|_| kind == ExternalTaskLogKind::Failed),
        error_details: task.error_details.filter(|_| kind == ExternalTaskLogKind::Failed),
        activity_id: task.activity_id,
        activity_instance_id: task.activity_instance_id,
        execution_id: task.execution_id,
        process_instance_id: task.process_instance_id,
        root_process_instance_id: task.root_process_instance_id,
        definition_id: task.definition_id,
        definition_key: task.definition_key,
        tenant_id: task.tenant_id,
    });
    Some(entry_id)
}

fn topic(turn: &mut Turn<'_, '_>, execution: ExecutionId, expression: &Expression) -> Result<Arc<str>, Rejection> {
    match evaluate::value(turn, execution, expression)? {
        Value::String(topic) => Ok(topic),
        other => Err(evaluate::wrong_type(expression, &other, "a String as the topic")),
    }
}

/// Whole numbers only; a literal in the model may be written as text.
fn priority(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    expression: Option<&Expression>,
) -> Result<i64, Rejection> {
    let Some(expression) = expression else { return Ok(0) };
    // Camunda: an expression that cannot be evaluated gives priority 0.
    let value = match evaluate::value(turn, execution, expression) {
        Ok(value) => value,
        Err(rejection) if rejection.kind == RejectionKind::Expression => return Ok(0),
        Err(rejection) => return Err(rejection),
    };
    let number = match &value {
        Value::Short(_) | Value::Integer(_) | Value::Long(_) => value.to_long().ok(),
        Value::String(_) if expression.is_literal() => value.to_long().ok(),
        _ => None,
    };
    number.ok_or_else(|| evaluate::wrong_type(expression, &value, "a whole number as the priority"))
}
