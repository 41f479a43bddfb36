//! From JSON to a typed value.
//!
//! Camunda: a value of another JSON kind than its type is converted by way of its text: `"12"` is an Integer, 5 a
//! String, but 1 no Boolean and 1.5 no Integer.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use engine::{Rejection, RejectionKind};
use types::{FileValue, ObjectValue, VariableMap, VariableType, VariableValue, VariableWrite};

use super::{ENCODING, FILENAME, JSON_FORMAT, MIME_TYPE, OBJECT_TYPE_NAME, SERIALIZATION_DATA_FORMAT, TRANSIENT};
use crate::failure::Failure;
use crate::given::{Given, Properties};
use crate::json::Fields;

/// Camunda: what is no base64 in the contents of a file is skipped, padding or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The variables in a property that maps names to them; none if it is absent.
pub fn variables(fields: &Fields, property: &str) -> Result<VariableMap, Failure> {
    let Some(given) = fields.object(property)? else { return Ok(VariableMap::new()) };
    given.iter().map(|(name, value)| Ok((name.shared(), variable(value, name)?))).collect()
}

/// One variable; `name` is for refusals.
pub fn variable(given: &Given, name: &str) -> Result<VariableWrite, Failure> {
    let fields = Fields::within(given, || format!("the variable `{name}`"))?;
    let no_info = Properties::default();
    let value_info = fields.object("valueInfo")?.unwrap_or(&no_info);
    let given = fields.get("value").unwrap_or(&Given::Null);
    let value = match fields.word("type")? {
        None => plain_value(given)?,
        Some(type_name) => typed_value(given, &type_name, value_info, name)?,
    };
    let transient = value_info.get(TRANSIENT).and_then(Given::as_bool).unwrap_or(false);
    Ok(VariableWrite { value, transient })
}

/// A value without a type: inferred.
pub fn plain_value(given: &Given) -> Result<VariableValue, Failure> {
    Ok(match given {
        Given::Null => VariableValue::Null,
        Given::Bool(flag) => VariableValue::Boolean(*flag),
        Given::String(text) => VariableValue::String(text.shared()),
        Given::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => i32::try_from(whole).map_or(VariableValue::Long(whole), VariableValue::Integer),
            (None, Some(fraction)) if number.is_f64() => VariableValue::Double(fraction),
            _ => return Err(Failure::invalid(format!("the number {number} is too large for any type"))),
        },
        Given::Array(_) => plain_object("java.util.ArrayList", given),
        Given::Object(_) => plain_object("java.util.LinkedHashMap", given),
    })
}

/// Lists and maps are kept as JSON, not in Java's serialization as the reference does.
fn plain_object(type_name: &str, given: &Given) -> VariableValue {
    VariableValue::Object(Arc::new(ObjectValue {
        object_type_name: Some(type_name.to_owned()),
        serialization_data_format: Some(JSON_FORMAT.to_owned()),
        serialized: Some(given.to_string()),
    }))
}

fn typed_value(given: &Given, type_name: &str, value_info: &Properties, name: &str) -> Result<VariableValue, Failure> {
    let Some(kind) = VariableType::from_name(type_name) else { return Err(unknown_type(type_name, name)) };
    match kind {
        VariableType::Object => return object(given, value_info, name),
        VariableType::File => return file(given, value_info, name),
        VariableType::Json | VariableType::Xml => return document(kind, given, name),
        _ => {}
    }
    if given.is_null() {
        return Ok(VariableValue::null_of(kind));
    }
    converted(kind, given)
        .ok_or_else(|| Failure::invalid(format!("the variable `{name}` has a value that is no {}", kind.name())))
}

