//! The body of an answer that hands out locked tasks. It owns them until hyper has taken the last piece of it; dropped
//! before that, because the connection broke, it unlocks them.
//!
//! The limit of this: what hyper has taken lies in its write buffer and then in the kernel's, and a client that goes
//! away from there on is not noticed. Its tasks come back when their locks run out.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use runtime::FetchedTasks;

/// Small pieces, so that a long answer to a slow or broken connection is not taken whole.
const PIECE_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub struct Delivery {
    rest: Bytes,
    /// `None` once delivered.
    tasks: Option<FetchedTasks>,
}

impl Delivery {
    pub fn new(text: Vec<u8>, tasks: FetchedTasks) -> Delivery {
        Delivery { rest: text.into(), tasks: Some(tasks) }
    }

    pub fn into_body(self) -> Body {
        Body::new(self.map_err(|never: std::convert::Infallible| match never {}))
    }
}

impl hyper::body::Body for Delivery {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        if self.rest.is_empty()
            && let Some(tasks) = self.tasks.take()
        {
            tasks.delivered();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
