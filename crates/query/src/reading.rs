//! Values of parameters, out of query strings and JSON bodies.
//!
//! Camunda: a scalar of a query string is read as JSON, so `1e3` is an integer and `TRUE` no boolean; in a body, texts
//! become numbers and the other way round, fractions are cut off, and an empty text is no value.

use std::sync::Arc;

use serde_json::{Map, Value};
use types::Timestamp;

use crate::error::{QueryError, QueryErrorKind};
use crate::filter::ListForm;

/// The longest pattern of a LIKE.
pub const PATTERN_LENGTH_MAX: usize = 4000;

/// A parameter as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given<'a> {
    /// Of a query string.
    Text(&'a str),
    /// Of a body.
    Json(&'a Value),
}

/// `name`, `operator`, `value` of a condition on a variable, unchecked.
#[derive(Debug)]
pub(crate) struct GivenCondition {
    pub name: Option<String>,
    pub operator: Option<String>,
    pub value: Value,
}

type Read<T> = Result<Option<T>, QueryError>;

impl Given<'_> {
    pub fn text(self, name: &str) -> Read<Arc<str>> {
        match self {
            Given::Text(text) => Ok(Some(text.into())),
            Given::Json(value) => Ok(scalar_text(name, value)?.map(Arc::from)),
        }
    }

    pub fn pattern(self, name: &str) -> Read<Arc<str>> {
        let pattern = self.text(name)?;
        match &pattern {
            Some(long) if long.len() > PATTERN_LENGTH_MAX => {
                let expected = format!("at most {PATTERN_LENGTH_MAX} bytes");
                Err(QueryError::invalid(name, format_args!("{} bytes", long.len()), &expected))
            }
            _ => Ok(pattern),
        }
    }

    pub fn boolean(self, name: &str) -> Read<bool> {
        self.scalar(name, "true or false", |value| match value {
            Value::Bool(flag) => Some(Some(*flag)),
            Value::Number(number) => number.as_i64().map(|number| Some(number != 0)),
            Value::String(text) => match text.trim() {
                "" => Some(None),
                "true" | "True" | "TRUE" => Some(Some(true)),
                "false" | "False" | "FALSE" => Some(Some(false)),
                _ => None,
            },
            _ => None,
        })
    }

    pub fn integer(self, name: &str) -> Read<i64> {
        self.scalar(name, "an integer", |value| match value {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(truncated)).map(Some),
            Value::String(text) if text.trim().is_empty() => Some(None),
            Value::String(text) => text.trim().parse().ok().map(Some),
            _ => None,
        })
    }

    pub fn time(self, name: &str) -> Read<Timestamp> {
        const EXPECTED: &str = "a time like 2026-01-31T11:00:00.123+0000";
        match self {
            Given::Text("") => Ok(None),
            Given::Text(text) => time(text).map(Some).ok_or_else(|| QueryError::invalid(name, text, EXPECTED)),
            Given::Json(_) => self.scalar(name, EXPECTED, |value| match value {
                Value::Number(number) => number.as_i64().map(|ms| Some(Timestamp(ms))),
                Value::String(text) if text.is_empty() => Some(None),
                Value::String(text) => time(text).map(Some),
                _ => None,
            }),
        }
    }

    pub fn list(self, name: &str, form: ListForm) -> Read<Vec<Arc<str>>> {
        match self {
            Given::Text(text) => {
                if form == ListForm::Optional && text.trim().is_empty() {
                    return Ok(None);
                }
                let parts = split(text, ',');
                // Camunda: only separators are no list at all.
                if parts.is_empty() {
                    return Ok(None);
                }
                if form == ListForm::SplitStrict && parts.contains(&"") {
                    return Err(empty_in_list(name));
                }
                Ok(Some(parts.into_iter().map(Arc::from).collect()))
            }
            Given::Json(Value::Null) => Ok(None),
            Given::Json(Value::Array(values)) if values.is_empty() => match form {
                ListForm::Required => {
                    Err(QueryError::new(QueryErrorKind::Refused, name, format!("`{name}` is an empty list")))
                }
                ListForm::Optional | ListForm::Split | ListForm::SplitStrict => Ok(None),
            },
            Given::Json(Value::Array(values)) => {
                let texts = values.iter().map(|value| match scalar_text(name, value)? {
                    Some(text) if form == ListForm::SplitStrict && text.is_empty() => Err(empty_in_list(name)),
                    Some(text) => Ok(Arc::from(text)),
                    None => Err(null_in_list(name, form)),
                });
                texts.collect::<Result<Vec<_>, _>>().map(Some)
            }
            Given::Json(_) => Err(QueryError::unreadable(name, "a list of texts")),
        }
    }

    /// `parts` of an expression of a query string, joined by `_`; the operator is the last but one.
    pub fn conditions(self, name: &str, has_name: bool) -> Read<Vec<GivenCondition>> {
        match self {
            Given::Text(text) => split(text, ',').into_iter().map(|one| text_condition(name, one, has_name)).collect(),
            Given::Json(Value::Null) => return Ok(None),
            Given::Json(Value::Array(values)) => values.iter().map(|one| json_condition(name, one)).collect(),
            Given::Json(_) => Err(QueryError::unreadable(name, "a list of conditions")),
        }
        .map(Some)
    }

    fn scalar<T>(self, name: &str, expected: &str, read: impl Fn(&Value) -> Option<Option<T>>) -> Read<T> {
        match self {
            Given::Text(text) => match serde_json::from_str(text) {
                Ok(Value::Null) => Ok(None),
                Ok(value) => read(&value).ok_or_else(|| QueryError::invalid(name, text, expected)),
                Err(_) => Err(QueryError::invalid(name, text, expected)),
            },
            Given::Json(Value::Null) => Ok(None),
            Given::Json(value) => read(value).ok_or_else(|| QueryError::unreadable(name, expected)),
        }
    }
}

