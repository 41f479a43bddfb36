//! Values as text, the way Java's `toString` writes them.

use std::sync::Arc;

use types::Timestamp;

use crate::error::EvaluationError;
use crate::json;
use crate::limit;
use crate::value::Value;

/// A string that refuses to grow over [`limit::STRING_BYTES`].
#[derive(Debug, Default)]
pub(crate) struct TextBuilder {
    text: String,
}

impl TextBuilder {
    pub(crate) fn push(&mut self, text: &str) -> Result<(), EvaluationError> {
        if self.text.len() + text.len() > limit::STRING_BYTES {
            return Err(EvaluationError::limit("a string", limit::STRING_BYTES));
        }
        self.text.push_str(text);
        Ok(())
    }

    /// As an operand of a composite text: null is nothing.
    pub(crate) fn push_coerced(&mut self, value: &Value) -> Result<(), EvaluationError> {
        if value.is_null() { Ok(()) } else { self.push_value(value, 0) }
    }

    pub(crate) fn finish(self) -> Arc<str> {
        self.text.into()
    }

    fn push_value(&mut self, value: &Value, depth: usize) -> Result<(), EvaluationError> {
        if depth > limit::VALUE_DEPTH {
            return Err(EvaluationError::limit("the depth of a value", limit::VALUE_DEPTH));
        }
        match value {
            Value::Null => self.push("null"),
            Value::Boolean(truth) => self.push(if *truth { "true" } else { "false" }),
            Value::Short(number) => self.push(&number.to_string()),
            Value::Integer(number) => self.push(&number.to_string()),
            Value::Long(number) => self.push(&number.to_string()),
            Value::Double(number) => self.push(&java_double(*number)),
            Value::BigInteger(number) => self.push(&number.to_string()),
            Value::Decimal(number) => self.push(&number.to_string()),
            Value::String(text) => self.push(text),
            Value::Xml(xml) => self.push(&xml.to_text()?),
            Value::Json(text) => self.push(&json::compact(text)),
            Value::Date(instant) => self.push(&java_date(*instant)),
            Value::DateTime(instant) => self.push(&joda_date_time(*instant)),
            Value::List(list) => {
                self.push("[")?;
                for (index, item) in list.items.iter().enumerate() {
                    self.push(if index > 0 { ", " } else { "" })?;
                    self.push_value(item, depth + 1)?;
                }
                self.push("]")
            }
            Value::Map(map) => {
                self.push("{")?;
                for (index, (key, value)) in map.iter().enumerate() {
                    self.push(if index > 0 { ", " } else { "" })?;
                    self.push(key)?;
                    self.push("=")?;
                    self.push_value(value, depth + 1)?;
                }
                self.push("}")
            }
            Value::Bytes(_) | Value::File(_) | Value::Object(_) | Value::Bean(_) => {
                Err(EvaluationError::coercion(format!("a value of class {} has no text form here", value.type_name())))
            }
        }
    }
}

/// `1.0`, `1.0E10`, `1.5E-5`: plain between a thousandth and ten millions.
pub(crate) fn java_double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{number:?}");
    }
    let scientific = format!("{number:e}");
    match scientific.split_once('e') {
        Some((mantissa, exponent)) if mantissa.contains('.') => format!("{mantissa}E{exponent}"),
        Some((mantissa, exponent)) => format!("{mantissa}.0E{exponent}"),
        None => scientific,
    }
}

/// `Wed Jan 31 10:00:00 UTC 2024`.
fn java_date(instant: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(instant.0) {
        Ok(instant) => instant.strftime("%a %b %d %H:%M:%S UTC %Y").to_string(),
        Err(_) => instant.to_string(),
    }
}

/// `2024-01-31T10:00:00.123Z`.
pub(crate) fn joda_date_time(instant: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(instant.0) {
        Ok(instant) => instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        Err(_) => instant.to_string(),
    }
}
