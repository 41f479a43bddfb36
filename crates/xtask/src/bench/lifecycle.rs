//! The main job: start with two variables, fetch ten and lock them, complete each with one variable.

use super::engine::Target;
use super::figure::{Figure, Samples, Window};
use super::load::{
    Connections, IDLE, LONG_LOCK_MS, Process, TASKS_PER_FETCH, complete_body, deploy, merged, start_and_work, window,
};
use super::processor::{Usage, watch};
use crate::engine_client::{EngineClient, fetch_body};
use std::time::Instant;
use tokio::sync::Semaphore;

/// Fetches that another worker's made fail.
pub const LOST_RACES: &str = "fetches lost to another worker";

/// Of one worker.
struct Worked {
    fetch: Samples,
    complete: Samples,
    tasks: usize,
    lost_races: usize,
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
    let (starts, worked) = start_and_work(target, process, connections, window, |index, client, free| {
        let key = process.key.clone();
        async move { work_until(client, &key, index, window, &free).await }
    })
    .await?;
    Ok(figure(connections, window, &starts, worked, &usage.await??))
}

async fn work_until(
    mut client: EngineClient,
    key: &str,
    index: usize,
    window: Window,
    free: &Semaphore,
) -> anyhow::Result<Worked> {
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
    Ok(Worked { fetch, complete, tasks, lost_races })
}

fn figure(connections: Connections, window: Window, starts: &Samples, workers: Vec<Worked>, usage: &Usage) -> Figure {
    let (tasks, lost_races): (Vec<usize>, Vec<usize>) = workers.iter().map(|one| (one.tasks, one.lost_races)).unzip();
    let (tasks, lost_races): (usize, usize) = (tasks.into_iter().sum(), lost_races.into_iter().sum());
    let (fetches, completions) = workers.into_iter().map(|one| (one.fetch, one.complete)).unzip();
    let (fetches, completions) = (merged(fetches), merged(completions));
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
