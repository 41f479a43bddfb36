//! Variables as values of expressions, and results as variables.

use std::sync::Arc;

use serde_json::Value as Json;
use types::{ObjectValue, VariableValue};

use crate::error::EvaluationError;
use crate::json;
use crate::value::{List, Map, Value};
use crate::xml::Xml;

const JSON_FORMAT: &str = "application/json";

impl From<&VariableValue> for Value {
    /// A JSON object is read: lists, maps, scalars and objects of unknown classes. What can't be read stays
    /// [`Value::Object`].
    fn from(variable: &VariableValue) -> Value {
        match variable {
            VariableValue::Null | VariableValue::TypedNull(_) => Value::Null,
            VariableValue::Boolean(truth) => Value::Boolean(*truth),
            VariableValue::Short(number) => Value::Short(*number),
            VariableValue::Integer(number) => Value::Integer(*number),
            VariableValue::Long(number) => Value::Long(*number),
            VariableValue::Double(number) => Value::Double(*number),
            VariableValue::String(text) => Value::String(text.clone()),
            VariableValue::Date(instant) => Value::Date(*instant),
            VariableValue::Bytes(bytes) => Value::Bytes(bytes.clone()),
            VariableValue::File(file) => Value::File(file.clone()),
            VariableValue::Json(text) => Value::Json(text.clone()),
            VariableValue::Xml(text) => Value::Xml(Xml::new(text.clone())),
            VariableValue::Object(object) => read_object(object),
        }
    }
}

impl Value {
    /// The variable that stores this value.
    ///
    /// Lists and maps become objects serialized as JSON. Camunda: the content of a file is stored as Bytes, its name
    /// is lost.
    ///
    /// # Errors
    /// A bean can't be stored, nor can a list or map with one in it.
    pub fn to_variable(&self) -> Result<VariableValue, EvaluationError> {
        if let Some(object) = self.source() {
            return Ok(VariableValue::Object(object.clone()));
        }
        Ok(match self {
            Value::Null => VariableValue::Null,
            Value::Boolean(truth) => VariableValue::Boolean(*truth),
            Value::Short(number) => VariableValue::Short(*number),
            Value::Integer(number) => VariableValue::Integer(*number),
            Value::Long(number) => VariableValue::Long(*number),
            Value::Double(number) => VariableValue::Double(*number),
            Value::String(text) => VariableValue::String(text.clone()),
            Value::Date(instant) => VariableValue::Date(*instant),
            Value::Bytes(bytes) => VariableValue::Bytes(bytes.clone()),
            Value::File(file) => VariableValue::Bytes(file.contents.clone()),
            Value::Json(text) => VariableValue::Json(json::compact(text).into()),
            Value::Xml(xml) => VariableValue::Xml(xml.to_variable_text()?.into()),
            Value::Object(object) => VariableValue::Object(object.clone()),
            Value::List(list) if list.items.iter().any(|item| matches!(item, Value::Xml(_))) => {
                return Err(EvaluationError::failed("a list of XML nodes can't be a variable"));
            }
            Value::BigInteger(_) | Value::Decimal(_) | Value::DateTime(_) | Value::List(_) | Value::Map(_) => {
                VariableValue::Object(Arc::new(ObjectValue {
                    object_type_name: Some(self.type_name().to_owned()),
                    serialization_data_format: Some(JSON_FORMAT.to_owned()),
                    serialized: Some(json::written(&json::from_value(self)?)),
                }))
            }
            Value::Bean(bean) => {
                return Err(EvaluationError::failed(format!("an object of class {} can't be a variable", bean.kind)));
            }
        })
    }

    /// The object a list or map was read from.
    fn source(&self) -> Option<&Arc<ObjectValue>> {
        match self {
            Value::List(list) => list.source.as_ref(),
            Value::Map(map) => map.source.as_ref(),
            _ => None,
        }
    }
}

