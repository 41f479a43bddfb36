//! A variable's value in the columns `value_type`, `text_value`, `integer_value`, `real_value`, `bytes_value` and
//! `value_info`.
//!
//! | type | value in | `value_info`, a JSON object |
//! |---|---|---|
//! | Null, and a null of any other type | | |
//! | Boolean, Short, Integer, Long, Date | `integer_value` | |
//! | Double | `real_value`; not a number is `NaN` in `text_value` | |
//! | String, Json, Xml | `text_value` | |
//! | Bytes | `bytes_value` | |
//! | File | `bytes_value` | `filename`, `mimeType`, `encoding` |
//! | Object | `text_value`; null is a null of the type | `objectTypeName`, `serializationDataFormat` |

use std::sync::Arc;

use query::SqlValue;
use serde_json::{Map, Value};
use types::{FileValue, ObjectValue, Timestamp, VariableType, VariableValue};

use super::{RowSink, RowSource, RowValues, corrupt};
use crate::StoreError;

const NOT_A_NUMBER: &str = "NaN";

/// The columns that may hold a value; one of them does, or none where it is null.
pub const VALUE_COLUMNS: [&str; 4] = ["text_value", "integer_value", "real_value", "bytes_value"];

/// The cell of `value_type`, and the column with the value in it, if it is not null.
pub fn value_cells(value: &VariableValue) -> (SqlValue, Option<(&'static str, SqlValue)>) {
    let mut row = RowValues::default();
    encode_value(value, &mut row);
    let mut cells = row.values.into_iter();
    let value_type = cells.next().expect("a value is encoded as six cells");
    let held = VALUE_COLUMNS.into_iter().zip(cells).find(|(_, cell)| *cell != SqlValue::Null);
    (value_type, held)
}

/// Gives six cells.
pub fn encode_value(value: &VariableValue, row: &mut impl RowSink) {
    row.text(value.variable_type().name());
    match value {
        VariableValue::Null | VariableValue::TypedNull(_) => nulls(row, 5),
        VariableValue::Boolean(value) => integer(row, i64::from(*value)),
        VariableValue::Short(value) => integer(row, i64::from(*value)),
        VariableValue::Integer(value) => integer(row, i64::from(*value)),
        VariableValue::Long(value) => integer(row, *value),
        VariableValue::Date(value) => integer(row, value.0),
        // SQLite keeps no such number.
        VariableValue::Double(value) if value.is_nan() => {
            row.text(NOT_A_NUMBER);
            nulls(row, 4);
        }
        VariableValue::Double(value) => {
            nulls(row, 2);
            row.real(*value);
            nulls(row, 2);
        }
        VariableValue::String(value) | VariableValue::Json(value) | VariableValue::Xml(value) => {
            row.text(value);
            nulls(row, 4);
        }
        VariableValue::Bytes(value) => {
            nulls(row, 3);
            row.blob(value);
            row.null();
        }
        VariableValue::File(file) => {
            nulls(row, 3);
            row.blob(&file.contents);
            row.text(&file_info(file));
        }
        VariableValue::Object(object) => {
            row.optional_text(object.serialized.as_deref());
            nulls(row, 3);
            row.text(&object_info(object));
        }
    }
}

/// Takes six cells.
pub fn decode_value(row: &mut impl RowSource) -> Result<VariableValue, StoreError> {
    let type_name = row.text()?;
    let value_type = VariableType::from_name(&type_name).ok_or_else(|| corrupt("a variable has an unknown type"))?;
    let text = row.optional_text()?;
    let integer = row.optional_integer()?;
    let real = row.optional_real()?;
    let bytes = row.optional_blob()?;
    let info = row.optional_text()?;
    let missing = || corrupt("a variable has no value of its type");
    let is_null = text.is_none() && integer.is_none() && real.is_none() && bytes.is_none();
    if is_null && value_type != VariableType::Object {
        return Ok(VariableValue::null_of(value_type));
    }
    let integer = || integer.ok_or_else(missing);
    let given_text = || text.clone().ok_or_else(missing);
    Ok(match value_type {
        VariableType::Null => return Err(corrupt("a null has a value")),
        VariableType::Boolean => VariableValue::Boolean(integer()? != 0),
        VariableType::Short => VariableValue::Short(integer()?.try_into().map_err(|_| missing())?),
        VariableType::Integer => VariableValue::Integer(integer()?.try_into().map_err(|_| missing())?),
        VariableType::Long => VariableValue::Long(integer()?),
        VariableType::Date => VariableValue::Date(Timestamp(integer()?)),
        VariableType::Double if text.as_deref() == Some(NOT_A_NUMBER) => VariableValue::Double(f64::NAN),
        VariableType::Double => VariableValue::Double(real.ok_or_else(missing)?),
        VariableType::String => VariableValue::String(given_text()?),
        VariableType::Json => VariableValue::Json(given_text()?),
        VariableType::Xml => VariableValue::Xml(given_text()?),
        VariableType::Bytes => VariableValue::Bytes(bytes.ok_or_else(missing)?),
        VariableType::File => VariableValue::File(Arc::new(file(info.as_deref(), bytes.ok_or_else(missing)?)?)),
        VariableType::Object => VariableValue::Object(Arc::new(object(info.as_deref(), text.as_deref())?)),
    })
}

fn nulls(row: &mut impl RowSink, count: usize) {
    for _ in 0..count {
        row.null();
    }
}

fn integer(row: &mut impl RowSink, value: i64) {
    row.null();
    row.integer(value);
    nulls(row, 3);
}

fn file_info(file: &FileValue) -> String {
    let filename = Some(&file.filename);
    info([("filename", filename), ("mimeType", file.mime_type.as_ref()), ("encoding", file.encoding.as_ref())])
}

fn object_info(object: &ObjectValue) -> String {
    info([
        ("objectTypeName", object.object_type_name.as_ref()),
        ("serializationDataFormat", object.serialization_data_format.as_ref()),
    ])
}

fn info<const N: usize>(fields: [(&str, Option<&String>); N]) -> String {
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?.clone()))));
    Value::Object(given.collect::<Map<_, _>>()).to_string()
}

fn file(info: Option<&str>, contents: Arc<[u8]>) -> Result<FileValue, StoreError> {
    let mut fields = fields(info)?;
    Ok(FileValue {
        filename: take(&mut fields, "filename").ok_or_else(|| corrupt("a file has no name"))?,
        mime_type: take(&mut fields, "mimeType"),
        encoding: take(&mut fields, "encoding"),
        contents,
    })
}

fn object(info: Option<&str>, serialized: Option<&str>) -> Result<ObjectValue, StoreError> {
    let mut fields = fields(info)?;
    Ok(ObjectValue {
        object_type_name: take(&mut fields, "objectTypeName"),
        serialization_data_format: take(&mut fields, "serializationDataFormat"),
        serialized: serialized.map(str::to_owned),
    })
}

fn fields(info: Option<&str>) -> Result<Map<String, Value>, StoreError> {
    match info.map(serde_json::from_str) {
        Some(Ok(Value::Object(fields))) => Ok(fields),
        _ => Err(corrupt("a variable's value_info is no JSON object")),
    }
}

fn take(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}
