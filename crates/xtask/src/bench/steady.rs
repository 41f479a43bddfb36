//! Lifecycles at a fixed rate, whatever the server makes of it: how long each call takes when the machine is not full.
//!
//! Every call has a time at which it is due. Its duration counts from there, so that a call that has to wait for a
//! connection, because those before it are slow, is slow itself.

use super::engine::Target;
use super::figure::{Figure, Samples, Window};
use super::load::{LONG_LOCK_MS, Process, complete_body, deploy, merged, on_connections, start_body, window};
use super::processor::watch;
use crate::engine_client::{EngineClient, fetch_body};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const STARTERS: usize = 32;
const FETCHERS: usize = 16;
const COMPLETERS: usize = 32;

const TASKS_PER_FETCH: usize = 10;

/// Fetches beyond those that are needed, so that nothing piles up: one of so many.
const SPARE_FETCHES: f64 = 10.0;

const TICK: Duration = Duration::from_millis(1);
const WORKER: &str = "steady";

/// Calls that are due, and since when.
#[derive(Debug)]
struct Due<T> {
    calls: Mutex<VecDeque<(Instant, T)>>,
    count: Semaphore,
}

#[derive(Debug)]
struct Calls {
    starts: Due<()>,
    fetches: Due<()>,
    completions: Due<String>,
    /// Tasks that have been fetched and are not due yet.
    held: Mutex<VecDeque<String>>,
}

pub async fn measure(target: &Target, rate: f64, seconds: f64) -> anyhow::Result<(Figure, Process)> {
    let process = deploy(&mut EngineClient::new(&target.base)).await?;
    let window = window(seconds);
    let usage = watch(target.watched, window);
    let calls = Arc::new(Calls {
        starts: Due::new(),
        fetches: Due::new(),
        completions: Due::new(),
        held: Mutex::new(VecDeque::new()),
    });
    let schedule = tokio::spawn(schedule(calls.clone(), rate, window));
    let parts = on_connections(STARTERS + FETCHERS + COMPLETERS, &target.base, |index, client| {
        let (calls, key) = (calls.clone(), process.key.clone());
        async move {
            let mut samples = [Samples::default(), Samples::default(), Samples::default()];
            match index {
                index if index < STARTERS => samples[0] = start(client, &calls, &key, window).await?,
                index if index < STARTERS + FETCHERS => samples[1] = fetch(client, &calls, &key, window).await?,
                _ => samples[2] = complete(client, &calls, window).await?,
            }
            Ok(samples)
        }
    })
    .await?;
    schedule.await?;
    let [starts, fetches, completions] = [0, 1, 2].map(|role| {
        let of_role = parts.iter().map(|samples| samples[role].clone());
        merged(of_role.collect())
    });
    let mut besides = vec![("due a second", rate)];
    besides.extend(usage.await??.shares());
    let figure = Figure {
        workload: "steady".to_owned(),
        rate: Some((completions.count() as f64 / window.seconds(), "lifecycles")),
        calls: vec![
            starts.percentiles("start"),
            fetches.percentiles("fetchAndLock"),
            completions.percentiles("complete"),
        ],
        besides,
    };
    Ok((figure, process))
}

/// Lets calls become due, and ends the connections' work with the window.
async fn schedule(calls: Arc<Calls>, rate: f64, window: Window) {
    let begin = Instant::now();
    let (mut starts, mut fetches, mut completions) = (0, 0, 0);
    let fetch_rate = rate / TASKS_PER_FETCH as f64 * (1.0 + 1.0 / SPARE_FETCHES);
    let mut ticks = tokio::time::interval(TICK);
    while !window.is_over() {
        ticks.tick().await;
        let passed = begin.elapsed().as_secs_f64();
        let at = |number: u64, rate: f64| begin + Duration::from_secs_f64(number as f64 / rate);
        while (starts as f64) < passed * rate {
            calls.starts.add(at(starts, rate), ());
            starts += 1;
        }
        while (fetches as f64) < passed * fetch_rate {
            calls.fetches.add(at(fetches, fetch_rate), ());
            fetches += 1;
        }
        // A completion is due when its time has come and there is a task for it.
        while (completions as f64) < passed * rate {
            let Some(task) = calls.held.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else { break };
            calls.completions.add(Instant::now(), task);
            completions += 1;
        }
    }
    calls.starts.count.close();
    calls.fetches.count.close();
    calls.completions.count.close();
}

impl<T> Due<T> {
    fn new() -> Due<T> {
        Due { calls: Mutex::new(VecDeque::new()), count: Semaphore::new(0) }
    }

    fn add(&self, since: Instant, call: T) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push_back((since, call));
        self.count.add_permits(1);
    }

    /// The next one; `None` once no more will come.
    async fn next(&self) -> Option<(Instant, T)> {
        self.count.acquire().await.ok()?.forget();
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

async fn start(mut client: EngineClient, calls: &Calls, key: &str, window: Window) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    let body = start_body();
    while let Some((since, ())) = calls.starts.next().await {
        client.start(key, body.clone()).await?;
        samples.record(window, since);
    }
    Ok(samples)
}

async fn fetch(mut client: EngineClient, calls: &Calls, key: &str, window: Window) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    let body = fetch_body(WORKER, key, TASKS_PER_FETCH, LONG_LOCK_MS, None);
    while let Some((since, ())) = calls.fetches.next().await {
        let tasks = client.fetch_and_lock(body.clone()).await?;
        samples.record(window, since);
        let mut held = calls.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend(tasks.into_iter().map(|task| task.id));
    }
    Ok(samples)
}

async fn complete(mut client: EngineClient, calls: &Calls, window: Window) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    let body: Bytes = complete_body(WORKER);
    while let Some((since, task)) = calls.completions.next().await {
        client.complete(&task, body.clone()).await?;
        samples.record(window, since);
    }
    Ok(samples)
}
