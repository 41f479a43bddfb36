//! The model that every workload runs, and what the workloads share: many connections at once within one window, and
//! starters beside workers.

use super::engine::Target;
use super::figure::{Samples, Window};
use crate::engine_client::{BaseUrl, EngineClient, FetchedTask, fetch_body};
use bytes::Bytes;
use futures_util::future::Either;
use serde_json::json;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

pub const WARM_UP: Duration = Duration::from_secs(1);

/// Long enough that no lock runs out during a run.
pub const LONG_LOCK_MS: u64 = 3_600_000;

pub const TASKS_PER_FETCH: usize = 10;

/// Starters wait when this many instances are open for each worker connection.
const OPEN_PER_WORKER: usize = 30;

/// How long a worker that got nothing waits before it asks again.
pub const IDLE: Duration = Duration::from_millis(20);

/// Connections that start instances, and connections that work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub starters: usize,
    pub workers: usize,
}

/// Unless something else is asked for.
pub const CONNECTIONS: Connections = Connections { starters: 64, workers: 64 };

/// A deployed process with one external task; process key and topic are the same word.
#[derive(Debug, Clone)]
pub struct Process {
    pub key: String,
    pub deployment_id: String,
}

/// Deploys the model under a key of its own, so that runs on one engine do not meet.
pub async fn deploy(client: &mut EngineClient) -> anyhow::Result<Process> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let key = format!("bench-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let model = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="bench">
  <process id="{key}" isExecutable="true" camunda:historyTimeToLive="1">
    <startEvent id="start"/>
    <sequenceFlow id="toWork" sourceRef="start" targetRef="work"/>
    <serviceTask id="work" camunda:type="external" camunda:topic="{key}"/>
    <sequenceFlow id="toEnd" sourceRef="work" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"#
    );
    let deployment_id = client.deploy(&format!("{key}.bpmn"), &model).await?;
    Ok(Process { key, deployment_id })
}

/// A start with two variables.
pub fn start_body() -> Bytes {
    let variables = json!({
        "amount": {"value": 4711, "type": "Integer"},
        "customer": {"value": "Ada Lovelace, 12 St James's Square", "type": "String"},
    });
    Bytes::from(json!({ "variables": variables }).to_string())
}

/// A completion with one variable.
pub fn complete_body(worker: &str) -> Bytes {
    let variables = json!({"approved": {"value": true, "type": "Boolean"}});
    Bytes::from(json!({"workerId": worker, "variables": variables}).to_string())
}

/// Runs one future per connection and gathers what they give.
pub async fn on_connections<T, F>(
    count: usize,
    base: &BaseUrl,
    work: impl Fn(usize, EngineClient) -> F,
) -> anyhow::Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
{
    let mut running = JoinSet::new();
    for index in 0..count {
        running.spawn(work(index, EngineClient::new(base)));
    }
    let mut results = Vec::with_capacity(count);
    while let Some(result) = running.join_next().await {
        results.push(result??);
    }
    Ok(results)
}

/// Starters and workers beside each other. `work` takes the number of the worker, its connection, and what it gives a
/// permit for each instance that it has ended. Answers the starts and what each worker gives.
pub async fn start_and_work<W, F>(
    target: &Target,
    process: &Process,
    connections: Connections,
    window: Window,
    work: impl Fn(usize, EngineClient, Arc<Semaphore>) -> F,
) -> anyhow::Result<(Samples, Vec<W>)>
where
    W: Send + 'static,
    F: Future<Output = anyhow::Result<W>> + Send + 'static,
{
    let free = Arc::new(Semaphore::new(connections.workers * OPEN_PER_WORKER));
    let parts = on_connections(connections.starters + connections.workers, &target.base, |index, client| {
        if index < connections.starters {
            let started = start_until(client, process.key.clone(), window, free.clone());
            Either::Left(async move { Ok((Some(started.await?), None)) })
        } else {
            let worked = work(index, client, free.clone());
            Either::Right(async move { Ok((None, Some(worked.await?))) })
        }
    })
    .await?;
    let (starts, works): (Vec<Option<Samples>>, Vec<Option<W>>) = parts.into_iter().unzip();
    Ok((merged(starts.into_iter().flatten().collect()), works.into_iter().flatten().collect()))
}

async fn start_until(
    mut client: EngineClient,
    key: String,
    window: Window,
    free: Arc<Semaphore>,
) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    let body = start_body();
    while let Ok(permit) = timeout_at(window.until.into(), free.acquire()).await {
        permit?.forget();
        let started = Instant::now();
        client.start(&key, body.clone()).await?;
        samples.record(window, started);
    }
    Ok(samples)
}

/// Starts this many instances, as fast as it goes.
pub async fn start_many(base: &BaseUrl, process: &Process, count: usize) -> anyhow::Result<()> {
    const CONNECTIONS: usize = 64;
    let left = Arc::new(AtomicUsize::new(count));
    on_connections(CONNECTIONS.min(count), base, |_, mut client| {
        let (left, key) = (left.clone(), process.key.clone());
        async move {
            let take = |n: usize| n.checked_sub(1);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                client.start(&key, start_body()).await?;
            }
            Ok(())
        }
    })
    .await?;
    Ok(())
}

/// Locks this many tasks of the process for long and returns them; fewer if there are fewer.
pub async fn lock_many(
    client: &mut EngineClient,
    process: &Process,
    worker: &str,
    count: usize,
) -> anyhow::Result<Vec<FetchedTask>> {
    const AT_ONCE: usize = 500;
    let mut locked = Vec::with_capacity(count);
    while locked.len() < count {
        let batch = AT_ONCE.min(count - locked.len());
        let fetched = client.fetch_and_lock(fetch_body(worker, &process.key, batch, LONG_LOCK_MS, None)).await?;
        if fetched.is_empty() {
            break;
        }
        locked.extend(fetched);
    }
    Ok(locked)
}

/// Sums up the samples of all connections.
pub fn merged(parts: Vec<Samples>) -> Samples {
    let mut all = Samples::default();
    for part in parts {
        all.append(part);
    }
    all
}

pub fn window(seconds: f64) -> Window {
    Window::starting_now(WARM_UP, Duration::from_secs_f64(seconds))
}
