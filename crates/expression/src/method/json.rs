//! `org.camunda.spin.json.SpinJsonNode`. A method that sets something answers a changed copy: the node it was called
//! on, and the variable it came from, stay as they are.

use std::sync::Arc;

use serde_json::Value as Json;

use super::json_path;
use super::list::position;
use crate::coercion::{integer, text};
use crate::comparison::same;
use crate::error::{EvaluationError, quoted};
use crate::json::{document, from_value, members, node, number, to_value};
use crate::value::{List, Value};

pub(super) fn call(target: &str, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    if !METHODS.contains(&name) {
        return Ok(None);
    }
    let found = document(target)?;
    Ok(Some(match (name, arguments) {
        ("isObject", []) => Value::Boolean(found.is_object()),
        ("isArray", []) => Value::Boolean(found.is_array()),
        ("isValue", []) => Value::Boolean(!found.is_object() && !found.is_array()),
        ("isNull", []) => Value::Boolean(found.is_null()),
        ("isBoolean", []) => Value::Boolean(found.is_boolean()),
        ("isNumber", []) => Value::Boolean(found.is_number()),
        ("isString", []) => Value::Boolean(found.is_string()),
        ("value", []) => scalar(&found, "a value")?,
        ("stringValue", []) if found.is_string() => scalar(&found, "a text")?,
        ("stringValue", []) => return Err(expected("a text", &found)),
        ("numberValue", []) if found.is_number() => scalar(&found, "a number")?,
        ("numberValue", []) => return Err(expected("a number", &found)),
        ("boolValue", []) if found.is_boolean() => scalar(&found, "a boolean")?,
        ("boolValue", []) => return Err(expected("a boolean", &found)),
        ("element", []) => node(&found),
        ("jsonPath", [path]) => node(&json_path::find(&found, &text(path)?)?),
        _ if found.is_array() => return of_array(found, name, arguments),
        _ => return of_object(found, name, arguments),
    }))
}

const METHODS: [&str; 29] = [
    "isObject",
    "isArray",
    "isValue",
    "isNull",
    "isBoolean",
    "isNumber",
    "isString",
    "value",
    "stringValue",
    "numberValue",
    "boolValue",
    "element",
    "elementList",
    "elements",
    "jsonPath",
    "prop",
    "hasProp",
    "deleteProp",
    "fieldNames",
    "contains",
    "indexOf",
    "lastIndexOf",
    "append",
    "insertAt",
    "insertBefore",
    "insertAfter",
    "remove",
    "removeLast",
    "removeAt",
];

fn scalar(found: &Json, what: &str) -> Result<Value, EvaluationError> {
    Ok(match found {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(found) => number(found),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(_) | Json::Object(_) => return Err(expected(what, found)),
    })
}

fn expected(what: &str, found: &Json) -> EvaluationError {
    let kind = match found {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    };
    EvaluationError::failed(format!("the JSON node is {kind}, expected {what}"))
}

fn of_object(found: Json, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    let Json::Object(mut entries) = found else {
        return Err(expected("an object or array", &found));
    };
    Ok(Some(match (name, arguments) {
        ("prop", [key]) => {
            let key = text(key)?;
            node(entries.get(&*key).ok_or_else(|| EvaluationError::failed(format!("Unable to find '{key}'")))?)
        }
        ("prop", [key, value]) => {
            entries.insert(text(key)?.to_string(), element(value)?);
            node(&Json::Object(entries))
        }
        ("hasProp", [key]) => Value::Boolean(entries.contains_key(&*text(key)?)),
        ("deleteProp", [key]) => {
            let key = text(key)?;
            entries.shift_remove(&*key).ok_or_else(|| EvaluationError::failed(format!("Unable to find '{key}'")))?;
            node(&Json::Object(entries))
        }
        ("fieldNames", []) => Value::list(members(&entries).into_iter().map(|(key, _)| Value::String(key)).collect()),
        _ => return Err(expected("an array", &Json::Object(entries))),
    }))
}

fn of_array(found: Json, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    let Json::Array(items) = found else {
        return Err(expected("an array", &found));
    };
    Ok(Some(match (name, arguments) {
        ("elements" | "elementList", []) => Value::List(Arc::new(List {
            class: "org.camunda.spin.impl.SpinListImpl".into(),
            items: items.iter().map(node).collect(),
            source: None,
        })),
        ("contains", [wanted]) => Value::Boolean(items.iter().any(|item| is(item, wanted))),
        ("indexOf", [wanted]) => position(Some(first(&items, wanted)?)),
        ("lastIndexOf", [wanted]) => position(Some(last(&items, wanted)?)),
        ("append", [value]) => changed(items, |items| {
            items.push(element(value)?);
            Ok(())
        })?,
        ("insertAt", [index, value]) => changed(items, |items| {
            let place = place_of(index, items)?;
            items.insert(place, element(value)?);
            Ok(())
        })?,
        ("insertBefore", [wanted, value]) => changed(items, |items| {
            let place = first(items, wanted)?;
            items.insert(place, element(value)?);
            Ok(())
        })?,
        ("insertAfter", [wanted, value]) => changed(items, |items| {
            let place = first(items, wanted)? + 1;
            items.insert(place, element(value)?);
            Ok(())
        })?,
        ("remove", [wanted]) => changed(items, |items| {
            items.remove(first(items, wanted)?);
            Ok(())
        })?,
        ("removeLast", [wanted]) => changed(items, |items| {
            items.remove(last(items, wanted)?);
            Ok(())
        })?,
        ("removeAt", [index]) => changed(items, |items| {
            let place = place_of(index, items)?;
            // Camunda: there is nothing to remove right behind the last one, which is no error.
            if place < items.len() {
                items.remove(place);
            }
            Ok(())
        })?,
        _ => return Err(expected("an object", &Json::Array(items))),
    }))
}

fn changed(
    mut items: Vec<Json>,
    change: impl FnOnce(&mut Vec<Json>) -> Result<(), EvaluationError>,
) -> Result<Value, EvaluationError> {
    change(&mut items)?;
    Ok(node(&Json::Array(items)))
}

fn first(items: &[Json], wanted: &Value) -> Result<usize, EvaluationError> {
    items.iter().position(|item| is(item, wanted)).ok_or_else(|| not_found(wanted))
}

fn last(items: &[Json], wanted: &Value) -> Result<usize, EvaluationError> {
    items.iter().rposition(|item| is(item, wanted)).ok_or_else(|| not_found(wanted))
}

/// A negative index counts from the end; that right behind the last item is one, too.
fn place_of(index: &Value, items: &[Json]) -> Result<usize, EvaluationError> {
    let index = integer(index)?;
    let place = if index < 0 { i64::from(index) + items.len() as i64 } else { i64::from(index) };
    let place = usize::try_from(place).ok().filter(|place| *place <= items.len());
    place.ok_or_else(|| super::list::out_of_bounds(index, items.len()))
}

/// Camunda: the number 1 as it is read is an Integer, as it is written in an expression a Long, and these two are
/// different.
fn is(item: &Json, wanted: &Value) -> bool {
    same(&to_value(item), wanted)
}

fn not_found(wanted: &Value) -> EvaluationError {
    let wanted = text(wanted).unwrap_or_else(|_| wanted.type_name().into());
    EvaluationError::failed(format!("Unable to find '{}'", quoted(&wanted)))
}

/// A value to be set or appended. Camunda: a Date becomes its Java text.
fn element(value: &Value) -> Result<Json, EvaluationError> {
    match value {
        Value::Date(_) => Ok(Json::from(&*text(value)?)),
        _ => from_value(value),
    }
}
