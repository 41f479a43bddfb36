//! Bodies that nobody wanted to the end. They are read away before the answer goes out: a client that is still
//! sending when its connection is closed may never see the answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::EXPECT;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

/// What is read away at most; a client that sends more than that sees its connection closed.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The body of a request while the request is handled. What is left of it comes back when it is dropped.
struct LentBody {
    body: Option<Body>,
    lender: Lender,
}

/// Takes back what is left of a body.
#[derive(Clone, Debug, Default)]
pub struct Lender(Arc<Mutex<Returned>>);

#[derive(Debug, Default)]
struct Returned {
    body: Option<Body>,
    /// The client waits for a go-ahead, which is given by reading.
    waits_for_go_ahead: bool,
}

/// The request with a body that comes back to the lender.
pub fn lend(request: Request) -> (Request, Lender) {
    let lender = Lender::default();
    lender.lock().waits_for_go_ahead = request.headers().contains_key(EXPECT);
    let lent = lender.clone();
    (request.map(|body| Body::new(LentBody { body: Some(body), lender: lent })), lender)
}

impl Lender {
    /// Reads away what nobody has read.
    pub async fn discard_rest(self) {
        let (body, waits_for_go_ahead) = {
            let mut returned = self.lock();
            (returned.body.take(), returned.waits_for_go_ahead)
        };
        // Without a go-ahead the client has not begun to send.
        if let Some(body) = body
            && !waits_for_go_ahead
            && !hyper::body::Body::is_end_stream(&body)
        {
            let _ = tokio::time::timeout(PATIENCE, discard(body)).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Returned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn discard(mut body: Body) {
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
        self.lender.lock().body = self.body.take();
    }
}

impl hyper::body::Body for LentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.body {
            Some(body) => {
                let polled = Pin::new(body).poll_frame(context);
                self.lender.lock().waits_for_go_ahead = false;
                polled
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(hyper::body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, hyper::body::Body::size_hint)
    }
}
