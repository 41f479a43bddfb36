//! Expressions, as executions and tasks see them, and what types results must have.

use std::sync::Arc;

use bpmn::model::{Action, Condition};
use expression::{EvaluationError, Expression, Value};
use types::{ExecutionId, TaskId, VariableValue};

use crate::rejection::{Rejection, RejectionKind};
use crate::surroundings::Surroundings;
use crate::turn::Turn;

/// # Errors
/// `Expression`: it cannot be evaluated.
pub(crate) fn value(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    expression: &Expression,
) -> Result<Value, Rejection> {
    expression.evaluate(&Surroundings::of_execution(turn, execution)).map_err(|error| refused(&error))
}

/// Runs what a service task or an execution listener says.
pub(crate) fn action(turn: &mut Turn<'_, '_>, execution: ExecutionId, action: &Action) -> Result<Value, Rejection> {
    match action {
        Action::Expression(expression) => value(turn, execution, expression),
    }
}

/// Runs what a task listener says.
pub(crate) fn action_of_task(turn: &mut Turn<'_, '_>, task: TaskId, action: &Action) -> Result<Value, Rejection> {
    match action {
        Action::Expression(expression) => {
            expression.evaluate(&Surroundings::of_task(turn, task)).map_err(|error| refused(&error))
        }
    }
}

pub(crate) fn to_variable(value: &Value) -> Result<VariableValue, Rejection> {
    value.to_variable().map_err(|error| refused(&error))
}

/// Camunda: a condition must give a Boolean; nothing is coerced.
pub(crate) fn condition(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    condition: &Condition,
) -> Result<bool, Rejection> {
    let (result, text) = match condition {
        Condition::Expression(expression) => (value(turn, execution, expression)?, expression.text()),
    };
    match result {
        Value::Boolean(truth) => Ok(truth),
        other => {
            let message = format!("condition `{text}` gives {} instead of java.lang.Boolean", other.type_name());
            Err(Rejection::new(RejectionKind::ProcessEngine, message))
        }
    }
}

/// A text, or nothing where the expression gives null.
pub(crate) fn text(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    expression: &Expression,
) -> Result<Option<Arc<str>>, Rejection> {
    match value(turn, execution, expression)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(wrong_type(expression, &other, "a String")),
    }
}

pub(crate) fn optional_text(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    expression: Option<&Expression>,
) -> Result<Option<Arc<str>>, Rejection> {
    match expression {
        Some(expression) => text(turn, execution, expression),
        None => Ok(None),
    }
}

pub(crate) fn wrong_type(expression: &Expression, value: &Value, expected: &str) -> Rejection {
    let message = format!("expression `{}` gives {} instead of {expected}", expression.text(), value.type_name());
    Rejection::new(RejectionKind::InvalidValue, message)
}

fn refused(error: &EvaluationError) -> Rejection {
    Rejection::new(RejectionKind::Expression, error.to_string())
}
