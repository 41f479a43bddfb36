//! `cargo xtask nodes`: two servers on one PostgreSQL. Workers on both of them get each task once and leave none; a poll
//! on one node is answered soon after a start on the other.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use clap::Args;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::engine_client::{BaseUrl, EngineClient, fetch_body};
use crate::server::{Profile, Server, build, scratch_folder};

/// Longer than a run.
const LOCK_MS: u64 = 3_600_000;
/// Tasks that a worker fetches at once.
const TASKS_PER_FETCH: usize = 10;
/// Between two starts that polls wait for.
const PACE: Duration = Duration::from_millis(10);
/// How long a poll waits.
const PARKED_MS: u64 = 60_000;
/// All polls wait by then.
const SETTLE: Duration = Duration::from_secs(1);
/// How long the last answers may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub struct Options {
    /// Tasks that the workers share
    #[arg(long, default_value_t = 20_000)]
    tasks: usize,
    /// Workers, every other one on the second node
    #[arg(long, default_value_t = 8)]
    workers: usize,
    /// Starts on the first node, each awaited by a poll on the second one
    #[arg(long, default_value_t = 1_000)]
    starts: usize,
    /// Polls that wait on the second node
    #[arg(long, default_value_t = 100)]
    polls: usize,
    /// A server that is built already, instead of the one of this workspace
    #[arg(long)]
    program: Option<PathBuf>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => build(Profile::Release)?,
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let folder = scratch_folder()?;
        let cluster = Cluster::start().await?;
        let url = cluster.create_database().await?.url();
        let (one, other) = tokio::try_join!(
            Server::start_on(&program, folder.path(), &url),
            Server::start_on(&program, folder.path(), &url)
        )?;
        let bases = [one.base.clone(), other.base.clone()];
        share(options, &bases).await?;
        wake(options, &bases).await
    })
}

async fn deploy(base: &BaseUrl, key: &str) -> anyhow::Result<()> {
    let model = format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
            xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="nodes">
          <process id="{key}" isExecutable="true">
            <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="work"/>
            <serviceTask id="work" camunda:type="external" camunda:topic="{key}"/>
            <sequenceFlow id="f2" sourceRef="work" targetRef="end"/><endEvent id="end"/>
          </process></definitions>"#
    );
    EngineClient::new(base).deploy(&format!("{key}.bpmn"), &model).await.map(drop)
}

/// Who got each task, and who got one that somebody had already.
type Owners = Arc<Mutex<(HashMap<String, usize>, Vec<String>)>>;

/// Starts and workers on both nodes, at the same time.
async fn share(options: &Options, bases: &[BaseUrl; 2]) -> anyhow::Result<()> {
    const KEY: &str = "shared";
    const STARTERS: usize = 8;
    deploy(&bases[0], KEY).await?;
    let begun = Instant::now();
    let (unstarted, uncompleted) =
        (Arc::new(AtomicUsize::new(options.tasks)), Arc::new(AtomicUsize::new(options.tasks)));
    let owners = Owners::default();
    let mut running = JoinSet::new();
    for n in 0..STARTERS {
        let (mut client, unstarted) = (EngineClient::new(&bases[n % 2]), unstarted.clone());
        running.spawn(async move {
            let take = |left: usize| left.checked_sub(1);
            while unstarted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                client.start(KEY, Bytes::from_static(b"{}")).await?;
            }
            anyhow::Ok(())
        });
    }
    for n in 0..options.workers {
        // Half of them complete on the node on which they have not fetched.
        let clients = (EngineClient::new(&bases[n % 2]), EngineClient::new(&bases[(n + n / 2) % 2]));
        running.spawn(work(n, clients, owners.clone(), uncompleted.clone()));
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    let took = begun.elapsed();
    let (handed_out, doubled) = {
        let owners = owners.lock().unwrap_or_else(PoisonError::into_inner);
        (owners.0.len(), owners.1.clone())
    };
    ensure!(doubled.is_empty(), "{} tasks were handed out twice: {doubled:?}", doubled.len());
    ensure!(handed_out == options.tasks, "{handed_out} tasks were handed out of {}", options.tasks);
    for base in bases {
        for list in ["/external-task/count", "/process-instance/count"] {
            let left = EngineClient::new(base).get(list).await?.expect(200, list)?.json()?;
            ensure!(left == json!({"count": 0}), "{list} of {} answers {left}", base.authority);
        }
    }
    println!(
        "{handed_out} tasks, {} workers on two nodes: each handed out once, none left, in {:.1} s",
        options.workers,
        took.as_secs_f64()
    );
    Ok(())
}

