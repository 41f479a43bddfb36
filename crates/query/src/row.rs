//! Rows of a resource as JSON objects, in the order and the forms that it declares.
//!
//! How values of variables look is not known here: the caller shows them.

use std::sync::Arc;

use serde_json::{Map, Value};
use types::{FileValue, ObjectValue, Timestamp, Uuid, VariableType, VariableValue};

use crate::condition::{ColumnRef, Term};
use crate::resource::{OutputValue, Resource, Sign, VariablePart};
use crate::table::ColumnKind;
use crate::tables::NEVER_REMOVED;
use crate::value::SqlValue;

/// A row that does not have the cells of its resource's statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of {resource} has no valid cell for `{output}`")]
pub struct RowError {
    pub resource: &'static str,
    pub output: &'static str,
}

/// A variable's value as it is to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShownVariable {
    pub value: Value,
    pub value_info: Map<String, Value>,
    /// Why there is no value.
    pub error_message: Option<String>,
}

impl Resource {
    /// `cells` are those of one row of `select` or `select_one`. Files and bytes come without their contents.
    pub fn row(
        &self,
        cells: &[SqlValue],
        show: &dyn Fn(&VariableValue) -> ShownVariable,
    ) -> Result<Map<String, Value>, RowError> {
        let mut object = Map::with_capacity(self.outputs.len());
        let mut rest = cells;
        let mut variable = ShownVariable::default();
        for output in &self.outputs {
            let error = || RowError { resource: self.name, output: output.name };
            let (own, others) = rest.split_at_checked(output.value.terms().len()).ok_or_else(error)?;
            rest = others;
            let value = match &output.value {
                OutputValue::Variable(VariablePart::Type, _) => {
                    let (value_type, value) = shown_variable_value(own).ok_or_else(error)?;
                    variable = show(&value);
                    Some(value_type.name().into())
                }
                OutputValue::Variable(VariablePart::Value, _) => Some(std::mem::take(&mut variable.value)),
                OutputValue::Variable(VariablePart::Info, _) => {
                    Some(Value::Object(std::mem::take(&mut variable.value_info)))
                }
                OutputValue::Variable(VariablePart::Error, _) => Some(variable.error_message.take().into()),
                other => self.plain_output(other, own),
            };
            object.insert(output.name.to_owned(), value.ok_or_else(error)?);
        }
        Ok(object)
    }

    /// `None` if a cell is not of the kind that is declared.
    fn plain_output(&self, output: &OutputValue, cells: &[SqlValue]) -> Option<Value> {
        match (output, cells) {
            (OutputValue::Constant(value), []) => Some(value.clone()),
            (OutputValue::Column(column), [cell]) => plain(self.kind(*column), cell),
            (OutputValue::Is(_, value), [cell]) => Some((cell == value).into()),
            (OutputValue::IfPresent(_, _, absent), [SqlValue::Null]) => Some((*absent).into()),
            (OutputValue::IfPresent(_, present, _), [_]) => Some((*present).into()),
            (OutputValue::RemovalTime(_), cells) => removal_time(cells),
            (OutputValue::Sum(signed), cells) => sum(signed, cells),
            (OutputValue::WriteId { .. }, [id, variable]) if id == variable => {
                Some(uuid(id)?.of_first_write().to_string().into())
            }
            (OutputValue::WriteId { .. }, [id, _]) => plain(ColumnKind::Id, id),
            (OutputValue::ActivityInstance { .. }, [activity, id]) => activity_instance(activity, id),
            (OutputValue::Duration { .. }, [SqlValue::Integer(start), SqlValue::Integer(end)]) => {
                Some(end.saturating_sub(*start).into())
            }
            (OutputValue::Duration { .. }, [_, _]) => Some(Value::Null),
            _ => None,
        }
    }

    fn kind(&self, column: ColumnRef) -> ColumnKind {
        self.column_kind(column, &[])
    }
}

fn plain(kind: ColumnKind, cell: &SqlValue) -> Option<Value> {
    Some(match (kind, cell) {
        (_, SqlValue::Null) => Value::Null,
        (ColumnKind::Id, SqlValue::Uuid(id)) => id.to_string().into(),
        // People have given it, and it stands in place of what stands for it.
        (ColumnKind::Id, SqlValue::Text(text)) => text.as_ref().into(),
        (ColumnKind::Id, SqlValue::Blob(bytes)) => Uuid::from_bytes(bytes.as_ref().try_into().ok()?).to_string().into(),
        (ColumnKind::Text, SqlValue::Text(text)) => text.as_ref().into(),
        (ColumnKind::Integer, SqlValue::Integer(number)) => (*number).into(),
        (ColumnKind::Time, SqlValue::Integer(ms)) => Timestamp(*ms).to_string().into(),
        (ColumnKind::Boolean, SqlValue::Integer(flag)) => (*flag != 0).into(),
        (ColumnKind::Real, SqlValue::Real(number)) => (*number).into(),
        _ => return None,
    })
}

