//! Conditions on the value of a variable.
//!
//! A number stands for any type of number that can hold it; a text that reads as a time is one.

use std::sync::Arc;

use serde_json::Value;
use types::VariableType;

use crate::condition::{ColumnRef, Comparison, Condition, LetterCase, Source, Term, column};
use crate::error::{QueryError, QueryErrorKind};
use crate::filter::{VariableOperator, VariableScope};
use crate::reading::{GivenCondition, PATTERN_LENGTH_MAX, time};
use crate::value::SqlValue;

/// How many conditions one request can have.
pub const VARIABLE_CONDITIONS_MAX: usize = 200;

/// What of the case of letters counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaseOfVariables {
    pub names: LetterCase,
    pub values: LetterCase,
}

/// One condition for each given one.
pub(crate) fn conditions(
    parameter: &str,
    scope: &VariableScope,
    given: &[GivenCondition],
    case: CaseOfVariables,
) -> Result<Vec<Condition>, QueryError> {
    if given.len() > VARIABLE_CONDITIONS_MAX {
        let expected = format!("at most {VARIABLE_CONDITIONS_MAX} conditions");
        return Err(QueryError::invalid(parameter, format_args!("{} conditions", given.len()), &expected));
    }
    given.iter().map(|one| condition(parameter, scope, one, case)).collect()
}

fn condition(
    parameter: &str,
    scope: &VariableScope,
    given: &GivenCondition,
    case: CaseOfVariables,
) -> Result<Condition, QueryError> {
    let operator = operator(parameter, scope, given)?;
    let Some(name) = &given.name else {
        let kind = match scope.refusal {
            QueryErrorKind::NotValid => QueryErrorKind::NotValid,
            _ => QueryErrorKind::NullValue,
        };
        return Err(QueryError::new(kind, parameter, "a variable condition has no name"));
    };
    check_operand(parameter, scope, operator, &given.value)?;
    let alias = scope.source.alias;
    let named = Condition::compare(
        match case.names {
            LetterCase::Kept => Term::Column(column(alias, "name")),
            LetterCase::Ignored => Term::Lower(column(alias, "name")),
        },
        Comparison::Equal,
        name.as_str(),
    );
    let valued = value_condition(parameter, scope.source, operator, &given.value, case.values)?;
    Ok(match &scope.link {
        Some(link) => Condition::exists(scope.source, link.clone().and(named).and(valued)),
        None => named.and(valued),
    })
}

fn operator(parameter: &str, scope: &VariableScope, given: &GivenCondition) -> Result<VariableOperator, QueryError> {
    let Some(name) = &given.operator else {
        let kind = QueryErrorKind::OperatorMissing;
        return Err(QueryError::new(kind, parameter, "a variable condition has no operator"));
    };
    let known = scope.operators.iter().find(|operator| operator.name() == name);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = scope.operators.iter().map(|operator| operator.name()).collect();
        QueryError::invalid(parameter, name, &format!("one of the operators {}", names.join(", ")))
    })
}

fn check_operand(
    parameter: &str,
    scope: &VariableScope,
    operator: VariableOperator,
    value: &Value,
) -> Result<(), QueryError> {
    let is_size = match operator {
        VariableOperator::Greater | VariableOperator::AtLeast | VariableOperator::Less | VariableOperator::AtMost => {
            true
        }
        VariableOperator::Equal | VariableOperator::NotEqual | VariableOperator::Like | VariableOperator::NotLike => {
            false
        }
    };
    match value {
        Value::Null | Value::Bool(_) if is_size => {
            let message = format!("booleans and null cannot be compared with `{}`", operator.name());
            Err(QueryError::new(scope.refusal, parameter, message))
        }
        Value::Array(_) | Value::Object(_) => {
            Err(QueryError::new(QueryErrorKind::Refused, parameter, "object values cannot be used to query"))
        }
        _ => Ok(()),
    }
}

/// What holds for the value of a row of `source`.
fn value_condition(
    parameter: &str,
    source: Source,
    operator: VariableOperator,
    value: &Value,
    case: LetterCase,
) -> Result<Condition, QueryError> {
    let holds = |comparison| compared(source, comparison, value, case);
    Ok(match operator {
        VariableOperator::Equal => holds(Comparison::Equal),
        VariableOperator::NotEqual => holds(Comparison::Equal).not(),
        VariableOperator::Greater => holds(Comparison::Greater),
        VariableOperator::AtLeast => holds(Comparison::AtLeast),
        VariableOperator::Less => holds(Comparison::Less),
        VariableOperator::AtMost => holds(Comparison::AtMost),
        VariableOperator::Like => like(parameter, source, value, case)?,
        VariableOperator::NotLike => like(parameter, source, value, case)?.not(),
    })
}

