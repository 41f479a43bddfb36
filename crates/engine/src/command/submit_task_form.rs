//! The form of a user task is sent in: what it says is set, then the task is done, or resolved if it was delegated.

use bpmn::model::TaskEvent;
use types::{TaskId, VariableMap};

use crate::agenda::Step;
use crate::behavior::user_task::{self, TaskOutcome};
use crate::command::change_task::{self, active_task};
use crate::command::dispatch::Answer;
use crate::command::{Reply, TaskChange, VariableReach};
use crate::form::{self, Destination};
use crate::instance::ScopeKey;
use crate::listener::{self, Heard};
use crate::record::{DelegationState, Task};
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::variables;

pub(super) fn apply(turn: &mut Turn<'_, '_>, id: TaskId, sent: &VariableMap) -> Result<Answer, Rejection> {
    let task = active_task(turn, id)?;
    let Some(place) = &task.place else { return submit_alone(turn, &task, sent) };
    let definition = turn.definition_of(place.execution_id)?;
    let form = form::of_user_task(definition, &place.activity_id);
    form::submit(turn, Destination::of_task(id), form, sent)?;
    if task.delegation_state == Some(DelegationState::Pending) {
        change_task::apply(turn, id, &TaskChange::Resolve { variables: VariableMap::new() })?;
    } else if listener::task(turn, id, TaskEvent::Complete)? == Heard::Regular {
        user_task::delete(turn, id, TaskOutcome::Completed);
        turn.agenda.push(Step::Resume { execution: place.execution_id });
    }
    Ok(Answer::VariablesOf(place.process_instance_id))
}

/// A task that stands alone has no form: what is sent becomes variables as it is.
fn submit_alone(turn: &mut Turn<'_, '_>, task: &Task, sent: &VariableMap) -> Result<Answer, Rejection> {
    variables::set_all(turn, ScopeKey::Task(task.id), VariableReach::Nearest, sent)?;
    let visible = variables::all_visible(turn, ScopeKey::Task(task.id));
    if task.delegation_state == Some(DelegationState::Pending) {
        change_task::apply(turn, task.id, &TaskChange::Resolve { variables: VariableMap::new() })?;
    } else {
        user_task::delete(turn, task.id, TaskOutcome::Completed);
    }
    Ok(Answer::Ready(Reply::Variables(visible)))
}
