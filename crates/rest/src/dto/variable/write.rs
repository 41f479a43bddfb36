//! From a typed value to JSON.

use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use types::{ObjectValue, VariableValue};

use super::{ENCODING, FILENAME, JSON_FORMAT, MIME_TYPE, OBJECT_TYPE_NAME, SERIALIZATION_DATA_FORMAT};
use crate::failure::{Failure, Refusal};

/// How the values of Object, Json and Xml variables are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueForm {
    /// As the text that was given.
    Serialized,
    /// As what that text says, as far as that can be known without Java's classes.
    Deserialized,
}

/// A variable ready to be written: type, value and what else is known about it.
#[derive(Clone, Debug)]
pub struct VariableJson {
    type_name: &'static str,
    value: Value,
    value_info: Map<String, Value>,
}

impl ValueForm {
    /// From a parameter like `deserializeValues`, with what counts if it is absent.
    pub fn from_flag(flag: Option<bool>, default: ValueForm) -> ValueForm {
        match flag {
            Some(true) => ValueForm::Deserialized,
            Some(false) => ValueForm::Serialized,
            None => default,
        }
    }
}

impl VariableJson {
    /// Fails where a value is to be deserialized and cannot be.
    pub fn new(value: &VariableValue, form: ValueForm) -> Result<VariableJson, Failure> {
        let mut value_info = Map::new();
        let shown = match (value, form) {
            (VariableValue::Object(object), _) => {
                insert_some(&mut value_info, OBJECT_TYPE_NAME, object.object_type_name.as_deref());
                insert_some(&mut value_info, SERIALIZATION_DATA_FORMAT, object.serialization_data_format.as_deref());
                object_value(object, form, &mut value_info)?
            }
            (VariableValue::File(file), _) => {
                insert_some(&mut value_info, FILENAME, Some(&file.filename));
                insert_some(&mut value_info, MIME_TYPE, file.mime_type.as_deref());
                insert_some(&mut value_info, ENCODING, file.encoding.as_deref());
                // Contents are answered only where they are asked for.
                Value::Null
            }
            (VariableValue::Json(text), ValueForm::Deserialized) => json_node(text)?,
            (VariableValue::Xml(text), ValueForm::Deserialized) => xml_node(text)?,
            _ => scalar(value),
        };
        Ok(VariableJson { type_name: value.variable_type().name(), value: shown, value_info })
    }

    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    pub fn value(&self) -> &Value {
        &self.value
    }

    pub fn value_info(&self) -> &Map<String, Value> {
        &self.value_info
    }
}

impl Serialize for VariableJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("type", self.type_name)?;
        map.serialize_entry("value", &self.value)?;
        map.serialize_entry("valueInfo", &self.value_info)?;
        map.end()
    }
}

/// Variables by name, written without a detour.
#[derive(Debug)]
pub struct VariablesJson<'v>(Vec<(&'v str, ShownVariable<'v>)>);

#[derive(Debug)]
enum ShownVariable<'v> {
    Scalar(&'v VariableValue),
    Other(VariableJson),
}

impl<'v> VariablesJson<'v> {
    /// Fails where a value is to be deserialized and cannot be.
    pub fn new(variables: &'v [(Arc<str>, VariableValue)], form: ValueForm) -> Result<VariablesJson<'v>, Failure> {
        let shown = variables.iter().map(|(name, value)| {
            let shown = match (value, form) {
                (VariableValue::Object(_) | VariableValue::File(_), _)
                | (VariableValue::Json(_) | VariableValue::Xml(_), ValueForm::Deserialized) => {
                    ShownVariable::Other(VariableJson::new(value, form)?)
                }
                _ => ShownVariable::Scalar(value),
            };
            Ok((&**name, shown))
        });
        shown.collect::<Result<_, _>>().map(VariablesJson)
    }
}

impl Serialize for VariablesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, shown)| (name, shown)))
    }
}

impl Serialize for ShownVariable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ShownVariable::Scalar(value) => {
                let mut map = serializer.serialize_map(Some(3))?;
                map.serialize_entry("type", value.variable_type().name())?;
                match value {
                    VariableValue::String(text) | VariableValue::Json(text) | VariableValue::Xml(text) => {
                        map.serialize_entry("value", &**text)?;
                    }
                    other => map.serialize_entry("value", &scalar(other))?,
                }
                map.serialize_entry("valueInfo", &Map::new())?;
                map.end()
            }
            ShownVariable::Other(variable) => variable.serialize(serializer),
        }
    }
}

/// Variables by name.
pub fn variables_json(variables: &[(Arc<str>, VariableValue)], form: ValueForm) -> Result<Value, Failure> {
    serde_json::to_value(VariablesJson::new(variables, form)?).map_err(Failure::internal)
}

fn insert_some(map: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), json!(value));
    }
}

/// Documents as text, everything else as JSON has it.
fn scalar(value: &VariableValue) -> Value {
    match value {
        VariableValue::Null | VariableValue::TypedNull(_) | VariableValue::File(_) | VariableValue::Object(_) => {
            Value::Null
        }
        VariableValue::Boolean(flag) => json!(flag),
        VariableValue::Short(number) => json!(number),
        VariableValue::Integer(number) => json!(number),
        VariableValue::Long(number) => json!(number),
        VariableValue::Double(number) if number.is_finite() => json!(number),
        // JSON has no such numbers; the reference writes their names.
        VariableValue::Double(number) if number.is_nan() => json!("NaN"),
        VariableValue::Double(number) => json!(if *number > 0.0 { "Infinity" } else { "-Infinity" }),
        VariableValue::String(text) | VariableValue::Json(text) | VariableValue::Xml(text) => json!(&**text),
        VariableValue::Date(time) => json!(time.to_string()),
        VariableValue::Bytes(bytes) => json!(STANDARD.encode(bytes)),
    }
}

