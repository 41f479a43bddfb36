//! Comments on tasks, and those that say that they are on a process instance.

use std::sync::Arc;

use engine::HistoryLevel;
use query::tables::{COMMENT, HISTORIC_PROCESS_INSTANCE, HISTORIC_TASK};
use query::{Condition, Direction};
use runtime::{CommentOwner, NewComment};
use serde_json::{Value, json};
use types::{ProcessInstanceId, TaskId, Uuid};

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::row::{self, Row};

/// The newest first.
pub async fn of_task(call: Call) -> Result<Answer, Failure> {
    if !keeps_history(&call) {
        return Answer::json(&[(); 0]);
    }
    let task_id = existing_task(&call).await?.ok_or_else(|| no_task(&call))?;
    list(&call, row::has_id(COMMENT.col("task_id"), task_id.0)).await
}

pub async fn of_process_instance(call: Call) -> Result<Answer, Failure> {
    if !keeps_history(&call) {
        return Answer::json(&[(); 0]);
    }
    let id = existing_instance(&call).await?;
    list(&call, row::has_text(COMMENT.col("process_instance_id"), &id.to_string())).await
}

pub async fn one(call: Call) -> Result<Answer, Failure> {
    let unknown = || {
        let (task, comment) = (call.path("id"), call.path("commentId"));
        Failure::not_found(format!("the task `{task}` has no comment with the id `{comment}`"))
    };
    let task_id: TaskId = call.id("task")?;
    let id: Uuid = call.path("commentId").parse().map_err(|_| unknown())?;
    let this = row::has_id(COMMENT.col("task_id"), task_id.0).and(row::has_id(COMMENT.col("id"), id));
    let found = rows(&call, this).await?;
    Answer::json(&shown(&call, found.first().ok_or_else(unknown)?))
}

pub async fn create(call: Call) -> Result<Answer, Failure> {
    must_keep_history(&call)?;
    let fields = call.fields()?;
    let task_id = existing_task(&call).await?;
    let task_id = task_id.ok_or_else(|| Failure::invalid(format!("there is no task `{}`", call.path("id"))))?;
    let Some(message) = fields.text("message")? else {
        return Err(engine::Rejection::new(engine::RejectionKind::NullValue, "`message` is missing").into());
    };
    let process_instance_id = fields.text("processInstanceId")?;
    let id = call.runtime().add_comment(NewComment { task_id, process_instance_id, message }).await?;
    let created = rows(&call, row::has_id(COMMENT.col("id"), id)).await?;
    let created = created.first().ok_or_else(|| Failure::internal("a new comment is not there"))?;
    let mut shown = shown(&call, created);
    let link = call.link(&format!("/task/{}/comment/{id}", call.path("id")));
    shown["links"] = json!([{ "method": "GET", "href": link, "rel": "self" }]);
    Answer::json(&shown)
}

pub async fn update_of_task(call: Call) -> Result<Answer, Failure> {
    must_keep_history(&call)?;
    let task_id = existing_task(&call).await?.ok_or_else(|| no_task(&call))?;
    update(&call, CommentOwner::Task(task_id)).await
}

pub async fn update_of_process_instance(call: Call) -> Result<Answer, Failure> {
    must_keep_history(&call)?;
    let id = existing_instance(&call).await?;
    update(&call, CommentOwner::ProcessInstance(id)).await
}

pub async fn delete_of_task(call: Call) -> Result<Answer, Failure> {
    must_keep_history(&call)?;
    let task_id = existing_task(&call).await?.ok_or_else(|| no_task(&call))?;
    delete(&call, CommentOwner::Task(task_id)).await
}

pub async fn delete_of_process_instance(call: Call) -> Result<Answer, Failure> {
    must_keep_history(&call)?;
    let id = existing_instance(&call).await?;
    delete(&call, CommentOwner::ProcessInstance(id)).await
}

