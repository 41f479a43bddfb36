//! Data properties of user tasks: variables that are set from around the task before it begins.

use bpmn::model::{DataProperty, PassedSource};
use types::ExecutionId;

use crate::command::VariableReach;
use crate::instance::ScopeKey;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::{evaluate, variables};

/// Camunda: the values of a property are read around the task and written from within it.
pub(crate) fn set_all(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    properties: &[DataProperty],
) -> Result<(), Rejection> {
    for property in properties {
        let (Some(source), Some(target)) = (&property.source, &property.target) else {
            let message = "a data property has no source or no target (`dst`)";
            return Err(Rejection::new(RejectionKind::ProcessEngine, message));
        };
        let outer = turn.execution(execution).parent_id.unwrap_or(execution);
        let value = match source {
            PassedSource::Variable(name) | PassedSource::LocalVariable(name) => {
                variables::lookup(turn, ScopeKey::Execution(outer), name).ok_or_else(|| {
                    let message =
                        format!("a data property is to be set from the variable `{name}`, which is not there");
                    Rejection::new(RejectionKind::ProcessEngine, message)
                })?
            }
            PassedSource::Expression(expression) | PassedSource::LocalExpression(expression) => {
                evaluate::to_variable(&evaluate::value(turn, outer, expression)?)?
            }
        };
        let scope = ScopeKey::Execution(execution);
        variables::set(turn, scope, VariableReach::Nearest, target, variables::lasting(value))?;
    }
    Ok(())
}
