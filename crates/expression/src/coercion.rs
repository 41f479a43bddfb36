//! A value as another type, by the rules of JUEL: null and the empty text are 0, "" or false; texts and numbers turn
//! into one another; everything else is refused.

use std::sync::Arc;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use types::Timestamp;

use crate::error::{EvaluationError, quoted};
use crate::text::TextBuilder;
use crate::value::Value;

pub(crate) fn impossible(value: &Value, class: &str) -> EvaluationError {
    EvaluationError::coercion(format!("Cannot coerce from class {} to class {class}", value.type_name()))
}

fn malformed(text: &str, class: &str) -> EvaluationError {
    EvaluationError::coercion(format!("Cannot coerce '{}' to class {class}", quoted(text)))
}

fn out_of_range(value: impl std::fmt::Display, class: &str) -> EvaluationError {
    EvaluationError::coercion(format!("{value} is too large for class {class} here"))
}

pub(crate) fn boolean(value: &Value) -> Result<bool, EvaluationError> {
    match value {
        Value::Null => Ok(false),
        Value::Boolean(truth) => Ok(*truth),
        Value::String(text) => Ok(text.eq_ignore_ascii_case("true")),
        _ => Err(impossible(value, "java.lang.Boolean")),
    }
}

/// Numbers are cut to 64 bits, as Java does.
pub(crate) fn long(value: &Value) -> Result<i64, EvaluationError> {
    const CLASS: &str = "java.lang.Long";
    match value {
        Value::Null => Ok(0),
        Value::Short(number) => Ok(i64::from(*number)),
        Value::Integer(number) => Ok(i64::from(*number)),
        Value::Long(number) => Ok(*number),
        Value::Double(number) => Ok(*number as i64),
        Value::BigInteger(number) => Ok(*number as i64),
        Value::Decimal(number) => Ok(truncated(number) as i64),
        Value::String(text) if text.is_empty() => Ok(0),
        Value::String(text) => text.parse().map_err(|_| malformed(text, CLASS)),
        _ => Err(impossible(value, CLASS)),
    }
}

/// Numbers are cut to 32 bits, as Java does; a Double that is too large becomes the nearest.
pub(crate) fn integer(value: &Value) -> Result<i32, EvaluationError> {
    const CLASS: &str = "java.lang.Integer";
    match value {
        Value::Double(number) => Ok(*number as i32),
        Value::String(text) if text.is_empty() => Ok(0),
        Value::String(text) => text.parse().map_err(|_| malformed(text, CLASS)),
        _ => long(value).map(|number| number as i32).map_err(|_| impossible(value, CLASS)),
    }
}

pub(crate) fn short(value: &Value) -> Result<i16, EvaluationError> {
    const CLASS: &str = "java.lang.Short";
    match value {
        Value::String(text) if text.is_empty() => Ok(0),
        Value::String(text) => text.parse().map_err(|_| malformed(text, CLASS)),
        _ => integer(value).map(|number| number as i16).map_err(|_| impossible(value, CLASS)),
    }
}

pub(crate) fn double(value: &Value) -> Result<f64, EvaluationError> {
    const CLASS: &str = "java.lang.Double";
    match value {
        Value::Null => Ok(0.0),
        Value::Short(number) => Ok(f64::from(*number)),
        Value::Integer(number) => Ok(f64::from(*number)),
        Value::Long(number) => Ok(*number as f64),
        Value::Double(number) => Ok(*number),
        Value::BigInteger(number) => Ok(*number as f64),
        Value::Decimal(number) => number.to_f64().ok_or_else(|| out_of_range(number, CLASS)),
        Value::String(text) if text.is_empty() => Ok(0.0),
        Value::String(text) => java_double(text).ok_or_else(|| malformed(text, CLASS)),
        _ => Err(impossible(value, CLASS)),
    }
}

/// Java allows blanks around and the letters of its literals behind a number.
fn java_double(text: &str) -> Option<f64> {
    let trimmed = text.trim_matches(|c: char| c <= ' ');
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if matches!(unsigned, "NaN" | "Infinity") {
        return trimmed.parse().ok();
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    trimmed.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(trimmed).parse().ok()
}

pub(crate) fn decimal(value: &Value) -> Result<Decimal, EvaluationError> {
    const CLASS: &str = "java.math.BigDecimal";
    match value {
        Value::Decimal(number) => Ok(*number),
        Value::BigInteger(number) => Decimal::from_i128(*number).ok_or_else(|| out_of_range(number, CLASS)),
        Value::Double(number) => {
            let exact = Decimal::from_f64_retain(*number).ok_or_else(|| out_of_range(number, CLASS))?;
            Ok(exact.normalize())
        }
        Value::String(text) if text.is_empty() => Ok(Decimal::ZERO),
        Value::String(text) => {
            let parsed = text.parse().or_else(|_| Decimal::from_scientific(text));
            parsed.map_err(|_| malformed(text, CLASS))
        }
        _ => long(value).map(Decimal::from).map_err(|_| impossible(value, CLASS)),
    }
}

pub(crate) fn big_integer(value: &Value) -> Result<i128, EvaluationError> {
    const CLASS: &str = "java.math.BigInteger";
    match value {
        Value::BigInteger(number) => Ok(*number),
        Value::Decimal(number) => Ok(truncated(number)),
        Value::String(text) if text.is_empty() => Ok(0),
        Value::String(text) => text.parse().map_err(|_| malformed(text, CLASS)),
        _ => long(value).map(i128::from).map_err(|_| impossible(value, CLASS)),
    }
}

fn truncated(number: &Decimal) -> i128 {
    number.trunc().to_i128().unwrap_or_default()
}

pub(crate) fn text(value: &Value) -> Result<Arc<str>, EvaluationError> {
    if let Value::String(text) = value {
        return Ok(text.clone());
    }
    let mut builder = TextBuilder::default();
    builder.push_coerced(value)?;
    Ok(builder.finish())
}

/// A Date, or a text of one in ISO 8601 as the reference's timers and due dates take it.
pub(crate) fn date(value: &Value) -> Result<Timestamp, EvaluationError> {
    const CLASS: &str = "java.util.Date";
    match value {
        Value::Date(instant) | Value::DateTime(instant) => Ok(*instant),
        Value::String(text) => iso_instant(text).ok_or_else(|| malformed(text, CLASS)),
        _ => Err(impossible(value, CLASS)),
    }
}

/// A text without a zone is taken as UTC.
fn iso_instant(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(instant.as_millisecond()));
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    let instant = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    Some(Timestamp(instant.as_millisecond()))
}

impl Value {
    /// Its truth, as the operators take it.
    pub fn to_boolean(&self) -> Result<bool, EvaluationError> {
        boolean(self)
    }

    pub fn to_integer(&self) -> Result<i32, EvaluationError> {
        integer(self)
    }

    pub fn to_long(&self) -> Result<i64, EvaluationError> {
        long(self)
    }

    pub fn to_double(&self) -> Result<f64, EvaluationError> {
        double(self)
    }

    /// Its text, as in `x ${value} y`: null is the empty text.
    pub fn to_text(&self) -> Result<Arc<str>, EvaluationError> {
        text(self)
    }

    /// A date, or an ISO 8601 text of one.
    pub fn to_date(&self) -> Result<Timestamp, EvaluationError> {
        date(self)
    }
}