/// A time in the one form that Camunda reads: with milliseconds, and a zone of four digits.
pub fn time(text: &str) -> Option<Timestamp> {
    let zone = text.len().checked_sub(5).and_then(|at| text.get(at..))?;
    if !zone.starts_with(['+', '-']) || !text.contains('.') {
        return None;
    }
    text.parse().ok()
}

fn truncated(number: f64) -> Option<i64> {
    let whole = number.trunc();
    // The bounds are exact in f64; everything between them fits.
    (-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&whole).then_some(whole as i64)
}

fn scalar_text(name: &str, value: &Value) -> Result<Option<String>, QueryError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(_) | Value::Bool(_) => Ok(Some(value.to_string())),
        Value::Array(_) | Value::Object(_) => Err(QueryError::unreadable(name, "a text")),
    }
}

/// The parts of a text without empty ones at its end; an empty text is a part of itself.
fn split(text: &str, separator: char) -> Vec<&str> {
    if text.is_empty() {
        return vec![text];
    }
    let mut parts: Vec<&str> = text.split(separator).collect();
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    parts
}

fn empty_in_list(name: &str) -> QueryError {
    QueryError::new(QueryErrorKind::NotValid, name, format!("`{name}` contains an empty text"))
}

fn null_in_list(name: &str, form: ListForm) -> QueryError {
    let kind = if form == ListForm::SplitStrict { QueryErrorKind::NotValid } else { QueryErrorKind::NullValue };
    QueryError::new(kind, name, format!("`{name}` contains null"))
}

fn text_condition(parameter: &str, text: &str, has_name: bool) -> Result<GivenCondition, QueryError> {
    let parts = split(text, '_');
    let condition = |name: Option<&str>, operator: &str, value: &str| GivenCondition {
        name: name.map(str::to_owned),
        operator: Some(operator.to_owned()),
        value: compared(Value::String(value.to_owned()), Some(operator)),
    };
    match (parts.as_slice(), has_name) {
        ([name, operator, value], true) => Ok(condition(Some(name), operator, value)),
        ([operator, value], false) => Ok(condition(None, operator, value)),
        (_, true) => Err(QueryError::invalid(parameter, text, "name_operator_value")),
        (_, false) => Err(QueryError::invalid(parameter, text, "operator_value")),
    }
}

