//! What a handler answers when all went well.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::RejectionKind;
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;

#[derive(Debug)]
pub struct Answer(Response);

impl Answer {
    /// 204 without a body.
    pub fn no_content() -> Answer {
        Answer(StatusCode::NO_CONTENT.into_response())
    }

    /// 204, for what was done as well as for what was not there to be done.
    pub fn unless_unknown(done: Result<(), runtime::Error>) -> Result<Answer, Failure> {
        match done {
            Err(runtime::Error::Rejected(rejection)) if rejection.kind == RejectionKind::NotFound => {}
            done => done?,
        }
        Ok(Answer::no_content())
    }

    /// 200 with a JSON document. Only a value that JSON cannot hold makes it fail.
    pub fn json(value: &impl Serialize) -> Result<Answer, Failure> {
        let text = serde_json::to_vec(value).map_err(Failure::internal)?;
        Ok(Answer::json_text(text))
    }

    /// A JSON document as text, with room for so many bytes from the start.
    pub fn text_of(value: &impl Serialize, bytes_usual: usize) -> Result<Vec<u8>, Failure> {
        let mut text = Vec::with_capacity(bytes_usual);
        serde_json::to_writer(&mut text, value).map_err(Failure::internal)?;
        Ok(text)
    }

    /// 200 with a JSON document that is already text.
    pub fn json_text(text: impl Into<Body>) -> Answer {
        let mut response = Answer::of_type(HeaderValue::from_static("application/json"), text);
        response.0.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    /// 200 with `{"count": …}`.
    pub fn count(count: u64) -> Result<Answer, Failure> {
        Answer::json(&json!({ "count": count }))
    }

    pub fn text(text: impl Into<Body>) -> Answer {
        Answer::of_type(HeaderValue::from_static("text/plain"), text)
    }

    /// 200 with contents of any type.
    pub fn of_type(content_type: HeaderValue, contents: impl Into<Body>) -> Answer {
        let mut response = Response::new(contents.into());
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        Answer(response)
    }

    /// The same, to be saved as a file.
    pub fn as_attachment(mut self, filename: &str) -> Answer {
        let safe: String = filename.chars().map(|c| if c.is_control() || c == '"' { '_' } else { c }).collect();
        let encoded = percent_encoded(&safe);
        let value = format!("attachment; filename=\"{safe}\"; filename*=UTF-8''{encoded}");
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.0.headers_mut().insert(CONTENT_DISPOSITION, value);
        }
        self
    }

    pub fn into_response(self) -> Response {
        self.0
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer(response)
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
