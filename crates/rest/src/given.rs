//! JSON as it was sent, read with few allocations: a text is shared with what it becomes, usual ones are not kept at all.
//!
//! What is answered is `serde_json`'s.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Number, Value};

#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    Array(Vec<Given>),
    Object(Properties),
}

/// In the order in which they were sent. Of two with one name the later one counts, in the place of the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties(Vec<(Text, Given)>);

#[derive(Clone, Debug)]
pub enum Text {
    Usual(&'static str),
    Other(Arc<str>),
}

/// Names of properties and types that nearly every request has.
const USUAL: [&str; 24] = [
    "value",
    "type",
    "valueInfo",
    "variables",
    "localVariables",
    "workerId",
    "businessKey",
    "String",
    "Integer",
    "Long",
    "Boolean",
    "Double",
    "Json",
    "Date",
    "maxTasks",
    "usePriority",
    "asyncResponseTimeout",
    "topics",
    "topicName",
    "lockDuration",
    "newDuration",
    "errorMessage",
    "retries",
    "retryTimeout",
];

/// Properties of which one is looked for by comparing it to all.
const COMPARED_MAX: usize = 32;

impl Text {
    fn new(text: &str) -> Text {
        match USUAL.iter().find(|usual| **usual == text) {
            Some(usual) => Text::Usual(usual),
            None => Text::Other(text.into()),
        }
    }

    pub fn shared(&self) -> Arc<str> {
        match self {
            Text::Usual(text) => (*text).into(),
            Text::Other(text) => text.clone(),
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Usual(text) => text,
            Text::Other(text) => text,
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        **self == **other
    }
}

impl Properties {
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    pub fn remove(&mut self, name: &str) -> Option<Given> {
        let at = self.0.iter().position(|(known, _)| **known == *name)?;
        Some(self.0.remove(at).1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Text, &Given)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl Given {
    pub fn is_null(&self) -> bool {
        matches!(self, Given::Null)
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Given::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Given::String(text) => Some(text),
            _ => None,
        }
    }

    /// Of an object.
    pub fn get(&self, name: &str) -> Option<&Given> {
        match self {
            Given::Object(properties) => properties.get(name),
            _ => None,
        }
    }
}

impl From<&Given> for Value {
    fn from(given: &Given) -> Value {
        match given {
            Given::Null => Value::Null,
            Given::Bool(flag) => Value::Bool(*flag),
            Given::Number(number) => Value::Number(number.clone()),
            Given::String(text) => Value::String((**text).to_owned()),
            Given::Array(items) => items.iter().map(Value::from).collect(),
            Given::Object(properties) => Value::Object(properties.into()),
        }
    }
}

impl From<&Properties> for Map<String, Value> {
    fn from(properties: &Properties) -> Self {
        properties.iter().map(|(name, value)| ((**name).to_owned(), value.into())).collect()
    }
}

/// As JSON.
impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Given::Null => serializer.serialize_unit(),
            Given::Bool(flag) => serializer.serialize_bool(*flag),
            Given::Number(number) => number.serialize(serializer),
            Given::String(text) => serializer.serialize_str(text),
            Given::Array(items) => serializer.collect_seq(items),
            Given::Object(properties) => {
                serializer.collect_map(properties.iter().map(|(name, value)| (&**name, value)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        struct OfText;
        impl Visitor<'_> for OfText {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text::new(text))
            }
        }
        deserializer.deserialize_str(OfText)
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Given, D::Error> {
        deserializer.deserialize_any(OfAny)
    }
}

struct OfAny;

impl<'de> Visitor<'de> for OfAny {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Given, E> {
        Ok(Given::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Given, E> {
        Ok(Given::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Given, E> {
        Ok(Given::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Given, E> {
        Ok(Given::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Given, E> {
        Ok(Number::from_f64(number).map_or(Given::Null, Given::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Given, E> {
        Ok(Given::String(Text::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Given, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Given::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Given, A::Error> {
        let mut properties: Vec<(Text, Given)> = Vec::new();
        // The places of names, once there are many.
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        while let Some((name, value)) = entries.next_entry::<Text, Given>()? {
            if properties.len() == COMPARED_MAX {
                places = properties.iter().enumerate().map(|(at, (name, _))| (name.shared(), at)).collect();
            }
            let known = match properties.len() < COMPARED_MAX {
                true => properties.iter().position(|(known, _)| *known == name),
                false => places.get(&*name).copied(),
            };
            match known {
                Some(at) => properties[at].1 = value,
                None => {
                    if properties.len() >= COMPARED_MAX {
                        places.insert(name.shared(), properties.len());
                    }
                    properties.push((name, value));
                }
            }
        }
        Ok(Given::Object(Properties(properties)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_serde_json_reads() {
        let many: Vec<String> = (0..100).map(|n| format!("\"p{}\":{n}", n % 70)).collect();
        let many = format!("{{{}}}", many.join(","));
        for text in [
            "null",
            "[true,false,[],{}]",
            r#"{"a":1,"b":-2,"c":18446744073709551615,"d":2.50,"e":1e3,"f":"x\"\u00e4\n","a":{"value":"String"}}"#,
            r#"{"type":"type","":"","value":[{"value":null}]}"#,
            many.as_str(),
        ] {
            let given: Given = serde_json::from_str(text).expect(text);
            let value: Value = serde_json::from_str(text).expect(text);
            assert_eq!(Value::from(&given), value, "{text}");
            assert_eq!(given.to_string(), value.to_string(), "{text}");
        }
        for text in ["", "{", "[1,]", r#"{"a"}"#, "nul", "1 2"] {
            assert!(serde_json::from_str::<Given>(text).is_err(), "{text}");
        }
    }
}
