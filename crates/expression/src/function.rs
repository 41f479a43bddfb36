//! The functions an expression can call without a target.

use crate::coercion;
use crate::error::EvaluationError;
use crate::expression::Context;
use crate::json;
use crate::program::FunctionName;
use crate::value::Value;
use crate::xml::Xml;

/// How many arguments a function takes; `None` if there is no such function.
pub(crate) fn arity(function: &FunctionName) -> Option<usize> {
    if function.prefix.is_some() {
        return None;
    }
    match function.name.as_str() {
        "now" | "dateTime" | "currentUser" | "currentUserGroups" => Some(0),
        "S" | "JSON" | "XML" => Some(1),
        _ => None,
    }
}

/// The function as it is written in an expression.
pub(crate) fn written(function: &FunctionName) -> String {
    match &function.prefix {
        Some(prefix) => format!("{prefix}:{}", function.name),
        None => function.name.clone(),
    }
}

pub(crate) fn call(
    context: &dyn Context,
    function: &FunctionName,
    arguments: &[Value],
) -> Result<Value, EvaluationError> {
    match (function.name.as_str(), arguments) {
        ("S", [Value::Json(_) | Value::Xml(_)]) | ("JSON", [Value::Json(_)]) | ("XML", [Value::Xml(_)]) => {
            Ok(arguments[0].clone())
        }
        ("S", [Value::String(text)]) if text.trim_start().starts_with('<') => document(text),
        ("XML", [Value::String(text)]) => document(text),
        ("S" | "JSON", [Value::String(text)]) => json::document(text).map(|document| json::node(&document)),
        ("JSON", [value @ (Value::List(_) | Value::Map(_))]) => json::from_value(value).map(|found| json::node(&found)),
        ("S" | "JSON", [value]) => Err(coercion::impossible(value, "org.camunda.spin.json.SpinJsonNode")),
        ("XML", [value]) => Err(coercion::impossible(value, "org.camunda.spin.xml.SpinXmlElement")),
        _ => context.function(function.prefix.as_deref(), &function.name, arguments),
    }
}

/// Each call makes a document of its own, be it of the same text.
fn document(text: &str) -> Result<Value, EvaluationError> {
    Xml::new(text.into()).read().map(Value::Xml)
}
