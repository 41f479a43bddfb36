//! The form of a user task is sent in: what it says is set, then the task is done, or resolved if it was delegated.

use bpmn::model::TaskEvent;
use types::{TaskId, VariableMap};

use crate::agenda::Step;
use crate::behavior::user_task::{self, TaskOutcome};
use crate::command::TaskChange;
use crate::command::change_task::{self, active_task};
use crate::command::dispatch::Answer;
use crate::form::{self, Destination};
use crate::listener::{self, Heard};
use crate::record::DelegationState;
use crate::rejection::Rejection;
use crate::turn::Turn;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: TaskId, sent: &VariableMap) -> Result<Answer, Rejection> {
    let task = active_task(turn, id)?;
    let definition = turn.definition_of(task.execution_id)?;
    let form = form::of_user_task(&definition, &task.activity_id);
    form::submit(turn, Destination::of_task(id), form, sent)?;
    if task.delegation_state == Some(DelegationState::Pending) {
        change_task::apply(turn, id, &TaskChange::Resolve { variables: VariableMap::new() })?;
    } else if listener::task(turn, id, TaskEvent::Complete)? == Heard::Regular {
        user_task::delete(turn, id, TaskOutcome::Completed);
        turn.agenda.push(Step::Resume { execution: task.execution_id });
    }
    Ok(Answer::VariablesOf(task.process_instance_id))
}
