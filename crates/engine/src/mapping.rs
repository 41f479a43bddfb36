//! Input and output mappings of activities.

use std::collections::BTreeMap;
use std::sync::Arc;

use bpmn::model::{Element, IoMapping};
use expression::{Map, Value};
use types::{ExecutionId, VariableValue};

use crate::command::VariableReach;
use crate::evaluate::{self, Interruption};
use crate::instance::ScopeKey;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

/// Lists and maps in lists and maps; the parser refuses deeper models long before.
const DEPTH_MAX: u32 = 64;

/// What Camunda makes of a `camunda:map`.
const MAP_CLASS: &str = "java.util.TreeMap";

/// Reads around the activity, writes to its own scope.
pub(crate) fn map_inputs(turn: &mut Turn<'_, '_>, scope: ExecutionId, element: &Element) -> Result<(), Rejection> {
    if turn.skipped.io_mappings || element.inputs.is_empty() {
        return Ok(());
    }
    let outer = parent_of(turn, scope);
    for parameter in &element.inputs {
        let value = variable(turn, outer, &parameter.mapping)?;
        let scope = ScopeKey::Execution(scope);
        variables::set(turn, scope, VariableReach::Local, &parameter.name, variables::lasting(value))?;
    }
    Ok(())
}

/// Reads in the activity's own scope, writes around it.
pub(crate) fn map_outputs(turn: &mut Turn<'_, '_>, scope: ExecutionId, element: &Element) -> Result<(), Rejection> {
    if turn.skipped.io_mappings {
        return Ok(());
    }
    let outer = parent_of(turn, scope);
    for parameter in &element.outputs {
        let value = variable(turn, scope, &parameter.mapping)?;
        let outer = ScopeKey::Execution(outer);
        variables::set(turn, outer, VariableReach::Nearest, &parameter.name, variables::lasting(value))?;
    }
    Ok(())
}

fn parent_of(turn: &Turn<'_, '_>, scope: ExecutionId) -> ExecutionId {
    turn.execution(scope).parent_id.expect("an activity with mappings has an execution of its own")
}

fn variable(turn: &mut Turn<'_, '_>, execution: ExecutionId, mapping: &IoMapping) -> Result<VariableValue, Rejection> {
    evaluate::to_variable(&value(turn, execution, mapping, 0)?)
}

fn value(turn: &mut Turn<'_, '_>, execution: ExecutionId, mapping: &IoMapping, depth: u32) -> Result<Value, Rejection> {
    if depth > DEPTH_MAX {
        return Err(Rejection::new(
            RejectionKind::LimitReached,
            format!("a mapping is nested more than {DEPTH_MAX} deep"),
        ));
    }
    match mapping {
        IoMapping::Null => Ok(Value::Null),
        IoMapping::Value(expression) => evaluate::value(turn, execution, expression),
        IoMapping::Script(script) => evaluate::script(turn, execution, script).map_err(Interruption::into_rejection),
        IoMapping::List(items) => {
            let items: Result<Vec<Value>, Rejection> =
                items.iter().map(|item| value(turn, execution, item, depth + 1)).collect();
            Ok(Value::list(items?))
        }
        IoMapping::Map(entries) => {
            let mut evaluated = BTreeMap::new();
            for (key, entry) in entries {
                let Value::String(name) = evaluate::value(turn, execution, key)? else {
                    let message = format!("the key `{key}` of a map entry gives no text");
                    return Err(Rejection::new(RejectionKind::InvalidValue, message));
                };
                evaluated.insert(name, value(turn, execution, entry, depth + 1)?);
            }
            Ok(Value::Map(Arc::new(Map::new(MAP_CLASS.into(), evaluated.into_iter().collect()))))
        }
    }
}