fn read_object(object: &Arc<ObjectValue>) -> Value {
    let unread = || Value::Object(object.clone());
    let Some(serialized) = &object.serialized else {
        return Value::Null;
    };
    let is_json = |format: &str| format.split(';').next().is_some_and(|format| format.trim() == JSON_FORMAT);
    if !object.serialization_data_format.as_deref().is_some_and(is_json) {
        return unread();
    }
    let Ok(document) = json::document(serialized) else {
        return unread();
    };
    let (class, parameters) = class_and_parameters(object.object_type_name.as_deref().unwrap_or_default());
    match document {
        Json::Array(items) => {
            let item_class = parameters.first().copied().unwrap_or_default();
            let mut items = items.iter().map(|item| as_class(json::to_value(item), item_class)).collect();
            if class == "java.util.HashSet" {
                items = in_order_of_hash_set(items);
            }
            let class = if class.is_empty() { List::CLASS } else { class };
            Value::List(Arc::new(List { class: class.into(), items, source: Some(object.clone()) }))
        }
        Json::Object(entries) => {
            let value_class = parameters.get(1).copied().unwrap_or_default();
            let mut entries = json::members(&entries);
            for entry in &mut entries {
                entry.1 = as_class(entry.1.clone(), value_class);
            }
            if class == "java.util.HashMap" {
                entries = in_order_of_hash_map(entries);
            }
            let class = if class.is_empty() { Map::CLASS } else { class };
            let mut map = Map::new(class.into(), entries);
            map.source = Some(object.clone());
            Value::Map(Arc::new(map))
        }
        scalar => as_class(json::to_value(&scalar), class),
    }
}

/// `java.util.Map<java.lang.String,java.lang.Long>` into its class and the classes in brackets.
fn class_and_parameters(name: &str) -> (&str, Vec<&str>) {
    match name.split_once('<') {
        Some((class, parameters)) if !parameters.trim_end_matches('>').contains('<') => {
            (class, parameters.trim_end_matches('>').split(',').map(str::trim).collect())
        }
        Some((class, _)) => (class, Vec::new()),
        None => (name, Vec::new()),
    }
}

/// Numbers as the class asked for; everything else stays.
fn as_class(value: Value, class: &str) -> Value {
    let number = matches!(value, Value::Integer(_) | Value::Long(_) | Value::Double(_) | Value::BigInteger(_));
    if !number {
        return value;
    }
    let converted = match class {
        "java.lang.Short" => value.to_integer().map(|number| Value::Short(number as i16)),
        "java.lang.Integer" => value.to_integer().map(Value::Integer),
        "java.lang.Long" => value.to_long().map(Value::Long),
        "java.lang.Double" => value.to_double().map(Value::Double),
        "java.math.BigInteger" => crate::coercion::big_integer(&value).map(Value::BigInteger),
        "java.math.BigDecimal" => crate::coercion::decimal(&value).map(Value::Decimal),
        "java.util.Date" => value.to_long().map(|instant| Value::Date(types::Timestamp(instant))),
        _ => return value,
    };
    converted.unwrap_or(value)
}

/// Camunda: a `java.util.HashMap` iterates by the hashes of its keys, which texts made from it show.
fn in_order_of_hash_map(entries: Vec<(Arc<str>, Value)>) -> Vec<(Arc<str>, Value)> {
    let mut buckets: u32 = 16;
    while entries.len() as u64 > u64::from(buckets) * 3 / 4 {
        buckets *= 2;
    }
    let mut placed: Vec<(u32, (Arc<str>, Value))> = entries
        .into_iter()
        .map(|entry| {
            let hash = string_hash(&entry.0) as u32;
            ((hash ^ (hash >> 16)) & (buckets - 1), entry)
        })
        .collect();
    placed.sort_by_key(|(bucket, _)| *bucket);
    placed.into_iter().map(|(_, entry)| entry).collect()
}

/// The same for a `java.util.HashSet` of texts; sets of other things keep their order.
fn in_order_of_hash_set(items: Vec<Value>) -> Vec<Value> {
    let mut keys: Vec<(Arc<str>, Value)> = Vec::with_capacity(items.len());
    for item in &items {
        match item {
            Value::String(text) => keys.push((text.clone(), item.clone())),
            _ => return items,
        }
    }
    let unique = Map::new(Map::CLASS.into(), keys);
    let keys = unique.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    in_order_of_hash_map(keys).into_iter().map(|(_, value)| value).collect()
}

/// Java's `String.hashCode`.
pub(crate) fn string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}
