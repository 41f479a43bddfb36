//! Variables through `execution` and `task`.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::{EvaluationError, Value};
use types::VariableValue;

use crate::command::{VariablePatch, VariableReach};
use crate::instance::ScopeKey;
use crate::turn::Turn;
use crate::variables;

use super::{failed, map_of, text};

pub(super) fn property(turn: &Turn<'_, '_>, scope: ScopeKey, name: &str) -> Option<Value> {
    Some(match name {
        "variables" => map_of(visible(turn, scope)),
        "variablesLocal" => map_of(variables::all_local(turn, scope)),
        "variableNames" => names(visible(turn, scope).into_keys()),
        "variableNamesLocal" => names(variables::all_local(turn, scope).into_iter().map(|(name, _)| name)),
        _ => return None,
    })
}

pub(super) fn call(
    turn: &mut Turn<'_, '_>,
    scope: ScopeKey,
    method: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    let read = |value: Option<VariableValue>| value.map_or(Value::Null, |value| Value::from(&value));
    Ok(Some(match (method, arguments) {
        ("getVariable" | "getVariableTyped", [Value::String(name)] | [Value::String(name), Value::Boolean(_)]) => {
            read(variables::lookup(turn, scope, name))
        }
        (
            "getVariableLocal" | "getVariableLocalTyped",
            [Value::String(name)] | [Value::String(name), Value::Boolean(_)],
        ) => read(variables::local(turn, scope, name)),
        ("hasVariable", [Value::String(name)]) => Value::Boolean(variables::lookup(turn, scope, name).is_some()),
        ("hasVariableLocal", [Value::String(name)]) => Value::Boolean(variables::local(turn, scope, name).is_some()),
        ("hasVariables", []) => Value::Boolean(!visible(turn, scope).is_empty()),
        ("hasVariablesLocal", []) => Value::Boolean(!variables::all_local(turn, scope).is_empty()),
        ("setVariable", [name, value]) => set(turn, scope, VariableReach::Nearest, name, value)?,
        ("setVariableLocal", [name, value]) => set(turn, scope, VariableReach::Local, name, value)?,
        ("setVariables", [Value::Map(entries)]) => {
            for (name, value) in entries.iter() {
                set(turn, scope, VariableReach::Nearest, &Value::String(name.clone()), value)?;
            }
            Value::Null
        }
        ("setVariablesLocal", [Value::Map(entries)]) => {
            for (name, value) in entries.iter() {
                set(turn, scope, VariableReach::Local, &Value::String(name.clone()), value)?;
            }
            Value::Null
        }
        ("removeVariable", [Value::String(name)]) => remove(turn, scope, VariableReach::Nearest, vec![name.clone()])?,
        ("removeVariableLocal", [Value::String(name)]) => {
            remove(turn, scope, VariableReach::Local, vec![name.clone()])?
        }
        ("removeVariables", []) => {
            let names = visible(turn, scope).into_keys().collect();
            remove(turn, scope, VariableReach::Nearest, names)?
        }
        ("removeVariablesLocal", []) => {
            let names = variables::all_local(turn, scope).into_iter().map(|(name, _)| name).collect();
            remove(turn, scope, VariableReach::Local, names)?
        }
        ("removeVariables", [names]) => remove(turn, scope, VariableReach::Nearest, super::texts(names)?)?,
        ("removeVariablesLocal", [names]) => remove(turn, scope, VariableReach::Local, super::texts(names)?)?,
        _ => return Ok(None),
    }))
}

fn set(
    turn: &mut Turn<'_, '_>,
    scope: ScopeKey,
    reach: VariableReach,
    name: &Value,
    value: &Value,
) -> Result<Value, EvaluationError> {
    let name = text(name)?.ok_or_else(|| EvaluationError::failed("variableName is null"))?;
    let value = value.to_variable()?;
    variables::set(turn, scope, reach, &name, variables::lasting(value)).map_err(|rejection| failed(&rejection))?;
    Ok(Value::Null)
}

fn remove(
    turn: &mut Turn<'_, '_>,
    scope: ScopeKey,
    reach: VariableReach,
    deletions: Vec<Arc<str>>,
) -> Result<Value, EvaluationError> {
    let patch = VariablePatch { deletions, ..VariablePatch::default() };
    variables::patch(turn, scope, reach, &patch).map_err(|rejection| failed(&rejection))?;
    Ok(Value::Null)
}

fn visible(turn: &Turn<'_, '_>, from: ScopeKey) -> BTreeMap<Arc<str>, VariableValue> {
    let mut found = BTreeMap::new();
    let mut next = Some(from);
    while let Some(scope) = next {
        for (name, value) in variables::all_local(turn, scope) {
            found.entry(name).or_insert(value);
        }
        next = turn.aggregate.enclosing_scope(scope);
    }
    found
}

fn names(names: impl Iterator<Item = Arc<str>>) -> Value {
    Value::list(names.map(Value::String).collect())
}
