//! fetchAndLock on a short and on a long backlog: the rate should not know which of the two it is.

use super::figure::{Figure, Samples};
use super::load::{Process, deploy, lock_many, merged, on_connections, start_many, window};
use crate::engine_client::{BaseUrl, EngineClient, fetch_body};
use std::time::Instant;

const CONNECTIONS: usize = 8;
const TASKS_PER_FETCH: usize = 10;

/// So short that what was fetched is open again for the next fetch: the backlog stays as long as it is.
const SHORT_LOCK_MS: u64 = 1;

/// Tasks that wait, and older ones that another worker holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    pub open: usize,
    pub locked: usize,
}

pub async fn measure(base: &BaseUrl, backlog: Backlog, seconds: f64) -> anyhow::Result<(Figure, Process)> {
    let mut client = EngineClient::new(base);
    let process = deploy(&mut client).await?;
    start_many(base, &process, backlog.locked).await?;
    lock_many(&mut client, &process, "holder", backlog.locked).await?;
    start_many(base, &process, backlog.open).await?;

    let window = window(seconds);
    let parts = on_connections(CONNECTIONS, base, |index, mut client| {
        let body = fetch_body(&format!("worker-{index}"), &process.key, TASKS_PER_FETCH, SHORT_LOCK_MS, None);
        async move {
            let (mut samples, mut tasks) = (Samples::default(), 0);
            while !window.is_over() {
                let started = Instant::now();
                let fetched = client.fetch_and_lock(body.clone()).await?.len();
                if samples.record(window, started) {
                    tasks += fetched;
                }
            }
            Ok((samples, tasks))
        }
    })
    .await?;
    let (samples, tasks): (Vec<_>, Vec<usize>) = parts.into_iter().unzip();
    let samples = merged(samples);
    let figure = Figure {
        workload: format!("backlog {} open, {} locked", backlog.open, backlog.locked),
        rate: Some((tasks.iter().sum::<usize>() as f64 / window.seconds(), "tasks")),
        calls: vec![samples.percentiles("fetchAndLock")],
        besides: vec![("fetches a second", samples.count() as f64 / window.seconds())],
    };
    Ok((figure, process))
}
