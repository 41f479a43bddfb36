//! What is kept of what happened: contents and deletion of single things. Lists are `list`'s.

use std::sync::Arc;

use engine::RejectionKind;
use query::resource::historic_detail;
use query::tables::{EVERY_HISTORIC_DETAIL, HISTORIC_EXTERNAL_TASK_LOG, HISTORIC_JOB_LOG, HISTORIC_VARIABLE, VARIABLE};
use query::{ColumnRef, Condition};
use types::{FileValue, Uuid, VariableType, VariableValue};

use super::scope_variables::contents;
use crate::answer::Answer;
use crate::call::Call;
use crate::dto::variable::{ENCODING, FILENAME, MIME_TYPE};
use crate::failure::Failure;
use crate::row::{self, Row};

/// The details of a failure as text; 204 where there are none.
pub async fn error_details(call: Call) -> Result<Answer, Failure> {
    let id = call.path("id");
    let found = row::row_by_id(call.runtime(), &HISTORIC_EXTERNAL_TASK_LOG, id).await?;
    let row = found.ok_or_else(|| Failure::not_found(format!("no entry of the external task log with id `{id}`")))?;
    match row.text("error_details") {
        Some(details) => Ok(Answer::text(details.to_string())),
        None => Ok(Answer::no_content()),
    }
}

/// What a failed job said; 204 where there is nothing.
pub async fn job_stacktrace(call: Call) -> Result<Answer, Failure> {
    let id = call.path("id");
    let found = row::row_by_id(call.runtime(), &HISTORIC_JOB_LOG, id).await?;
    let row = found.ok_or_else(|| Failure::not_found(format!("no entry of the job log with id `{id}`")))?;
    match row.text("exception_details").or_else(|| row.text("exception_message")) {
        Some(details) => Ok(Answer::text(details.to_string())),
        None => Ok(Answer::no_content()),
    }
}

pub async fn variable_data(call: Call) -> Result<Answer, Failure> {
    data(&call, &HISTORIC_VARIABLE, row::has_id).await
}

pub async fn detail_data(call: Call) -> Result<Answer, Failure> {
    data(&call, &EVERY_HISTORIC_DETAIL, |_, id| historic_detail::with_id(id)).await
}

/// Of a running instance.
pub async fn current_variable_data(call: Call) -> Result<Answer, Failure> {
    data(&call, &VARIABLE, row::has_id).await
}

async fn data(
    call: &Call,
    table: &'static query::Table,
    with_id: fn(ColumnRef, Uuid) -> Condition,
) -> Result<Answer, Failure> {
    let id = call.path("id");
    let found = match id.parse() {
        Ok(id) => row::row(call.runtime(), table, with_id(table.col("id"), id)).await?,
        Err(_) => None,
    };
    let row = found.ok_or_else(|| Failure::not_found(format!("no variable with id `{id}`")))?;
    contents(&stored_contents(&row))
}

/// Files and bytes whole; of other values only the type matters.
fn stored_contents(row: &Row) -> VariableValue {
    let kind = row.text("value_type").and_then(|name| VariableType::from_name(&name)).unwrap_or(VariableType::Null);
    match (kind, row.bytes("bytes_value")) {
        (VariableType::Bytes, Some(bytes)) => VariableValue::Bytes(bytes),
        (VariableType::File, Some(contents)) => {
            let info: Option<serde_json::Value> =
                row.text("value_info").and_then(|text| serde_json::from_str(&text).ok());
            let told = |key: &str| info.as_ref()?.get(key)?.as_str().map(str::to_owned);
            VariableValue::File(Arc::new(FileValue {
                filename: told(FILENAME).unwrap_or_default(),
                mime_type: told(MIME_TYPE),
                encoding: told(ENCODING),
                contents,
            }))
        }
        _ => VariableValue::null_of(kind),
    }
}

/// Operations are kept of users who are known, and without authentication nobody is.
pub async fn user_operations(_: Call) -> Result<Answer, Failure> {
    Answer::json(&[(); 0])
}

pub async fn user_operation_count(_: Call) -> Result<Answer, Failure> {
    Answer::count(0)
}

pub async fn delete_process_instance(call: Call) -> Result<Answer, Failure> {
    let id = call.id("historic process instance");
    let deleted = match id {
        Ok(id) => call.runtime().delete_historic_process_instance(id).await.map_err(Failure::from),
        Err(unknown) => Err(unknown),
    };
    let is_unknown = matches!(&deleted, Err(Failure::Rejected(rejection)) if rejection.kind == RejectionKind::NotFound);
    if is_unknown && call.query.flag("failIfNotExists") == Some(false) && !is_running(&call).await? {
        return Ok(Answer::no_content());
    }
    deleted.map(|()| Answer::no_content())
}

/// Camunda: an instance that still runs cannot be removed, whatever the request says.
async fn is_running(call: &Call) -> Result<bool, Failure> {
    Ok(row::row_by_id(call.runtime(), &query::tables::PROCESS_INSTANCE, call.path("id")).await?.is_some())
}

pub async fn delete_variables_of_process_instance(call: Call) -> Result<Answer, Failure> {
    call.runtime().delete_historic_variables_of(call.id("historic process instance")?).await?;
    Ok(Answer::no_content())
}

pub async fn delete_variable(call: Call) -> Result<Answer, Failure> {
    call.runtime().delete_historic_variable(call.id("historic variable")?).await?;
    Ok(Answer::no_content())
}

pub async fn delete_batch(call: Call) -> Result<Answer, Failure> {
    call.runtime().delete_historic_batch(call.id("historic batch")?).await?;
    Ok(Answer::no_content())
}
