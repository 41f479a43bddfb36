//! The load: connections that start, fetch, lock and complete at random until the server is gone.

use super::ledger::{Ledger, LockRecord, Stage};
use crate::engine_client::{BaseUrl, EngineClient, FetchedTask, fetch_body, text_field};
use crate::random::Random;
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

/// Process key and topic.
pub const KEY: &str = "crash";

/// Two external tasks in a row, so that a completion both ends a task and makes one.
pub const MODEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="crash">
  <process id="crash" isExecutable="true" camunda:historyTimeToLive="1">
    <startEvent id="start"/>
    <sequenceFlow id="toFirst" sourceRef="start" targetRef="first"/>
    <serviceTask id="first" camunda:type="external" camunda:topic="crash"/>
    <sequenceFlow id="toSecond" sourceRef="first" targetRef="second"/>
    <serviceTask id="second" camunda:type="external" camunda:topic="crash"/>
    <sequenceFlow id="toEnd" sourceRef="second" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"#;

/// No lock runs out during a run.
const SHORTEST_LOCK_MS: u64 = 3_600_000;
const LONGEST_LOCK_MS: u64 = 7_200_000;

/// What the connections of one round share.
#[derive(Debug, Clone)]
pub struct Shared {
    pub ledger: Arc<Mutex<Ledger>>,
    /// Set before the server is killed: from then on an answer that does not come is no fault.
    pub killed: Arc<AtomicBool>,
}

impl Shared {
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("no thread panics while it holds the ledger")
    }
}

/// One connection and the worker it speaks for.
#[derive(Debug)]
pub struct Driver {
    client: EngineClient,
    worker: String,
    /// Part of each business key, so that no other round or connection gives the same.
    prefix: String,
    random: Random,
    shared: Shared,
    started: u64,
    held: Vec<Held>,
}

#[derive(Debug, Clone)]
struct Held {
    business_key: String,
    stage: Stage,
    task_id: String,
}

impl Driver {
    pub fn new(base: &BaseUrl, round: usize, index: usize, random: Random, shared: Shared) -> Driver {
        let worker = format!("worker-{index}");
        let held = shared.ledger().held_by(&worker);
        let held = held.into_iter().map(|(business_key, stage, task_id)| Held { business_key, stage, task_id });
        Driver {
            client: EngineClient::new(base),
            held: held.collect(),
            prefix: format!("{round}-{index}"),
            worker,
            random,
            shared,
            started: 0,
        }
    }