/// Until nothing is left to complete.
async fn work(
    number: usize,
    (mut fetching, mut completing): (EngineClient, EngineClient),
    owners: Owners,
    uncompleted: Arc<AtomicUsize>,
) -> anyhow::Result<()> {
    let name = format!("worker-{number}");
    let fetch = fetch_body(&name, "shared", TASKS_PER_FETCH, LOCK_MS, Some(200));
    let complete = Bytes::from(json!({ "workerId": name }).to_string());
    while uncompleted.load(Ordering::Relaxed) > 0 {
        for task in fetching.fetch_and_lock(fetch.clone()).await? {
            {
                let mut owners = owners.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(before) = owners.0.insert(task.id.clone(), number) {
                    owners.1.push(format!("{} by {before} and {number}", task.id));
                }
            }
            completing.complete(&task.id, complete.clone()).await?;
            uncompleted.fetch_sub(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// An instance whose task a poll got, and when.
type WakeUp = (String, Instant);

/// From the answer of a start on one node to that of a poll on the other.
async fn wake(options: &Options, [one, other]: &[BaseUrl; 2]) -> anyhow::Result<()> {
    const KEY: &str = "awaited";
    deploy(one, KEY).await?;
    let (sender, mut woken) = unbounded_channel();
    let mut polls = JoinSet::new();
    for n in 0..options.polls {
        polls.spawn(poll(n, EngineClient::new(other), sender.clone()));
    }
    tokio::time::sleep(SETTLE).await;
    let mut client = EngineClient::new(one);
    let mut started = HashMap::new();
    let mut ticks = tokio::time::interval(PACE);
    for _ in 0..options.starts {
        ticks.tick().await;
        let id = client.start(KEY, Bytes::from_static(b"{}")).await?;
        started.insert(id, Instant::now());
    }
    let mut millis = waits(&mut woken, started).await?;
    polls.abort_all();
    millis.sort_by(f64::total_cmp);
    let at = |percent: usize| millis[(millis.len() * percent / 100).min(millis.len() - 1)];
    println!(
        "{} starts on one node, {} polls on the other: from answer to answer p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        millis.len(),
        options.polls,
        at(50),
        at(99),
        at(100)
    );
    Ok(())
}

async fn poll(number: usize, mut client: EngineClient, sender: UnboundedSender<WakeUp>) -> anyhow::Result<()> {
    let body = fetch_body(&format!("poller-{number}"), "awaited", 1, LOCK_MS, Some(PARKED_MS));
    loop {
        let fetched = client.fetch_and_lock(body.clone()).await?;
        let now = Instant::now();
        for task in fetched {
            // Nobody listens once the run is over.
            let _ = sender.send((task.process_instance_id, now));
        }
    }
}

/// In milliseconds. A poll may be answered before the start is.
async fn waits(
    woken: &mut UnboundedReceiver<WakeUp>,
    mut started: HashMap<String, Instant>,
) -> anyhow::Result<Vec<f64>> {
    let mut millis = Vec::with_capacity(started.len());
    while !started.is_empty() {
        let next = tokio::time::timeout(PATIENCE, woken.recv()).await;
        let left = started.len();
        let (id, at) = next.ok().flatten().with_context(|| format!("{left} starts have woken no poll"))?;
        if let Some(from) = started.remove(&id) {
            millis.push(at.saturating_duration_since(from).as_secs_f64() * 1_000.0);
        }
    }
    Ok(millis)
}
