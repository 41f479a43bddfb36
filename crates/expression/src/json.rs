//! JSON documents: between their text and values, with the Java types that Jackson reads them as.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map as JsonMap, Number, Value as Json};

use crate::coercion;
use crate::error::{EvaluationError, quoted};
use crate::limit;
use crate::text::joda_date_time;
use crate::value::{List, Map, Value};

/// # Errors
/// The text is no JSON, or nested deeper than 128 levels.
pub(crate) fn document(text: &str) -> Result<Json, EvaluationError> {
    serde_json::from_str(text)
        .map_err(|error| EvaluationError::failed(format!("'{}' can't be read as JSON: {error}", quoted(text))))
}

pub(crate) fn written(document: &Json) -> String {
    document.to_string()
}

/// A document as a value with the methods of a Spin node.
pub(crate) fn node(document: &Json) -> Value {
    Value::Json(written(document).into())
}

/// Camunda: a Json variable that passed through an expression has lost its blanks and trailing zeros. One that can't
/// be read stays as it is.
pub(crate) fn compact(text: &str) -> Cow<'_, str> {
    if has_long_number(text) {
        return Cow::Borrowed(text);
    }
    match document(text) {
        Ok(document) => Cow::Owned(written(&document)),
        Err(_) => Cow::Borrowed(text),
    }
}

/// A run of digits that 64 bits may not hold.
fn has_long_number(text: &str) -> bool {
    text.as_bytes().windows(20).any(|window| window.iter().all(u8::is_ascii_digit))
}

/// A number as the smallest of Integer, Long and BigInteger that holds it, or as Double.
pub(crate) fn number(number: &Number) -> Value {
    if let Some(long) = number.as_i64() {
        return i32::try_from(long).map_or(Value::Long(long), Value::Integer);
    }
    match number.as_u64() {
        Some(large) => Value::BigInteger(i128::from(large)),
        None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// Arrays as `java.util.ArrayList`, objects as `java.util.LinkedHashMap`. The depth is that of the document, which the
/// reader has bounded.
pub(crate) fn to_value(document: &Json) -> Value {
    match document {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(found) => number(found),
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(items) => Value::list(items.iter().map(to_value).collect()),
        Json::Object(entries) => Value::map(members(entries)),
    }
}

pub(crate) fn members(entries: &JsonMap<String, Json>) -> Vec<(Arc<str>, Value)> {
    entries.iter().map(|(key, value)| (Arc::from(key.as_str()), to_value(value))).collect()
}

/// # Errors
/// A value in it has no JSON form, or it is over the limit of depth.
pub(crate) fn from_value(value: &Value) -> Result<Json, EvaluationError> {
    from_value_within(value, 0)
}

fn from_value_within(value: &Value, depth: usize) -> Result<Json, EvaluationError> {
    if depth > limit::VALUE_DEPTH {
        return Err(EvaluationError::limit("the depth of a value", limit::VALUE_DEPTH));
    }
    Ok(match value {
        Value::Null => Json::Null,
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::Short(number) => Json::from(*number),
        Value::Integer(number) => Json::from(*number),
        Value::Long(number) => Json::from(*number),
        Value::Double(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        Value::BigInteger(_) | Value::Decimal(_) => large_number(value)?,
        Value::String(text) => Json::from(&**text),
        Value::Xml(xml) => Json::from(xml.to_text()?),
        Value::Date(instant) => Json::from(instant.0),
        Value::DateTime(instant) => Json::from(joda_date_time(*instant)),
        Value::Json(text) => document(text)?,
        Value::List(list) => array(list, depth)?,
        Value::Map(map) => object(map, depth)?,
        Value::Bytes(_) | Value::File(_) | Value::Object(_) | Value::Bean(_) => {
            return Err(EvaluationError::failed(format!("a value of class {} has no JSON form", value.type_name())));
        }
    })
}

fn array(list: &List, depth: usize) -> Result<Json, EvaluationError> {
    let items: Result<_, _> = list.items.iter().map(|item| from_value_within(item, depth + 1)).collect();
    Ok(Json::Array(items?))
}

fn object(map: &Map, depth: usize) -> Result<Json, EvaluationError> {
    let entries = map.iter().map(|(key, value)| Ok((key.to_string(), from_value_within(value, depth + 1)?)));
    let entries: Result<_, EvaluationError> = entries.collect();
    Ok(Json::Object(entries?))
}

/// As an integer of 64 bits where that is exact, else as the nearest Double.
fn large_number(value: &Value) -> Result<Json, EvaluationError> {
    if let Value::BigInteger(number) = value {
        if let Ok(number) = i64::try_from(*number) {
            return Ok(Json::from(number));
        }
        if let Ok(number) = u64::try_from(*number) {
            return Ok(Json::from(number));
        }
    }
    Ok(Number::from_f64(coercion::double(value)?).map_or(Json::Null, Json::Number))
}
