//! Typed values of variables, as Camunda's REST API knows them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Timestamp;

/// A value with its type. Cheap to clone: contents are shared.
#[derive(Clone, Debug, PartialEq)]
pub enum VariableValue {
    Null,
    /// A null that keeps the type it was given, for example of an unset `Date`. Never of `Null`, `File` or `Object`,
    /// which say it themselves.
    TypedNull(VariableType),
    Boolean(bool),
    Short(i16),
    Integer(i32),
    Long(i64),
    Double(f64),
    String(Arc<str>),
    Date(Timestamp),
    Bytes(Arc<[u8]>),
    File(Arc<FileValue>),
    /// Text of a JSON document, kept as given even where it cannot be parsed.
    Json(Arc<str>),
    /// Text of an XML document, kept as given even where it cannot be parsed.
    Xml(Arc<str>),
    Object(Arc<ObjectValue>),
}

/// Contents of a file with what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileValue {
    pub filename: String,
    pub mime_type: Option<String>,
    pub encoding: Option<String>,
    pub contents: Arc<[u8]>,
}

/// A serialized object. Camlock never deserializes Java; JSON ones can be read by expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectValue {
    pub object_type_name: Option<String>,
    /// For example `application/json` or `application/x-java-serialized-object`.
    pub serialization_data_format: Option<String>,
    /// `None` is a null of that type.
    pub serialized: Option<String>,
}

/// The type of a value without the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VariableType {
    Null,
    Boolean,
    Short,
    Integer,
    Long,
    Double,
    String,
    Date,
    Bytes,
    File,
    Json,
    Xml,
    Object,
}

impl VariableType {
    pub const ALL: [VariableType; 13] = [
        VariableType::Null,
        VariableType::Boolean,
        VariableType::Short,
        VariableType::Integer,
        VariableType::Long,
        VariableType::Double,
        VariableType::String,
        VariableType::Date,
        VariableType::Bytes,
        VariableType::File,
        VariableType::Json,
        VariableType::Xml,
        VariableType::Object,
    ];

    /// The name in REST answers, for example `Integer`.
    pub fn name(self) -> &'static str {
        match self {
            VariableType::Null => "Null",
            VariableType::Boolean => "Boolean",
            VariableType::Short => "Short",
            VariableType::Integer => "Integer",
            VariableType::Long => "Long",
            VariableType::Double => "Double",
            VariableType::String => "String",
            VariableType::Date => "Date",
            VariableType::Bytes => "Bytes",
            VariableType::File => "File",
            VariableType::Json => "Json",
            VariableType::Xml => "Xml",
            VariableType::Object => "Object",
        }
    }

    /// By its name; the case of the first letter does not matter, as in Camunda.
    pub fn from_name(name: &str) -> Option<VariableType> {
        VariableType::ALL.into_iter().find(|known| {
            let mut given = name.chars();
            let mut wanted = known.name().chars();
            given.next().map(|c| c.to_ascii_uppercase()) == wanted.next() && given.as_str() == wanted.as_str()
        })
    }
}

impl VariableValue {
    /// A null of that type.
    pub fn null_of(kind: VariableType) -> VariableValue {
        match kind {
            VariableType::Null | VariableType::File => VariableValue::Null,
            VariableType::Object => VariableValue::Object(Arc::new(ObjectValue {
                object_type_name: None,
                serialization_data_format: None,
                serialized: None,
            })),
            other => VariableValue::TypedNull(other),
        }
    }

    /// Whether it is a null, of whatever type.
    pub fn is_null(&self) -> bool {
        match self {
            VariableValue::Null | VariableValue::TypedNull(_) => true,
            VariableValue::Object(object) => object.serialized.is_none(),
            _ => false,
        }
    }

    pub fn variable_type(&self) -> VariableType {
        match self {
            VariableValue::Null => VariableType::Null,
            VariableValue::TypedNull(kind) => *kind,
            VariableValue::Boolean(_) => VariableType::Boolean,
            VariableValue::Short(_) => VariableType::Short,
            VariableValue::Integer(_) => VariableType::Integer,
            VariableValue::Long(_) => VariableType::Long,
            VariableValue::Double(_) => VariableType::Double,
            VariableValue::String(_) => VariableType::String,
            VariableValue::Date(_) => VariableType::Date,
            VariableValue::Bytes(_) => VariableType::Bytes,
            VariableValue::File(_) => VariableType::File,
            VariableValue::Json(_) => VariableType::Json,
            VariableValue::Xml(_) => VariableType::Xml,
            VariableValue::Object(_) => VariableType::Object,
        }
    }
}

/// A value on its way into a scope. A transient one lives until the command ends and is never stored.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableWrite {
    pub value: VariableValue,
    pub transient: bool,
}

/// Values by name, in the order of their names.
pub type VariableMap = BTreeMap<Arc<str>, VariableWrite>;
