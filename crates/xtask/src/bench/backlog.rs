//! A short and a long backlog, alternating: neither fetchAndLock nor a whole lifecycle should know which of the two it is.

use super::engine::Engine;
use super::figure::{Figure, Samples, grouped_digits};
use super::load::{TASKS_PER_FETCH, deploy, lock_many, merged, on_connections, start_many, window};
use super::observe::{Observed, Written, ensure_open};
use super::prepared::Prepared;
use super::processor::watch;
use crate::engine_client::{EngineClient, fetch_body};
use std::time::Instant;

const FETCHERS: usize = 8;

/// So short that what was fetched is open again for the next fetch: the backlog stays as long as it is.
const SHORT_LOCK_MS: u64 = 1;

/// One task of so many is locked besides by another worker, the oldest ones.
const LOCKED_OF: usize = 10;

pub const SHORT: usize = 1_000;

/// Of each round the figures of both backlogs.
pub async fn measure(engine: &Engine, long: usize, rounds: usize, seconds: f64) -> anyhow::Result<Vec<Figure>> {
    let mut prepared = Vec::new();
    for open in [SHORT, long] {
        prepared.push(prepare(engine, open).await?);
    }
    let mut figures = Vec::new();
    for _ in 0..rounds {
        for backlog in &prepared {
            figures.push(fetches(backlog, seconds).await?);
        }
        for backlog in &prepared {
            figures.push(backlog.lifecycles(seconds).await?);
        }
    }
    for backlog in prepared {
        backlog.end().await?;
    }
    Ok(figures)
}

async fn prepare(engine: &Engine, open: usize) -> anyhow::Result<Prepared> {
    let name = format!("backlog of {}", grouped_digits(open as f64));
    let Engine::Camlock { program, store } = engine else {
        let served = engine.serve().await?;
        let process = deploy(&mut EngineClient::new(&served.target.base)).await?;
        start_many(&served.target.base, &process, open).await?;
        return Ok(Prepared::other(name, process, served));
    };
    let observed = Observed::lifecycle(program, store).await?;
    let prepared = Prepared::own(name, observed, program, (Written::Open, open as u64)).await?;
    ensure_open(&prepared.target, &prepared.process, open as u64).await?;
    let mut client = EngineClient::new(&prepared.target.base);
    lock_many(&mut client, &prepared.process, "holder", open / LOCKED_OF).await?;
    Ok(prepared)
}

async fn fetches(backlog: &Prepared, seconds: f64) -> anyhow::Result<Figure> {
    let window = window(seconds);
    let usage = watch(backlog.target.watched, window);
    let parts = on_connections(FETCHERS, &backlog.target.base, |index, mut client| {
        let worker = format!("worker-{index}");
        let body = fetch_body(&worker, &backlog.process.key, TASKS_PER_FETCH, SHORT_LOCK_MS, None);
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
    let mut besides = vec![("fetches a second", samples.count() as f64 / window.seconds())];
    besides.extend(usage.await??.shares());
    Ok(Figure {
        workload: format!("{}: fetchAndLock", backlog.name),
        rate: Some((tasks.iter().sum::<usize>() as f64 / window.seconds(), "tasks")),
        calls: vec![samples.percentiles("fetchAndLock")],
        besides,
    })
}
