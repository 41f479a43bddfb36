//! A task is done: variables are set around it, the task goes, its execution goes on.

use std::sync::Arc;

use bpmn::model::TaskEvent;
use types::{TaskId, VariableMap, VariableValue};

use crate::agenda::Step;
use crate::behavior::user_task::{self, TaskOutcome};
use crate::command::dispatch::Answer;
use crate::command::{Reply, VariableReach};
use crate::instance::ScopeKey;
use crate::listener::{self, Heard};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: TaskId, variables: &VariableMap) -> Result<Answer, Rejection> {
    let task = turn.aggregate.task(id).ok_or_else(|| Rejection::not_found("task", id))?;
    let place = task.place.as_ref().map(|place| (place.execution_id, place.process_instance_id));
    if task.is_suspended {
        return Err(Rejection::new(RejectionKind::Suspended, format!("task {id} is suspended")));
    }
    set_around(turn, id, variables)?;
    let Some((execution, process_instance_id)) = place else {
        let variables = variables_at_end(turn, id);
        user_task::delete(turn, id, TaskOutcome::Completed);
        return Ok(Answer::Ready(Reply::Variables(variables)));
    };
    if listener::task(turn, id, TaskEvent::Complete)? == Heard::Regular {
        user_task::delete(turn, id, TaskOutcome::Completed);
        turn.agenda.push(Step::Resume { execution });
    }
    Ok(Answer::VariablesOf(process_instance_id))
}

/// Sets variables in the scopes around a task.
///
/// Camunda: past the task's own variables, even where one has the same name; lost where there is no scope around it.
pub(super) fn set_around(turn: &mut Turn<'_, '_>, id: TaskId, variables: &VariableMap) -> Result<(), Rejection> {
    match turn.aggregate.enclosing_scope(ScopeKey::Task(id)) {
        Some(scope) => variables::set_all(turn, scope, VariableReach::Nearest, variables),
        None => Ok(()),
    }
}

/// Camunda: a task that stands alone answers what it sees, its own variables without their values.
fn variables_at_end(turn: &Turn<'_, '_>, id: TaskId) -> Vec<(Arc<str>, VariableValue)> {
    let own = variables::all_local(turn, ScopeKey::Task(id));
    let mut visible = variables::all_visible(turn, ScopeKey::Task(id));
    for (name, value) in &mut visible {
        if own.iter().any(|(known, _)| known == name) {
            *value = VariableValue::null_of(value.variable_type());
        }
    }
    visible
}
