//! Reading JSON bodies as leniently as the reference does, in bounded time and memory.
//!
//! Camunda: digits in a text are a number, fractions are cut, an empty text is no number, flag or time, numbers and
//! flags are texts where a text is wanted; unknown properties do not matter. Arrays and objects are never anything
//! else.

use std::borrow::{Borrow, Cow};
use std::sync::Arc;

use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Number;
use types::Timestamp;

use crate::failure::Failure;
use crate::given::{Given, Properties};

/// Arrays and objects inside each other.
pub const DEPTH_MAX: usize = 100;
/// Values in one body, counted by what separates them.
pub const VALUES_MAX: usize = 1_000_000;

/// An object with checked access to its properties, or a borrowed one. A property that is `null` is as good as absent.
#[derive(Clone, Debug, Default)]
pub struct Fields<M = Properties>(M);

/// The body as a value.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    check_extent(body)?;
    serde_json::from_slice(body).map_err(|fault| {
        Failure::invalid(format!("the body is no JSON: line {}, column {}", fault.line(), fault.column()))
    })
}

/// Refuses what is too deep or has too many values before any of it is built.
fn check_extent(body: &[u8]) -> Result<(), Failure> {
    let (mut depth, mut values, mut in_text, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in body {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => {
                depth += 1;
                values += 1;
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Failure::invalid(format!("the body is nested deeper than {DEPTH_MAX} levels")));
        }
        if values > VALUES_MAX {
            return Err(Failure::invalid(format!("the body has more than {VALUES_MAX} values")));
        }
    }
    Ok(())
}

impl Fields {
    /// An empty body is an empty object.
    pub fn parse(body: &[u8]) -> Result<Fields, Failure> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Fields::default());
        }
        match parse(body)? {
            // Camunda: a body that is `null` is taken for an object and fails on the first look at it.
            Given::Null => Err(Failure::refused(
                StatusCode::INTERNAL_SERVER_ERROR,
                "NullPointerException",
                "the body is null; an object was expected",
            )),
            value => Fields::of(value, "the body"),
        }
    }

    /// `what` names the value in a refusal.
    pub fn of(value: Given, what: &str) -> Result<Fields, Failure> {
        match value {
            Given::Object(properties) => Ok(Fields(properties)),
            other => Err(wrong(what, "an object", &other)),
        }
    }

    pub fn into_inner(self) -> Properties {
        self.0
    }
}

impl<'v> Fields<&'v Properties> {
    /// `what` names the value in a refusal.
    pub fn within(value: &'v Given, what: impl FnOnce() -> String) -> Result<Fields<&'v Properties>, Failure> {
        match value {
            Given::Object(properties) => Ok(Fields(properties)),
            other => Err(wrong(&what(), "an object", other)),
        }
    }
}

impl<M: Borrow<Properties>> Fields<M> {
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.0.borrow().get(name).filter(|value| !value.is_null())
    }

    /// Whether it is there at all, even as `null`.
    pub fn contains(&self, name: &str) -> bool {
        self.0.borrow().get(name).is_some()
    }

    pub fn text(&self, name: &str) -> Result<Option<Arc<str>>, Failure> {
        self.get(name).map(|value| shared_text(value, name)).transpose()
    }

    /// The same for a text that is not kept.
    pub fn word(&self, name: &str) -> Result<Option<Cow<'_, str>>, Failure> {
        self.get(name).map(|value| text(value, name)).transpose()
    }

    pub fn integer(&self, name: &str) -> Result<Option<i32>, Failure> {
        let Some(long) = self.long(name)? else { return Ok(None) };
        match i32::try_from(long) {
            Ok(integer) => Ok(Some(integer)),
            Err(_) => Err(Failure::invalid(format!("`{name}` is out of range: {long}"))),
        }
    }

    pub fn long(&self, name: &str) -> Result<Option<i64>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Given::Number(number)) => whole(number).map(Some).ok_or_else(|| out_of_range(name, number)),
            Some(Given::String(digits)) if digits.trim().is_empty() => Ok(None),
            Some(value @ Given::String(digits)) => {
                digits.trim().parse().map(Some).map_err(|_| wrong(&quoted(name), "a whole number", value))
            }
            Some(value) => Err(wrong(&quoted(name), "a whole number", value)),
        }
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Given::Bool(flag)) => Ok(Some(*flag)),
            Some(Given::Number(number)) if !number.is_f64() => Ok(Some(number.as_i64() != Some(0))),
            Some(value @ Given::String(word)) => match word.trim() {
                "" => Ok(None),
                "true" | "True" | "TRUE" => Ok(Some(true)),
                "false" | "False" | "FALSE" => Ok(Some(false)),
                _ => Err(wrong(&quoted(name), "true or false", value)),
            },
            Some(value) => Err(wrong(&quoted(name), "true or false", value)),
        }
    }

    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Given::Number(number)) => {
                whole(number).map(|ms| Some(Timestamp(ms))).ok_or_else(|| out_of_range(name, number))
            }
            Some(Given::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Given::String(text)) => {
                text.parse().map(Some).map_err(|fault| Failure::invalid(format!("`{name}`: {fault}")))
            }
            Some(value) => Err(wrong(&quoted(name), "a time", value)),
        }
    }

    pub fn array(&self, name: &str) -> Result<Option<&[Given]>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Given::Array(items)) => Ok(Some(items)),
            Some(value) => Err(wrong(&quoted(name), "an array", value)),
        }
    }

    /// Texts; `null` among them is left out.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<Arc<str>>>, Failure> {
        let Some(items) = self.array(name)? else { return Ok(None) };
        let texts = items.iter().filter(|item| !item.is_null()).map(|item| shared_text(item, name));
        texts.collect::<Result<_, _>>().map(Some)
    }

    pub fn object(&self, name: &str) -> Result<Option<&Properties>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Given::Object(properties)) => Ok(Some(properties)),
            Some(value) => Err(wrong(&quoted(name), "an object", value)),
        }
    }

    /// 501 if one of these properties of the contract is asked for.
    pub fn not_yet(&self, names: &[&str]) -> Result<(), Failure> {
        match names.iter().find(|name| self.get(name).is_some()) {
            Some(name) => Err(Failure::not_yet(format!("the property `{name}`"))),
            None => Ok(()),
        }
    }
}

