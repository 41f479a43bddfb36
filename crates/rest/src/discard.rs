//! Bodies that nobody wanted to the end. They are read away before the answer goes out: a client that is still
//! sending when its connection is closed may never see the answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

/// What is read away at most; a client that sends more than that sees its connection closed.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body while its request is handled.
#[derive(Debug)]
pub struct Reading<B> {
    body: B,
    /// The client waits for a go-ahead, which is given by reading.
    waits_for_go_ahead: bool,
}

impl<B: hyper::body::Body<Data = Bytes> + Unpin> Reading<B> {
    pub fn new(body: B, headers: &HeaderMap) -> Reading<B> {
        Reading { body, waits_for_go_ahead: headers.contains_key(EXPECT) }
    }

    /// Reads away what nobody has read.
    pub async fn discard_rest(self) {
        // Without a go-ahead the client has not begun to send.
        if !self.waits_for_go_ahead && !self.body.is_end_stream() {
            let _ = tokio::time::timeout(PATIENCE, discard(self.body)).await;
        }
    }
}

impl<B: hyper::body::Body<Data = Bytes> + Unpin> hyper::body::Body for Reading<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.waits_for_go_ahead = false;
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body that goes through the hands of others. What is left of it comes back when it is dropped.
struct LentBody {
    reading: Option<Reading<Body>>,
    lender: Lender,
}

/// Takes back what is left of a body.
#[derive(Clone, Debug, Default)]
pub struct Lender(Arc<Mutex<Option<Reading<Body>>>>);

/// The request with a body that comes back to the lender.
pub fn lend(request: Request) -> (Request, Lender) {
    let lender = Lender::default();
    let lent = lender.clone();
    let (parts, body) = request.into_parts();
    let reading = Some(Reading::new(body, &parts.headers));
    (Request::from_parts(parts, Body::new(LentBody { reading, lender: lent })), lender)
}

impl Lender {
    /// Reads away what nobody has read.
    pub async fn discard_rest(self) {
        let returned = self.lock().take();
        if let Some(reading) = returned {
            reading.discard_rest().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Reading<Body>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn discard(mut body: impl hyper::body::Body<Data = Bytes> + Unpin) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > BYTES_MAX {
            return;
        }
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        *self.lender.lock() = self.reading.take();
    }
}

impl hyper::body::Body for LentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.reading {
            Some(reading) => Pin::new(reading).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.reading.as_ref().is_none_or(hyper::body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.reading.as_ref().map_or_else(SizeHint::default, hyper::body::Body::size_hint)
    }
}
