//! How a request is told from others in the logs.

use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use tracing::Span;

use crate::operation::Operation;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// A longer id is not taken over.
const REQUEST_ID_BYTES_MAX: usize = 128;
/// They wait because they were asked to.
const WAITING_OPERATIONS: [&str; 2] = ["fetchAndLock", "completeAndFetch"];

/// What the client said of its request.
#[derive(Debug)]
pub struct Trace {
    request_id: Option<HeaderValue>,
    trace_parent: Option<HeaderValue>,
    uri: Uri,
}

impl Trace {
    pub fn of(request: &Parts) -> Trace {
        let headers = &request.headers;
        Trace {
            request_id: headers.get(REQUEST_ID).filter(|id| is_plain(id)).cloned(),
            trace_parent: headers.get(TRACE_PARENT).cloned(),
            uri: request.uri.clone(),
        }
    }

    pub fn span(&self, operation: &'static Operation) -> Span {
        tracing::info_span!(
            "request",
            operation = operation.id,
            request_id = self.request_id(),
            trace_id = self.trace_id()
        )
    }

    pub fn note_slow(&self, operation: &'static Operation, status: StatusCode, took: Duration) {
        if WAITING_OPERATIONS.contains(&operation.id) {
            return;
        }
        tracing::warn!(
            operation = operation.id,
            path = self.uri.path(),
            status = status.as_u16(),
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            request_id = self.request_id(),
            trace_id = self.trace_id(),
            "a request was slow"
        );
    }

    /// Gives the client its id back.
    pub fn answer(&self, headers: &mut HeaderMap) {
        if let Some(id) = &self.request_id {
            headers.insert(REQUEST_ID, id.clone());
        }
    }

    fn request_id(&self) -> Option<&str> {
        self.request_id.as_ref().and_then(|id| id.to_str().ok())
    }

    fn trace_id(&self) -> Option<&str> {
        trace_id(self.trace_parent.as_ref()?.to_str().ok()?)
    }
}

fn is_plain(id: &HeaderValue) -> bool {
    !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

/// Of a `traceparent` of the W3C's Trace Context, of this version or a later one.
fn trace_id(trace_parent: &str) -> Option<&str> {
    let mut parts = trace_parent.split('-');
    let (version, id, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_valid = is_hex(version, 2)
        && version != "ff"
        && (version != "00" || parts.next().is_none())
        && is_hex(id, 32)
        && id.bytes().any(|byte| byte != b'0')
        && is_hex(parent, 16)
        && is_hex(flags, 2);
    is_valid.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_are_those_of_valid_trace_parents() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for (trace_parent, expected) in [
            (format!("00-{id}-00f067aa0ba902b7-01"), Some(id)),
            (format!("01-{id}-00f067aa0ba902b7-01-more"), Some(id)),
            (format!("00-{id}-00f067aa0ba902b7-01-more"), None),
            (format!("ff-{id}-00f067aa0ba902b7-01"), None),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
            (format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()), None),
            ("00-x".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(trace_id(&trace_parent), expected, "{trace_parent}");
        }
    }

    #[test]
    fn ids_that_could_spoil_a_log_are_not_taken_over() {
        for (id, expected) in [("a-1", true), ("", false), ("a b", false), (&"x".repeat(129), false)] {
            assert_eq!(is_plain(&HeaderValue::from_str(id).expect("a header")), expected, "{id}");
        }
    }
}
