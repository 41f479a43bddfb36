//! `java.lang.Boolean`.

use super::{not_comparable, ordering};
use crate::error::EvaluationError;
use crate::value::Value;

pub(super) fn call(truth: bool, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    Ok(Some(match (name, arguments) {
        ("booleanValue", []) => Value::Boolean(truth),
        ("compareTo", [Value::Boolean(other)]) => ordering(truth.cmp(other)),
        ("compareTo", [other]) => return Err(not_comparable("java.lang.Boolean", other)),
        ("hashCode", []) => Value::Integer(if truth { 1231 } else { 1237 }),
        _ => return Ok(None),
    }))
}