    /// Until the server is gone; an error is what must not happen while it is there.
    pub async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let done = match self.random.between(0, 10) {
                0..5 => self.start().await,
                5..8 => self.fetch().await,
                _ => self.work_on_held().await,
            };
            match done {
                Err(error) if self.shared.killed.load(Ordering::SeqCst) && is_lost_connection(&error) => return Ok(()),
                done => done?,
            }
        }
    }

    async fn start(&mut self) -> anyhow::Result<()> {
        let business_key = format!("{}-{}", self.prefix, self.started);
        self.started += 1;
        let amount = i64::try_from(self.random.between(0, 1 << 31))?;
        let note = "n".repeat(usize::try_from(self.random.between(0, 200))?);
        self.shared.ledger().start_sent(&business_key, amount, &note);
        let variables = json!({
            "amount": {"value": amount, "type": "Long"},
            "note": {"value": note, "type": "String"},
        });
        let body = json!({"businessKey": business_key, "variables": variables});
        let id = self.client.start(KEY, Bytes::from(body.to_string())).await?;
        self.shared.ledger().seen(&business_key, &id, Stage::First)?;
        if self.random.percent(20) {
            self.lock_new_task(&business_key, &id).await?;
        }
        Ok(())
    }

    /// Looks for the task of an instance just started and locks it, unless another connection was faster.
    async fn lock_new_task(&mut self, business_key: &str, id: &str) -> anyhow::Result<()> {
        let answer = self.client.get(&format!("/external-task?processInstanceId={id}")).await?;
        let tasks = answer.expect(200, "external-task list")?.json()?;
        let [task] = tasks.as_array().map(Vec::as_slice).unwrap_or_default() else { return Ok(()) };
        let Some(stage) = Stage::of_activity(&text_field(task, "activityId")?) else { return Ok(()) };
        let held = Held { business_key: business_key.to_owned(), stage, task_id: text_field(task, "id")? };
        self.lock(held).await
    }

    async fn lock(&mut self, held: Held) -> anyhow::Result<()> {
        let (duration_ms, mut lock) = self.lock_request(&held.task_id)?;
        self.shared.ledger().lock_sent(
            &held.business_key,
            held.stage,
            LockRecord { latest_expiry_ms: i64::MAX, ..lock.clone() },
        )?;
        let body = json!({"workerId": self.worker, "lockDuration": duration_ms});
        let path = format!("/external-task/{}/lock", held.task_id);
        let answer = self.client.post(&path, &body).await?;
        match answer.status {
            204 => {
                lock.latest_expiry_ms = now_ms()? + duration_ms;
                self.shared.ledger().lock_acknowledged(&held.business_key, held.stage, lock)?;
            }
            // Another worker was faster.
            400 | 404 => return self.shared.ledger().lock_refused(&held.business_key, &lock),
            status => bail!("lock answered {status}: {}", answer.text()),
        }
        self.held.push(held);
        Ok(())
    }

    async fn fetch(&mut self) -> anyhow::Result<()> {
        let max_tasks = usize::try_from(self.random.between(1, 5))?;
        let (duration_ms, mut lock) = self.lock_request("")?;
        self.shared.ledger().doubtful_fetches.push(LockRecord { latest_expiry_ms: i64::MAX, ..lock.clone() });
        let body = fetch_body(&self.worker, KEY, max_tasks, u64::try_from(duration_ms)?, None);
        let tasks = self.client.fetch_and_lock(body).await?;
        ensure!(tasks.len() <= max_tasks, "fetchAndLock handed out {} tasks instead of {max_tasks}", tasks.len());
        lock.latest_expiry_ms = now_ms()? + duration_ms;
        self.note_fetched(&tasks, &lock)?;
        for _ in 0..tasks.len() {
            if self.random.percent(60) {
                self.complete_last_held().await?;
            }
        }
        Ok(())
    }

    /// Completes a task that was locked some time ago, or renews its lock.
    async fn work_on_held(&mut self) -> anyhow::Result<()> {
        if self.held.is_empty() {
            return self.fetch().await;
        }
        let index = usize::try_from(self.random.between(0, self.held.len() as u64))?;
        let held = self.held.swap_remove(index);
        if self.random.percent(30) {
            return self.lock(held).await;
        }
        self.held.push(held);
        self.complete_last_held().await
    }

    async fn complete_last_held(&mut self) -> anyhow::Result<()> {
        let Some(held) = self.held.pop() else { return Ok(()) };
        let result = i64::try_from(self.random.between(0, 1 << 40))?;
        self.shared.ledger().complete_sent(&held.business_key, held.stage, result)?;
        let name = result_variable(held.stage);
        let body = json!({"workerId": self.worker, "variables": {name: {"value": result, "type": "Long"}}});
        self.client.complete(&held.task_id, Bytes::from(body.to_string())).await?;
        self.shared.ledger().complete_acknowledged(&held.business_key, held.stage)
    }

    fn note_fetched(&mut self, tasks: &[FetchedTask], fetch: &LockRecord) -> anyhow::Result<()> {
        let mut ledger = self.shared.ledger();
        for task in tasks {
            let business_key = task.business_key.clone().with_context(|| format!("no business key on {}", task.id))?;
            let stage = Stage::of_activity(&task.activity_id)
                .with_context(|| format!("a task of `{}` was handed out", task.activity_id))?;
            let lock = LockRecord { task_id: task.id.clone(), ..fetch.clone() };
            ledger.seen(&business_key, &task.process_instance_id, stage)?;
            ledger.lock_acknowledged(&business_key, stage, lock)?;
            self.held.push(Held { business_key, stage, task_id: task.id.clone() });
        }
        ledger.fetch_answered(fetch);
        Ok(())
    }

    /// A duration and the lock it makes, whose latest end is not known yet.
    fn lock_request(&mut self, task_id: &str) -> anyhow::Result<(i64, LockRecord)> {
        let duration_ms = i64::try_from(self.random.between(SHORTEST_LOCK_MS, LONGEST_LOCK_MS))?;
        let lock = LockRecord {
            task_id: task_id.to_owned(),
            worker: self.worker.clone(),
            earliest_expiry_ms: now_ms()? + duration_ms,
            latest_expiry_ms: i64::MAX,
        };
        Ok((duration_ms, lock))
    }
}

/// The connection is gone, with or without the answer to the last request.
fn is_lost_connection(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some()
}

/// The variable that the completion of a stage sets.
pub fn result_variable(stage: Stage) -> &'static str {
    match stage {
        Stage::First => "firstResult",
        Stage::Second | Stage::Ended => "secondResult",
    }
}

pub fn now_ms() -> anyhow::Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}
