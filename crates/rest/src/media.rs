//! Media types: whether a request brings what an operation takes and accepts what it answers.

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};

use crate::operation::{Answers, Takes};

/// Of pages that are part of others.
pub const XHTML: HeaderValue = HeaderValue::from_static("application/xhtml+xml");
/// Of files with Camunda forms.
pub const FORM_SUFFIX: &str = ".form";

/// Whether the body is of the type that the operation takes.
pub fn is_taken(takes: Takes, headers: &HeaderMap) -> bool {
    let expected = match takes {
        Takes::Nothing => return true,
        Takes::Json => "application/json",
        Takes::Form => "multipart/form-data",
    };
    match headers.get(CONTENT_TYPE) {
        Some(value) => value.to_str().is_ok_and(|value| essence(value).eq_ignore_ascii_case(expected)),
        None => takes == Takes::Json,
    }
}

/// Whether the caller accepts what the operation answers.
pub fn is_acceptable(answers: Answers, headers: &HeaderMap) -> bool {
    let offered = match answers {
        Answers::Nothing | Answers::Any => return true,
        Answers::Json => "application/json",
        Answers::Text => "text/plain",
        Answers::Events => "text/event-stream",
    };
    is_accepted(offered, headers)
}

pub fn is_accepted(offered: &str, headers: &HeaderMap) -> bool {
    let mut is_restricted = false;
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',').map(str::trim).filter(|range| !range.is_empty()) {
            is_restricted = true;
            if covers(range, offered) {
                return true;
            }
        }
    }
    !is_restricted
}

/// By the suffix of a file's name.
pub fn media_type_of_file(name: &str) -> HeaderValue {
    let suffix = name.rsplit('.').next().unwrap_or_default();
    HeaderValue::from_static(match suffix {
        "bpmn" | "cmmn" | "dmn" | "xml" => "application/xml",
        "json" => "application/json",
        "gif" => "image/gif",
        "jpeg" | "jpe" | "jpg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "tiff" | "tif" => "image/tiff",
        "bmp" => "image/bmp",
        "groovy" | "java" | "js" | "php" | "py" | "rb" | "txt" => "text/plain",
        "html" => "text/html",
        _ => "application/octet-stream",
    })
}

/// Without parameters.
pub fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// A parameter like `charset`, without quotes.
pub fn parameter<'a>(media_type: &'a str, name: &str) -> Option<&'a str> {
    let mut parameters = media_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    parameters
        .find(|(known, _)| known.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().trim_matches('"'))
}

/// Of contents with what was told about them; told nonsense is left out.
pub fn contents_type(mime_type: Option<&str>, encoding: Option<&str>) -> HeaderValue {
    let mime_type = mime_type.filter(|mime_type| mime_type.contains('/'));
    let told = match (mime_type, encoding) {
        (Some(mime_type), Some(encoding)) => HeaderValue::from_str(&format!("{mime_type}; charset={encoding}")).ok(),
        (Some(mime_type), None) => HeaderValue::from_str(mime_type).ok(),
        (None, _) => None,
    };
    told.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

fn covers(range: &str, offered: &str) -> bool {
    if quality_is_zero(range) {
        return false;
    }
    let range = essence(range);
    range == "*/*"
        || range.eq_ignore_ascii_case(offered)
        || range.strip_suffix("/*").is_some_and(|kind| offered.split('/').next() == Some(kind))
}

fn quality_is_zero(range: &str) -> bool {
    let mut parameters = range.split(';').skip(1).map(str::trim);
    parameters.any(|parameter| parameter.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept() {
        for (accept, expected) in [
            ("*/*", true),
            ("application/*", true),
            ("application/json;charset=utf-8", true),
            ("text/plain, application/json;q=0.5", true),
            ("text/html", false),
            ("application/hal+json", false),
            ("application/json;q=0", false),
            ("", true),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(is_acceptable(Answers::Json, &headers), expected, "{accept}");
        }
        assert!(is_acceptable(Answers::Json, &HeaderMap::new()));
    }

    #[test]
    fn content_type() {
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"))]);
        assert!(is_taken(Takes::Json, &headers));
        assert!(!is_taken(Takes::Form, &headers));
        assert!(is_taken(Takes::Nothing, &headers));
    }
}
