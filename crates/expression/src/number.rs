//! Arithmetic by the promotions of JUEL: BigDecimal before Double before BigInteger before Long. An Integer or Short
//! is calculated as Long; Long overflows around, as in Java.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::coercion::{big_integer, decimal, double, long};
use crate::error::EvaluationError;
use crate::value::Value;

#[derive(Clone, Copy)]
struct Operation {
    long: fn(i64, i64) -> i64,
    double: fn(f64, f64) -> f64,
    big_integer: fn(i128, i128) -> Option<i128>,
    decimal: fn(Decimal, Decimal) -> Option<Decimal>,
}

pub(crate) fn add(left: &Value, right: &Value) -> Result<Value, EvaluationError> {
    let operation = Operation {
        long: i64::wrapping_add,
        double: |a, b| a + b,
        big_integer: i128::checked_add,
        decimal: Decimal::checked_add,
    };
    calculate(left, right, operation)
}

pub(crate) fn subtract(left: &Value, right: &Value) -> Result<Value, EvaluationError> {
    let operation = Operation {
        long: i64::wrapping_sub,
        double: |a, b| a - b,
        big_integer: i128::checked_sub,
        decimal: Decimal::checked_sub,
    };
    calculate(left, right, operation)
}

pub(crate) fn multiply(left: &Value, right: &Value) -> Result<Value, EvaluationError> {
    let operation = Operation {
        long: i64::wrapping_mul,
        double: |a, b| a * b,
        big_integer: i128::checked_mul,
        decimal: Decimal::checked_mul,
    };
    calculate(left, right, operation)
}

fn calculate(left: &Value, right: &Value, operation: Operation) -> Result<Value, EvaluationError> {
    if left.is_null() && right.is_null() {
        return Ok(Value::Long(0));
    }
    let either = |test: fn(&Value) -> bool| test(left) || test(right);
    let fractional = either(is_fractional);
    if either(is_decimal) || (fractional && either(is_big_integer)) {
        let result = (operation.decimal)(decimal(left)?, decimal(right)?);
        return result.map(Value::Decimal).ok_or_else(overflow);
    }
    if fractional {
        return Ok(Value::Double((operation.double)(double(left)?, double(right)?)));
    }
    if either(is_big_integer) {
        let result = (operation.big_integer)(big_integer(left)?, big_integer(right)?);
        return result.map(Value::BigInteger).ok_or_else(overflow);
    }
    Ok(Value::Long((operation.long)(long(left)?, long(right)?)))
}

/// Always a Double, or a BigDecimal with as many decimals as the dividend has.
pub(crate) fn divide(left: &Value, right: &Value) -> Result<Value, EvaluationError> {
    if left.is_null() && right.is_null() {
        return Ok(Value::Long(0));
    }
    let big = |value: &Value| is_decimal(value) || is_big_integer(value);
    if !big(left) && !big(right) {
        return Ok(Value::Double(double(left)? / double(right)?));
    }
    let (dividend, divisor) = (decimal(left)?, decimal(right)?);
    if divisor.is_zero() {
        return Err(division_by_zero());
    }
    let scale = dividend.scale();
    let mut quotient = dividend.checked_div(divisor).ok_or_else(overflow)?;
    quotient = quotient.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero);
    quotient.rescale(scale);
    Ok(Value::Decimal(quotient))
}

pub(crate) fn modulo(left: &Value, right: &Value) -> Result<Value, EvaluationError> {
    if left.is_null() && right.is_null() {
        return Ok(Value::Long(0));
    }
    let either = |test: fn(&Value) -> bool| test(left) || test(right);
    if either(is_decimal) || either(is_fractional) {
        return Ok(Value::Double(double(left)? % double(right)?));
    }
    if either(is_big_integer) {
        let remainder = big_integer(left)?.checked_rem(big_integer(right)?);
        return remainder.map(Value::BigInteger).ok_or_else(division_by_zero);
    }
    let (dividend, divisor) = (long(left)?, long(right)?);
    if divisor == 0 {
        return Err(division_by_zero());
    }
    Ok(Value::Long(dividend.wrapping_rem(divisor)))
}

pub(crate) fn negate(value: &Value) -> Result<Value, EvaluationError> {
    Ok(match value {
        Value::Null => Value::Long(0),
        Value::Short(number) => Value::Short(number.wrapping_neg()),
        Value::Integer(number) => Value::Integer(number.wrapping_neg()),
        Value::Long(number) => Value::Long(number.wrapping_neg()),
        Value::Double(number) => Value::Double(-number),
        Value::BigInteger(number) => Value::BigInteger(number.checked_neg().ok_or_else(overflow)?),
        Value::Decimal(number) => Value::Decimal(-number),
        Value::String(_) if is_fractional(value) => Value::Double(-double(value)?),
        Value::String(_) => Value::Long(long(value)?.wrapping_neg()),
        _ => return Err(EvaluationError::coercion(format!("Cannot negate 'class {}'", value.type_name()))),
    })
}

/// A Double, or a text that looks like one.
fn is_fractional(value: &Value) -> bool {
    match value {
        Value::Double(_) => true,
        Value::String(text) => text.contains(['.', 'e', 'E']),
        _ => false,
    }
}

fn is_decimal(value: &Value) -> bool {
    matches!(value, Value::Decimal(_))
}

fn is_big_integer(value: &Value) -> bool {
    matches!(value, Value::BigInteger(_))
}

fn overflow() -> EvaluationError {
    EvaluationError::failed("the result has more digits than a number can have here")
}

fn division_by_zero() -> EvaluationError {
    EvaluationError::failed("/ by zero")
}
