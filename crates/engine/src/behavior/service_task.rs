//! Service task that the engine does itself, and what is like one.
//!
//! `enter`: runs its action, keeps the result where the model says, and goes on at once. Never waits.

use bpmn::model::ServiceTask;
use types::ExecutionId;

use crate::command::VariableReach;
use crate::evaluate::{self, Interruption};
use crate::instance::ScopeKey;
use crate::turn::Turn;
use crate::variables;

use super::Next;

pub(crate) fn enter(turn: &mut Turn<'_, '_>, execution: ExecutionId, task: &ServiceTask) -> Result<Next, Interruption> {
    let Some(action) = &task.action else { return Ok(Next::Leave) };
    let value = evaluate::action(turn, execution, action)?;
    if let Some(name) = &task.result_variable {
        let value = evaluate::to_variable(&value)?;
        let scope = ScopeKey::Execution(execution);
        variables::set(turn, scope, VariableReach::Nearest, name, variables::lasting(value))?;
    }
    Ok(Next::Leave)
}
