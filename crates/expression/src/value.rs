//! Values as expressions see them: Java's types, as far as variables and results can have them.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;
use types::{FileValue, ObjectValue, Timestamp};

use crate::error::EvaluationError;
use crate::expression::Context;
use crate::program::FunctionName;
use crate::xml::Xml;

/// A value. Cheap to clone: contents are shared.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Boolean(bool),
    Short(i16),
    Integer(i32),
    Long(i64),
    Double(f64),
    /// `java.math.BigInteger`, as far as 128 bits reach.
    BigInteger(i128),
    /// `java.math.BigDecimal`, as far as 28 digits reach.
    Decimal(Decimal),
    String(Arc<str>),
    Date(Timestamp),
    /// `org.joda.time.DateTime` in UTC, as `dateTime()` makes it.
    DateTime(Timestamp),
    Bytes(Arc<[u8]>),
    List(Arc<List>),
    Map(Arc<Map>),
    /// Text of a JSON document or of a part of one.
    Json(Arc<str>),
    /// An element or attribute of an XML document, or a query on one.
    Xml(Xml),
    File(Arc<FileValue>),
    /// A serialized object that can't be read here.
    Object(Arc<ObjectValue>),
    Bean(Bean),
}

/// An object of the host, such as `execution` or `task`. What it holds is known to the host's
/// [`Context`](crate::Context) alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bean {
    pub kind: &'static str,
    pub id: u128,
}

/// A Java collection or array.
#[derive(Clone, Debug)]
pub struct List {
    /// For example `java.util.ArrayList`.
    pub class: Arc<str>,
    pub items: Vec<Value>,
    /// The variable it was read from: storing the list unchanged stores this.
    pub source: Option<Arc<ObjectValue>>,
}

impl List {
    pub const CLASS: &'static str = "java.util.ArrayList";

    pub fn new(items: Vec<Value>) -> List {
        List { class: List::CLASS.into(), items, source: None }
    }
}

/// A Java map with texts as keys, or an object of an unknown class read from JSON.
#[derive(Clone)]
pub struct Map {
    /// For example `java.util.LinkedHashMap`.
    pub class: Arc<str>,
    /// In the order of iteration; no key twice.
    entries: Vec<(Arc<str>, Value)>,
    /// Places in `entries` by key.
    order: Vec<u32>,
    /// The variable it was read from: storing the map unchanged stores this.
    pub source: Option<Arc<ObjectValue>>,
}

impl Map {
    pub const CLASS: &'static str = "java.util.LinkedHashMap";

    /// Of two entries with the same key the later one stays, at the place of the first.
    pub fn new(class: Arc<str>, entries: Vec<(Arc<str>, Value)>) -> Map {
        let mut order: Vec<u32> = (0..u32::try_from(entries.len()).unwrap_or(u32::MAX)).collect();
        order.sort_by(|a, b| entries[*a as usize].0.cmp(&entries[*b as usize].0));
        if order.windows(2).all(|pair| entries[pair[0] as usize].0 != entries[pair[1] as usize].0) {
            return Map { class, entries, order, source: None };
        }
        let mut unique: Vec<(Arc<str>, Value)> = Vec::with_capacity(entries.len());
        let mut places = std::collections::BTreeMap::new();
        for (key, value) in entries {
            match places.get(&key) {
                Some(place) => {
                    let entry: &mut (Arc<str>, Value) = &mut unique[*place];
                    entry.1 = value;
                }
                None => {
                    places.insert(key.clone(), unique.len());
                    unique.push((key, value));
                }
            }
        }
        Map::new(class, unique)
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        let place = self.order.binary_search_by(|place| (*self.entries[*place as usize].0).cmp(key)).ok()?;
        Some(&self.entries[self.order[place] as usize].1)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Value {
    pub fn string(text: impl Into<Arc<str>>) -> Value {
        Value::String(text.into())
    }

    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(List::new(items)))
    }

    pub fn map(entries: Vec<(Arc<str>, Value)>) -> Value {
        Value::Map(Arc::new(Map::new(Map::CLASS.into(), entries)))
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Calls a method, as `value.name(arguments)` does.
    ///
    /// # Errors
    /// There is no such method, an argument has the wrong type, or the method itself refuses.
    pub fn call_method(
        &self,
        context: &dyn Context,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, EvaluationError> {
        crate::method::call(context, self, name, arguments)
    }

    /// Reads a property, as `value.name` does.
    ///
    /// # Errors
    /// There is no such property.
    pub fn named_property(&self, context: &dyn Context, name: &str) -> Result<Value, EvaluationError> {
        crate::property::named(context, self, name)
    }

    /// Calls a function without a target, as `name(arguments)` does.
    ///
    /// # Errors
    /// There is no such function, or it refuses its arguments.
    pub fn call_function(context: &dyn Context, name: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        let function = FunctionName { prefix: None, name: name.to_owned() };
        crate::function::call(context, &function, arguments)
    }

    /// About how many bytes it takes to read it once.
    pub(crate) fn weight(&self) -> usize {
        let entry = std::mem::size_of::<Value>();
        let of_collection = |source: &Option<Arc<ObjectValue>>, entries: usize| {
            let serialized = source.as_ref().and_then(|object| object.serialized.as_ref());
            serialized.map_or(0, String::len).max(entries * entry)
        };
        match self {
            Value::String(text) | Value::Json(text) => text.len(),
            Value::Xml(xml) => xml.weight(),
            Value::List(list) => of_collection(&list.source, list.items.len()),
            Value::Map(map) => of_collection(&map.source, map.len()),
            _ => entry,
        }
    }

    /// The name of its class in Java, for messages.
    pub fn type_name(&self) -> &str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "java.lang.Boolean",
            Value::Short(_) => "java.lang.Short",
            Value::Integer(_) => "java.lang.Integer",
            Value::Long(_) => "java.lang.Long",
            Value::Double(_) => "java.lang.Double",
            Value::BigInteger(_) => "java.math.BigInteger",
            Value::Decimal(_) => "java.math.BigDecimal",
            Value::String(_) => "java.lang.String",
            Value::Date(_) => "java.util.Date",
            Value::DateTime(_) => "org.joda.time.DateTime",
            Value::Bytes(_) => "byte[]",
            Value::List(list) => &list.class,
            Value::Map(map) => &map.class,
            Value::Json(_) => "org.camunda.spin.json.SpinJsonNode",
            Value::Xml(xml) => xml.class(),
            Value::File(_) => "java.io.InputStream",
            Value::Object(object) => object.object_type_name.as_deref().unwrap_or("java.lang.Object"),
            Value::Bean(bean) => bean.kind,
        }
    }
}

impl PartialEq for Value {
    /// As Java's `equals`: 1 as Integer is not 1 as Long. The operator `==` is coarser.
    fn eq(&self, other: &Value) -> bool {
        crate::comparison::same(self, other)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Boolean(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Value {
        Value::Integer(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Long(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Double(value)
    }
}

impl<V: Into<Value>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}
