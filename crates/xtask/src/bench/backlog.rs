//! A short and a long backlog, alternating: neither fetchAndLock nor a whole lifecycle should know which of the two it is.

use super::engine::{Engine, Served, Target};
use super::figure::{Figure, Samples};
use super::lifecycle::{self, Connections};
use super::load::{Process, deploy, lock_many, merged, on_connections, start_many, window};
use super::observe::{Observed, ensure_open};
use super::processor::watch;
use crate::engine_client::{EngineClient, fetch_body};
use crate::server::Server;
use std::time::Instant;

const CONNECTIONS: usize = 8;
const TASKS_PER_FETCH: usize = 10;

/// So short that what was fetched is open again for the next fetch: the backlog stays as long as it is.
const SHORT_LOCK_MS: u64 = 1;

/// One task of so many is locked besides by another worker, the oldest ones.
const LOCKED_OF: usize = 10;

pub const SHORT: usize = 1_000;

/// Instances that wait at a server that runs.
struct Prepared {
    open: usize,
    process: Process,
    target: Target,
    place: Place,
}

enum Place {
    Own { server: Server, observed: Box<Observed> },
    Other(Served),
}

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
            let connections = Connections { starters: 64, workers: 64 };
            let mut figure = lifecycle::measure_on(&backlog.target, &backlog.process, connections, seconds).await?;
            figure.workload = format!("backlog {}: {}", grouped(backlog.open), figure.workload);
            figures.push(figure);
        }
    }
    for backlog in prepared {
        match backlog.place {
            Place::Other(served) => served.done(&[backlog.process]).await?,
            Place::Own { server, observed } => {
                server.kill()?;
                observed.database.remove().await?;
            }
        }
    }
    Ok(figures)
}

async fn prepare(engine: &Engine, open: usize) -> anyhow::Result<Prepared> {
    let Engine::Camlock { program, store } = engine else {
        let served = engine.serve().await?;
        let target = served.target.clone();
        let process = deploy(&mut EngineClient::new(&target.base)).await?;
        start_many(&target.base, &process, open).await?;
        return Ok(Prepared { open, process, target, place: Place::Other(served) });
    };
    let observed = Observed::lifecycle(program, store).await?;
    observed.fill(open as u64).await?;
    let (server, target) = observed.serve(program).await?;
    ensure_open(&target, &observed.process, open as u64).await?;
    let process = observed.process.clone();
    lock_many(&mut EngineClient::new(&target.base), &process, "holder", open / LOCKED_OF).await?;
    Ok(Prepared { open, process, target, place: Place::Own { server, observed: Box::new(observed) } })
}

async fn fetches(backlog: &Prepared, seconds: f64) -> anyhow::Result<Figure> {
    let window = window(seconds);
    let usage = watch(backlog.target.watched, window);
    let parts = on_connections(CONNECTIONS, &backlog.target.base, |index, mut client| {
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
        workload: format!("backlog {}: fetchAndLock", grouped(backlog.open)),
        rate: Some((tasks.iter().sum::<usize>() as f64 / window.seconds(), "tasks")),
        calls: vec![samples.percentiles("fetchAndLock")],
        besides,
    })
}

fn grouped(count: usize) -> String {
    super::figure::grouped_digits(count as f64)
}
