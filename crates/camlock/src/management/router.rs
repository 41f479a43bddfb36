//! The addresses `/livez`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rest::RestMetrics;
use runtime::{Runtime, Statistics};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

use super::exposition::{self, Scrape};
use super::health::Readiness;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
/// How long figures of the database count, however often they are asked for.
const STATISTICS_INTERVAL: Duration = Duration::from_secs(2);

/// What the answers are made from.
#[derive(Clone, Debug)]
pub struct Management {
    pub runtime: Runtime,
    pub readiness: Arc<Readiness>,
    pub rest_metrics: Arc<RestMetrics>,
    /// Topics with figures of their own.
    pub topics_max: usize,
    last_statistics: Arc<Mutex<Option<(Instant, Statistics)>>>,
}

impl Management {
    pub fn new(
        runtime: Runtime,
        readiness: Arc<Readiness>,
        rest_metrics: Arc<RestMetrics>,
        topics_max: usize,
    ) -> Management {
        Management { runtime, readiness, rest_metrics, topics_max, last_statistics: Arc::default() }
    }

    /// `None` if the database does not tell.
    async fn statistics(&self) -> Option<Statistics> {
        // Held while the database is asked, so that it is asked once.
        let mut last = self.last_statistics.lock().await;
        if let Some((at, statistics)) = &*last
            && at.elapsed() < STATISTICS_INTERVAL
        {
            return Some(statistics.clone());
        }
        match self.runtime.statistics().await {
            Ok(statistics) => {
                *last = Some((Instant::now(), statistics.clone()));
                Some(statistics)
            }
            Err(error) => {
                tracing::warn!(%error, "the database told no figures");
                None
            }
        }
    }
}

pub fn router(management: Management) -> Router {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(management)
}

async fn live() -> Response {
    text(StatusCode::OK, "alive\n".to_owned())
}

async fn ready(State(management): State<Management>) -> Response {
    match management.readiness.reason(&management.runtime).await {
        None => text(StatusCode::OK, "ready\n".to_owned()),
        Some(reason) => {
            let answer = text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n"));
            ([(RETRY_AFTER, "1")], answer).into_response()
        }
    }
}

async fn metrics(State(management): State<Management>) -> Response {
    let statistics = management.statistics().await;
    let Management { runtime, rest_metrics, topics_max, .. } = management;
    match exposition::text(Scrape { runtime, rest_metrics, statistics, topics_max }) {
        Ok(text) => (headers(OPEN_METRICS), text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn text(status: StatusCode, text: String) -> Response {
    (status, headers(TEXT), text).into_response()
}

fn headers(content_type: &'static str) -> [(HeaderName, &'static str); 2] {
    [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")]
}