async fn update(call: &Call, owner: CommentOwner) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let required =
        |name: &str| fields.text(name)?.ok_or_else(|| Failure::invalid(format!("the property `{name}` is missing")));
    let (id, message) = (required("id")?, required("message")?);
    let id = id.parse().map_err(|_| Failure::invalid(format!("there is no comment with the id `{id}`")))?;
    call.runtime().change_comment(owner, id, message).await?;
    Ok(Answer::no_content())
}

/// Of the one that the address names, or all. One that is not there is no fault.
async fn delete(call: &Call, owner: CommentOwner) -> Result<Answer, Failure> {
    let id = match call.path("commentId") {
        "" => None,
        id => Some(id.parse().unwrap_or(Uuid(0))),
    };
    call.runtime().delete_comments(owner, id).await?;
    Ok(Answer::no_content())
}

async fn list(call: &Call, condition: Condition) -> Result<Answer, Failure> {
    let found = rows(call, condition).await?;
    Answer::json(&found.iter().map(|row| shown(call, row)).collect::<Vec<_>>())
}

/// With the removal time of the instance that they belong to.
async fn rows(call: &Call, condition: Condition) -> Result<Vec<Row>, Failure> {
    let kept = row::Kept { table: &COMMENT, columns: &COLUMNS, time: "time", direction: Direction::Descending };
    row::kept_rows(call.runtime(), &kept, condition).await
}

const COLUMNS: [&str; 6] = ["id", "task_id", "process_instance_id", "root_process_instance_id", "time", "message"];

fn shown(call: &Call, row: &Row) -> Value {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string());
    // People may give tasks ids of their own, which is what they address them by.
    let task_id = match call.operation.path.starts_with("/task/") {
        true => Some(call.path("id").to_owned()),
        false => text(row.id("task_id")),
    };
    json!({
        "links": [],
        "id": text(row.id("id")),
        "userId": null,
        "time": row.time("time").map(|time| time.to_string()),
        "taskId": task_id,
        "processInstanceId": row.text("process_instance_id").as_deref(),
        "message": row.text("message").as_deref(),
        "removalTime": row.time("removal_time").map(|time| time.to_string()),
        "rootProcessInstanceId": text(row.id("root_process_instance_id")),
    })
}

/// The task of the address; its history says whether it is or was there.
pub(super) async fn existing_task(call: &Call) -> Result<Option<TaskId>, Failure> {
    let id: TaskId = call.id("task")?;
    let this = row::has_id(HISTORIC_TASK.col("id"), id.0);
    let found = row::rows_with(call.runtime(), &HISTORIC_TASK, &["id"], this).await?;
    Ok(found.first().map(|_| id))
}

pub(super) fn no_task(call: &Call) -> Failure {
    Failure::not_found(format!("there is no task `{}`", call.path("id")))
}

async fn existing_instance(call: &Call) -> Result<ProcessInstanceId, Failure> {
    let id: Arc<str> = call.path("id").into();
    let unknown = || Failure::not_found(format!("there is no process instance `{id}`"));
    let parsed: ProcessInstanceId = id.parse().map_err(|_| unknown())?;
    let this = row::has_id(HISTORIC_PROCESS_INSTANCE.col("id"), parsed.0);
    let found = row::rows_with(call.runtime(), &HISTORIC_PROCESS_INSTANCE, &["id"], this).await?;
    found.first().map(|_| parsed).ok_or_else(unknown)
}

pub(super) fn keeps_history(call: &Call) -> bool {
    call.runtime().settings().history_level != HistoryLevel::None
}

/// Camunda: without a history there are no comments and attachments either.
pub(super) fn must_keep_history(call: &Call) -> Result<(), Failure> {
    match keeps_history(call) {
        true => Ok(()),
        false => {
            let status = axum::http::StatusCode::FORBIDDEN;
            Err(Failure::refused(status, "InvalidRequestException", "no history is kept"))
        }
    }
}
