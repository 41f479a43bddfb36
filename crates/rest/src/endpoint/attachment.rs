//! What people attach to tasks: files and addresses.

use std::sync::Arc;

use axum::http::HeaderValue;
use query::tables::ATTACHMENT;
use query::{Condition, Direction};
use runtime::{AttachmentContents, NewAttachment};
use serde_json::{Value, json};
use types::{TaskId, Uuid};

use super::comment::{existing_task, keeps_history, must_keep_history, no_task};
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::form::Form;
use crate::row::{self, Row};

/// In the order in which they were attached.
pub async fn all(call: Call) -> Result<Answer, Failure> {
    if !keeps_history(&call) {
        return Answer::json(&[(); 0]);
    }
    let task_id = existing_task(&call).await?.ok_or_else(|| no_task(&call))?;
    let found = rows(&call, row::has_id(ATTACHMENT.col("task_id"), task_id.0)).await?;
    Answer::json(&found.iter().map(|row| shown(&call, row)).collect::<Vec<_>>())
}

pub async fn one(call: Call) -> Result<Answer, Failure> {
    let found = rows(&call, addressed(&call)?).await?;
    Answer::json(&shown(&call, found.first().ok_or_else(|| unknown(&call))?))
}

/// 404 for an address too: what is there is elsewhere.
pub async fn data(call: Call) -> Result<Answer, Failure> {
    let found = row::rows_with(call.runtime(), &ATTACHMENT, &["contents"], addressed(&call)?).await?;
    let contents = found.first().and_then(|row| row.bytes("contents")).ok_or_else(|| unknown(&call))?;
    Ok(Answer::of_type(HeaderValue::from_static("application/octet-stream"), contents.to_vec()))
}

pub async fn create(call: Call) -> Result<Answer, Failure> {
    must_keep_history(&call)?;
    let task_id = existing_task(&call).await?;
    let task_id = task_id.ok_or_else(|| Failure::invalid(format!("there is no task `{}`", call.path("id"))))?;
    let form = Form::read(&call).await?;
    let text = |name: &str| Ok::<_, Failure>(form.text(name)?.map(Arc::<str>::from));
    // Camunda: of contents and an address the contents count.
    let contents = match (form.part("content"), text("url")?) {
        (Some(part), _) => AttachmentContents::Bytes(part.contents.to_vec().into()),
        (None, Some(url)) => AttachmentContents::Url(url),
        (None, None) => return Err(Failure::invalid("neither the part `content` nor the part `url` is there")),
    };
    let new = NewAttachment {
        task_id,
        name: text("attachment-name")?,
        description: text("attachment-description")?,
        attachment_type: text("attachment-type")?,
        contents,
    };
    let id = call.runtime().add_attachment(new).await?;
    let created = rows(&call, row::has_id(ATTACHMENT.col("id"), id)).await?;
    let created = created.first().ok_or_else(|| Failure::internal("a new attachment is not there"))?;
    let mut shown = shown(&call, created);
    let link = call.link(&format!("/task/{}/attachment/{id}", call.path("id")));
    shown["links"] = json!([{ "method": "GET", "href": link, "rel": "self" }]);
    Answer::json(&shown)
}

pub async fn delete(call: Call) -> Result<Answer, Failure> {
    must_keep_history(&call)?;
    let (task_id, id) = ids(&call)?;
    call.runtime().delete_attachment(task_id, id).await?;
    Ok(Answer::no_content())
}

fn ids(call: &Call) -> Result<(TaskId, Uuid), Failure> {
    let task_id = call.id("task")?;
    let id = call.path("attachmentId").parse().map_err(|_| unknown(call))?;
    Ok((task_id, id))
}

fn addressed(call: &Call) -> Result<Condition, Failure> {
    let (task_id, id) = ids(call)?;
    Ok(row::has_id(ATTACHMENT.col("task_id"), task_id.0).and(row::has_id(ATTACHMENT.col("id"), id)))
}

fn unknown(call: &Call) -> Failure {
    let (task, attachment) = (call.path("id"), call.path("attachmentId"));
    Failure::not_found(format!("the task `{task}` has no such attachment as `{attachment}`"))
}

/// Without their contents.
async fn rows(call: &Call, condition: Condition) -> Result<Vec<Row>, Failure> {
    let time = "create_time";
    let kept = row::Kept { table: &ATTACHMENT, columns: &COLUMNS, time, direction: Direction::Ascending };
    row::kept_rows(call.runtime(), &kept, condition).await
}

const COLUMNS: [&str; 7] =
    ["id", "root_process_instance_id", "create_time", "name", "description", "attachment_type", "url"];

fn shown(call: &Call, row: &Row) -> Value {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string());
    json!({
        "links": [],
        "id": text(row.id("id")),
        "name": row.text("name").as_deref(),
        "description": row.text("description").as_deref(),
        "taskId": call.path("id"),
        "type": row.text("attachment_type").as_deref(),
        "url": row.text("url").as_deref(),
        "createTime": row.time("create_time").map(|time| time.to_string()),
        "removalTime": row.time("removal_time").map(|time| time.to_string()),
        "rootProcessInstanceId": text(row.id("root_process_instance_id")),
    })
}
