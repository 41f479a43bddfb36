//! HTTP/1.1 on a listener, for many connections most of which only wait.
//!
//! A connection is a task. A client that goes away ends its task and with it the handler that works for it.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::api::Api;
use crate::delivery::{DeliveryWatch, WatchedStream};

/// Header lines of one request.
const HEADERS_MAX: usize = 100;
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 128 * 1024;
/// How long a request's head may take, and how long a connection may idle between requests.
const HEAD_PATIENCE: Duration = Duration::from_secs(75);
/// What to wait after the system refused a connection, for example because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` resolves, then until the requests in hand are answered.
pub async fn serve(
    listener: TcpListener,
    api: Api,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, stopped) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(serve_connection(stream, api.clone(), stopped.clone()));
            }
            Err(fault) if is_of_the_client(&fault) => {}
            Err(fault) => {
                tracing::warn!(%fault, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    drop(stopped);
    stop.send_replace(());
    stop.closed().await;
    Ok(())
}

async fn serve_connection(stream: TcpStream, api: Api, mut stopped: watch::Receiver<()>) {
    // Answers are small and awaited. A connection that refuses this is about to end.
    let _ = stream.set_nodelay(true);
    let deliveries = DeliveryWatch::default();
    let stream = TokioIo::new(WatchedStream::new(stream, deliveries.clone()));
    let service = service_fn(|request: hyper::Request<Incoming>| async {
        Ok::<_, Infallible>(api.answer(request, Some(deliveries.clone())).await)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(stream, service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(fault) = ended {
        tracing::debug!(%fault, "a connection broke");
    }
}

fn is_of_the_client(fault: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(fault.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