fn uuid(cell: &SqlValue) -> Option<Uuid> {
    match cell {
        SqlValue::Uuid(id) => Some(*id),
        SqlValue::Blob(bytes) => bytes.as_ref().try_into().ok().map(Uuid::from_bytes),
        _ => None,
    }
}

/// Of the cells type, text, integer, real, bytes and info; the contents of bytes and files are part of it.
pub fn variable_value(cells: &[SqlValue]) -> Option<VariableValue> {
    let [type_name, text, integer, real, bytes, info] = cells else { return None };
    let plain = [type_name, text, integer, real, info].map(Clone::clone);
    let bytes: Option<Arc<[u8]>> = match bytes {
        SqlValue::Blob(bytes) => Some(bytes.clone()),
        // Sixteen bytes may be taken for an id.
        SqlValue::Uuid(id) => Some(id.to_bytes().as_slice().into()),
        _ => None,
    };
    Some(match (shown_variable_value(&plain)?, bytes) {
        ((VariableType::Bytes, _), Some(bytes)) => VariableValue::Bytes(bytes),
        ((_, VariableValue::File(file)), Some(contents)) => {
            VariableValue::File(Arc::new(FileValue { contents, ..(*file).clone() }))
        }
        ((_, value), _) => value,
    })
}

/// The first one that there is.
fn removal_time(cells: &[SqlValue]) -> Option<Value> {
    match cells.iter().find(|cell| !matches!(cell, SqlValue::Null)) {
        None | Some(SqlValue::Integer(NEVER_REMOVED)) => Some(Value::Null),
        Some(cell) => plain(ColumnKind::Time, cell),
    }
}

fn sum(signed: &[(Sign, Term)], cells: &[SqlValue]) -> Option<Value> {
    let mut sum = 0_i64;
    for ((sign, _), cell) in signed.iter().zip(cells) {
        let SqlValue::Integer(number) = cell else { return None };
        sum = match sign {
            Sign::Plus => sum.saturating_add(*number),
            Sign::Minus => sum.saturating_sub(*number),
        };
    }
    Some(sum.into())
}

fn activity_instance(activity: &SqlValue, id: &SqlValue) -> Option<Value> {
    let id = plain(ColumnKind::Id, id)?;
    match (activity, &id) {
        (SqlValue::Text(activity), Value::String(id)) => Some(format!("{activity}:{id}").into()),
        (SqlValue::Null, _) | (SqlValue::Text(_), Value::Null) => Some(id),
        _ => None,
    }
}

/// Of the cells type, text, integer, real and info.
fn shown_variable_value(cells: &[SqlValue]) -> Option<(VariableType, VariableValue)> {
    let [SqlValue::Text(type_name), text, integer, real, info] = cells else { return None };
    let value_type = VariableType::from_name(type_name)?;
    let value = match (value_type, text, integer, real) {
        (VariableType::Null, ..) => VariableValue::Null,
        (VariableType::Boolean, _, SqlValue::Integer(flag), _) => VariableValue::Boolean(*flag != 0),
        (VariableType::Short, _, SqlValue::Integer(number), _) => VariableValue::Short((*number).try_into().ok()?),
        (VariableType::Integer, _, SqlValue::Integer(number), _) => VariableValue::Integer((*number).try_into().ok()?),
        (VariableType::Long, _, SqlValue::Integer(number), _) => VariableValue::Long(*number),
        (VariableType::Date, _, SqlValue::Integer(ms), _) => VariableValue::Date(Timestamp(*ms)),
        (VariableType::Double, _, _, SqlValue::Real(number)) => VariableValue::Double(*number),
        // No database keeps a NaN as a number.
        (VariableType::Double, SqlValue::Text(_), ..) => VariableValue::Double(f64::NAN),
        (VariableType::String, SqlValue::Text(text), ..) => VariableValue::String(text.clone()),
        (VariableType::Json, SqlValue::Text(text), ..) => VariableValue::Json(text.clone()),
        (VariableType::Xml, SqlValue::Text(text), ..) => VariableValue::Xml(text.clone()),
        (VariableType::File, ..) => VariableValue::File(Arc::new(file(info)?)),
        (VariableType::Object, text, ..) => VariableValue::Object(Arc::new(object(text, info)?)),
        (other, ..) => VariableValue::TypedNull(other),
    };
    Some((value_type, value))
}

fn file(info: &SqlValue) -> Option<FileValue> {
    let mut fields = info_fields(info)?;
    Some(FileValue {
        filename: take(&mut fields, "filename")?,
        mime_type: take(&mut fields, "mimeType"),
        encoding: take(&mut fields, "encoding"),
        contents: Arc::from([]),
    })
}

fn object(text: &SqlValue, info: &SqlValue) -> Option<ObjectValue> {
    let mut fields = info_fields(info)?;
    Some(ObjectValue {
        object_type_name: take(&mut fields, "objectTypeName"),
        serialization_data_format: take(&mut fields, "serializationDataFormat"),
        serialized: match text {
            SqlValue::Text(text) => Some(text.to_string()),
            _ => None,
        },
    })
}

fn info_fields(info: &SqlValue) -> Option<Map<String, Value>> {
    match info {
        SqlValue::Text(text) => match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

fn take(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}
