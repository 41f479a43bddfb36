//! Values of fields: from what was sent in to what a variable holds, and from there to what a form shows.

use std::sync::Arc;

use bpmn::form::{FieldType, FormProperty};
use expression::Value;
use types::{Timestamp, VariableType, VariableValue};

use crate::rejection::{Rejection, RejectionKind};

/// What a variable holds for a value of a field.
pub(super) fn to_model(
    field_type: &FieldType,
    value: &VariableValue,
    now: Timestamp,
) -> Result<VariableValue, Rejection> {
    if value.is_null() {
        return Ok(VariableValue::TypedNull(variable_type(field_type)));
    }
    match (field_type, value) {
        (FieldType::String, VariableValue::String(_))
        | (FieldType::Long, VariableValue::Long(_))
        | (FieldType::Boolean, VariableValue::Boolean(_))
        | (FieldType::Date(_), VariableValue::Date(_)) => Ok(value.clone()),
        (FieldType::String, other) => Ok(VariableValue::String(text(other)?)),
        (FieldType::Boolean, VariableValue::String(word)) => Ok(VariableValue::Boolean(is_true(word))),
        (
            FieldType::Long,
            VariableValue::String(_) | VariableValue::Short(_) | VariableValue::Integer(_) | VariableValue::Double(_),
        ) => long(&text(value)?).map(VariableValue::Long),
        (FieldType::Date(pattern), VariableValue::String(date)) => match date.trim() {
            "" => Ok(VariableValue::TypedNull(VariableType::Date)),
            trimmed => pattern.read(trimmed, now).map(VariableValue::Date).ok_or_else(|| {
                let pattern = pattern.text();
                refused(format!("Could not parse value '{date}' as date using date format '{pattern}'."))
            }),
        },
        (FieldType::Enum(_), VariableValue::String(id)) => {
            check_is_value(field_type, id)?;
            Ok(value.clone())
        }
        (FieldType::Long | FieldType::Boolean | FieldType::Date(_) | FieldType::Enum(_), other) => {
            let given = other.variable_type().name();
            Err(refused(format!("a value of the type {given} is none for a field of the type '{}'", field_type.name())))
        }
    }
}

/// What a form shows of the value of a variable.
pub(super) fn to_shown(
    field_type: &FieldType,
    value: &VariableValue,
    now: Timestamp,
) -> Result<VariableValue, Rejection> {
    match (field_type, value) {
        (FieldType::Date(_), value) if value.is_null() => Ok(VariableValue::String("".into())),
        (FieldType::Date(pattern), VariableValue::Date(at)) => Ok(VariableValue::String(pattern.format(*at).into())),
        (FieldType::Date(_), other) => {
            Err(refused(format!("Expected value to be of type Date but got {}.", other.variable_type().name())))
        }
        _ => to_model(field_type, value, now),
    }
}

/// The text that a form has as the default of a field.
pub(super) fn shown_default(
    field_type: &FieldType,
    value: &Value,
    now: Timestamp,
) -> Result<Option<Arc<str>>, Rejection> {
    if value.is_null() {
        return Ok(None);
    }
    let given = value.to_text().map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))?;
    match field_type {
        FieldType::String => Ok(Some(given)),
        FieldType::Long | FieldType::Boolean | FieldType::Date(_) if given.is_empty() => Ok(None),
        FieldType::Long => Ok(Some(long(&given)?.to_string().into())),
        FieldType::Boolean => Ok(Some(is_true(&given).to_string().into())),
        FieldType::Date(pattern) => match pattern.read(&given, now) {
            Some(at) => Ok(Some(pattern.format(at).into())),
            None => Err(refused(format!("invalid date value {given}"))),
        },
        FieldType::Enum(_) => {
            check_is_value(field_type, &given)?;
            Ok(Some(given))
        }
    }
}

