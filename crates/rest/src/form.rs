//! Multipart bodies: named parts, some of them files.

use axum::body::Body;
use axum::extract::multipart::Multipart;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;

use crate::call::Call;
use crate::failure::Failure;

/// Parts of one body.
pub const PARTS_MAX: usize = 1_000;

#[derive(Debug)]
pub struct Form {
    parts: Vec<FormPart>,
}

#[derive(Debug)]
pub struct FormPart {
    pub name: String,
    pub filename: Option<String>,
    pub content_type: Option<String>,
    pub contents: Bytes,
}

impl Form {
    pub async fn read(call: &Call) -> Result<Form, Failure> {
        let mut request = Request::new(Body::from(call.body.clone()));
        if let Some(content_type) = call.headers.get(CONTENT_TYPE) {
            request.headers_mut().insert(CONTENT_TYPE, content_type.clone());
        }
        // The body has been read already, within the limit for forms.
        DefaultBodyLimit::disable().apply(&mut request);
        let mut multipart = Multipart::from_request(request, &()).await.map_err(unreadable)?;
        let mut parts: Vec<FormPart> = Vec::new();
        while let Some(field) = multipart.next_field().await.map_err(unreadable)? {
            if parts.len() >= PARTS_MAX {
                return Err(Failure::invalid(format!("the body has more than {PARTS_MAX} parts")));
            }
            let name = field.name().unwrap_or_default().to_owned();
            let filename = field.file_name().map(str::to_owned);
            let content_type = field.content_type().map(str::to_owned);
            let contents = field.bytes().await.map_err(unreadable)?;
            // Camunda: of parts with the same name the last one counts.
            parts.retain(|part| part.name != name);
            parts.push(FormPart { name, filename, content_type, contents });
        }
        Ok(Form { parts })
    }

    pub fn part(&self, name: &str) -> Option<&FormPart> {
        self.parts.iter().find(|part| part.name == name)
    }

    pub fn parts(&self) -> &[FormPart] {
        &self.parts
    }

    /// A part as text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        let Some(part) = self.part(name) else { return Ok(None) };
        let text = std::str::from_utf8(&part.contents);
        text.map(Some).map_err(|_| Failure::invalid(format!("the part `{name}` is no UTF-8 text")))
    }

    /// Camunda: anything but `true` is false.
    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.text(name)?.is_some_and(|text| text.eq_ignore_ascii_case("true")))
    }
}

fn unreadable(fault: impl std::fmt::Display) -> Failure {
    Failure::invalid(format!("the multipart body cannot be read: {fault}"))
}
