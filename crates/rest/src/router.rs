//! Routes, generated from the table of operations, and what every request goes through on its way to its handler.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::ALLOW;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame};
use runtime::Runtime;
use tower::ServiceExt;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use tracing::Instrument;

use crate::call::Call;
use crate::delivery::DeliveryWatch;
use crate::direct::PathParameters;
use crate::discard;
use crate::failure::{Failure, Refusal, look};
use crate::idempotency;
use crate::media;
use crate::metrics::RestMetrics;
use crate::operation::{OPERATIONS, Operation, Takes, Verb};
use crate::query_string::QueryString;
use crate::settings::RestSettings;
use crate::trace::Trace;

pub const BASE_PATH: &str = "/engine-rest";
/// The name of the one engine.
pub const ENGINE_NAME: &str = "default";

/// Decoded, if that can be done.
type RawPathParameters = Result<RawPathParams, RawPathParamsRejection>;

/// A request whose operation was found.
pub(crate) struct Routed {
    /// The place in the table.
    pub at: usize,
    pub operation: &'static Operation,
    /// `None` if it is no UTF-8.
    pub path: Option<PathParameters>,
    pub parts: Parts,
    /// Of the connection that the answer will go to.
    pub deliveries: Option<DeliveryWatch>,
}

/// What handlers work with.
#[derive(Clone, Debug)]
pub struct Rest {
    pub runtime: Runtime,
    pub settings: Arc<RestSettings>,
}

/// Routes to all operations, as they are and by the name of the engine, and to `beside`.
pub(crate) fn routes(rest: &Rest, metrics: &Arc<RestMetrics>, beside: Router) -> Router {
    let mut routes = Router::new();
    for (path, operations) in by_path() {
        routes = routes.route(&format!("{BASE_PATH}{path}"), methods(&operations, metrics));
        routes = routes.route(&format!("{BASE_PATH}/engine/{{engine-name}}{path}"), methods(&operations, metrics));
    }
    let routes = routes.fallback(unknown_path).with_state(rest.clone()).merge(beside);
    let outermost = tower::service_fn(move |request| enter(routes.clone(), request));
    Router::new().fallback_service(outermost)
}

pub(crate) fn with_cors(routes: Router, origin: HeaderValue) -> Router {
    let layer = CorsLayer::new().allow_methods(Any).allow_headers(Any);
    routes.layer(if origin == "*" { layer.allow_origin(Any) } else { layer.allow_origin(AllowOrigin::exact(origin)) })
}

/// Routes are matched without trailing slashes, as in the reference.
async fn enter(routes: Router, request: Request) -> Result<Response, Infallible> {
    let (request, lender) = discard::lend(without_trailing_slashes(request));
    let response = routes.oneshot(request).await;
    lender.discard_rest().await;
    response
}

/// An operation with its place in the table.
type Placed = (usize, &'static Operation);

fn by_path() -> BTreeMap<&'static str, Vec<Placed>> {
    let mut paths: BTreeMap<&'static str, Vec<Placed>> = BTreeMap::new();
    for (at, operation) in OPERATIONS.iter().enumerate() {
        paths.entry(operation.path).or_default().push((at, operation));
    }
    paths
}

/// The operations of one path; other methods are 405, and `OPTIONS` tells which there are.
fn methods(operations: &[Placed], metrics: &Arc<RestMetrics>) -> MethodRouter<Rest> {
    let allowed = allowed_methods(operations);
    let mut methods = MethodRouter::new();
    for (at, operation) in operations.iter().copied() {
        let metrics = metrics.clone();
        let run = move |State(rest): State<Rest>, path: RawPathParameters, request: Request| async move {
            let path =
                path.map(|path| path.iter().map(|(name, value)| (name.to_owned().into(), value.to_owned())).collect());
            let (parts, mut body) = request.into_parts();
            let deliveries = parts.extensions.get::<DeliveryWatch>().cloned();
            let routed = Routed { at, operation, path: path.ok(), parts, deliveries };
            answer(&rest, &metrics, routed, &mut body).await
        };
        methods = methods.on(filter(operation.method), run);
    }
    if operations.iter().all(|(_, operation)| operation.method != Verb::Options) {
        let allowed = allowed.clone();
        methods = methods.on(MethodFilter::OPTIONS, async move || [(ALLOW, allowed)]);
    }
    methods.fallback(async move || {
        let refusal =
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "NotAllowedException", "HTTP 405 Method Not Allowed");
        ([(ALLOW, allowed)], refusal).into_response()
    })
}

fn filter(verb: Verb) -> MethodFilter {
    match verb {
        Verb::Delete => MethodFilter::DELETE,
        Verb::Get => MethodFilter::GET,
        Verb::Options => MethodFilter::OPTIONS,
        Verb::Post => MethodFilter::POST,
        Verb::Put => MethodFilter::PUT,
    }
}

