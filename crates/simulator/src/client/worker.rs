//! Fetches external tasks and does with them what good, slow, broken and careless workers do.

use std::sync::Arc;
use std::time::Duration;

use engine::Command;
use runtime::{ClaimTenants, ClaimTopic, ClaimVariables, ExtensionProperties, FetchRequest, FetchTopic, Runtime};
use types::{ExternalTaskId, VariableMap};

use super::{ATTEMPTS_MAX, back_off, note_variable};
use crate::call::Failure;
use crate::database::short;
use crate::inbox::Life;
use crate::model::{ERROR_CODE, TOPICS};
use crate::random::Random;
use crate::world::World;

/// One of them, by its name.
#[derive(Clone, Debug)]
struct Worker {
    world: Arc<World>,
    name: Arc<str>,
}

/// A task that it was handed.
#[derive(Clone, Copy, Debug)]
struct Handed {
    id: ExternalTaskId,
    is_risky: bool,
    lock_ms: u64,
}

/// What it does with a task.
#[derive(Clone, Copy, Debug)]
enum Intent {
    Complete,
    CompleteLate,
    Extend,
    Fail,
    Unlock,
    Forget,
}

pub async fn work(world: Arc<World>, name: String, mut random: Random) {
    let worker = Worker { world, name: name.into() };
    while !worker.world.is_over() {
        let lock_ms = *random.pick(&[300, 2_000, 8_000, 20_000]);
        match worker.fetch(lock_ms, &mut random).await {
            Ok(tasks) => {
                for task in tasks {
                    let (worker, mut random) = (worker.clone(), random.fork());
                    tokio::spawn(async move { worker.treat(task, &mut random).await });
                }
                let pause_ms = random.below(1_000);
                if random.chance(500) {
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                }
            }
            Err(_) => back_off(&mut random).await,
        }
        // A poll that does not wait is answered at once.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

impl Worker {
    async fn fetch(&self, lock_ms: u64, random: &mut Random) -> Result<Vec<Handed>, Failure> {
        let first = random.index(TOPICS.len());
        let count = random.between(1, TOPICS.len() as u64);
        let topics: Vec<&'static str> =
            (0..count).map(|n| TOPICS[(first + usize::try_from(n).unwrap_or(0)) % TOPICS.len()]).collect();
        let wait_ms = *random.pick(&[0, 1_000, 20_000, 60_000, 120_000]);
        let request = FetchRequest {
            worker_id: self.name.clone(),
            tasks_max: u32::try_from(random.between(1, 4)).unwrap_or(1),
            order: Vec::new(),
            topics: topics.iter().map(|name| topic(name, lock_ms)).collect(),
            async_response_timeout_ms: wait_ms,
        };
        let (world, name) = (&self.world, &self.name);
        let poll = |runtime: Runtime, life: Life| async move {
            let _watched = (wait_ms > 0).then(|| world.polls.watch(life, name, &topics));
            runtime.fetch_and_lock(request).await
        };
        let fetched = world.call_for(Duration::from_millis(wait_ms), random, poll).await?;
        if !world.is_calm() && random.chance(world.plan.often.client_gone) {
            // The connection broke while the answer was written.
            return Err(Failure::Lost);
        }
        let tasks: Vec<Handed> = fetched
            .delivered()
            .into_iter()
            .map(|task| Handed { id: task.locked.task.id, is_risky: &*task.locked.task.topic == "risky", lock_ms })
            .collect();
        for task in &tasks {
            world.trace.note(name, format_args!("has fetched {}", short(task.id.0)));
        }
        Ok(tasks)
    }

    async fn treat(&self, task: Handed, random: &mut Random) {
        let take_ms = random.below(400);
        tokio::time::sleep(Duration::from_millis(take_ms)).await;
        match self.intent(random) {
            Intent::Complete => self.complete(task, random).await,
            Intent::CompleteLate => {
                let late_ms = task.lock_ms + random.below(3_000);
                tokio::time::sleep(Duration::from_millis(late_ms)).await;
                self.complete(task, random).await;
            }
            Intent::Extend => {
                let new_duration_ms = Some(i64::try_from(task.lock_ms).unwrap_or(1_000));
                let extend = Command::ExtendExternalTaskLock {
                    id: task.id,
                    worker_id: Some(self.name.clone()),
                    new_duration_ms,
                };
                let _ = self.send(extend, random).await;
                self.complete(task, random).await;
            }
            Intent::Fail => {
                let fail = Command::FailExternalTask {
                    id: task.id,
                    worker_id: Some(self.name.clone()),
                    error_message: Some("simulated".into()),
                    error_details: None,
                    retries: i32::try_from(random.below(3)).unwrap_or(0),
                    retry_timeout_ms: i64::try_from(random.below(2) * random.below(4_000)).unwrap_or(0),
                    variables: VariableMap::new(),
                    local_variables: VariableMap::new(),
                };
                let _ = self.send(fail, random).await;
            }
            Intent::Unlock => {
                let _ = self.send(Command::UnlockExternalTask { id: task.id }, random).await;
            }
            Intent::Forget => {}
        }
    }

    fn intent(&self, random: &mut Random) -> Intent {
        if self.world.is_calm() {
            return Intent::Complete;
        }
        match random.below(100) {
            0..60 => Intent::Complete,
            60..70 => Intent::CompleteLate,
            70..76 => Intent::Extend,
            76..88 => Intent::Fail,
            88..93 => Intent::Unlock,
            _ => Intent::Forget,
        }
    }

    async fn complete(&self, task: Handed, random: &mut Random) {
        let throws = task.is_risky && random.chance(300);
        for _ in 0..ATTEMPTS_MAX {
            let worker_id = Some(self.name.clone());
            let command = match throws {
                true => Command::ThrowExternalTaskBpmnError {
                    id: task.id,
                    worker_id,
                    error_code: Some(ERROR_CODE.into()),
                    error_message: None,
                    variables: VariableMap::new(),
                },
                false => Command::CompleteExternalTask {
                    id: task.id,
                    worker_id,
                    variables: note_variable(&self.name),
                    local_variables: VariableMap::new(),
                },
            };
            match self.send(command, random).await {
                Ok(()) => return self.acknowledged(task.id, throws),
                Err(Failure::Refused(_)) => return,
                Err(Failure::Lost | Failure::Unavailable) => back_off(random).await,
            }
        }
    }

    fn acknowledged(&self, id: ExternalTaskId, throws: bool) {
        let world = &self.world;
        world.trace.note(&self.name, format_args!("has completed {}", short(id.0)));
        let (is_gone, succeeded_by) = match world.ledger().external_tasks.get(&id) {
            Some(truth) => (truth.is_gone, truth.succeeded_by.clone()),
            None => (false, None),
        };
        if !is_gone {
            world.violate(format!("the completion of the task {id} was acknowledged and is not stored"));
        } else if !throws && succeeded_by.as_ref() != Some(&self.name) {
            world.violate(format!("{} was told it completed the task {id}, {succeeded_by:?} did", self.name));
        }
    }

    async fn send(&self, command: Command, random: &mut Random) -> Result<(), Failure> {
        let id = match &command {
            Command::CompleteExternalTask { id, .. }
            | Command::ThrowExternalTaskBpmnError { id, .. }
            | Command::FailExternalTask { id, .. }
            | Command::ExtendExternalTaskLock { id, .. }
            | Command::UnlockExternalTask { id } => Some(*id),
            _ => None,
        };
        let sent = self.world.call(random, |runtime| async move { runtime.execute(command).await }).await;
        if let (Err(failure), Some(id)) = (&sent, id) {
            let is_there = self.world.ledger().external_tasks.get(&id).is_some_and(|truth| !truth.is_gone);
            if failure.is_not_found() && is_there {
                self.world.violate(format!("the task {id} is there and was not found"));
            }
            self.world.trace.note(&self.name, format_args!("about {}: {failure:?}", short(id.0)));
        }
        sent.map(drop)
    }
}

fn topic(name: &str, lock_ms: u64) -> FetchTopic {
    FetchTopic {
        claim: ClaimTopic {
            name: name.into(),
            lock_duration_ms: i64::try_from(lock_ms).unwrap_or(1_000),
            business_key: None,
            definition_ids: Vec::new(),
            definition_keys: Vec::new(),
            definition_version_tag: None,
            tenants: ClaimTenants::Any,
            process_variables: Vec::new(),
            variables: ClaimVariables { names: None, is_local_only: false },
        },
        extension_properties: ExtensionProperties::Left,
    }
}
