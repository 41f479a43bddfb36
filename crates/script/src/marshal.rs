//! Values on their way into a script and out of it.
//!
//! Null, booleans, numbers and texts are what they are in JavaScript. Camunda: what a script calculates with numbers of the
//! host is a Double, what it calculates with its own ones may be an Integer, and a number that it only hands on keeps its
//! type; so the host's numbers enter as floating ones and are remembered. Everything else travels as an array whose first
//! item says what it is: `['list', class, items]`, `['map', class, keys, values]`, `['held', handle, class]`. `prelude.js`
//! has the other side.

use std::sync::Arc;

use expression::{EvaluationError, List, Map, Value};
use rquickjs::{Array, Ctx, IntoJs, Value as Js};

use crate::handle::Handles;

const LIST: &str = "list";
const MAP: &str = "map";
const HELD: &str = "held";

/// Lists and maps inside one another.
const DEPTH_MAX: u32 = 32;

/// Why a value could not travel.
#[derive(Debug)]
pub(crate) enum MarshalError {
    Script(rquickjs::Error),
    Value(EvaluationError),
}

impl From<rquickjs::Error> for MarshalError {
    fn from(error: rquickjs::Error) -> Self {
        MarshalError::Script(error)
    }
}

impl From<EvaluationError> for MarshalError {
    fn from(error: EvaluationError) -> Self {
        MarshalError::Value(error)
    }
}

pub(crate) fn to_script<'js>(ctx: &Ctx<'js>, handles: &Handles, value: &Value) -> Result<Js<'js>, MarshalError> {
    into(ctx, handles, value, 0)
}

/// A value that stays with the host.
pub(crate) fn held<'js>(ctx: &Ctx<'js>, handles: &Handles, handle: usize) -> Result<Js<'js>, MarshalError> {
    let travelling = Array::new(ctx.clone())?;
    travelling.set(0, HELD)?;
    travelling.set(1, handle as f64)?;
    travelling.set(2, handles.value(handle)?.type_name())?;
    Ok(travelling.into_value())
}

fn into<'js>(ctx: &Ctx<'js>, handles: &Handles, value: &Value, depth: u32) -> Result<Js<'js>, MarshalError> {
    check_depth(depth)?;
    Ok(match value {
        Value::Null => {
            handles.note_null();
            Js::new_null(ctx.clone())
        }
        Value::Boolean(truth) => Js::new_bool(ctx.clone(), *truth),
        Value::Short(_) | Value::Integer(_) | Value::Long(_) | Value::BigInteger(_) | Value::Decimal(_) => {
            let number = value.to_double()?;
            handles.remember(number, value);
            Js::new_number(ctx.clone(), number)
        }
        Value::Double(number) => Js::new_number(ctx.clone(), *number),
        Value::String(text) => (**text).into_js(ctx)?,
        Value::List(list) => {
            let items = Array::new(ctx.clone())?;
            for (place, item) in list.items.iter().enumerate() {
                items.set(place, into(ctx, handles, item, depth + 1)?)?;
            }
            tagged(ctx, LIST, &list.class, [items.into_value()])?
        }
        Value::Map(map) => {
            let (keys, values) = (Array::new(ctx.clone())?, Array::new(ctx.clone())?);
            for (place, (key, entry)) in map.iter().enumerate() {
                keys.set(place, &**key)?;
                values.set(place, into(ctx, handles, entry, depth + 1)?)?;
            }
            tagged(ctx, MAP, &map.class, [keys.into_value(), values.into_value()])?
        }
        Value::Date(_)
        | Value::DateTime(_)
        | Value::Bytes(_)
        | Value::Json(_)
        | Value::Xml(_)
        | Value::File(_)
        | Value::Object(_)
        | Value::Bean(_) => held(ctx, handles, handles.hold(value.clone())?)?,
    })
}

fn tagged<'js, const N: usize>(
    ctx: &Ctx<'js>,
    tag: &str,
    class: &str,
    parts: [Js<'js>; N],
) -> Result<Js<'js>, MarshalError> {
    let travelling = Array::new(ctx.clone())?;
    travelling.set(0, tag)?;
    travelling.set(1, class)?;
    for (place, part) in parts.into_iter().enumerate() {
        travelling.set(place + 2, part)?;
    }
    Ok(travelling.into_value())
}

pub(crate) fn from_script(handles: &Handles, value: &Js<'_>) -> Result<Value, MarshalError> {
    from(handles, value, 0)
}

fn from(handles: &Handles, value: &Js<'_>, depth: u32) -> Result<Value, MarshalError> {
    check_depth(depth)?;
    if value.is_null() || value.is_undefined() {
        return Ok(Value::Null);
    }
    if let Some(truth) = value.as_bool() {
        return Ok(Value::Boolean(truth));
    }
    if let Some(number) = value.as_int() {
        return Ok(match handles.calculates_with_nulls() {
            // Camunda: so is what is calculated with null, which is 0.
            true => Value::Double(f64::from(number)),
            false => Value::Integer(number),
        });
    }
    if let Some(number) = value.as_float() {
        return Ok(handles.remembered(number).unwrap_or(Value::Double(number)));
    }
    if let Some(text) = value.as_string() {
        return Ok(Value::string(text.to_string()?));
    }
    let unexpected = || EvaluationError::failed(format!("a {} can't leave a script", value.type_name()));
    let travelling = value.as_array().ok_or_else(unexpected)?;
    let tag: String = travelling.get(0)?;
    Ok(match tag.as_str() {
        LIST => {
            let items: Array<'_> = travelling.get(2)?;
            let items: Result<Vec<Value>, MarshalError> =
                items.iter::<Js<'_>>().map(|item| from(handles, &item?, depth + 1)).collect();
            Value::List(Arc::new(List { class: class_of(travelling)?, items: items?, source: None }))
        }
        MAP => {
            let (keys, values): (Array<'_>, Array<'_>) = (travelling.get(2)?, travelling.get(3)?);
            let entries: Result<Vec<(Arc<str>, Value)>, MarshalError> = keys
                .iter::<String>()
                .zip(values.iter::<Js<'_>>())
                .map(|(key, entry)| Ok((key?.into(), from(handles, &entry?, depth + 1)?)))
                .collect();
            Value::Map(Arc::new(Map::new(class_of(travelling)?, entries?)))
        }
        HELD => handles.value(travelling.get::<f64>(1)? as usize)?,
        _ => return Err(unexpected().into()),
    })
}

fn class_of(travelling: &Array<'_>) -> Result<Arc<str>, MarshalError> {
    Ok(travelling.get::<String>(1)?.into())
}

fn check_depth(depth: u32) -> Result<(), EvaluationError> {
    if depth > DEPTH_MAX {
        return Err(EvaluationError::failed(format!("lists and maps are nested more than {DEPTH_MAX} deep")));
    }
    Ok(())
}