/// What holds for the value of a row of `source` that equals this one and has its very type: a whole number is an
/// Integer or Long, a text never a time.
pub(crate) fn exactly(source: Source, value: &Value, case: LetterCase) -> Condition {
    let cell = |name| column(source.alias, name);
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => {
                let fits = i32::try_from(whole).is_ok();
                let value_type = if fits { VariableType::Integer } else { VariableType::Long };
                typed(source, value_type, Condition::equal(cell("integer_value"), whole))
            }
            None => {
                let real = SqlValue::Real(number.as_f64().unwrap_or(f64::MAX));
                typed(source, VariableType::Double, Condition::equal(cell("real_value"), real))
            }
        },
        Value::String(text) => text_compared(source, Comparison::Equal, text, case),
        _ => compared(source, Comparison::Equal, value, case),
    }
}

fn like(parameter: &str, source: Source, value: &Value, case: LetterCase) -> Result<Condition, QueryError> {
    let pattern: Arc<str> = match value {
        Value::String(text) => text.as_str().into(),
        // Camunda: no text looks like a number that is no text.
        Value::Number(_) => return Ok(Condition::NOTHING),
        other => other.to_string().into(),
    };
    if pattern.len() > PATTERN_LENGTH_MAX {
        let expected = format!("at most {PATTERN_LENGTH_MAX} bytes");
        return Err(QueryError::invalid(parameter, format_args!("{} bytes", pattern.len()), &expected));
    }
    Ok(typed(source, VariableType::String, Condition::Like(column(source.alias, "text_value"), pattern, case)))
}

fn compared(source: Source, comparison: Comparison, value: &Value, case: LetterCase) -> Condition {
    let cell = |name| column(source.alias, name);
    match value {
        Value::String(text) => match time(text) {
            Some(instant) => {
                let equal = Condition::compare(cell("integer_value"), comparison, instant.0);
                typed(source, VariableType::Date, equal)
            }
            None => text_compared(source, comparison, text, case),
        },
        Value::Bool(flag) => {
            let equal = Condition::compare(cell("integer_value"), comparison, i64::from(*flag));
            typed(source, VariableType::Boolean, equal)
        }
        Value::Number(number) => number_compared(source, comparison, number),
        Value::Null | Value::Array(_) | Value::Object(_) => Condition::All(
            ["text_value", "integer_value", "real_value", "bytes_value"]
                .map(|name| Condition::is_null(cell(name)))
                .into(),
        ),
    }
}

fn text_compared(source: Source, comparison: Comparison, text: &str, case: LetterCase) -> Condition {
    let cell = column(source.alias, "text_value");
    let term = match case {
        LetterCase::Kept => Term::Column(cell),
        LetterCase::Ignored => Term::Lower(cell),
    };
    typed(source, VariableType::String, Condition::compare(term, comparison, text))
}

fn number_compared(source: Source, comparison: Comparison, number: &serde_json::Number) -> Condition {
    let real = number.as_f64().unwrap_or(f64::MAX);
    let term = column(source.alias, "real_value");
    let as_real = Condition::compare(term, comparison, SqlValue::Real(real));
    let mut any = vec![typed(source, VariableType::Double, as_real)];
    if let Some(whole) = number.as_i64().or_else(|| whole(real)) {
        let mut types = vec![VariableType::Long];
        if i32::try_from(whole).is_ok() {
            types.push(VariableType::Integer);
        }
        if i16::try_from(whole).is_ok() {
            types.push(VariableType::Short);
        }
        let names = types.into_iter().map(|one| SqlValue::Text(one.name().into())).collect();
        any.push(Condition::All(vec![
            Condition::OneOf(column(source.alias, "value_type").into(), names),
            Condition::compare(column(source.alias, "integer_value"), comparison, whole),
        ]));
    }
    Condition::Any(any)
}

/// A fraction fits no integer type.
fn whole(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9.0e15;
    (number.fract() == 0.0 && number.abs() < LIMIT).then_some(number as i64)
}

fn typed(source: Source, value_type: VariableType, condition: Condition) -> Condition {
    let type_column: ColumnRef = column(source.alias, "value_type");
    Condition::All(vec![Condition::equal(type_column, value_type.name()), condition])
}
