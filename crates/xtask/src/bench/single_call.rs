//! One call over and over: starting, locking one task again, and asking an HTTP handler that does nothing.

use super::engine::Target;
use super::figure::{Figure, Samples};
use super::load::{LONG_LOCK_MS, Process, deploy, lock_many, merged, on_connections, start_body, start_many, window};
use super::processor::{Usage, watch};
use crate::engine_client::EngineClient;
use bytes::Bytes;
use serde_json::json;
use std::time::Instant;

const LOCK_CONNECTIONS: usize = 128;
const START_CONNECTIONS: usize = 64;

/// Tasks that each connection locks in turn.
const TASKS_PER_CONNECTION: usize = 8;

pub async fn measure_start(target: &Target, seconds: f64) -> anyhow::Result<(Figure, Process)> {
    let base = &target.base;
    let process = deploy(&mut EngineClient::new(base)).await?;
    let window = window(seconds);
    let usage = watch(target.watched, window);
    let parts = on_connections(START_CONNECTIONS, base, |_, mut client| {
        let key = process.key.clone();
        async move {
            let mut samples = Samples::default();
            while !window.is_over() {
                let started = Instant::now();
                client.start(&key, start_body()).await?;
                samples.record(window, started);
            }
            Ok(samples)
        }
    })
    .await?;
    let samples = merged(parts);
    let figure =
        figure(format!("start {START_CONNECTIONS}"), &samples, &usage.await??, (window.seconds(), "starts", "start"));
    Ok((figure, process))
}

/// Each connection locks its own tasks again and again, as the worker that holds them.
pub async fn measure_lock(target: &Target, seconds: f64) -> anyhow::Result<(Figure, Process)> {
    let base = &target.base;
    let process = deploy(&mut EngineClient::new(base)).await?;
    start_many(base, &process, LOCK_CONNECTIONS * TASKS_PER_CONNECTION).await?;
    let mut setup = EngineClient::new(base);
    let mut tasks = Vec::new();
    for index in 0..LOCK_CONNECTIONS {
        tasks.push(lock_many(&mut setup, &process, &format!("worker-{index}"), TASKS_PER_CONNECTION).await?);
    }
    let window = window(seconds);
    let usage = watch(target.watched, window);
    let parts = on_connections(LOCK_CONNECTIONS, base, |index, mut client| {
        let tasks = tasks[index].clone();
        let body = lock_body(index);
        async move {
            let mut samples = Samples::default();
            for task in tasks.iter().cycle() {
                if window.is_over() {
                    break;
                }
                let started = Instant::now();
                client.lock(&task.id, body.clone()).await?;
                samples.record(window, started);
            }
            Ok(samples)
        }
    })
    .await?;
    let samples = merged(parts);
    let figure =
        figure(format!("lock {LOCK_CONNECTIONS}"), &samples, &usage.await??, (window.seconds(), "locks", "lock"));
    Ok((figure, process))
}

/// The same requests as `lock`, to a server that reads them and answers 204.
pub async fn measure_empty_handler(target: &Target, seconds: f64) -> anyhow::Result<Figure> {
    let window = window(seconds);
    let usage = watch(target.watched, window);
    let parts = on_connections(LOCK_CONNECTIONS, &target.base, |index, mut client| {
        let body = lock_body(index);
        async move {
            let mut samples = Samples::default();
            while !window.is_over() {
                let started = Instant::now();
                client.lock("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", body.clone()).await?;
                samples.record(window, started);
            }
            Ok(samples)
        }
    })
    .await?;
    let samples = merged(parts);
    Ok(figure(
        format!("empty handler {LOCK_CONNECTIONS}"),
        &samples,
        &usage.await??,
        (window.seconds(), "requests", "request"),
    ))
}

fn lock_body(index: usize) -> Bytes {
    Bytes::from(json!({"workerId": format!("worker-{index}"), "lockDuration": LONG_LOCK_MS}).to_string())
}

fn figure(
    workload: String,
    samples: &Samples,
    usage: &Usage,
    (seconds, unit, call): (f64, &'static str, &'static str),
) -> Figure {
    let mut besides = usage.per_thousand(samples.count());
    besides.extend(usage.shares());
    Figure {
        workload,
        rate: Some((samples.count() as f64 / seconds, unit)),
        calls: vec![samples.percentiles(call)],
        besides,
    }
}
