//! A request as a handler sees it: routed, read and not yet understood.

use std::str::FromStr;

use axum::http::header::HOST;
use axum::http::{HeaderMap, Uri};
use bytes::Bytes;
use engine::Rejection;
use runtime::Runtime;

use crate::delivery::DeliveryWatch;
use crate::direct::PathParameters;
use crate::failure::Failure;
use crate::json::{self, Fields};
use crate::operation::Operation;
use crate::query_string::QueryString;
use crate::router::{BASE_PATH, Rest};

#[derive(Debug)]
pub struct Call {
    pub operation: &'static Operation,
    pub rest: Rest,
    pub query: QueryString,
    /// As it was sent; routes have read its path already.
    pub(crate) uri: Uri,
    pub headers: HeaderMap,
    /// Whole; empty where the operation takes none.
    pub body: Bytes,
    /// Of the connection that the answer will go to; `None` without one.
    pub deliveries: Option<DeliveryWatch>,
    pub(crate) path: PathParameters,
}

impl Call {
    pub fn runtime(&self) -> &Runtime {
        &self.rest.runtime
    }

    /// Once the request is understood nothing else of it has to be kept while it is carried out.
    pub fn into_runtime(self) -> Runtime {
        self.rest.runtime
    }

    /// A parameter of the path that is an id; one that cannot be any names nothing. `what` is for the refusal.
    pub fn id<I: FromStr>(&self, what: &str) -> Result<I, Failure> {
        parse_id(self.path("id"), what)
    }

    /// A parameter of the path, decoded; `name` is one that the operation's row has.
    pub fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// The JSON body, which has to be an object. No body at all counts as an empty one.
    pub fn fields(&self) -> Result<Fields, Failure> {
        Fields::parse(&self.body)
    }

    /// The JSON body, which has to be an object or `null`.
    pub fn json_or_null(&self) -> Result<Option<Fields>, Failure> {
        if self.body.trim_ascii() == b"null" { Ok(None) } else { self.fields().map(Some) }
    }

    /// The JSON body, whatever it is.
    pub fn json(&self) -> Result<serde_json::Value, Failure> {
        json::parse(&self.body)
    }

    /// The address of something in this API, as a link in an answer.
    pub fn link(&self, path: &str) -> String {
        let host = self.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        ["http://", host, BASE_PATH, path].concat()
    }
}

/// An id in a request. One that has not the form of an id belongs to nothing.
pub fn parse_id<I: FromStr>(text: &str, what: &str) -> Result<I, Failure> {
    text.parse().map_err(|_| Rejection::not_found(what, text).into())
}