fn shared_text(value: &Given, name: &str) -> Result<Arc<str>, Failure> {
    match value {
        Given::String(text) => Ok(text.shared()),
        _ => Ok(text(value, name)?.into()),
    }
}

/// A scalar as text.
fn text<'v>(value: &'v Given, name: &str) -> Result<Cow<'v, str>, Failure> {
    match value {
        Given::String(text) => Ok((**text).into()),
        Given::Number(number) => Ok(number.to_string().into()),
        Given::Bool(flag) => Ok(flag.to_string().into()),
        _ => Err(wrong(&quoted(name), "a text", value)),
    }
}

/// Camunda: fractions are cut towards zero.
fn whole(number: &Number) -> Option<i64> {
    const EXCLUSIVE_MAX: f64 = 9_223_372_036_854_775_808.0;
    if let Some(whole) = number.as_i64() {
        return Some(whole);
    }
    let fraction = number.as_f64()?.trunc();
    ((-EXCLUSIVE_MAX..EXCLUSIVE_MAX).contains(&fraction)).then_some(fraction as i64)
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}

fn wrong(what: &str, expected: &str, value: &Given) -> Failure {
    let kind = match value {
        Given::Null => "null",
        Given::Bool(_) => "a flag",
        Given::Number(_) => "a number",
        Given::String(_) => "a text",
        Given::Array(_) => "an array",
        Given::Object(_) => "an object",
    };
    Failure::invalid(format!("{what} has to be {expected}, not {kind}"))
}

fn out_of_range(name: &str, number: &Number) -> Failure {
    Failure::invalid(format!("`{name}` is out of range: {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::parse(text.as_bytes()).expect("an object")
    }

    #[test]
    fn coerces_as_jackson_does() {
        let f = fields(r#"{"a":"12","b":2.9,"c":"","d":5,"e":true,"f":"true","g":0,"h":-2.7,"i":" 7 "}"#);
        assert_eq!(f.integer("a").expect("digits"), Some(12));
        assert_eq!(f.integer("b").expect("cut"), Some(2));
        assert_eq!(f.integer("h").expect("cut"), Some(-2));
        assert_eq!(f.integer("i").expect("trimmed"), Some(7));
        assert_eq!(f.integer("c").expect("empty"), None);
        assert_eq!(f.flag("c").expect("empty"), None);
        assert_eq!(f.time("c").expect("empty"), None);
        assert_eq!(f.text("d").expect("scalar").as_deref(), Some("5"));
        assert_eq!(f.text("e").expect("scalar").as_deref(), Some("true"));
        assert_eq!(f.flag("f").expect("word"), Some(true));
        assert_eq!(f.flag("g").expect("number"), Some(false));
        assert_eq!(f.long("missing").expect("absent"), None);
    }

    #[test]
    fn refuses_other_kinds() {
        let f = fields(r#"{"a":["x"],"b":{},"c":"many","d":5000000000,"e":"maybe","f":1e300}"#);
        assert!(f.text("a").is_err());
        assert!(f.text("b").is_err());
        assert!(f.integer("c").is_err());
        assert!(f.integer("d").is_err());
        assert!(f.flag("e").is_err());
        assert!(f.long("f").is_err());
        assert!(f.array("b").is_err());
    }

    #[test]
    fn bodies() {
        assert!(Fields::parse(b"").is_ok());
        for body in ["null", "[]", "5", "\"x\"", "{", "{} {}", "{'a': 1}", "// c\n{}", "{\"a\":}"] {
            assert!(Fields::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(fields(r#"{"a":1,"a":2}"#).integer("a").expect("the last one counts"), Some(2));
        assert!(Fields::parse(&b"[".repeat(1_000_000)).is_err());
        assert!(parse::<Given>(format!("[{}0]", "0,".repeat(VALUES_MAX)).as_bytes()).is_err());
        assert!(Fields::parse(br#"{"a":"[[[\"{{{"}"#).is_ok());
    }
}
