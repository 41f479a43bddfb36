//! `org.joda.time.DateTime` in UTC: what `dateTime()` gives.

use jiff::Span;
use jiff::civil::{DateTime, Time};
use types::Timestamp;

use super::{not_comparable, ordering};
use crate::coercion;
use crate::error::EvaluationError;
use crate::expression::Context;
use crate::value::Value;

pub(super) fn call(
    context: Option<&dyn Context>,
    instant: Timestamp,
    name: &str,
    arguments: &[Value],
) -> Result<Option<Value>, EvaluationError> {
    if let Some(unit) = name.strip_prefix("plus") {
        return shifted(instant, unit, arguments, 1);
    }
    if let Some(unit) = name.strip_prefix("minus") {
        return shifted(instant, unit, arguments, -1);
    }
    if let Some(field) = name.strip_prefix("with") {
        return replaced(instant, field, arguments);
    }
    Ok(Some(match (name, arguments) {
        ("toDate", []) => Value::Date(instant),
        ("toDateTime", []) => Value::DateTime(instant),
        ("getMillis", []) => Value::Long(instant.0),
        ("isBefore", [Value::DateTime(other)]) => Value::Boolean(instant < *other),
        ("isAfter", [Value::DateTime(other)]) => Value::Boolean(instant > *other),
        ("isEqual", [Value::DateTime(other)]) => Value::Boolean(instant == *other),
        ("compareTo", [Value::DateTime(other)]) => ordering(instant.cmp(other)),
        ("compareTo", [other]) => return Err(not_comparable("org.joda.time.DateTime", other)),
        ("isBeforeNow" | "isAfterNow" | "isEqualNow", []) => match context {
            Some(context) => {
                let now = coercion::date(&context.function(None, "now", &[])?)?;
                Value::Boolean(match name {
                    "isBeforeNow" => instant < now,
                    "isAfterNow" => instant > now,
                    _ => instant == now,
                })
            }
            None => return Ok(None),
        },
        ("toString", [pattern]) => Value::from(formatted(instant, &coercion::text(pattern)?)?),
        (_, []) => return field(instant, name),
        _ => return Ok(None),
    }))
}

fn civil(instant: Timestamp) -> Result<DateTime, EvaluationError> {
    let instant = jiff::Timestamp::from_millisecond(instant.0).map_err(|_| out_of_range())?;
    Ok(jiff::tz::Offset::UTC.to_datetime(instant))
}

fn value(civil: DateTime) -> Result<Value, EvaluationError> {
    let instant = jiff::tz::Offset::UTC.to_timestamp(civil).map_err(|_| out_of_range())?;
    Ok(Value::DateTime(Timestamp(instant.as_millisecond())))
}

fn out_of_range() -> EvaluationError {
    EvaluationError::failed("the time is out of range: years -9999 to 9999 are possible")
}

/// A month too short for the day ends in its last one.
fn shifted(instant: Timestamp, unit: &str, arguments: &[Value], sign: i64) -> Result<Option<Value>, EvaluationError> {
    let [amount] = arguments else {
        return Ok(None);
    };
    let count = i64::from(coercion::integer(amount)?) * sign;
    let span = Span::new();
    let span = match unit {
        "Years" => span.try_years(count),
        "Months" => span.try_months(count),
        "Weeks" => span.try_weeks(count),
        "Days" => span.try_days(count),
        "Hours" => span.try_hours(count),
        "Minutes" => span.try_minutes(count),
        "Seconds" => span.try_seconds(count),
        "Millis" | "" => span.try_milliseconds(coercion::long(amount)?.saturating_mul(sign)),
        _ => return Ok(None),
    };
    let moved = civil(instant)?.checked_add(span.map_err(|_| out_of_range())?).map_err(|_| out_of_range())?;
    value(moved).map(Some)
}

