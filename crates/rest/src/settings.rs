//! What of the REST API can be configured, and its limits.

use std::time::Duration;

use axum::http::HeaderValue;

#[derive(Clone, Debug)]
pub struct RestSettings {
    /// Bytes of a JSON body.
    pub body_bytes_max: usize,
    /// Bytes of a multipart body: a deployment, a file variable.
    pub form_bytes_max: usize,
    /// The origin that browsers may call from; `None` allows none but the server's own, `*` any.
    pub cors_origin: Option<HeaderValue>,
    /// More tasks than this are not handed out by one fetchAndLock, however many are asked for.
    pub tasks_per_fetch_max: u32,
    /// Completions of one request.
    pub completions_per_request_max: usize,
    /// How long fetchAndLock may be asked to wait.
    pub poll_timeout_max: Duration,
    /// How long a worker stream is silent at most.
    pub stream_heart_beat: Duration,
    /// How long the next piece of a body may take to arrive.
    pub body_idle_max: Duration,
    /// A task that is gone because the same worker has completed it is answered as completed.
    pub idempotent_completion: bool,
    /// Requests that take longer are logged; `None` logs none.
    pub slow_request_min: Option<Duration>,
}

impl Default for RestSettings {
    fn default() -> Self {
        RestSettings {
            body_bytes_max: 16 * 1024 * 1024,
            form_bytes_max: 64 * 1024 * 1024,
            cors_origin: None,
            tasks_per_fetch_max: 10_000,
            completions_per_request_max: 1_000,
            poll_timeout_max: Duration::from_secs(1800),
            stream_heart_beat: Duration::from_secs(15),
            body_idle_max: Duration::from_secs(30),
            idempotent_completion: false,
            slow_request_min: None,
        }
    }
}
