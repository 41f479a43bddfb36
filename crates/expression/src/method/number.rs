//! `java.lang.Number` and its kinds.

use rust_decimal::Decimal;

use super::{not_comparable, ordering};
use crate::coercion::{decimal, double, integer, long, short};
use crate::error::EvaluationError;
use crate::value::Value;

pub(super) fn call(number: &Value, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    Ok(Some(match (name, arguments) {
        ("intValue", []) => Value::Integer(integer(number)?),
        ("longValue", []) => Value::Long(long(number)?),
        ("shortValue", []) => Value::Short(short(number)?),
        ("doubleValue", []) => Value::Double(double(number)?),
        ("compareTo", [other]) => compare(number, other)?,
        ("hashCode", []) => match number {
            Value::Short(_) | Value::Integer(_) => Value::Integer(integer(number)?),
            Value::Long(number) => Value::Integer(folded(*number as u64)),
            Value::Double(number) => Value::Integer(folded(number.to_bits())),
            _ => return Ok(None),
        },
        _ => match number {
            Value::Double(number) => return Ok(of_double(*number, name, arguments)),
            Value::BigInteger(number) => return Ok(of_big_integer(*number, name, arguments)),
            Value::Decimal(number) => return of_decimal(*number, name, arguments),
            _ => return Ok(None),
        },
    }))
}

fn folded(bits: u64) -> i32 {
    (bits ^ (bits >> 32)) as i32
}

fn compare(left: &Value, right: &Value) -> Result<Value, EvaluationError> {
    Ok(match (left, right) {
        // Camunda: two Shorts give their difference, the other kinds -1, 0 or 1.
        (Value::Short(left), Value::Short(right)) => Value::Integer(i32::from(*left) - i32::from(*right)),
        (Value::Integer(left), Value::Integer(right)) => ordering(left.cmp(right)),
        (Value::Long(left), Value::Long(right)) => ordering(left.cmp(right)),
        (Value::BigInteger(left), Value::BigInteger(right)) => ordering(left.cmp(right)),
        (Value::Decimal(left), Value::Decimal(right)) => ordering(left.cmp(right)),
        (Value::Double(left), Value::Double(right)) => ordering(left.total_cmp(right)),
        _ => return Err(not_comparable(left.type_name(), right)),
    })
}

fn of_double(number: f64, name: &str, arguments: &[Value]) -> Option<Value> {
    match (name, arguments) {
        ("isNaN", []) => Some(Value::Boolean(number.is_nan())),
        ("isInfinite", []) => Some(Value::Boolean(number.is_infinite())),
        _ => None,
    }
}

fn of_big_integer(number: i128, name: &str, arguments: &[Value]) -> Option<Value> {
    match (name, arguments) {
        ("signum", []) => Some(Value::Integer(number.signum() as i32)),
        ("abs", []) => number.checked_abs().map(Value::BigInteger),
        ("negate", []) => number.checked_neg().map(Value::BigInteger),
        _ => None,
    }
}

fn of_decimal(number: Decimal, name: &str, arguments: &[Value]) -> Result<Option<Value>, EvaluationError> {
    Ok(match (name, arguments) {
        ("signum", []) => Some(ordering(number.cmp(&Decimal::ZERO))),
        ("abs", []) => Some(Value::Decimal(number.abs())),
        ("negate", []) => Some(Value::Decimal(-number)),
        ("scale", []) => Some(Value::Integer(number.scale() as i32)),
        ("toPlainString", []) => Some(Value::from(number.to_string())),
        ("add", [other]) => Some(crate::number::add(&Value::Decimal(number), &Value::Decimal(decimal(other)?))?),
        ("subtract", [other]) => {
            Some(crate::number::subtract(&Value::Decimal(number), &Value::Decimal(decimal(other)?))?)
        }
        ("multiply", [other]) => {
            Some(crate::number::multiply(&Value::Decimal(number), &Value::Decimal(decimal(other)?))?)
        }
        _ => None,
    })
}