fn object_value(object: &ObjectValue, form: ValueForm, value_info: &mut Map<String, Value>) -> Result<Value, Failure> {
    let Some(serialized) = &object.serialized else { return Ok(Value::Null) };
    if form == ValueForm::Serialized {
        return Ok(json!(serialized));
    }
    let type_name = object.object_type_name.as_deref().unwrap_or_default();
    // Camunda: only a class that the server has can be deserialized. Those of Java itself are known to be there.
    if object.serialization_data_format.as_deref() != Some(JSON_FORMAT) || !type_name.starts_with("java.") {
        return Err(not_readable(format!("an object of the type `{type_name}` cannot be deserialized")));
    }
    let value = parsed(serialized)?;
    if let Some(exact) = exact_type(type_name, &value) {
        value_info.insert(OBJECT_TYPE_NAME.to_owned(), json!(exact));
    }
    Ok(value)
}

/// Camunda: once deserialized, a list shows the class of its first element, a map those that it is declared with.
fn exact_type(type_name: &str, value: &Value) -> Option<String> {
    if matches!(type_name, "java.util.HashMap" | "java.util.LinkedHashMap") {
        return Some(format!("{type_name}<java.lang.Object,java.lang.Object>"));
    }
    if type_name != "java.util.ArrayList" {
        return None;
    }
    let element = match value.as_array()?.first()? {
        Value::String(_) => "java.lang.String",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(number) if number.is_f64() => "java.lang.Double",
        Value::Number(_) => "java.lang.Integer",
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(format!("{type_name}<{element}>"))
}

/// Camunda: a Json variable is shown as what its Java object says about itself, not as its contents.
fn json_node(text: &str) -> Result<Value, Failure> {
    let value = parsed(text)?;
    let node_type = match &value {
        Value::Null => "NULL",
        Value::Bool(_) => "BOOLEAN",
        Value::Number(_) => "NUMBER",
        Value::String(_) => "STRING",
        Value::Array(_) => "ARRAY",
        Value::Object(_) => "OBJECT",
    };
    Ok(json!({
        "array": value.is_array(),
        "boolean": value.is_boolean(),
        "dataFormatName": JSON_FORMAT,
        "nodeType": node_type,
        "null": value.is_null(),
        "number": value.is_number(),
        "object": value.is_object(),
        "string": value.is_string(),
        "value": !value.is_array() && !value.is_object(),
    }))
}

/// Camunda: an Xml variable is shown as what its Java object says about itself.
fn xml_node(text: &str) -> Result<Value, Failure> {
    if roxmltree::Document::parse(text).is_err() {
        return Err(not_readable("an Xml variable does not hold XML".to_owned()));
    }
    Ok(json!({ "dataFormatName": "application/xml" }))
}

fn parsed(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|_| not_readable("a value cannot be deserialized: it is no JSON".to_owned()))
}

fn not_readable(message: String) -> Failure {
    Failure::from(Refusal {
        code: Some(0),
        ..Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "RestException", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &VariableValue, form: ValueForm) -> Value {
        serde_json::to_value(VariableJson::new(value, form).expect("can be shown")).expect("is JSON")
    }

    #[test]
    fn deserialized_list_shows_the_class_of_its_elements() {
        let list = VariableValue::Object(Arc::new(ObjectValue {
            object_type_name: Some("java.util.ArrayList".to_owned()),
            serialization_data_format: Some(JSON_FORMAT.to_owned()),
            serialized: Some("[1,\"x\"]".to_owned()),
        }));
        let info = |name: &str| json!({"objectTypeName": name, "serializationDataFormat": "application/json"});
        assert_eq!(
            shown(&list, ValueForm::Serialized),
            json!({"type": "Object", "value": "[1,\"x\"]", "valueInfo": info("java.util.ArrayList")})
        );
        assert_eq!(
            shown(&list, ValueForm::Deserialized),
            json!({"type": "Object", "value": [1, "x"], "valueInfo": info("java.util.ArrayList<java.lang.Integer>")})
        );
    }

    #[test]
    fn scalars_are_written_as_they_are_shown_one_by_one() {
        let values = [
            VariableValue::Null,
            VariableValue::TypedNull(types::VariableType::Date),
            VariableValue::Boolean(true),
            VariableValue::Long(-7),
            VariableValue::Double(f64::NAN),
            VariableValue::String("a \"b\"".into()),
            VariableValue::Json("{".into()),
            VariableValue::Date(types::Timestamp(0)),
            VariableValue::Bytes(vec![1, 2].into()),
        ];
        for value in values {
            let expected = shown(&value, ValueForm::Serialized);
            let all = variables_json(&[("v".into(), value)], ValueForm::Serialized).expect("can be shown");
            assert_eq!(all, json!({ "v": expected }));
        }
    }

    #[test]
    fn broken_documents_are_refused_only_when_deserialized() {
        for broken in [VariableValue::Json("{".into()), VariableValue::Xml("<a".into())] {
            assert!(VariableJson::new(&broken, ValueForm::Serialized).is_ok());
            assert!(VariableJson::new(&broken, ValueForm::Deserialized).is_err());
        }
        let xml = VariableValue::Xml("<?xml version='1.0'?><!-- x --><a b='1'><c/></a>".into());
        assert!(VariableJson::new(&xml, ValueForm::Deserialized).is_ok());
    }
}
