//! `a.b` and `a['b']`.

use crate::coercion;
use crate::error::EvaluationError;
use crate::expression::Context;
use crate::method;
use crate::method::list::has_order;
use crate::value::{List, Value};

/// A property by the name written in the expression. Null has every property, and it is null.
pub(crate) fn named(context: &dyn Context, base: &Value, name: &str) -> Result<Value, EvaluationError> {
    match base {
        Value::Null => Ok(Value::Null),
        Value::Bean(bean) => context.property(bean, name),
        Value::Map(map) => match map.get(name) {
            Some(value) => Ok(value.clone()),
            None if map.class.starts_with("java.util.") => Ok(Value::Null),
            None => Err(unknown(base, name)),
        },
        Value::List(list) if !has_order(&list.class) => method::getter(base, name)?.ok_or_else(|| unknown(base, name)),
        Value::List(list) => match name.parse() {
            Ok(index) => Ok(item(list, index)),
            Err(_) => Err(no_index(base, name)),
        },
        Value::Object(object) => Err(unreadable(object)),
        _ => method::getter(base, name)?.ok_or_else(|| unknown(base, name)),
    }
}

/// A property by a key that was evaluated. An index out of range is null, as is the property null.
pub(crate) fn indexed(context: &dyn Context, base: &Value, key: &Value) -> Result<Value, EvaluationError> {
    match (base, key) {
        (_, Value::Null) => Ok(Value::Null),
        (Value::List(list), key) if !has_order(&list.class) => Err(unknown(base, &coercion::text(key)?)),
        (Value::List(list), Value::String(_)) => match coercion::integer(key) {
            Ok(index) => Ok(item(list, index)),
            Err(_) => Err(no_index(base, &coercion::text(key)?)),
        },
        (Value::List(list), _) => Ok(item(list, coercion::integer(key)?)),
        (Value::Map(map), key) if map.class.starts_with("java.util.") && !matches!(key, Value::String(_)) => {
            // Camunda: the keys of a map read from JSON are texts, and no other type equals a text.
            Ok(Value::Null)
        }
        _ => named(context, base, &coercion::text(key)?),
    }
}

fn item(list: &List, index: i32) -> Value {
    usize::try_from(index).ok().and_then(|index| list.items.get(index)).cloned().unwrap_or(Value::Null)
}

fn unknown(base: &Value, name: &str) -> EvaluationError {
    let class = base.type_name();
    EvaluationError::unknown_property(format!("The class '{class}' does not have the property '{name}'."))
}

fn no_index(base: &Value, name: &str) -> EvaluationError {
    EvaluationError::failed(format!("'{name}' is no index of a {}; a number was expected", base.type_name()))
}

/// Serialized in a way that can't be read here.
pub(crate) fn unreadable(object: &types::ObjectValue) -> EvaluationError {
    EvaluationError::failed(format!(
        "Cannot deserialize object of type '{}' serialized as '{}'",
        object.object_type_name.as_deref().unwrap_or("unknown"),
        object.serialization_data_format.as_deref().unwrap_or("unknown"),
    ))
}
