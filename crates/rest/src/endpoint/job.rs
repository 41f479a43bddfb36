//! Jobs: executed, given retries and due dates.

use axum::http::StatusCode;
use engine::Command;
use query::tables::JOB;
use types::JobId;

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::row;

const WHAT: &str = "job";

pub async fn execute(call: Call) -> Result<Answer, Failure> {
    call.runtime().execute_job(call.id(WHAT)?).await?;
    Ok(Answer::no_content())
}

pub async fn set_retries(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let due_date = fields.time("dueDate")?;
    let Some(retries) = fields.integer("retries")? else {
        // Camunda: a missing number is not expected.
        let message = "`retries` is missing; it has to be a whole number";
        return Err(Failure::refused(StatusCode::INTERNAL_SERVER_ERROR, "NullPointerException", message));
    };
    let id: JobId = call.id(WHAT)?;
    call.runtime().execute(Command::SetJobRetries { id, retries }).await?;
    if fields.contains("dueDate") {
        call.runtime().execute(Command::SetJobDueDate { id, due_date }).await?;
    }
    Ok(Answer::no_content())
}

pub async fn set_due_date(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let due_date = fields.time("duedate")?;
    if fields.flag("cascade")? == Some(true) {
        return Err(Failure::not_yet("the property `cascade`"));
    }
    call.runtime().execute(Command::SetJobDueDate { id: call.id(WHAT)?, due_date }).await?;
    Ok(Answer::no_content())
}

/// What the last failure said; 204 where there was none.
pub async fn stacktrace(call: Call) -> Result<Answer, Failure> {
    let id = call.path("id");
    let found = row::row_by_id(call.runtime(), &JOB, id).await?;
    let row = found.ok_or_else(|| Failure::not_found(format!("no job with id `{id}`")))?;
    match row.text("exception_details").or_else(|| row.text("exception_message")) {
        Some(details) => Ok(Answer::text(details.to_string())),
        None => Ok(Answer::no_content()),
    }
}
