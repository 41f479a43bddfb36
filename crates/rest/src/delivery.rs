//! Locked tasks on their way to a worker: they stay locked only if the answer could be written.
//!
//! The body of the answer owns them until hyper has taken its last piece, then the connection does until the kernel
//! has taken every byte. Whoever owns them when the connection breaks drops them, which unlocks them.
//!
//! The limit of this: a client that goes away once the bytes are in the kernel's hands is not noticed. Its tasks come
//! back when their locks run out.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use runtime::FetchedTasks;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Small pieces, so that a long answer to a slow or broken connection is not taken whole.
const PIECE_BYTES: usize = 64 * 1024;

/// The body of an answer that hands out locked tasks.
#[derive(Debug)]
pub struct Delivery {
    rest: Bytes,
    /// `None` once the last piece was taken.
    tasks: Option<FetchedTasks>,
    /// Of the connection; `None` where there is none, as in a test.
    watch: Option<DeliveryWatch>,
}

impl Delivery {
    pub fn new(text: Vec<u8>, tasks: FetchedTasks, watch: Option<DeliveryWatch>) -> Delivery {
        Delivery { rest: text.into(), tasks: Some(tasks), watch }
    }

    pub fn into_body(self) -> Body {
        Body::new(self.map_err(|never: std::convert::Infallible| match never {}))
    }

    fn last_piece_taken(&mut self) {
        match (self.tasks.take(), &self.watch) {
            (Some(tasks), Some(watch)) => watch.push(tasks),
            (Some(tasks), None) => drop(tasks.delivered()),
            (None, _) => {}
        }
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
        if self.rest.is_empty() {
            self.last_piece_taken();
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

/// Tasks of one connection whose answer is in hyper's write buffer.
#[derive(Clone, Default)]
pub struct DeliveryWatch(Arc<Mutex<Vec<FetchedTasks>>>);

impl DeliveryWatch {
    fn push(&self, tasks: FetchedTasks) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(tasks);
    }

    /// Everything that was in the write buffer has been written.
    fn written(&self) {
        let written = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for tasks in written {
            tasks.delivered();
        }
    }

    /// The connection is gone: what was not written was not delivered.
    fn broken(&self) {
        let undelivered = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        drop(undelivered);
    }
}

impl fmt::Debug for DeliveryWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryWatch").finish_non_exhaustive()
    }
}

/// A connection that tells when all that hyper had to write is written. hyper flushes the stream itself only once its
/// own buffer is empty.
#[derive(Debug)]
pub struct WatchedStream {
    stream: TcpStream,
    deliveries: DeliveryWatch,
}

impl WatchedStream {
    pub fn new(stream: TcpStream, deliveries: DeliveryWatch) -> WatchedStream {
        WatchedStream { stream, deliveries }
    }
}

impl Drop for WatchedStream {
    fn drop(&mut self) {
        self.deliveries.broken();
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if let Poll::Ready(Ok(())) = flushed {
            self.deliveries.written();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
