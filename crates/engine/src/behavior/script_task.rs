//! Script task.
//!
//! `enter`: runs its script, keeps what it gives where the model says, and goes on at once. Never waits.

use bpmn::model::ScriptTask;
use types::ExecutionId;

use crate::command::VariableReach;
use crate::evaluate::{self, Interruption};
use crate::instance::ScopeKey;
use crate::turn::Turn;
use crate::variables;

use super::Next;

pub(crate) fn enter(turn: &mut Turn<'_, '_>, execution: ExecutionId, task: &ScriptTask) -> Result<Next, Interruption> {
    let value = evaluate::script(turn, execution, &task.script)?;
    // Camunda: a script that gives null leaves the variable as it is.
    if let (Some(name), false) = (&task.result_variable, value.is_null()) {
        let value = evaluate::to_variable(&value)?;
        let scope = ScopeKey::Execution(execution);
        variables::set(turn, scope, VariableReach::Nearest, name, variables::lasting(value))?;
    }
    Ok(Next::Leave)
}
