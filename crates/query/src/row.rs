//! Rows of a resource as JSON objects, in the order and the forms that it declares.

use serde_json::{Map, Value};
use types::{Timestamp, Uuid, VariableType};

use crate::condition::{ColumnRef, Term};
use crate::request::ValueForm;
use crate::resource::{OutputValue, Resource, Sign};
use crate::table::ColumnKind;
use crate::value::SqlValue;

/// A row that does not have the cells of its resource's statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of {resource} has no valid cell for `{output}`")]
pub struct RowError {
    pub resource: &'static str,
    pub output: &'static str,
}

impl Resource {
    /// `cells` are those of one row of `select` or `select_one`.
    pub fn row(&self, cells: &[SqlValue], values: ValueForm) -> Result<Map<String, Value>, RowError> {
        let mut object = Map::with_capacity(self.outputs.len());
        let mut rest = cells;
        for output in &self.outputs {
            let error = RowError { resource: self.name, output: output.name };
            let count = output.value.terms().len();
            let (own, others) = rest.split_at_checked(count).ok_or_else(|| error.clone())?;
            rest = others;
            let value = self.output(&output.value, own, values).ok_or(error)?;
            object.insert(output.name.to_owned(), value);
        }
        Ok(object)
    }

    /// `None` if a cell is not of the kind that is declared.
    fn output(&self, output: &OutputValue, cells: &[SqlValue], values: ValueForm) -> Option<Value> {
        match (output, cells) {
            (OutputValue::Constant(value), []) => Some(value.clone()),
            (OutputValue::Column(column), [cell]) => plain(self.kind(*column), cell),
            (OutputValue::Term(_, kind), [cell]) => plain(*kind, cell),
            (OutputValue::Is(_, value), [cell]) => Some((cell == value).into()),
            (OutputValue::IfPresent(_, _, absent), [SqlValue::Null]) => Some((*absent).into()),
            (OutputValue::IfPresent(_, present, _), [_]) => Some((*present).into()),
            (OutputValue::Sum(signed), cells) => sum(signed, cells),
            (OutputValue::ActivityInstance { .. }, [activity, id]) => activity_instance(activity, id),
            (OutputValue::Duration { .. }, [SqlValue::Integer(start), SqlValue::Integer(end)]) => {
                Some((end - start).into())
            }
            (OutputValue::Duration { .. }, [_, _]) => Some(Value::Null),
            (OutputValue::VariableType(_), [cell]) => plain(ColumnKind::Text, cell),
            (OutputValue::VariableValue(_), [kind, text, integer, real, info]) => {
                variable_value(variable_type(kind)?, [text, integer, real, info], values)
            }
            (OutputValue::VariableInfo(_), [kind, info]) => variable_info(variable_type(kind)?, info),
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
        (ColumnKind::Id, SqlValue::Blob(bytes)) => Uuid::from_bytes(bytes.as_ref().try_into().ok()?).to_string().into(),
        (ColumnKind::Text, SqlValue::Text(text)) => text.as_ref().into(),
        (ColumnKind::Integer, SqlValue::Integer(number)) => (*number).into(),
        (ColumnKind::Time, SqlValue::Integer(ms)) => Timestamp(*ms).to_string().into(),
        (ColumnKind::Boolean, SqlValue::Integer(flag)) => (*flag != 0).into(),
        (ColumnKind::Real, SqlValue::Real(number)) => (*number).into(),
        _ => return None,
    })
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

fn variable_type(cell: &SqlValue) -> Option<VariableType> {
    match cell {
        SqlValue::Text(name) => VariableType::from_name(name),
        _ => None,
    }
}

fn variable_value(
    value_type: VariableType,
    [text, integer, real, info]: [&SqlValue; 4],
    values: ValueForm,
) -> Option<Value> {
    match value_type {
        VariableType::Null | VariableType::Bytes | VariableType::File => Some(Value::Null),
        VariableType::Boolean => plain(ColumnKind::Boolean, integer),
        VariableType::Short | VariableType::Integer | VariableType::Long => plain(ColumnKind::Integer, integer),
        VariableType::Date => plain(ColumnKind::Time, integer),
        VariableType::Double => plain(ColumnKind::Real, real),
        // Camunda: lists show the inner state of its JSON and XML wrappers if asked to deserialize; the text is what
        // is meant.
        VariableType::String | VariableType::Json | VariableType::Xml => plain(ColumnKind::Text, text),
        VariableType::Object => match (values, text) {
            (ValueForm::Deserialized, SqlValue::Text(serialized)) if is_json(info) => {
                Some(serde_json::from_str(serialized).unwrap_or_else(|_| serialized.as_ref().into()))
            }
            _ => plain(ColumnKind::Text, text),
        },
    }
}

fn is_json(info: &SqlValue) -> bool {
    match info_fields(info) {
        Some(fields) => fields.get("serializationDataFormat").is_some_and(|format| format == "application/json"),
        None => false,
    }
}

fn variable_info(value_type: VariableType, info: &SqlValue) -> Option<Value> {
    let names: &[&str] = match value_type {
        VariableType::Object => &["objectTypeName", "serializationDataFormat"],
        VariableType::File => &["filename", "mimeType", "encoding"],
        _ => &[],
    };
    if names.is_empty() {
        return Some(Value::Object(Map::new()));
    }
    let mut fields = info_fields(info)?;
    // What is not known of an object is null, of a file it is left out.
    if value_type == VariableType::Object {
        for name in names {
            fields.entry(*name).or_insert(Value::Null);
        }
    }
    Some(Value::Object(fields))
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