fn allowed_methods(operations: &[Placed]) -> HeaderValue {
    let mut names: Vec<&str> = operations.iter().map(|(_, operation)| operation.method.name()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    names.dedup();
    HeaderValue::from_str(&names.join(",")).expect("names of methods are ASCII")
}

fn without_trailing_slashes(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.len() < 2 || !path.ends_with('/') {
        return request;
    }
    let trimmed = path.trim_end_matches('/');
    let target = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    if let Ok(uri) = target.parse() {
        *request.uri_mut() = uri;
    }
    request
}

async fn unknown_path() -> Response {
    Refusal::new(StatusCode::NOT_FOUND, "NotFoundException", "HTTP 404 Not Found").into_response()
}

/// From a routed request to its answer. A panic in a handler becomes a 500. What the operation does not want of the body
/// is left.
pub(crate) async fn answer<B: HttpBody<Data = Bytes> + Unpin>(
    rest: &Rest,
    metrics: &RestMetrics,
    routed: Routed,
    body: &mut B,
) -> Response {
    let _in_progress = metrics.in_progress.count();
    let begun = Instant::now();
    let Routed { at, operation, .. } = routed;
    let trace = Trace::of(&routed.parts);
    let look = operation.handler.as_ref().map_or(&look::ENGINE, |handler| handler.look);
    let handled = AssertUnwindSafe(handle(rest, routed, body));
    let handled = handled.catch_unwind().instrument(trace.span(operation)).await;
    let answered =
        handled.unwrap_or_else(|_| Err(Failure::internal(format_args!("a handler panicked: {operation:?}"))));
    let mut response = answered.unwrap_or_else(|failure| failure.into_refusal(look).into_response());
    let took = begun.elapsed();
    if rest.settings.slow_request_min.is_some_and(|slow| took >= slow) {
        trace.note_slow(operation, response.status(), took);
    }
    trace.answer(response.headers_mut());
    metrics.answered(at, response.status(), took);
    response
}

async fn handle<B: HttpBody<Data = Bytes> + Unpin>(
    rest: &Rest,
    routed: Routed,
    body: &mut B,
) -> Result<Response, Failure> {
    let Routed { operation, path, parts, deliveries, .. } = routed;
    let path = path.ok_or_else(|| Failure::invalid("the path is no UTF-8"))?;
    if path.iter().any(|(name, value)| name == "engine-name" && value != ENGINE_NAME) {
        return Err(Failure::invalid("No process engine available"));
    }
    if has_encoded_slash(parts.uri.path()) {
        // Camunda: its server refuses them, as they can get lost on the way through proxies.
        return Err(Failure::invalid("the path contains an encoded slash"));
    }
    let Some(handler) = &operation.handler else {
        return Err(Failure::not_yet(format_args!("{} {}", operation.method.name(), operation.path)));
    };
    check_media(operation, &parts.headers)?;
    let bytes_max = match operation.takes {
        Takes::Nothing => None,
        Takes::Json => Some(rest.settings.body_bytes_max),
        Takes::Form => Some(rest.settings.form_bytes_max),
    };
    let body = match bytes_max {
        Some(bytes_max) => read_body(body, bytes_max, &rest.settings).await?,
        None => Bytes::new(),
    };
    let query = QueryString::parse(parts.uri.query());
    let rest = rest.clone();
    let call = Call { operation, rest, query, uri: parts.uri, headers: parts.headers, body, deliveries, path };
    match idempotency::key_of(&call)? {
        Some(key) => idempotency::answer_once(handler, call, key).await,
        None => Ok((handler.run)(call).await?.into_response()),
    }
}

fn has_encoded_slash(path: &str) -> bool {
    path.contains('%')
        && path.as_bytes().windows(3).any(|w| w.eq_ignore_ascii_case(b"%2f") || w.eq_ignore_ascii_case(b"%5c"))
}

fn check_media(operation: &Operation, headers: &HeaderMap) -> Result<(), Failure> {
    if !media::is_taken(operation.takes, headers) {
        let message = "HTTP 415 Unsupported Media Type";
        return Err(Failure::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "NotSupportedException", message));
    }
    if !media::is_acceptable(operation.answers, headers) {
        let message = "HTTP 406 Not Acceptable";
        return Err(Failure::refused(StatusCode::NOT_ACCEPTABLE, "NotAcceptableException", message));
    }
    Ok(())
}

async fn read_body<B: HttpBody<Data = Bytes> + Unpin>(
    body: &mut B,
    bytes_max: usize,
    settings: &RestSettings,
) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    while !body.is_end_stream() {
        let Some(frame) = next_frame(body, settings).await? else { break };
        let frame = frame.map_err(|_| Failure::invalid("the body did not arrive whole"))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > bytes_max {
            let message = format!("the body is larger than {bytes_max} bytes");
            return Err(Failure::refused(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", message));
        }
        // The usual body comes in one piece.
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

type NextFrame<B> = Option<Result<Frame<Bytes>, <B as HttpBody>::Error>>;

async fn next_frame<B: HttpBody<Data = Bytes> + Unpin>(
    body: &mut B,
    settings: &RestSettings,
) -> Result<NextFrame<B>, Failure> {
    // What is there needs no timer.
    if let Some(next) = body.frame().now_or_never() {
        return Ok(next);
    }
    tokio::time::timeout(settings.body_idle_max, body.frame()).await.map_err(|_| {
        let message = "the body did not arrive in time";
        Failure::refused(StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", message)
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use store::sqlite::SqliteStore;

    use super::*;
    use crate::operation::{Answers, Handler};

    static PANICS: Operation = Operation {
        method: Verb::Get,
        path: "/panics",
        tag: "Test",
        id: "panics",
        takes: Takes::Nothing,
        answers: Answers::Json,
        handler: Some(Handler { run: |_| Box::pin(async { panic!("a secret of the inside") }), look: &look::ENGINE }),
    };

    #[tokio::test]
    async fn a_panic_is_an_answer_that_says_nothing() {
        let store = SqliteStore::open("sqlite::memory:").expect("a database in memory");
        let runtime = Runtime::open(Arc::new(store), runtime::Settings::default()).await.expect("a runtime");
        let rest = Rest { runtime, settings: Arc::default() };
        let routes = Router::new().route("/panics", methods(&[(0, &PANICS)], &Arc::default())).with_state(rest);
        let request = Request::get("/panics").body(Body::empty()).expect("valid");
        let response = routes.oneshot(request).await.expect("routers do not fail");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.into_body().collect().await.expect("whole").to_bytes();
        let expected = br#"{"type":"ProcessEngineException","message":"the request failed","code":0}"#;
        assert_eq!(body, &expected[..]);
    }
}