fn replaced(instant: Timestamp, field: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    let civil = civil(instant)?;
    if (field, arguments.len()) == ("TimeAtStartOfDay", 0) {
        return value(civil.with().time(Time::midnight()).build().map_err(|_| out_of_range())?).map(Some);
    }
    let [argument] = arguments else {
        return Ok(None);
    };
    if field == "Millis" {
        return Ok(Some(Value::DateTime(Timestamp(coercion::long(argument)?))));
    }
    let number = coercion::integer(argument)?;
    let small = i8::try_from(number).map_err(|_| no_value_of(field, number));
    let with = civil.with();
    let with = match field {
        "Year" => with.year(i16::try_from(number).map_err(|_| no_value_of(field, number))?),
        "MonthOfYear" => with.month(small?),
        "DayOfMonth" => with.day(small?),
        "HourOfDay" => with.hour(small?),
        "MinuteOfHour" => with.minute(small?),
        "SecondOfMinute" => with.second(small?),
        "MillisOfSecond" => {
            let millisecond = i16::try_from(number).map_err(|_| no_value_of(field, number))?;
            with.subsec_nanosecond(0).millisecond(millisecond)
        }
        "DayOfWeek" => {
            let days = i64::from(number) - i64::from(civil.weekday().to_monday_one_offset());
            if !(1..=7).contains(&number) {
                return Err(no_value_of(field, number));
            }
            return value(civil.checked_add(Span::new().days(days)).map_err(|_| out_of_range())?).map(Some);
        }
        _ => return Ok(None),
    };
    value(with.build().map_err(|_| no_value_of(field, number))?).map(Some)
}

fn no_value_of(field: &str, number: i32) -> EvaluationError {
    EvaluationError::failed(format!("{number} is no possible value of {field}"))
}

fn field(instant: Timestamp, name: &str) -> Result<Option<Value>, EvaluationError> {
    let civil = civil(instant)?;
    let field = match name {
        "getYear" => i32::from(civil.year()),
        "getMonthOfYear" => i32::from(civil.month()),
        "getDayOfMonth" => i32::from(civil.day()),
        "getDayOfWeek" => i32::from(civil.weekday().to_monday_one_offset()),
        "getDayOfYear" => i32::from(civil.day_of_year()),
        "getHourOfDay" => i32::from(civil.hour()),
        "getMinuteOfHour" => i32::from(civil.minute()),
        "getMinuteOfDay" => i32::from(civil.hour()) * 60 + i32::from(civil.minute()),
        "getSecondOfMinute" => i32::from(civil.second()),
        "getMillisOfSecond" => i32::from(civil.millisecond()),
        _ => return Ok(None),
    };
    Ok(Some(Value::Integer(field)))
}

/// A pattern of Joda: runs of letters, text in quotes, everything else as it stands.
fn formatted(instant: Timestamp, pattern: &str) -> Result<String, EvaluationError> {
    let civil = civil(instant)?;
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        if letter == '\'' {
            let quoted = &rest[1..];
            let Some(end) = quoted.find('\'') else {
                return Err(EvaluationError::failed(format!("the quote in pattern '{pattern}' is not closed")));
            };
            text.push_str(if end == 0 { "'" } else { &quoted[..end] });
            rest = &quoted[end + 1..];
            continue;
        }
        let length = rest.len() - rest.trim_start_matches(letter).len();
        if letter.is_ascii_alphabetic() {
            let conversion = conversion(letter, length).ok_or_else(|| {
                EvaluationError::failed(format!("'{}' in pattern '{pattern}' is not supported", &rest[..length]))
            })?;
            text.push_str(&civil.strftime(conversion).to_string());
        } else {
            text.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    Ok(text)
}

fn conversion(letter: char, length: usize) -> Option<&'static str> {
    Some(match (letter, length) {
        ('y' | 'Y', 2) => "%y",
        ('y' | 'Y', 1 | 4) => "%Y",
        ('M', 1) => "%-m",
        ('M', 2) => "%m",
        ('M', 3) => "%b",
        ('M', 4) => "%B",
        ('d', 1) => "%-d",
        ('d', 2) => "%d",
        ('D', 3) => "%j",
        ('E', 1..=3) => "%a",
        ('E', 4) => "%A",
        ('H', 1) => "%-H",
        ('H', 2) => "%H",
        ('h', 1) => "%-I",
        ('h', 2) => "%I",
        ('a', 1..=2) => "%p",
        ('m', 1) => "%-M",
        ('m', 2) => "%M",
        ('s', 1) => "%-S",
        ('s', 2) => "%S",
        ('S', 3) => "%3f",
        ('Z', 1) => "+0000",
        ('Z', 2) => "+00:00",
        ('z', 1..=3) => "UTC",
        _ => return None,
    })
}
