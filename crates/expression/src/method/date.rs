//! `java.util.Date`, in UTC.

use types::Timestamp;

use super::{not_comparable, ordering};
use crate::error::EvaluationError;
use crate::value::Value;

pub(super) fn call(instant: Timestamp, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    Ok(Some(match (name, arguments) {
        ("getTime", []) => Value::Long(instant.0),
        ("before", [Value::Date(other)]) => Value::Boolean(instant < *other),
        ("after", [Value::Date(other)]) => Value::Boolean(instant > *other),
        ("compareTo", [Value::Date(other)]) => ordering(instant.cmp(other)),
        ("compareTo", [other]) => return Err(not_comparable("java.util.Date", other)),
        ("hashCode", []) => Value::Integer((instant.0 ^ (instant.0 >> 32)) as i32),
        ("getTimezoneOffset", []) => Value::Integer(0),
        (_, []) => return Ok(field(instant, name)),
        _ => return Ok(None),
    }))
}

/// Camunda: years count from 1900, months from 0, weekdays from Sunday as 0.
fn field(instant: Timestamp, name: &str) -> Option<Value> {
    let instant = jiff::Timestamp::from_millisecond(instant.0).ok()?;
    let civil = jiff::tz::Offset::UTC.to_datetime(instant);
    let field = match name {
        "getYear" => i32::from(civil.year()) - 1900,
        "getMonth" => i32::from(civil.month()) - 1,
        "getDate" => i32::from(civil.day()),
        "getDay" => i32::from(civil.weekday().to_sunday_zero_offset()),
        "getHours" => i32::from(civil.hour()),
        "getMinutes" => i32::from(civil.minute()),
        "getSeconds" => i32::from(civil.second()),
        _ => return None,
    };
    Some(Value::Integer(field))
}