fn unknown_type(type_name: &str, name: &str) -> Failure {
    if type_name.is_empty() {
        // Camunda: an empty type name is not expected.
        let message = format!("the variable `{name}` has an empty type");
        return Failure::refused(StatusCode::INTERNAL_SERVER_ERROR, "StringIndexOutOfBoundsException", message);
    }
    if type_name == "Number" || type_name == "number" {
        // Camunda: the abstract type exists, but has no values.
        return Rejection::new(
            RejectionKind::ProcessEngine,
            format!("the variable `{name}` has the abstract type `{type_name}`"),
        )
        .into();
    }
    Failure::invalid(format!("the variable `{name}` has the unknown type `{type_name}`"))
}

/// By way of its text; `None` where that does not fit the type.
fn converted(kind: VariableType, given: &Given) -> Option<VariableValue> {
    let text: Cow<'_, str> = match given {
        Given::String(text) if kind == VariableType::String => return Some(VariableValue::String(text.shared())),
        Given::String(text) => (**text).into(),
        Given::Bool(flag) => flag.to_string().into(),
        Given::Number(number) => number.to_string().into(),
        Given::Null | Given::Array(_) | Given::Object(_) => return None,
    };
    let trimmed = text.trim();
    let is_text_like = matches!(kind, VariableType::String | VariableType::Bytes | VariableType::Null);
    if trimmed.is_empty() && !is_text_like {
        return Some(VariableValue::null_of(kind));
    }
    match kind {
        VariableType::Boolean => match trimmed {
            "true" | "True" | "TRUE" => Some(VariableValue::Boolean(true)),
            "false" | "False" | "FALSE" => Some(VariableValue::Boolean(false)),
            _ => None,
        },
        VariableType::Short => trimmed.parse().ok().map(VariableValue::Short),
        VariableType::Integer => trimmed.parse().ok().map(VariableValue::Integer),
        VariableType::Long => trimmed.parse().ok().map(VariableValue::Long),
        VariableType::Double => trimmed.parse().ok().map(VariableValue::Double),
        VariableType::Date => query::strict_time(trimmed).map(VariableValue::Date),
        VariableType::String => Some(VariableValue::String(text.into())),
        VariableType::Bytes => STANDARD.decode(trimmed).ok().map(|bytes| VariableValue::Bytes(bytes.into())),
        VariableType::Null | VariableType::File | VariableType::Json | VariableType::Xml | VariableType::Object => None,
    }
}

/// Text of a document, kept as given even where it cannot be parsed.
fn document(kind: VariableType, given: &Given, name: &str) -> Result<VariableValue, Failure> {
    match (kind, given) {
        (_, Given::Null) => Ok(VariableValue::null_of(kind)),
        (VariableType::Json, Given::String(text)) => Ok(VariableValue::Json(text.shared())),
        (_, Given::String(text)) => Ok(VariableValue::Xml(text.shared())),
        _ => Err(Failure::invalid(format!("the variable `{name}` has to be a text or null, as it is serialized"))),
    }
}

fn object(given: &Given, value_info: &Properties, name: &str) -> Result<VariableValue, Failure> {
    let serialized = match given {
        Given::Null => None,
        Given::String(text) => Some((**text).to_owned()),
        _ => {
            return Err(Failure::invalid(format!(
                "the variable `{name}` has to be a text or null, as it is serialized"
            )));
        }
    };
    let told = |key: &str| value_info.get(key).and_then(Given::as_str).map(str::to_owned);
    let object_type_name = told(OBJECT_TYPE_NAME);
    let serialization_data_format = told(SERIALIZATION_DATA_FORMAT);
    if serialized.is_some() && (object_type_name.is_none() || serialization_data_format.is_none()) {
        let message = format!(
            "the variable `{name}` is an object and needs `{OBJECT_TYPE_NAME}` and `{SERIALIZATION_DATA_FORMAT}` in its \
             valueInfo"
        );
        return Err(Rejection::new(RejectionKind::ProcessEngine, message).into());
    }
    Ok(VariableValue::Object(Arc::new(ObjectValue { object_type_name, serialization_data_format, serialized })))
}

