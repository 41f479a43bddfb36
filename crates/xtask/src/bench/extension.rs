//! The lifecycle by way of operations that Camunda does not have: completions many at once, tasks from a stream.

use super::engine::{Engine, Target};
use super::figure::{Figure, Samples, Window};
use super::load::{Connections, IDLE, LONG_LOCK_MS, Process, TASKS_PER_FETCH, deploy, merged, start_and_work, window};
use super::processor::{Usage, watch};
use crate::engine_client::{BaseUrl, EngineClient, FetchedTask, fetch_body};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout_at;

/// How a worker gets its tasks and completes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// fetchAndLock, then all that it got in one request.
    CompleteBatch,
    /// From a stream; what has come by then in one request of another connection.
    Stream,
}

/// On an engine of its own that is gone afterwards.
pub async fn measure(engine: &Engine, way: Way, connections: Connections, seconds: f64) -> anyhow::Result<Figure> {
    let served = engine.serve().await?;
    let process = deploy(&mut EngineClient::new(&served.target.base)).await?;
    let figure = measure_on(&served.target, &process, way, connections, seconds).await?;
    served.done(&[process]).await?;
    Ok(figure)
}

async fn measure_on(
    target: &Target,
    process: &Process,
    way: Way,
    connections: Connections,
    seconds: f64,
) -> anyhow::Result<Figure> {
    let window = window(seconds);
    let usage = watch(target.watched, window);
    let (starts, completions) = start_and_work(target, process, connections, window, |index, client, free| {
        let (key, base) = (process.key.clone(), target.base.clone());
        let worker = format!("worker-{index}");
        async move {
            match way {
                Way::CompleteBatch => fetch_until(client, &key, &worker, window, &free).await,
                Way::Stream => listen_until(client, &base, &key, &worker, window, &free).await,
            }
        }
    })
    .await?;
    Ok(figure(way, connections, window, &starts, completions, &usage.await??))
}

async fn fetch_until(
    mut client: EngineClient,
    key: &str,
    worker: &str,
    window: Window,
    free: &Semaphore,
) -> anyhow::Result<Completions> {
    let fetch_body = fetch_body(worker, key, TASKS_PER_FETCH, LONG_LOCK_MS, None);
    let mut done = Completions::default();
    while !window.is_over() {
        let fetched = client.fetch_and_lock(fetch_body.clone()).await?;
        if fetched.is_empty() {
            tokio::time::sleep(IDLE).await;
            continue;
        }
        let ids: Vec<String> = fetched.into_iter().map(|task| task.id).collect();
        done.complete(&mut client, worker, &ids, window).await?;
        free.add_permits(ids.len());
    }
    Ok(done)
}

async fn listen_until(
    mut client: EngineClient,
    base: &BaseUrl,
    key: &str,
    worker: &str,
    window: Window,
    free: &Semaphore,
) -> anyhow::Result<Completions> {
    let (sender, mut receiver) = unbounded_channel();
    let body = fetch_body(worker, key, TASKS_PER_FETCH, LONG_LOCK_MS, None);
    let listener = tokio::spawn(listen(base.clone(), body.to_vec(), sender));
    let mut done = Completions::default();
    while let Some(ids) = next_ids(&mut receiver, window).await {
        done.complete(&mut client, worker, &ids, window).await?;
        free.add_permits(ids.len());
    }
    if listener.is_finished() {
        listener.await??;
    } else {
        listener.abort();
    }
    Ok(done)
}

/// All that have come; `None` when the time is over.
async fn next_ids(receiver: &mut UnboundedReceiver<String>, window: Window) -> Option<Vec<String>> {
    let mut ids = vec![timeout_at(window.until.into(), receiver.recv()).await.ok()??];
    while let Ok(id) = receiver.try_recv() {
        ids.push(id);
    }
    Some(ids)
}

/// Reads the events of a stream and tells of the tasks, for as long as it is not dropped.
async fn listen(base: BaseUrl, body: Vec<u8>, sender: UnboundedSender<String>) -> anyhow::Result<()> {
    let mut connection = TcpStream::connect(&base.authority).await?;
    connection.set_nodelay(true)?;
    let (path, host, length) = (&base.path, &base.authority, body.len());
    let head = format!(
        "POST {path}/external-task/stream HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    connection.write_all(&[head.as_bytes(), &body].concat()).await?;
    let mut lines = BufReader::new(connection).lines();
    let status = lines.next_line().await?.context("no answer to a stream")?;
    ensure!(status == "HTTP/1.1 200 OK", "a stream was answered {status}");
    let mut is_task = false;
    while let Some(line) = lines.next_line().await? {
        if let Some(name) = line.strip_prefix("event: ") {
            is_task = name == "task";
        } else if let (true, Some(data)) = (is_task, line.strip_prefix("data: ")) {
            let task: FetchedTask = serde_json::from_str(data)?;
            // Nobody listens once the time is over.
            let _ = sender.send(task.id);
        }
    }
    Ok(())
}

#[derive(Default)]
struct Completions {
    requests: Samples,
    tasks: usize,
}

impl Completions {
    /// Each with one variable, all in one request.
    async fn complete(
        &mut self,
        client: &mut EngineClient,
        worker: &str,
        ids: &[String],
        window: Window,
    ) -> anyhow::Result<()> {
        let variables = json!({"approved": {"value": true, "type": "Boolean"}});
        let tasks: Vec<Value> = ids.iter().map(|id| json!({"id": id, "variables": variables})).collect();
        let started = Instant::now();
        let body = json!({"workerId": worker, "tasks": tasks}).to_string();
        let answer = client.send("POST", "/external-task/complete-batch", None, body.as_bytes()).await?;
        let results = answer.expect(200, "complete-batch")?.json()?;
        let results = results.as_array().context("complete-batch answered no list")?;
        let refused = results.iter().find(|result| result["status"] != 204);
        ensure!(refused.is_none() && results.len() == ids.len(), "a completion was refused: {refused:?}");
        if self.requests.record(window, started) {
            self.tasks += ids.len();
        }
        Ok(())
    }
}

fn figure(
    way: Way,
    connections: Connections,
    window: Window,
    starts: &Samples,
    workers: Vec<Completions>,
    usage: &Usage,
) -> Figure {
    let completed: usize = workers.iter().map(|one| one.tasks).sum();
    let requests = merged(workers.into_iter().map(|one| one.requests).collect());
    let mut besides = vec![("tasks a request", completed as f64 / (requests.count() as f64).max(1.0))];
    besides.extend(usage.per_thousand(completed));
    besides.extend(usage.shares());
    let name = match way {
        Way::CompleteBatch => "complete-batch",
        Way::Stream => "stream",
    };
    Figure {
        workload: format!("{name} {}+{}", connections.starters, connections.workers),
        rate: Some((completed as f64 / window.seconds(), "lifecycles")),
        besides,
        calls: vec![starts.percentiles("start"), requests.percentiles("complete-batch")],
    }
}
