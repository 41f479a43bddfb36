//! Methods that expressions can call on values: Java's, as far as they only read. One file per type; a method that
//! is in no table does not exist.

mod boolean;
mod date;
mod date_time;
mod json;
mod json_path;
pub(crate) mod list;
mod map;
mod number;
mod pattern;
mod string;
mod xml;
mod xml_change;

use crate::coercion;
use crate::comparison;
use crate::error::EvaluationError;
use crate::expression::Context;
use crate::property;
use crate::value::Value;

/// # Errors
/// There is no such method, an argument has the wrong type, or the method itself refuses.
pub(crate) fn call(
    context: &dyn Context,
    target: &Value,
    name: &str,
    arguments: &[Value],
) -> Result<Value, EvaluationError> {
    if let Value::Bean(bean) = target {
        return context.call(bean, name, arguments);
    }
    if let Value::Object(object) = target {
        return Err(property::unreadable(object));
    }
    let result = match of_every_value(target, name, arguments)? {
        None => of_type(Some(context), target, name, arguments)?,
        found => found,
    };
    result.ok_or_else(|| refused(target, name, arguments))
}

/// A method that applies a regular expression to its target.
pub(crate) fn is_pattern(name: &str) -> bool {
    matches!(name, "matches" | "replaceAll" | "replaceFirst" | "split")
}

/// The property `time` through the method `getTime`, `blank` through `isBlank`. `None` if there is neither.
pub(crate) fn getter(target: &Value, property: &str) -> Result<Option<Value>, EvaluationError> {
    let mut letters = property.chars();
    let Some(first) = letters.next() else {
        return Ok(None);
    };
    let name: String = first.to_uppercase().chain(letters).collect();
    match of_type(None, target, &format!("get{name}"), &[])? {
        None => of_type(None, target, &format!("is{name}"), &[]),
        found => Ok(found),
    }
}

pub(crate) fn unknown(class: &str, name: &str, arguments: &[Value]) -> EvaluationError {
    let types: Vec<&str> = arguments.iter().map(Value::type_name).collect();
    EvaluationError::unknown_method(format!("Method not found: class {class}.{name}({})", types.join(", ")))
}

fn refused(target: &Value, name: &str, arguments: &[Value]) -> EvaluationError {
    let changes = match target {
        Value::List(_) => list::CHANGING.contains(&name),
        Value::Map(_) => map::CHANGING.contains(&name),
        _ => false,
    };
    if changes {
        let class = target.type_name();
        return EvaluationError::failed(format!("an expression can't change a {class}: '{name}' is not supported"));
    }
    unknown(target.type_name(), name, arguments)
}

fn of_every_value(target: &Value, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    Ok(match (name, arguments) {
        ("toString", []) => Some(Value::String(coercion::text(target)?)),
        ("equals", [other]) => Some(Value::Boolean(comparison::same(target, other))),
        _ => None,
    })
}

fn of_type(
    context: Option<&dyn Context>,
    target: &Value,
    name: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    match target {
        Value::Boolean(truth) => boolean::call(*truth, name, arguments),
        Value::Short(_)
        | Value::Integer(_)
        | Value::Long(_)
        | Value::Double(_)
        | Value::BigInteger(_)
        | Value::Decimal(_) => number::call(target, name, arguments),
        Value::String(text) => string::call(text, name, arguments),
        Value::Date(instant) => date::call(*instant, name, arguments),
        Value::DateTime(instant) => date_time::call(context, *instant, name, arguments),
        Value::List(list) => list::call(list, name, arguments),
        Value::Map(map) => map::call(map, name, arguments),
        Value::Json(text) => json::call(text, name, arguments),
        Value::Xml(found) => xml::call(found, name, arguments),
        Value::Null | Value::Bytes(_) | Value::File(_) | Value::Object(_) | Value::Bean(_) => Ok(None),
    }
}

/// Java's `compareTo` of a type refuses every other type.
fn not_comparable(class: &str, other: &Value) -> EvaluationError {
    EvaluationError::failed(format!("class {} cannot be compared with class {class}", other.type_name()))
}

fn ordering(ordering: std::cmp::Ordering) -> Value {
    Value::Integer(ordering as i32)
}