/// The text that a form shows of the value of a property.
pub(super) fn shown_of_property(property: &FormProperty, value: &Value) -> Result<Option<Arc<str>>, Rejection> {
    match (&property.field_type, value) {
        (_, Value::Null) => Ok(None),
        (_, Value::String(text)) => Ok(Some(text.clone())),
        (Some(FieldType::Date(pattern)), Value::Date(at) | Value::DateTime(at)) => Ok(Some(pattern.format(*at).into())),
        // Camunda: a number is one of milliseconds.
        (Some(FieldType::Date(pattern)), Value::Short(_) | Value::Integer(_) | Value::Long(_)) => {
            let at = value.to_long().map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))?;
            Ok(Some(pattern.format(Timestamp(at)).into()))
        }
        (Some(FieldType::Boolean), Value::Boolean(truth)) => Ok(Some(truth.to_string().into())),
        (
            Some(field_type @ (FieldType::Date(_) | FieldType::Boolean | FieldType::Enum(_) | FieldType::String)),
            other,
        ) => {
            let (wanted, given) = (field_type.name(), other.type_name());
            Err(refused(format!("the form property '{}' is of type '{wanted}' but its value {given}", property.id)))
        }
        (Some(FieldType::Long) | None, other) => {
            let text = other.to_text().map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))?;
            Ok(Some(text))
        }
    }
}

/// What a variable holds for a value of a property; nothing where it has none.
pub(super) fn property_to_model(
    field_type: Option<&FieldType>,
    value: &VariableValue,
    now: Timestamp,
) -> Result<Option<VariableValue>, Rejection> {
    if value.is_null() {
        return Ok(None);
    }
    let Some(field_type) = field_type else { return Ok(Some(value.clone())) };
    let given = text(value)?;
    match field_type {
        FieldType::String => Ok(Some(VariableValue::String(given))),
        FieldType::Long | FieldType::Boolean | FieldType::Date(_) if given.is_empty() => Ok(None),
        FieldType::Long => Ok(Some(VariableValue::Long(long(&given)?))),
        FieldType::Boolean => Ok(Some(VariableValue::Boolean(is_true(&given)))),
        FieldType::Date(pattern) => match pattern.read(&given, now) {
            Some(at) => Ok(Some(VariableValue::Date(at))),
            None => Err(refused(format!("invalid date value {given}"))),
        },
        FieldType::Enum(_) => {
            check_is_value(field_type, &given)?;
            Ok(Some(value.clone()))
        }
    }
}

pub(super) fn text(value: &VariableValue) -> Result<Arc<str>, Rejection> {
    Value::from(value).to_text().map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))
}

pub(super) fn refused(message: String) -> Rejection {
    Rejection::new(RejectionKind::ProcessEngine, message)
}

fn variable_type(field_type: &FieldType) -> VariableType {
    match field_type {
        FieldType::String | FieldType::Enum(_) => VariableType::String,
        FieldType::Long => VariableType::Long,
        FieldType::Boolean => VariableType::Boolean,
        FieldType::Date(_) => VariableType::Date,
    }
}

/// Camunda: everything that is not the word is false.
fn is_true(word: &str) -> bool {
    word.eq_ignore_ascii_case("true")
}

fn long(text: &str) -> Result<i64, Rejection> {
    text.parse().map_err(|_| Rejection::new(RejectionKind::NumberFormat, format!("For input string: \"{text}\"")))
}

fn check_is_value(field_type: &FieldType, id: &str) -> Result<(), Rejection> {
    match field_type {
        FieldType::Enum(values) if !values.iter().any(|(known, _)| **known == *id) => {
            Err(refused(format!("Invalid value for enum form property: {id}")))
        }
        _ => Ok(()),
    }
}

/// The value that a default gives to a property, which takes all of them as texts.
pub(super) fn default_text(value: &Value) -> Result<VariableValue, Rejection> {
    if value.is_null() {
        return Ok(VariableValue::Null);
    }
    let text = value.to_text().map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))?;
    Ok(VariableValue::String(text))
}
