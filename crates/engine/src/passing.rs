//! Variables that are passed on: to a called instance and back from it, or with a signal.

use bpmn::model::{PassedSource, PassedVariables};
use types::{ExecutionId, VariableMap, VariableValue};

use crate::instance::ScopeKey;
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::{evaluate, variables};

/// What goes along, as the execution sees it. A name that is not there gives null.
pub(crate) fn collect(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    passed: &[PassedVariables],
) -> Result<VariableMap, Rejection> {
    let scope = ScopeKey::Execution(execution);
    let mut collected = VariableMap::new();
    for passed in passed {
        match passed {
            PassedVariables::All => {
                let all = variables::all_visible(turn, scope);
                collected.extend(all.into_iter().map(|(name, value)| (name, variables::lasting(value))));
            }
            PassedVariables::AllLocal => {
                let all = variables::all_local(turn, scope);
                collected.extend(all.into_iter().map(|(name, value)| (name, variables::lasting(value))));
            }
            PassedVariables::One { source, target } => {
                let value = match source {
                    PassedSource::Variable(name) => variables::lookup(turn, scope, name),
                    PassedSource::LocalVariable(name) => variables::local(turn, scope, name),
                    PassedSource::Expression(expression) => {
                        Some(evaluate::to_variable(&evaluate::value(turn, execution, expression)?)?)
                    }
                    PassedSource::LocalExpression(expression) => {
                        Some(evaluate::to_variable(&evaluate::local_value(turn, execution, expression)?)?)
                    }
                };
                let value = value.unwrap_or(VariableValue::Null);
                collected.insert(target.clone(), variables::lasting(value));
            }
        }
    }
    Ok(collected)
}
