//! `java.util.List`, and what sets and other collections share with it.

use std::sync::Arc;

use crate::coercion;
use crate::comparison::same;
use crate::error::EvaluationError;
use crate::value::{List, Value};

pub(super) const CHANGING: [&str; 14] = [
    "add",
    "addAll",
    "addFirst",
    "addLast",
    "clear",
    "put",
    "remove",
    "removeAll",
    "removeIf",
    "replaceAll",
    "retainAll",
    "set",
    "sort",
    "append",
];

pub(super) fn call(list: &List, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    let items = &list.items;
    Ok(Some(match (name, arguments) {
        ("size", []) => length(items.len()),
        ("isEmpty", []) => Value::Boolean(items.is_empty()),
        ("contains", [wanted]) => Value::Boolean(items.iter().any(|item| same(item, wanted))),
        ("containsAll", [Value::List(wanted)]) => {
            Value::Boolean(wanted.items.iter().all(|wanted| items.iter().any(|item| same(item, wanted))))
        }
        ("toArray", []) => {
            Value::List(Arc::new(List { class: "[Ljava.lang.Object;".into(), items: items.clone(), source: None }))
        }
        _ if has_order(&list.class) => return of_list(list, name, arguments),
        _ => return Ok(None),
    }))
}

/// Sets and the values of maps have no places.
pub(crate) fn has_order(class: &str) -> bool {
    !class.contains("Set") && !class.ends_with("Values")
}

fn of_list(list: &List, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    let items = &list.items;
    Ok(Some(match (name, arguments) {
        ("get", [index]) => {
            let index = coercion::integer(index)?;
            let item = usize::try_from(index).ok().and_then(|index| items.get(index));
            item.cloned().ok_or_else(|| out_of_bounds(index, items.len()))?
        }
        ("indexOf", [wanted]) => position(items.iter().position(|item| same(item, wanted))),
        ("lastIndexOf", [wanted]) => position(items.iter().rposition(|item| same(item, wanted))),
        ("subList", [from, to]) => {
            let (from, to) = (coercion::integer(from)?, coercion::integer(to)?);
            let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
            let part = range.and_then(|(from, to)| items.get(from..to));
            let items = part.ok_or_else(|| out_of_bounds(if from < 0 { from } else { to }, items.len()))?.to_vec();
            Value::List(Arc::new(List { class: "java.util.ArrayList$SubList".into(), items, source: None }))
        }
        _ => return Ok(None),
    }))
}

pub(super) fn length(length: usize) -> Value {
    Value::Integer(i32::try_from(length).unwrap_or(i32::MAX))
}

pub(super) fn position(place: Option<usize>) -> Value {
    place.map_or(Value::Integer(-1), length)
}

pub(super) fn out_of_bounds(index: i32, length: usize) -> EvaluationError {
    EvaluationError::failed(format!("Index {index} out of bounds for length {length}"))
}