fn json_condition(parameter: &str, value: &Value) -> Result<GivenCondition, QueryError> {
    let Value::Object(fields) = value else {
        return Err(QueryError::unreadable(parameter, "a list of conditions"));
    };
    let text = |field: &str| scalar_text(parameter, field_of(fields, field));
    let operator = text("operator")?;
    let value = compared(field_of(fields, "value").clone(), operator.as_deref());
    Ok(GivenCondition { name: text("name")?, operator, value })
}

/// Camunda: every text is tried as a time first, and of those an empty one and `null` are null. Patterns are not tried.
fn compared(value: Value, operator: Option<&str>) -> Value {
    match &value {
        Value::String(text) if text.is_empty() || text == "null" => match operator {
            Some("like" | "notLike") => value,
            _ => Value::Null,
        },
        _ => value,
    }
}

pub(crate) fn field_of<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a Value {
    fields.get(name).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_of_query_strings_are_json() {
        assert_eq!(Given::Text("1e3").integer("p").ok(), Some(Some(1000)));
        assert_eq!(Given::Text("1.5").integer("p").ok(), Some(Some(1)));
        assert!(Given::Text("").integer("p").is_err());
        assert!(Given::Text("TRUE").boolean("p").is_err());
        assert!(Given::Text("").boolean("p").is_err());
        assert_eq!(Given::Text("").time("p").ok(), Some(None));
    }

    #[test]
    fn scalars_of_bodies_are_coerced() {
        assert_eq!(Given::Json(&json!(1)).boolean("p").ok(), Some(Some(true)));
        assert_eq!(Given::Json(&json!("")).integer("p").ok(), Some(None));
        assert_eq!(Given::Json(&json!(5)).text("p").ok(), Some(Some("5".into())));
        assert!(Given::Json(&json!("1.5")).integer("p").is_err());
        assert!(Given::Json(&json!(["a"])).text("p").is_err());
    }

    #[test]
    fn texts_that_would_be_no_time_are_compared_as_null() {
        let values = |given: Given<'_>| {
            let read = given.conditions("p", true).ok().flatten().unwrap_or_default();
            read.into_iter().map(|condition| condition.value).collect::<Vec<_>>()
        };
        assert_eq!(values(Given::Text("n_eq_null,n_like_null,n_eq_x")), [json!(null), json!("null"), json!("x")]);
        let given = json!([{"name": "n", "operator": "neq", "value": ""}, {"name": "n", "operator": "eq", "value": 0}]);
        assert_eq!(values(Given::Json(&given)), [json!(null), json!(0)]);
    }

    #[test]
    fn times_have_one_form() {
        assert!(time("2031-03-02T13:00:00.000+0100").is_some());
        for other in
            ["2031-03-02T12:00:00.000Z", "2031-03-02T12:00:00", "2031-03-02", "", "x", "2031-03-02T13:00:00+0100"]
        {
            assert!(time(other).is_none(), "{other}");
        }
    }

    #[test]
    fn lists() {
        let texts = |given: Given<'_>, form| given.list("p", form).ok().flatten().map(|l| l.join("|"));
        assert_eq!(texts(Given::Text(""), ListForm::Optional), None);
        assert_eq!(texts(Given::Text(""), ListForm::Split), Some(String::new()));
        assert_eq!(texts(Given::Text("a,,b,,"), ListForm::Split), Some("a||b".to_owned()));
        assert_eq!(texts(Given::Text(",,"), ListForm::Split), None);
        assert!(Given::Text("").list("p", ListForm::SplitStrict).is_err());
        assert!(Given::Json(&json!([""])).list("p", ListForm::SplitStrict).is_err());
        assert!(Given::Json(&json!([])).list("p", ListForm::Required).is_err());
        assert!(Given::Json(&json!([null])).list("p", ListForm::Optional).is_err());
    }
}
