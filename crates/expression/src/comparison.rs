//! `==`, `<` and their kin, `empty`, and Java's `equals`.

use std::cmp::Ordering;

use crate::coercion::{big_integer, boolean, decimal, double, long, text};
use crate::error::EvaluationError;
use crate::limit;
use crate::value::Value;

/// The operator `==`.
pub(crate) fn equal(left: &Value, right: &Value) -> Result<bool, EvaluationError> {
    if left.is_null() || right.is_null() {
        return Ok(left.is_null() && right.is_null());
    }
    match common(left, right) {
        Common::Decimal => {
            let (left, right) = (decimal(left)?, decimal(right)?);
            // Camunda: BigDecimals of different scale are not equal, even if their values are.
            Ok(left == right && left.scale() == right.scale())
        }
        Common::Double => Ok(same_double(double(left)?, double(right)?)),
        Common::BigInteger => Ok(big_integer(left)? == big_integer(right)?),
        Common::Long => Ok(long(left)? == long(right)?),
        Common::Other if is_boolean(left) || is_boolean(right) => Ok(boolean(left)? == boolean(right)?),
        Common::Text if is_boolean(left) || is_boolean(right) => Ok(boolean(left)? == boolean(right)?),
        Common::Text => Ok(text(left)? == text(right)?),
        Common::Other => Ok(same(left, right)),
    }
}

/// The operator `<`; false if one side is null.
pub(crate) fn less(left: &Value, right: &Value) -> Result<bool, EvaluationError> {
    if left.is_null() || right.is_null() {
        return Ok(false);
    }
    Ok(compare(left, right)? == Some(Ordering::Less))
}

/// The operator `<=`; null is as large as null.
pub(crate) fn less_or_equal(left: &Value, right: &Value) -> Result<bool, EvaluationError> {
    if left.is_null() || right.is_null() {
        return Ok(left.is_null() && right.is_null());
    }
    // Camunda: `<=` is "not greater", so it holds with NaN.
    Ok(compare(left, right)? != Some(Ordering::Greater))
}

/// `None` where NaN is one side.
fn compare(left: &Value, right: &Value) -> Result<Option<Ordering>, EvaluationError> {
    match common(left, right) {
        Common::Decimal => Ok(Some(decimal(left)?.cmp(&decimal(right)?))),
        Common::Double => Ok(double(left)?.partial_cmp(&double(right)?)),
        Common::BigInteger => Ok(Some(big_integer(left)?.cmp(&big_integer(right)?))),
        Common::Long => Ok(Some(long(left)?.cmp(&long(right)?))),
        Common::Text => Ok(Some(compare_text(&text(left)?, &text(right)?))),
        Common::Other => match (left, right) {
            (Value::Boolean(left), Value::Boolean(right)) => Ok(Some(left.cmp(right))),
            (Value::Date(left), Value::Date(right)) | (Value::DateTime(left), Value::DateTime(right)) => {
                Ok(Some(left.cmp(right)))
            }
            _ => Err(EvaluationError::coercion(format!(
                "Cannot compare 'class {}' and 'class {}'",
                left.type_name(),
                right.type_name()
            ))),
        },
    }
}

/// By UTF-16 units, as Java's `compareTo`.
pub(crate) fn compare_text(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

/// The type two operands are compared as.
enum Common {
    Decimal,
    Double,
    BigInteger,
    Long,
    Text,
    Other,
}

fn common(left: &Value, right: &Value) -> Common {
    let either = |test: fn(&Value) -> bool| test(left) || test(right);
    if either(|value| matches!(value, Value::Decimal(_))) {
        Common::Decimal
    } else if either(|value| matches!(value, Value::Double(_))) {
        Common::Double
    } else if either(|value| matches!(value, Value::BigInteger(_))) {
        Common::BigInteger
    } else if either(|value| matches!(value, Value::Short(_) | Value::Integer(_) | Value::Long(_))) {
        Common::Long
    } else if either(|value| matches!(value, Value::String(_))) {
        Common::Text
    } else {
        Common::Other
    }
}

fn is_boolean(value: &Value) -> bool {
    matches!(value, Value::Boolean(_))
}

fn same_double(left: f64, right: f64) -> bool {
    left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
}

/// The operator `empty`.
pub(crate) fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::List(list) => list.items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

/// Java's `equals`. Values deeper than [`limit::VALUE_DEPTH`] are never the same.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    same_within(left, right, 0)
}

fn same_within(left: &Value, right: &Value, depth: usize) -> bool {
    if depth > limit::VALUE_DEPTH {
        return false;
    }
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Boolean(left), Value::Boolean(right)) => left == right,
        (Value::Short(left), Value::Short(right)) => left == right,
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::Long(left), Value::Long(right)) => left == right,
        (Value::Double(left), Value::Double(right)) => same_double(*left, *right),
        (Value::BigInteger(left), Value::BigInteger(right)) => left == right,
        (Value::Decimal(left), Value::Decimal(right)) => left == right && left.scale() == right.scale(),
        (Value::String(left), Value::String(right)) | (Value::Json(left), Value::Json(right)) => left == right,
        (Value::Xml(left), Value::Xml(right)) => left.is_same(right),
        (Value::Date(left), Value::Date(right)) | (Value::DateTime(left), Value::DateTime(right)) => left == right,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::File(left), Value::File(right)) => left == right,
        (Value::Object(left), Value::Object(right)) => left == right,
        (Value::Bean(left), Value::Bean(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            let pairs = left.items.iter().zip(&right.items);
            left.items.len() == right.items.len()
                && pairs.into_iter().all(|(left, right)| same_within(left, right, depth + 1))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| same_within(value, other, depth + 1)))
        }
        _ => false,
    }
}
