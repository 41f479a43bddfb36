//! `java.util.Map`, and the getters of objects read from JSON.

use std::sync::Arc;

use super::list::length;
use crate::comparison::same;
use crate::error::EvaluationError;
use crate::value::{List, Map, Value};

pub(super) const CHANGING: [&str; 12] = [
    "clear",
    "compute",
    "computeIfAbsent",
    "computeIfPresent",
    "merge",
    "put",
    "putAll",
    "putIfAbsent",
    "remove",
    "replace",
    "replaceAll",
    "set",
];

pub(super) fn call(map: &Map, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    if !map.class.starts_with("java.util.") {
        return Ok(if arguments.is_empty() { through_getter(map, name) } else { None });
    }
    Ok(Some(match (name, arguments) {
        ("size", []) => length(map.len()),
        ("isEmpty", []) => Value::Boolean(map.is_empty()),
        ("get", [key]) => entry(map, key).unwrap_or(Value::Null),
        ("getOrDefault", [key, default]) => entry(map, key).unwrap_or_else(|| default.clone()),
        ("containsKey", [key]) => Value::Boolean(entry(map, key).is_some()),
        ("containsValue", [wanted]) => Value::Boolean(map.iter().any(|(_, value)| same(value, wanted))),
        ("keySet", []) => view(map, "KeySet", map.iter().map(|(key, _)| Value::String(key.clone())).collect()),
        ("values", []) => view(map, "Values", map.iter().map(|(_, value)| value.clone()).collect()),
        _ => return Ok(None),
    }))
}

/// Keys are texts; a key of another type is none of them.
fn entry(map: &Map, key: &Value) -> Option<Value> {
    match key {
        Value::String(key) => map.get(key).cloned(),
        _ => None,
    }
}

fn view(map: &Map, kind: &str, items: Vec<Value>) -> Value {
    let linked = if &*map.class == Map::CLASS { "Linked" } else { "" };
    Value::List(Arc::new(List { class: format!("{}${linked}{kind}", map.class).into(), items, source: None }))
}

/// `getAmount()` and `isPaid()` of an object whose class is unknown here.
fn through_getter(map: &Map, name: &str) -> Option<Value> {
    let property = name.strip_prefix("get").or_else(|| name.strip_prefix("is"))?;
    let mut letters = property.chars();
    let first = letters.next().filter(|letter| letter.is_uppercase())?;
    let property: String = first.to_lowercase().chain(letters).collect();
    map.get(&property).cloned()
}