fn file(given: &Given, value_info: &Properties, name: &str) -> Result<VariableValue, Failure> {
    let told = |key: &str| value_info.get(key).and_then(Given::as_str).map(str::to_owned);
    let contents = match given {
        Given::String(text) => lenient_base64(text),
        Given::Null => None,
        _ => {
            // Camunda: contents that are no text are not expected.
            let message = format!("the variable `{name}` is a file and needs its contents in base64");
            return Err(Failure::refused(StatusCode::INTERNAL_SERVER_ERROR, "IllegalArgumentException", message));
        }
    };
    match (contents, told(FILENAME)) {
        (Some(contents), Some(filename)) => Ok(VariableValue::File(Arc::new(FileValue {
            filename,
            mime_type: told(MIME_TYPE),
            encoding: told(ENCODING),
            contents: contents.into(),
        }))),
        _ => Err(Failure::invalid(format!(
            "the variable `{name}` is a file and needs its contents in base64 and a `{FILENAME}` in its valueInfo"
        ))),
    }
}

fn lenient_base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' => Some(byte),
            _ => byte.is_ascii_alphanumeric().then_some(byte),
        })
        .collect();
    // A lone last digit holds no byte.
    let whole = if digits.len() % 4 == 1 { &digits[..digits.len() - 1] } else { &digits[..] };
    LENIENT.decode(whole).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn given(json: &Value) -> Given {
        serde_json::from_value(json.clone()).expect("JSON")
    }

    fn read(json: &Value) -> Option<VariableValue> {
        variable(&given(json), "v").ok().map(|write| write.value)
    }

    #[test]
    fn converts_by_way_of_text() {
        for (given, expected) in [
            (json!({"value": "12", "type": "Integer"}), Some(VariableValue::Integer(12))),
            (json!({"value": "12", "type": "integer"}), Some(VariableValue::Integer(12))),
            (json!({"value": 1.5, "type": "Integer"}), None),
            (json!({"value": 5_000_000_000_i64, "type": "Integer"}), None),
            (json!({"value": "", "type": "Integer"}), Some(VariableValue::TypedNull(VariableType::Integer))),
            (json!({"value": 70000, "type": "Short"}), None),
            (json!({"value": 1, "type": "Boolean"}), None),
            (json!({"value": "true", "type": "Boolean"}), Some(VariableValue::Boolean(true))),
            (json!({"value": 3, "type": "Double"}), Some(VariableValue::Double(3.0))),
            (json!({"value": true, "type": "String"}), Some(VariableValue::String("true".into()))),
            (json!({"value": "***", "type": "Bytes"}), None),
            (json!({"value": 7, "type": "Bytes"}), None),
            (json!({"value": "x", "type": "Null"}), None),
            (json!({"value": "{not json", "type": "Json"}), Some(VariableValue::Json("{not json".into()))),
            (json!({"value": {"a": 1}, "type": "Json"}), None),
            (json!({"value": "x", "type": "NoSuchType"}), None),
            (json!({"value": 5_000_000_000_i64}), Some(VariableValue::Long(5_000_000_000))),
            (json!({"value": 2.5}), Some(VariableValue::Double(2.5))),
            (json!({"value": 18_446_744_073_709_551_615_u64}), None),
            (json!({}), Some(VariableValue::Null)),
            (json!({"type": "String"}), Some(VariableValue::TypedNull(VariableType::String))),
            (json!(1), None),
        ] {
            assert_eq!(read(&given), expected, "{given}");
        }
    }

    #[test]
    fn files_are_read_leniently() {
        let info = json!({"filename": "a.txt", "mimeType": 5});
        let given = json!({"value": "aG k=\n", "type": "File", "valueInfo": info});
        let Some(VariableValue::File(file)) = read(&given) else { panic!("a file") };
        assert_eq!((&*file.contents, file.mime_type.as_deref()), (&b"hi"[..], None));
        assert_eq!(read(&json!({"value": "aGk=", "type": "File"})), None);
    }

    #[test]
    fn transient_flag() {
        let given = json!({"value": 1, "valueInfo": {"transient": true}});
        assert!(variable(&self::given(&given), "v").is_ok_and(|write| write.transient));
    }
}
