//! A user task is done: variables are set around it, the task goes, its execution goes on.

use bpmn::model::TaskEvent;
use types::{TaskId, VariableMap};

use crate::agenda::Step;
use crate::behavior::user_task::{self, TaskOutcome};
use crate::command::VariableReach;
use crate::command::dispatch::Answer;
use crate::instance::ScopeKey;
use crate::listener::{self, Heard};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: TaskId, variables: &VariableMap) -> Result<Answer, Rejection> {
    let task = turn.aggregate.task(id).ok_or_else(|| Rejection::not_found("task", id))?;
    let (execution, process_instance_id) = (task.execution_id, task.process_instance_id);
    if task.is_suspended {
        return Err(Rejection::new(RejectionKind::Suspended, format!("task {id} is suspended")));
    }
    // Camunda: past the task's own variables, even where one has the same name.
    variables::set_all(turn, ScopeKey::Execution(execution), VariableReach::Nearest, variables)?;
    if listener::task(turn, id, TaskEvent::Complete)? == Heard::Regular {
        user_task::delete(turn, id, TaskOutcome::Completed);
        turn.agenda.push(Step::Resume { execution });
    }
    Ok(Answer::VariablesOf(process_instance_id))
}
