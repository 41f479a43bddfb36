//! `Idempotency-Key`: a request that changes something and is repeated with its key is carried out once, and answered
//! as the first time.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::Reply;
use http_body_util::BodyExt;
use runtime::{IdempotencyKey, Recalled, RecordedAnswer, Runtime};
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::{Failure, Refusal};
use crate::operation::{Answers, Handler, Verb};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// In an answer that is the one of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEY_BYTES_MAX: usize = 255;
/// A longer answer is not kept; a repetition is told that all is done, without it.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Their answers are not kept: what they hand out must not be handed out again, or each of their completions is noted
/// on its own.
const NOT_KEPT: [&str; 4] = ["fetchAndLock", "completeAndFetch", "completeBatch", "streamTasks"];

/// The key of a request, where it has one and could change something.
pub fn key_of(call: &Call) -> Result<Option<IdempotencyKey>, Failure> {
    let can_change = match call.operation.method {
        Verb::Post | Verb::Put | Verb::Delete => !NOT_KEPT.contains(&call.operation.id),
        Verb::Get | Verb::Options => false,
    };
    if !can_change {
        return Ok(None);
    }
    Ok(text_of(call)?.map(|text| IdempotencyKey::new(text, fingerprint(call))))
}

/// The header itself.
pub fn text_of(call: &Call) -> Result<Option<&str>, Failure> {
    let Some(key) = call.headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = key.to_str().ok().filter(|text| {
        (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    });
    let wrong = || format!("`Idempotency-Key` has to have 1 to {KEY_BYTES_MAX} printable ASCII characters");
    text.map(Some).ok_or_else(|| Failure::invalid(wrong()))
}

/// Carries the request out, unless that was done before.
pub async fn answer_once(handler: &Handler, mut call: Call, key: IdempotencyKey) -> Result<Response, Failure> {
    let runtime = call.rest.runtime.clone();
    if let Some(response) = replayed(runtime.recall(&key).await?)? {
        return Ok(response);
    }
    let known = (call.operation.answers == Answers::Nothing).then(RecordedAnswer::no_content);
    let Some(recording) = runtime.record(key.clone(), known) else { return Err(in_progress()) };
    call.rest.runtime = recording.clone();
    let answered = (handler.run)(call).await.map(Answer::into_response);
    let (response, kept) =
        kept(answered.unwrap_or_else(|failure| failure.into_refusal(handler.look).into_response())).await?;
    let status = response.status();
    if let Some(answer) = kept
        && let Err(error) = recording.record_answer(answer).await
    {
        // It is done, which its note says in any case.
        tracing::warn!(%error, "an answer was not noted: whoever repeats the request is told no more than that it is done");
    }
    if status.is_client_error() || status.is_server_error() {
        // Another node may have carried it out meanwhile, or this one without knowing it.
        match runtime.recall_stored(&key).await {
            Ok(Recalled::Answered(answer)) => return replay(&answer),
            Ok(Recalled::Nothing | Recalled::InProgress | Recalled::OtherRequest | Recalled::Unanswered) => {}
            // What is known without the note says more: that the outcome is unknown, for example.
            Err(error) => tracing::warn!(%error, "it could not be looked up whether a request was carried out"),
        }
    }
    Ok(response)
}

/// So that the answer of a request that is repeated later is stored with what it did.
pub fn record_reply(runtime: &Runtime, shown: impl Fn(&[Reply]) -> Option<RecordedAnswer> + Send + Sync + 'static) {
    if runtime.is_recording() {
        runtime.record_reply(Box::new(shown));
    }
}

/// An answer of `Answer::json_text`.
pub fn json_answer(text: Vec<u8>) -> RecordedAnswer {
    RecordedAnswer { status: 200, content_type: Some("application/json".into()), body: text.into() }
}

fn replayed(recalled: Recalled) -> Result<Option<Response>, Failure> {
    known_answer(recalled)?.map(|answer| replay(&answer)).transpose()
}

/// What a request that is repeated is answered; `None` if it was not carried out before.
pub fn known_answer(recalled: Recalled) -> Result<Option<RecordedAnswer>, Failure> {
    match recalled {
        Recalled::Nothing => Ok(None),
        Recalled::InProgress => Err(in_progress()),
        Recalled::OtherRequest => {
            let message = "`Idempotency-Key` was used for another request";
            Err(Failure::refused(StatusCode::UNPROCESSABLE_ENTITY, "InvalidRequestException", message))
        }
        Recalled::Unanswered => Ok(Some(RecordedAnswer::no_content())),
        Recalled::Answered(answer) => Ok(Some(answer)),
    }
}

fn replay(answer: &RecordedAnswer) -> Result<Response, Failure> {
    let mut response = Response::new(Body::from(answer.body.to_vec()));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(Failure::internal)?;
    let headers = response.headers_mut();
    if let Some(content_type) = &answer.content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).map_err(Failure::internal)?);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// The response, and what of it is kept for a repetition; `None` if it is too long.
async fn kept(response: Response) -> Result<(Response, Option<RecordedAnswer>), Failure> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(Failure::internal)?.to_bytes();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(Into::into);
    let answer = (body.len() <= ANSWER_BYTES_MAX && !parts.headers.contains_key(RETRY_AFTER)).then(|| RecordedAnswer {
        status: parts.status.as_u16(),
        content_type,
        body: body.as_ref().into(),
    });
    Ok((Response::from_parts(parts, Body::from(body)), answer))
}

pub fn in_progress() -> Failure {
    let message = "a request with this `Idempotency-Key` is being carried out";
    let refusal = Refusal::new(StatusCode::CONFLICT, "InvalidRequestException", message);
    Failure::from(Refusal { retry_after_s: Some(1), ..refusal })
}

/// Tells a request from others. Who sends a form again may choose another boundary for it.
fn fingerprint(call: &Call) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    };
    add(call.operation.id.as_bytes());
    for (name, value) in call.path.iter().filter(|(name, _)| name != "engine-name") {
        add(name.as_bytes());
        add(value.as_bytes());
    }
    add(call.uri.query().unwrap_or_default().as_bytes());
    let boundary = call.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(boundary);
    match boundary {
        Some(boundary) => split(&call.body, boundary.as_bytes()).for_each(add),
        None => add(&call.body),
    }
    digest.finalize().into()
}

fn boundary(content_type: &str) -> Option<&str> {
    let (_, rest) = content_type.split_once("boundary=")?;
    let boundary = rest.split(';').next()?.trim().trim_matches('"');
    (!boundary.is_empty()).then_some(boundary)
}

fn split<'b>(body: &'b [u8], boundary: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let body = rest?;
        match body.windows(boundary.len()).position(|window| window == boundary) {
            Some(at) => {
                rest = Some(&body[at + boundary.len()..]);
                Some(&body[..at])
            }
            None => rest.take(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_the_same_whatever_its_boundary() {
        let parts = |boundary: &str| {
            let body = format!("--{boundary}\r\nA\r\n--{boundary}--\r\n");
            split(body.as_bytes(), boundary.as_bytes()).map(<[u8]>::to_vec).collect::<Vec<_>>()
        };
        assert_eq!(parts("x"), parts("yy"));
        assert_eq!(parts("x").len(), 3);
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\"; charset=x"), Some("a b"));
        assert_eq!(boundary("application/json"), None);
    }
}
