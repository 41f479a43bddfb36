//! Constraints of fields: whether a value that was sent in, or that none was, is right.

use bpmn::form::{Constraint, FormField, Rule};
use bpmn::model::Delegate;
use types::VariableValue;

use crate::command::VariableReach;
use crate::evaluate;
use crate::rejection::{Rejection, RejectionKind};
use crate::surroundings::Subject;
use crate::turn::Turn;
use crate::variables;

use super::conversion::refused;
use super::submission::Destination;

/// # Errors
/// The value breaks a constraint, or a constraint cannot be checked.
pub(super) fn check(
    turn: &mut Turn<'_, '_>,
    to: Destination,
    field: &FormField,
    sent: Option<&VariableValue>,
) -> Result<(), Rejection> {
    let sent = sent.filter(|value| !value.is_null());
    for constraint in &field.constraints {
        let config = constraint.config.as_deref().unwrap_or_default();
        let holds = match (&constraint.rule, sent) {
            (Rule::Required, Some(VariableValue::String(text))) => !text.is_empty(),
            (Rule::Required, Some(_)) => true,
            (Rule::Required, None) => has_value(turn, to, field)?,
            (Rule::ReadOnly, sent) => sent.is_none(),
            (Rule::Delegate(delegate), _) => return Err(java_code(turn, to, delegate)),
            (Rule::MinLength | Rule::MaxLength | Rule::Min | Rule::Max, None) => true,
            (Rule::MinLength, Some(value)) => length(value, constraint)? >= limit::<i64>(config, constraint)?,
            (Rule::MaxLength, Some(value)) => length(value, constraint)? <= limit::<i64>(config, constraint)?,
            (Rule::Min | Rule::Max, Some(value)) => is_within(value, config, constraint)?,
        };
        if !holds {
            return Err(invalid(field, constraint));
        }
    }
    Ok(())
}

fn invalid(field: &FormField, constraint: &Constraint) -> Rejection {
    let config = constraint.config.as_ref().map_or_else(String::new, |config| format!("({config})"));
    let (id, name) = (&field.id, constraint.rule.name());
    refused(format!("Invalid value submitted for form field '{id}': validation of {name}{config} failed."))
}

/// Whether a required field that was not sent in has a value nevertheless.
fn has_value(turn: &mut Turn<'_, '_>, to: Destination, field: &FormField) -> Result<bool, Rejection> {
    if let Some(value) = variables::lookup(turn, to.scope, &field.id) {
        return Ok(!value.is_null());
    }
    let Some(default) = &field.default_value else { return Ok(false) };
    let value = evaluate::of_subject(turn, to.subject, default)?;
    if value.is_null() {
        return Ok(false);
    }
    // Camunda: the check itself sets the variable, before its value is brought to the type of the field.
    let write = variables::lasting(evaluate::to_variable(&value)?);
    variables::set(turn, to.scope, VariableReach::Nearest, &field.id, write)?;
    Ok(true)
}

fn java_code(turn: &mut Turn<'_, '_>, to: Destination, delegate: &Delegate) -> Rejection {
    let execution = to.subject.execution(turn);
    evaluate::java_code(turn, Subject::Execution(execution), delegate)
}

/// In UTF-16 units, as Java counts.
fn length(value: &VariableValue, constraint: &Constraint) -> Result<i64, Rejection> {
    match value {
        VariableValue::String(text) => Ok(i64::try_from(text.encode_utf16().count()).unwrap_or(i64::MAX)),
        other => {
            let (name, given) = (constraint.rule.name(), other.variable_type().name());
            Err(refused(format!("the constraint {name} is for texts, not for a value of the type {given}")))
        }
    }
}

/// Camunda: a minimum may be reached, a maximum may not; both are for numbers alone, texts of numbers are none.
fn is_within(value: &VariableValue, config: &str, constraint: &Constraint) -> Result<bool, Rejection> {
    let is_min = matches!(constraint.rule, Rule::Min);
    Ok(match value {
        VariableValue::Double(number) => is_in_order(*number, limit(config, constraint)?, is_min),
        VariableValue::Long(number) => is_in_order(*number, limit(config, constraint)?, is_min),
        VariableValue::Integer(number) => is_in_order(*number, limit(config, constraint)?, is_min),
        VariableValue::Short(number) => is_in_order(*number, limit(config, constraint)?, is_min),
        _ => false,
    })
}

fn is_in_order<N: PartialOrd + Copy>(number: N, limit: N, is_min: bool) -> bool {
    if is_min { number >= limit } else { number < limit }
}

fn limit<N: std::str::FromStr>(config: &str, constraint: &Constraint) -> Result<N, Rejection> {
    config.parse().map_err(|_| {
        let name = constraint.rule.name();
        Rejection::new(
            RejectionKind::ProcessEngine,
            format!("Cannot validate \"{name}\": configuration {config} is no number for it"),
        )
    })
}
