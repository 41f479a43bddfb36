//! A task that stands alone becomes a part of a task elsewhere, or of none any more.
//!
//! Its rows go from one aggregate to another within one unit of work. History is told what has changed about the task, and
//! nothing of the move.

use std::sync::Arc;

use types::{ProcessInstanceId, TaskId};

use crate::behavior::user_task;
use crate::command::dispatch::Answer;
use crate::command::{Reply, TaskChange, TaskTree};
use crate::instance::ScopeKey;
use crate::record::{Task, VariableInstance};
use crate::rejection::Rejection;
use crate::task_history;
use crate::turn::Turn;

use super::change_task;

pub(super) fn release(
    turn: &mut Turn<'_, '_>,
    id: TaskId,
    change: &TaskChange,
    to: ProcessInstanceId,
) -> Result<Answer, Rejection> {
    let answer = change_task::apply(turn, id, change)?;
    task_history::record(turn);
    turn.keeps_task_history = false;
    let mut tree = TaskTree { root_process_instance_id: to, tasks: Vec::new(), variables: Vec::new() };
    for id in user_task::task_tree(turn.aggregate, id) {
        let own = turn.aggregate.variables_of(ScopeKey::Task(id)).cloned();
        let own: Vec<VariableInstance> = own.collect();
        for variable in &own {
            turn.aggregate.variables.remove(variable.id);
        }
        tree.variables.extend(own);
        tree.tasks.extend(turn.aggregate.tasks.remove(id).map(Arc::unwrap_or_clone));
    }
    turn.moved_tasks = Some(Box::new(tree));
    Ok(answer)
}

pub(super) fn adopt(turn: &mut Turn<'_, '_>, tree: &TaskTree) -> Result<Answer, Rejection> {
    turn.keeps_task_history = false;
    let top = tree.tasks.last().filter(|top| top.id.0 != tree.root_process_instance_id.0);
    if let Some(parent) = top.and_then(|top| top.parent_task_id).filter(|id| turn.aggregate.task(*id).is_none()) {
        return Err(Rejection::not_found("task", parent));
    }
    for task in &tree.tasks {
        let root_process_instance_id = tree.root_process_instance_id;
        turn.aggregate.tasks.insert(Task { root_process_instance_id, revision: 0, ..task.clone() });
    }
    for variable in &tree.variables {
        turn.aggregate.variables.insert(variable.clone());
    }
    Ok(Answer::Ready(Reply::Done))
}
