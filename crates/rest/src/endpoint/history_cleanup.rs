//! Cleaning up the history: the jobs that do it, when they do it, and what they would find of batches.

use std::sync::Arc;

use axum::http::StatusCode;
use query::tables::HISTORIC_BATCH as BATCH;
use query::{Comparison, Condition, Measure, SqlValue, Tally, resource};
use runtime::Urgency;
use serde_json::{Map, Value, json};
use types::JobId;

use crate::answer::Answer;
use crate::call::Call;
use crate::dto::variable::ValueForm;
use crate::failure::{Failure, Refusal};
use crate::list;

pub async fn schedule(call: Call) -> Result<Answer, Failure> {
    // Camunda: whatever is not `true` is false.
    let urgency = match call.query.get("immediatelyDue") {
        Some(text) if !text.eq_ignore_ascii_case("true") => Urgency::InWindow,
        _ => Urgency::Now,
    };
    let jobs = call.runtime().schedule_history_cleanup(urgency).await?;
    match shown_jobs(&call, jobs.first()).await?.pop() {
        Some(job) => Answer::json(&job),
        None => {
            // Camunda: without a batch window and a job it stumbles over the job that it has not made.
            let message = "nothing is scheduled: no batch window is configured";
            Err(Failure::refused(StatusCode::INTERNAL_SERVER_ERROR, "NullPointerException", message))
        }
    }
}

pub async fn job(call: Call) -> Result<Answer, Failure> {
    let jobs = call.runtime().history_cleanup_jobs().await?;
    match shown_jobs(&call, jobs.first()).await?.pop() {
        Some(job) => Answer::json(&job),
        None => Err(no_jobs()),
    }
}

pub async fn jobs(call: Call) -> Result<Answer, Failure> {
    let jobs = call.runtime().history_cleanup_jobs().await?;
    let shown = shown_jobs(&call, &jobs).await?;
    if shown.is_empty() { Err(no_jobs()) } else { Answer::json(&shown) }
}

pub async fn configuration(call: Call) -> Result<Answer, Failure> {
    let window = call.runtime().history_cleanup_window();
    Answer::json(&json!({
        "batchWindowStartTime": window.map(|window| window.start.to_string()),
        "batchWindowEndTime": window.map(|window| window.end.to_string()),
        "enabled": call.runtime().settings().history_cleanup.is_enabled,
    }))
}

/// As the list of jobs shows them; one that has gone meanwhile is left out.
async fn shown_jobs<'j>(
    call: &Call,
    jobs: impl IntoIterator<Item = &'j JobId>,
) -> Result<Vec<Map<String, Value>>, Failure> {
    let mut shown = Vec::new();
    for id in jobs {
        shown.extend(list::row(&resource::JOBS, call, &id.to_string(), ValueForm::Deserialized).await?);
    }
    Ok(shown)
}

fn no_jobs() -> Failure {
    Refusal::new(StatusCode::NOT_FOUND, "RestException", "no clean-up of the history has been scheduled").into()
}

/// Finished batches of one type, and those of them that can be removed.
struct OfType {
    batch_type: Arc<str>,
    finished: i64,
    cleanable: i64,
}

/// Of each type of batches that is in the history.
pub async fn batches(call: Call) -> Result<Answer, Failure> {
    let (first, most) = (page_number(&call, "firstResult")?, page_number(&call, "maxResults")?);
    let mut found = of_types(&call).await?;
    match (call.query.get("sortBy"), call.query.get("sortOrder")) {
        (None, None) => {}
        (Some("finished"), Some("asc")) => found.sort_by_key(|of_type| of_type.finished),
        (Some("finished"), Some("desc")) => found.sort_by_key(|of_type| std::cmp::Reverse(of_type.finished)),
        _ => return Err(Failure::invalid("`sortBy` has to be `finished`, with `asc` or `desc` as the `sortOrder`")),
    }
    let days = &call.runtime().settings().batch_time_to_live_days;
    let page = found.iter().skip(first.unwrap_or(0)).take(most.unwrap_or(usize::MAX));
    let shown = page.map(|of_type| {
        json!({
            "batchType": &*of_type.batch_type,
            "historyTimeToLive": days.get(&of_type.batch_type),
            "finishedBatchesCount": of_type.finished,
            "cleanableBatchesCount": of_type.cleanable,
        })
    });
    Answer::json(&shown.collect::<Vec<_>>())
}

pub async fn batch_count(call: Call) -> Result<Answer, Failure> {
    Answer::count(of_types(&call).await?.len() as u64)
}

/// In order of types.
async fn of_types(call: &Call) -> Result<Vec<OfType>, Failure> {
    let has_ended = Condition::is_not_null(BATCH.col("end_time"));
    let is_due = Condition::compare(BATCH.col("removal_time"), Comparison::AtMost, call.runtime().now().0);
    let mut tally = Tally::count(BATCH.source(), vec![BATCH.col("batch_type").into()], Condition::EVERYTHING);
    tally.measures = vec![Measure::CountOf(has_ended), Measure::CountOf(is_due)];
    let read = |cells: Vec<SqlValue>| match &cells[..] {
        [SqlValue::Text(batch_type), SqlValue::Integer(finished), SqlValue::Integer(cleanable)] => {
            Ok(OfType { batch_type: batch_type.clone(), finished: *finished, cleanable: *cleanable })
        }
        _ => Err(Failure::internal("a row of a report has other cells than were asked for")),
    };
    let rows = call.runtime().select(tally.render(call.runtime().dialect())).await?;
    let mut found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    // Camunda: types of which none has finished are not shown.
    found.retain(|of_type| of_type.finished > 0);
    found.sort_by(|one, other| one.batch_type.cmp(&other.batch_type));
    Ok(found)
}

/// Negative ones are none.
fn page_number(call: &Call, name: &str) -> Result<Option<usize>, Failure> {
    let Some(text) = call.query.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let number = text.parse::<i32>().map_err(|_| {
        let message = format!("`{name}` has to be a whole number, not `{text}`");
        Failure::from(Refusal::new(StatusCode::NOT_FOUND, "QueryParamException", message))
    })?;
    Ok(Some(usize::try_from(number).unwrap_or(0)))
}
