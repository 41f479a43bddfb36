//! One handler each for lists, counts and single rows, whatever the resource.
//!
//! A `GET` has its filters in the query string, a `POST` in its body; the page is in the query string of both.

use std::sync::LazyLock;

use axum::http::StatusCode;
use query::{ListRequest, Purpose, Resource, ShownVariable, SqlValue};
use serde_json::{Map, Value};
use types::VariableValue;

use crate::answer::Answer;
use crate::call::Call;
use crate::dto::variable::{OBJECT_TYPE_NAME, ValueForm, VariableJson};
use crate::failure::{Face, Failure, Refusal};
use crate::operation::Verb;

/// How a row that is not there is refused.
pub const ABSENT: Face = Face { status: StatusCode::NOT_FOUND, error_type: "InvalidRequestException", code: None };
/// The same of an external task.
pub const ABSENT_EXTERNAL_TASK: Face = Face { error_type: "RestException", ..ABSENT };

type Declared = &'static LazyLock<Resource>;

/// The rows that were asked for, as a list.
pub async fn rows(resource: Declared, call: Call) -> Result<Answer, Failure> {
    let request = request(resource, &call, Purpose::Rows)?;
    Answer::json(&shown_rows(resource, &request, &call).await?)
}

/// The rows of a request, each as an object.
pub(super) async fn shown_rows(
    resource: &Resource,
    request: &ListRequest,
    call: &Call,
) -> Result<Vec<Map<String, Value>>, Failure> {
    let select = resource.select(request, call.runtime().now());
    let rows = call.runtime().select_shown(select.render(call.runtime().dialect())).await?;
    let form = value_form(call, "deserializeValues");
    rows.iter().map(|cells| object(resource, cells, form)).collect()
}

/// How many rows there are.
pub async fn count(resource: Declared, call: Call) -> Result<Answer, Failure> {
    let request = request(resource, &call, Purpose::Count)?;
    let select = resource.select_count(&request, call.runtime().now());
    let rows = call.runtime().select(select.render_count(call.runtime().dialect())).await?;
    match rows.first().and_then(|cells| cells.first()) {
        Some(SqlValue::Integer(count)) => Answer::count(u64::try_from(*count).unwrap_or(0)),
        _ => Err(Failure::internal("a count is not a number")),
    }
}

/// The row that the path's `id` names.
pub async fn one(resource: Declared, absent: &Face, call: Call) -> Result<Answer, Failure> {
    let id = call.path("id");
    let form = value_form(&call, "deserializeValue");
    match row(resource, &call, id, form).await? {
        Some(shown) => Answer::json(&shown),
        None => Err(absent_row(resource, absent, id)),
    }
}

pub(super) fn absent_row(resource: &Resource, absent: &Face, id: &str) -> Failure {
    let message = format!("there is no {} with id `{id}`", resource.name);
    Failure::from(Refusal { code: absent.code, ..Refusal::new(absent.status, absent.error_type, message) })
}

/// One row as it is shown in lists.
pub async fn row(
    resource: Declared,
    call: &Call,
    id: &str,
    form: ValueForm,
) -> Result<Option<Map<String, Value>>, Failure> {
    let select = resource.select_one(id, call.runtime().now()).map_err(Failure::from)?;
    let rows = call.runtime().select_shown(select.render(call.runtime().dialect())).await?;
    rows.first().map(|cells| object(resource, cells, form)).transpose()
}

pub(super) fn request(resource: &Resource, call: &Call, purpose: Purpose) -> Result<ListRequest, Failure> {
    let parameters: Vec<(String, String)> =
        call.query.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let request = match call.operation.method {
        Verb::Post => ListRequest::from_body(resource, &body(call)?, &parameters, purpose),
        Verb::Get | Verb::Delete | Verb::Options | Verb::Put => ListRequest::from_query(resource, &parameters, purpose),
    };
    request.map_err(Failure::from)
}

/// No body at all is an empty object.
fn body(call: &Call) -> Result<Value, Failure> {
    Ok(Value::Object((&call.fields()?.into_inner()).into()))
}

fn value_form(call: &Call, parameter: &str) -> ValueForm {
    ValueForm::from_flag(call.query.flag(parameter), ValueForm::Deserialized)
}

fn object(resource: &Resource, cells: &[SqlValue], form: ValueForm) -> Result<Map<String, Value>, Failure> {
    let is_history = resource.name.starts_with("history/");
    let show = |value: &VariableValue| {
        let mut shown = shown_variable(value, form);
        // Camunda: only what runs shows the exact class of a list.
        if let (true, VariableValue::Object(object)) = (is_history, value) {
            let class = object.object_type_name.clone().map_or(Value::Null, Value::String);
            shown.value_info.insert(OBJECT_TYPE_NAME.to_owned(), class);
        }
        shown
    };
    resource.row(cells, &show).map_err(Failure::internal)
}

/// A value that cannot be shown as asked for does not keep the others from being shown.
fn shown_variable(value: &VariableValue, form: ValueForm) -> ShownVariable {
    // Contents of bytes and files are not part of lists.
    if matches!(value, VariableValue::Bytes(_)) {
        return ShownVariable::default();
    }
    match VariableJson::new(value, form) {
        Ok(shown) => {
            ShownVariable { value: shown.value().clone(), value_info: shown.value_info().clone(), error_message: None }
        }
        Err(Failure::Refused(refusal)) => {
            ShownVariable { error_message: Some(refusal.message), ..ShownVariable::default() }
        }
        Err(Failure::Rejected(rejection)) => {
            ShownVariable { error_message: Some(rejection.message), ..ShownVariable::default() }
        }
    }
}
