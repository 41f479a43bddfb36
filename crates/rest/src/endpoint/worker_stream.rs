//! Worker streams: external tasks as server-sent events, as long as the worker has credit for them. Camunda's API has
//! nothing like it.
//!
//! A stream is opened by POST, as what it asks for is the body of a fetchAndLock, which does not go into a query string.
//! Its body is made while hyper asks for it: a client that does not read gets nothing more, and one that goes away drops
//! it, which unlocks what it holds.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use runtime::{StreamEvent, WorkerStream};
use serde_json::{Value, json};
use types::Uuid;

use super::fetch_and_lock::{self, Topics};
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::{Failure, Refusal};

/// A lock has to be extended while it lasts, and not all the time.
const LOCK_DURATION_MS_MIN: i64 = 1_000;
/// A comment, which readers pass over.
const HEART_BEAT: &str = ":\n\n";

pub const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

pub async fn open(call: Call) -> Result<Answer, Failure> {
    let settings = &call.rest.settings;
    let (request, topics) = fetch_and_lock::read(&call.fields()?, settings)?;
    if request.tasks_max == 0 {
        return Err(Failure::invalid("`maxTasks` has to be at least 1: it is the credit that the stream begins with"));
    }
    if request.topics.is_empty() {
        return Err(Failure::invalid("`topics` has to name at least one topic"));
    }
    if let Some(topic) = request.topics.iter().find(|topic| topic.claim.lock_duration_ms < LOCK_DURATION_MS_MIN) {
        let message =
            format!("`lockDuration` of topic `{}` has to be at least {LOCK_DURATION_MS_MIN}", topic.claim.name);
        return Err(Failure::invalid(message));
    }
    let credits = request.tasks_max;
    let worker_stream = call.runtime().open_stream(request)?;
    let opened = json!({ "streamId": worker_stream.id().to_string(), "credits": credits });
    let events = Events { worker_stream, topics, heart_beat: settings.stream_heart_beat, stage: Stage::Begins(opened) };
    let mut response = Response::new(Body::from_stream(stream::unfold(events, Events::next)));
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, EVENT_STREAM);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response.into())
}

pub async fn add_credit(call: Call) -> Result<Answer, Failure> {
    let credits_max = call.rest.settings.tasks_per_fetch_max;
    let asked = call.fields()?.long("credits")?.unwrap_or(1);
    let more = u32::try_from(asked).ok().filter(|more| (1..=credits_max).contains(more));
    let more = more.ok_or_else(|| Failure::invalid(format!("`credits` has to be 1 to {credits_max}, not {asked}")))?;
    let unknown = || Failure::not_found(format!("this node has no worker stream `{}`", call.path("id")));
    let id: Uuid = call.path("id").parse().map_err(|_| unknown())?;
    match call.runtime().add_credits(id, more, credits_max).ok_or_else(unknown)? {
        true => Ok(Answer::no_content()),
        false => {
            let message = format!("a stream must not have more than {credits_max} credits and delivered tasks");
            Err(Refusal::invalid(message).into())
        }
    }
}

/// A stream as text.
struct Events {
    worker_stream: WorkerStream,
    topics: Topics,
    heart_beat: Duration,
    stage: Stage,
}

enum Stage {
    Begins(Value),
    Runs,
    Ended,
}

impl Events {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Events)> {
        let text = match std::mem::replace(&mut self.stage, Stage::Runs) {
            Stage::Ended => return None,
            Stage::Begins(opened) => event("open", &opened),
            Stage::Runs => match tokio::time::timeout(self.heart_beat, self.worker_stream.next()).await {
                Err(_) => HEART_BEAT.to_owned(),
                // It is logged; the stream ends, which gives back what it holds.
                Ok(happened) => self.text(happened).ok()?,
            },
        };
        Some((Ok(text.into()), self))
    }

    fn text(&mut self, happened: StreamEvent) -> Result<String, Failure> {
        match happened {
            StreamEvent::Tasks(tasks) => {
                Ok(self.topics.shown(&tasks)?.iter().map(|task| event("task", &json!(task))).collect())
            }
            StreamEvent::Lost(ids) => {
                Ok(ids.iter().map(|id| event("lost", &json!({ "id": id.to_string() }))).collect())
            }
            StreamEvent::Closed => {
                self.stage = Stage::Ended;
                Ok(event("close", &json!({ "status": StatusCode::SERVICE_UNAVAILABLE.as_u16() })))
            }
        }
    }
}

/// JSON has no line breaks of its own.
fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
