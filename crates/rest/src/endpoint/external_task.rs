//! Work on single external tasks. Fetching them is in `fetch_and_lock`.

use std::sync::Arc;

use axum::http::StatusCode;
use engine::{Command, Rejection, RejectionKind};
use query::tables::EXTERNAL_TASK;
use query::{Comparison, Condition, Direction, Select, SqlValue};
use runtime::{IdempotencyKey, RecordedAnswer};
use serde_json::json;
use types::ExternalTaskId;

use crate::answer::Answer;
use crate::call::Call;
use crate::dto::variable::variables;
use crate::failure::Failure;

pub(super) const WHAT: &str = "external task";

pub async fn lock(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let worker_id = fields.text("workerId")?;
    let lock_duration_ms = fields.long("lockDuration")?;
    let command = Command::LockExternalTask { id: call.id(WHAT)?, worker_id, lock_duration_ms };
    drop(fields);
    run(call, command).await
}

pub async fn unlock(call: Call) -> Result<Answer, Failure> {
    let command = Command::UnlockExternalTask { id: call.id(WHAT)? };
    run(call, command).await
}

pub async fn extend_lock(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let worker_id = fields.text("workerId")?;
    let new_duration_ms = fields.long("newDuration")?;
    let command = Command::ExtendExternalTaskLock { id: call.id(WHAT)?, worker_id, new_duration_ms };
    drop(fields);
    run(call, command).await
}

pub async fn complete(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let worker_id = fields.text("workerId")?;
    let sent = variables(&fields, "variables")?;
    let local_variables = variables(&fields, "localVariables")?;
    drop(fields);
    let id = call.id(WHAT)?;
    let is_idempotent = call.rest.settings.idempotent_completion;
    let once_for = worker_id.clone().filter(|_| is_idempotent);
    let command = Command::CompleteExternalTask { id, worker_id, variables: sent, local_variables };
    match once_for {
        Some(worker_id) => Box::pin(complete_once(call, command, id, &worker_id)).await,
        None => run(call, command).await,
    }
}

/// A task that is gone because the same worker has completed it is completed.
async fn complete_once(
    mut call: Call,
    command: Command,
    id: ExternalTaskId,
    worker_id: &str,
) -> Result<Answer, Failure> {
    let runtime = call.rest.runtime.clone();
    let key = IdempotencyKey::of_completion(id, worker_id);
    // Where the worker completes it at this moment, the task itself says which of the two comes first.
    if let Some(recording) = runtime.record(key, Some(RecordedAnswer::no_content())) {
        call.rest.runtime = recording;
    }
    match run(call, command).await {
        Err(Failure::Rejected(rejection)) if rejection.kind == RejectionKind::NotFound => {
            match runtime.is_completed_by(id, worker_id).await? {
                true => Ok(Answer::no_content()),
                false => Err(rejection.into()),
            }
        }
        answered => answered,
    }
}

pub async fn fail(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let command = Command::FailExternalTask {
        worker_id: fields.text("workerId")?,
        error_message: fields.text("errorMessage")?,
        error_details: fields.text("errorDetails")?,
        // Camunda: no number of retries is none left.
        retries: fields.integer("retries")?.unwrap_or(0),
        retry_timeout_ms: fields.long("retryTimeout")?.unwrap_or(0),
        variables: variables(&fields, "variables")?,
        local_variables: variables(&fields, "localVariables")?,
        id: call.id(WHAT)?,
    };
    drop(fields);
    run(call, command).await
}

pub async fn throw_bpmn_error(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let command = Command::ThrowExternalTaskBpmnError {
        worker_id: fields.text("workerId")?,
        error_code: fields.text("errorCode")?,
        error_message: fields.text("errorMessage")?,
        variables: variables(&fields, "variables")?,
        id: call.id(WHAT)?,
    };
    drop(fields);
    run(call, command).await
}

pub async fn set_priority(call: Call) -> Result<Answer, Failure> {
    let Some(priority) = call.fields()?.long("priority")? else {
        // Camunda: a missing number is not expected.
        let message = "`priority` is missing; it has to be a whole number";
        return Err(Failure::refused(StatusCode::INTERNAL_SERVER_ERROR, "NullPointerException", message));
    };
    let command = Command::SetExternalTaskPriority { id: call.id(WHAT)?, priority };
    run(call, command).await
}

pub async fn set_retries(call: Call) -> Result<Answer, Failure> {
    let retries = call.fields()?.integer("retries")?.ok_or_else(no_retries)?;
    let command = Command::SetExternalTaskRetries { id: call.id(WHAT)?, retries };
    run(call, command).await
}

/// The details of the last failure as text; 204 where there are none.
pub async fn error_details(call: Call) -> Result<Answer, Failure> {
    let unknown =
        || Rejection::new(RejectionKind::NullValue, format!("no external task with id `{}`", call.path("id")));
    let id: ExternalTaskId = call.path("id").parse().map_err(|_| unknown())?;
    let mut select =
        Select::all(EXTERNAL_TASK.source()).filter(Condition::equal(EXTERNAL_TASK.col("id"), SqlValue::Uuid(id.0)));
    select.columns = vec![EXTERNAL_TASK.col("error_details").into()];
    let rows = call.runtime().select(select.render(call.runtime().dialect())).await?;
    match rows.into_iter().next().ok_or_else(unknown)?.into_iter().next() {
        Some(SqlValue::Text(details)) => Ok(Answer::text(details.to_string())),
        _ => Ok(Answer::no_content()),
    }
}

/// The topics of the tasks there are, each once.
pub async fn topic_names(call: Call) -> Result<Answer, Failure> {
    let is_set = |name: &str| call.query.flag(name) == Some(true);
    let expiration = EXTERNAL_TASK.col("lock_expiration");
    let now = call.runtime().now();
    let mut conditions = Vec::new();
    if is_set("withLockedTasks") {
        conditions.push(Condition::compare(expiration, Comparison::Greater, now.0));
    }
    if is_set("withUnlockedTasks") {
        let is_past = Condition::compare(expiration, Comparison::AtMost, now.0);
        conditions.push(Condition::Any(vec![Condition::is_null(expiration), is_past]));
    }
    if is_set("withRetriesLeft") {
        let retries = EXTERNAL_TASK.col("retries");
        let are_left = Condition::compare(retries, Comparison::Greater, 0);
        conditions.push(Condition::Any(vec![Condition::is_null(retries), are_left]));
    }
    let topic = EXTERNAL_TASK.col("topic");
    let mut select = Select::all(EXTERNAL_TASK.source()).filter(Condition::All(conditions));
    select.columns = vec![topic.into()];
    select = select.order_by(topic, Direction::Ascending);
    let rows = call.runtime().select(select.render(call.runtime().dialect())).await?;
    let mut names: Vec<Arc<str>> = rows.into_iter().flatten().filter_map(text).collect();
    names.dedup();
    Answer::json(&json!(names.iter().map(|name| &**name).collect::<Vec<_>>()))
}

pub(super) fn no_retries() -> Failure {
    Failure::invalid("`retries` is missing; it has to be a whole number")
}

async fn run(call: Call, command: Command) -> Result<Answer, Failure> {
    call.into_runtime().execute(command).await?;
    Ok(Answer::no_content())
}

fn text(value: SqlValue) -> Option<Arc<str>> {
    match value {
        SqlValue::Text(text) => Some(text),
        _ => None,
    }
}
