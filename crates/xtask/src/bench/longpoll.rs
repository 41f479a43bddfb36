//! How fast a parked poll wakes: from the answer of the start that made its task to its own answer.

use super::engine::Target;
use super::figure::{Figure, Samples};
use super::load::{LONG_LOCK_MS, Process, deploy, on_connections, start_body};
use crate::engine_client::{BaseUrl, EngineClient, fetch_body};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long a poll may stay parked before it is sent again.
const PARKED_MS: u64 = 30_000;

/// Between two starts, so that each of them finds pollers that wait.
const PACE: Duration = Duration::from_millis(4);

/// All polls are parked by then.
const SETTLE: Duration = Duration::from_secs(2);

/// How long the last wake-ups may take.
const GRACE: Duration = Duration::from_secs(5);

pub const WAKE_UP: &str = "wake-up";

/// A poll's answer: the instance whose task it got, and when.
type WakeUp = (String, Instant);

pub async fn measure(target: &Target, polls: usize, seconds: f64) -> anyhow::Result<(Figure, Process)> {
    let mut starter = EngineClient::new(&target.base);
    let process = deploy(&mut starter).await?;
    let (sender, receiver) = unbounded_channel();
    let stop = Arc::new(AtomicBool::new(false));
    let pollers = tokio::spawn(park(target.base.clone(), process.key.clone(), polls, sender, stop.clone()));
    tokio::time::sleep(SETTLE).await;

    let mut starts = Samples::default();
    let mut answered = HashMap::new();
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let mut ticks = tokio::time::interval(PACE);
    while Instant::now() < until && !pollers.is_finished() {
        ticks.tick().await;
        let started = Instant::now();
        let id = starter.start(&process.key, start_body()).await?;
        answered.insert(id, Instant::now());
        starts.push(started.elapsed());
    }
    let count = answered.len();
    let (wake_ups, missing) = gather(receiver, answered).await;
    stop.store(true, Ordering::Relaxed);
    if pollers.is_finished() {
        pollers.await??;
    } else {
        pollers.abort();
    }
    let figure = Figure {
        workload: format!("longpoll {polls}"),
        rate: None,
        calls: vec![starts.percentiles("start"), wake_ups.percentiles(WAKE_UP)],
        besides: vec![("wake-ups", count as f64), ("missing", missing as f64)],
    };
    Ok((figure, process))
}

async fn park(
    base: BaseUrl,
    key: String,
    polls: usize,
    sender: UnboundedSender<WakeUp>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    on_connections(polls, &base, |index, mut client| {
        let body = fetch_body(&format!("poller-{index}"), &key, 1, LONG_LOCK_MS, Some(PARKED_MS));
        let (sender, stop) = (sender.clone(), stop.clone());
        async move {
            while !stop.load(Ordering::Relaxed) {
                let fetched = client.fetch_and_lock(body.clone()).await?;
                let now = Instant::now();
                for task in fetched {
                    // Nobody listens once the run is over.
                    let _ = sender.send((task.process_instance_id, now));
                }
            }
            Ok(())
        }
    })
    .await?;
    Ok(())
}

/// Matches wake-ups with starts. A poll that is answered before its start counts as woken at once.
async fn gather(mut receiver: UnboundedReceiver<WakeUp>, mut answered: HashMap<String, Instant>) -> (Samples, usize) {
    let mut samples = Samples::default();
    let deadline = tokio::time::Instant::now() + GRACE;
    while !answered.is_empty() {
        let Ok(Some((id, woken))) = tokio::time::timeout_at(deadline, receiver.recv()).await else { break };
        if let Some(started) = answered.remove(&id) {
            samples.push(woken.saturating_duration_since(started));
        }
    }
    (samples, answered.len())
}
