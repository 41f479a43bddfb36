//! What start events wait for while there is no instance: names, due dates and priorities that follow from the model
//! alone.

use std::sync::Arc;

use bpmn::model::{Condition, ConditionalTrigger, Element, ProcessModel, TimerDefinition};
use expression::{Context, EvaluationError, EvaluationProblem, Expression, Value};
use types::{Timestamp, VariableMap};

use crate::rejection::{Rejection, RejectionKind};
use crate::{due_date, evaluate, job, timer};

/// When a timer is due, and how its cycle goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartTimer {
    pub due_date: Option<Timestamp>,
    /// The rest of a cycle (`R2/PT10M`).
    pub repeat: Option<Arc<str>>,
}

/// Nothing but the clock, and at most the variables that an instance would begin with.
struct Nothing<'v> {
    now: Timestamp,
    variables: Option<&'v VariableMap>,
}

/// The name of a message or signal; none where the expression gives null.
///
/// # Errors
/// It cannot be evaluated without variables, or gives no text.
pub fn event_name(name: &Expression, now: Timestamp) -> Result<Option<Arc<str>>, Rejection> {
    match value(name, now)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(evaluate::wrong_type(name, &other, "a String")),
    }
}

/// # Errors
/// The time cannot be evaluated without variables, or is none.
pub fn timer(definition: &TimerDefinition, now: Timestamp) -> Result<StartTimer, Rejection> {
    let (due_date, repeat) = timer::due(definition, &value(&definition.expression, now)?, now)?;
    Ok(StartTimer { due_date, repeat })
}

/// When a cycle is due next; `None` after its last time.
///
/// # Errors
/// It is no cycle.
pub fn next_due(repeat: &str, now: Timestamp) -> Result<Option<Timestamp>, Rejection> {
    due_date::next_of_cycle(repeat, now).map_err(|error| timer::refused(&error))
}

/// The priority of the job of a start event.
///
/// # Errors
/// It cannot be evaluated without variables, or is no whole number.
pub fn job_priority(element: &Element, model: &ProcessModel, now: Timestamp) -> Result<i64, Rejection> {
    let Some(expression) = element.job_priority.as_ref().or(model.job_priority.as_ref()) else { return Ok(0) };
    job::priority_of(expression, &value(expression, now)?)
}

/// Whether the condition of a start event holds for variables that an instance would begin with.
///
/// # Errors
/// It cannot be evaluated, but for variables that are not there, or gives no Boolean.
pub fn holds(trigger: &ConditionalTrigger, variables: &VariableMap, now: Timestamp) -> Result<bool, Rejection> {
    if trigger.variable_name.as_ref().is_some_and(|name| !variables.contains_key(name)) {
        return Ok(false);
    }
    let Condition::Expression(condition) = &trigger.condition else { return Ok(false) };
    match condition.evaluate(&Nothing { now, variables: Some(variables) }) {
        Ok(Value::Boolean(truth)) => Ok(truth),
        Ok(other) => Err(evaluate::wrong_type(condition, &other, "a Boolean")),
        Err(error) if error.problem == EvaluationProblem::UnknownProperty => Ok(false),
        Err(error) => Err(Rejection::new(RejectionKind::Expression, error.to_string())),
    }
}

fn value(expression: &Expression, now: Timestamp) -> Result<Value, Rejection> {
    let evaluated = expression.evaluate(&Nothing { now, variables: None });
    evaluated.map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))
}

impl Context for Nothing<'_> {
    fn resolve(&self, name: &str) -> Result<Option<Value>, EvaluationError> {
        let variable = self.variables.and_then(|variables| variables.get(name));
        Ok(variable.map(|write| Value::from(&write.value)))
    }

    fn function(&self, prefix: Option<&str>, name: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        match (prefix, name) {
            (None, "now") => Ok(Value::Date(self.now)),
            (None, "dateTime") => Ok(Value::DateTime(self.now)),
            (None, "currentUser" | "currentUserGroups") => Ok(Value::Null),
            _ => {
                Err(EvaluationError::unknown_method(format!("no function `{name}` with {} arguments", arguments.len())))
            }
        }
    }
}
