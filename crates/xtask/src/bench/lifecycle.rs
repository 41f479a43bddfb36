//! The main job: start with two variables, fetch ten and lock them, complete each with one variable.

use super::engine::Target;
use super::figure::{Figure, Samples, Window};
use super::load::{LONG_LOCK_MS, Process, complete_body, deploy, merged, on_connections, start_body, window};
use super::processor::{Usage, watch};
use crate::engine_client::{EngineClient, fetch_body};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

const TASKS_PER_FETCH: usize = 10;

/// Starters wait when this many instances are open for each worker connection.
const OPEN_PER_WORKER: usize = 30;

/// How long a worker that got nothing waits before it asks again.
const IDLE: Duration = Duration::from_millis(20);

/// Fetches that another worker's made fail.
pub const LOST_RACES: &str = "fetches lost to another worker";

/// Connections that start instances, and connections that work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub starters: usize,
    pub workers: usize,
}

enum Role {
    Starter(Samples),
    Worker { fetch: Samples, complete: Samples, tasks: usize, lost_races: usize },
}

pub async fn measure(target: &Target, connections: Connections, seconds: f64) -> anyhow::Result<(Figure, Process)> {
    let process = deploy(&mut EngineClient::new(&target.base)).await?;
    Ok((measure_on(target, &process, connections, seconds).await?, process))
}

/// On instances of a process that is there already.
pub async fn measure_on(
    target: &Target,
    process: &Process,
    connections: Connections,
    seconds: f64,
) -> anyhow::Result<Figure> {
    let window = window(seconds);
    let usage = watch(target.watched, window);
    let free = Arc::new(Semaphore::new(connections.workers * OPEN_PER_WORKER));
    let roles = on_connections(connections.starters + connections.workers, &target.base, |index, client| {
        let (key, free) = (process.key.clone(), free.clone());
        async move {
            if index < connections.starters {
                start_until(client, &key, window, &free).await
            } else {
                work_until(client, &key, index, window, &free).await
            }
        }
    })
    .await?;
    Ok(figure(connections, window, roles, &usage.await??))
}

async fn start_until(mut client: EngineClient, key: &str, window: Window, free: &Semaphore) -> anyhow::Result<Role> {
    let mut samples = Samples::default();
    let body = start_body();
    while let Ok(permit) = timeout_at(window.until.into(), free.acquire()).await {
        permit?.forget();
        let started = Instant::now();
        client.start(key, body.clone()).await?;
        samples.record(window, started);
    }
    Ok(Role::Starter(samples))
}

async fn work_until(
    mut client: EngineClient,
    key: &str,
    index: usize,
    window: Window,
    free: &Semaphore,
) -> anyhow::Result<Role> {
    let worker = format!("worker-{index}");
    let fetch_body = fetch_body(&worker, key, TASKS_PER_FETCH, LONG_LOCK_MS, None);
    let complete_body = complete_body(&worker);
    let (mut fetch, mut complete, mut tasks, mut lost_races) = (Samples::default(), Samples::default(), 0, 0);
    while !window.is_over() {
        let started = Instant::now();
        let Some(fetched) = client.fetch_and_lock_in_a_race(fetch_body.clone()).await? else {
            lost_races += 1;
            continue;
        };
        if fetched.is_empty() {
            tokio::time::sleep(IDLE).await;
            continue;
        }
        if fetch.record(window, started) {
            tasks += fetched.len();
        }
        for task in fetched {
            let started = Instant::now();
            client.complete(&task.id, complete_body.clone()).await?;
            complete.record(window, started);
            free.add_permits(1);
        }
    }
    Ok(Role::Worker { fetch, complete, tasks, lost_races })
}

fn figure(connections: Connections, window: Window, roles: Vec<Role>, usage: &Usage) -> Figure {
    let (mut starts, mut fetches, mut completions) = (Vec::new(), Vec::new(), Vec::new());
    let (mut tasks, mut lost_races) = (0, 0);
    for role in roles {
        match role {
            Role::Starter(samples) => starts.push(samples),
            Role::Worker { fetch, complete, tasks: some, lost_races: lost } => {
                fetches.push(fetch);
                completions.push(complete);
                tasks += some;
                lost_races += lost;
            }
        }
    }
    let (starts, fetches, completions) = (merged(starts), merged(fetches), merged(completions));
    let mut besides = vec![("tasks a fetch", tasks as f64 / (fetches.count() as f64).max(1.0))];
    if lost_races > 0 {
        besides.push((LOST_RACES, lost_races as f64));
    }
    besides.extend(usage.per_thousand(completions.count()));
    besides.extend(usage.shares());
    Figure {
        workload: format!("lifecycle {}+{}", connections.starters, connections.workers),
        rate: Some((completions.count() as f64 / window.seconds(), "lifecycles")),
        besides,
        calls: vec![
            starts.percentiles("start"),
            fetches.percentiles("fetchAndLock"),
            completions.percentiles("complete"),
        ],
    }
}
