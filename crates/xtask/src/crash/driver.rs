//! The load: connections that start, fetch, lock, complete, fail and send messages at random until they are told to
//! stop or their node is gone.

use super::ledger::Ledger;
use super::model::Stage;
use super::request::{Change, Request};
use crate::engine_client::{Answer, BaseUrl, EngineClient, fetched_tasks, text_field};
use crate::random::Random;
use anyhow::{Context, bail, ensure};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// These run out during a run.
const SHORT_LOCK_MS: (u64, u64) = (200, 1_500);
/// These do not.
const LONG_LOCK_MS: (u64, u64) = (3_600_000, 7_200_000);
const RETRY_TIMEOUT_MAX_MS: u64 = 300;
/// How long a poll may be parked.
const WAIT_MS: (u64, u64) = (100, 1_000);

/// Longer than anything takes, whatever happens to the database and however busy the machine is: what is not over by then
/// hangs.
pub const PATIENCE: Duration = Duration::from_secs(240);
/// Until a request whose outcome is unknown is repeated, or another one is made where the database was not available.
const PAUSE: Duration = Duration::from_millis(30);

/// What the connections of one round share.
#[derive(Debug, Clone)]
pub struct Shared {
    pub ledger: Arc<Mutex<Ledger>>,
    /// No new request is begun.
    pub stop: Arc<AtomicBool>,
    /// The database is going to be killed: only then may anything be answered 503.
    pub may_be_unavailable: bool,
    /// Requests under a key whose node was gone before it answered.
    pub unanswered: Arc<Mutex<Vec<Request>>>,
    pub numbers: Arc<AtomicU64>,
}

/// Where a connection leads.
#[derive(Debug, Clone)]
pub struct Target {
    pub base: BaseUrl,
    /// Set before the node is killed: from then on an answer that does not come is no fault.
    pub is_killed: Arc<AtomicBool>,
}

/// One connection and the worker it speaks for.
#[derive(Debug)]
pub struct Driver {
    client: EngineClient,
    target: Target,
    worker: String,
    /// Part of each business key, so that no other round or connection gives the same.
    prefix: String,
    random: Random,
    shared: Shared,
    started: u64,
    held: Vec<Held>,
    /// Business keys of instances that wait for their message.
    waiting: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub business_key: String,
    pub stage: Stage,
    pub task_id: String,
}

/// What a node said.
enum Told {
    Done(Answer),
    /// It was not done, and is not done if it is asked for again.
    Refused,
    /// It was not done; it can be asked for again.
    Unavailable,
    /// The same request is being carried out.
    UnderWay,
    Unknown,
    Gone,
}

/// What became of a request.
#[derive(Debug)]
enum Fate {
    Done(Answer),
    NotDone,
    Unknown,
    /// So is the node, and with it this connection.
    Gone,
}

/// Whether a driver goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    On,
    End,
}

impl Shared {
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("no thread panics while it holds the ledger")
    }

    pub fn unanswered(&self) -> MutexGuard<'_, Vec<Request>> {
        self.unanswered.lock().expect("no thread panics while it holds them")
    }
}

impl Driver {
    /// `prefix` begins all business keys that it gives.
    pub fn new(target: &Target, worker: String, prefix: String, random: Random, shared: Shared) -> Driver {
        Driver {
            client: EngineClient::new(&target.base),
            target: target.clone(),
            worker,
            prefix,
            random,
            shared,
            started: 0,
            held: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// What another one has left to do.
    pub fn taking_over(mut self, held: Vec<Held>, waiting: Vec<String>) -> Driver {
        self.held.extend(held);
        self.waiting.extend(waiting);
        self
    }

    /// Until it is to stop or the node is gone; an error is what must not happen.
    pub async fn run(mut self) -> anyhow::Result<()> {
        while !self.shared.stop.load(Ordering::SeqCst) {
            let way = match self.random.between(0, 100) {
                0..35 => self.start().await,
                35..60 => self.fetch().await,
                60..75 => self.send_message().await,
                _ => self.work_on_held().await,
            };
            if way? == Way::End {
                return Ok(());
            }
        }
        Ok(())
    }

    pub fn into_held(self) -> Vec<Held> {
        self.held
    }

    /// Works until there is nothing to fetch, and sends all messages that are waited for.
    pub async fn drain(&mut self) -> anyhow::Result<()> {
        while !self.waiting.is_empty() {
            ensure!(self.send_message().await? == Way::On, "a node went while nobody killed it");
        }
        loop {
            let fetch = Change::Fetch { tasks_max: 20, wait_ms: 0 };
            let duration_ms = self.between(LONG_LOCK_MS)?;
            let fate = self.ask(self.request(None, duration_ms, fetch)).await?;
            ensure!(way(&fate) == Way::On, "a node went while nobody killed it");
            // Where it is unknown what was handed out, one looks again.
            let Fate::Done(answer) = fate else { continue };
            let tasks = fetched_tasks(&answer)?.len();
            if tasks == 0 {
                return Ok(());
            }
            for _ in 0..tasks {
                if self.random.percent(80) {
                    self.complete_last_held().await?;
                }
            }
            while !self.waiting.is_empty() {
                self.send_message().await?;
            }
        }
    }

    /// Asks once more for what another node had not answered.
    pub async fn ask_again(&mut self, request: Request) -> anyhow::Result<()> {
        match self.ask_until_known(&request, true).await? {
            Fate::Done(answer) => {
                let mut ledger = self.shared.ledger();
                ledger.tally.repeated += 1;
                ledger.done(&request, &answer, now_ms()?)
            }
            Fate::NotDone => self.shared.ledger().refused(&request),
            Fate::Unknown | Fate::Gone => bail!("{} under a key is still of unknown outcome", request.path()),
        }
    }

    async fn start(&mut self) -> anyhow::Result<Way> {
        let business_key = format!("{}-{}", self.prefix, self.started);
        self.started += 1;
        let amount = i64::try_from(self.random.between(0, 1 << 31))?;
        let note = "n".repeat(usize::try_from(self.random.between(0, 200))?);
        let held = Held { business_key, stage: Stage::First, task_id: String::new() };
        let request = self.request(Some(&held), 0, Change::Start { amount, note });
        let request = self.perhaps_with_key(request, 50);
        let fate = self.ask(request).await?;
        match &fate {
            Fate::Done(answer) if self.random.percent(20) => {
                let id = text_field(&answer.json()?, "id")?;
                self.lock_new_task(&held.business_key, &id).await
            }
            other => Ok(way(other)),
        }
    }

    /// Looks for the task of an instance just started and locks it, unless another connection was faster.
    async fn lock_new_task(&mut self, business_key: &str, id: &str) -> anyhow::Result<Way> {
        let path = format!("/external-task?processInstanceId={id}");
        let answer = match self.client.get(&path).await {
            Ok(answer) if answer.status == 503 && self.shared.may_be_unavailable => return Ok(Way::On),
            Ok(answer) => answer.expect(200, "external-task list")?,
            Err(error) => return self.end_if_killed(error),
        };
        let tasks = answer.json()?;
        let [task] = tasks.as_array().map(Vec::as_slice).unwrap_or_default() else { return Ok(Way::On) };
        let Some(stage) = Stage::of_activity(&text_field(task, "activityId")?) else { return Ok(Way::On) };
        let held = Held { business_key: business_key.to_owned(), stage, task_id: text_field(task, "id")? };
        self.lock(held, Change::Lock).await
    }

    async fn lock(&mut self, held: Held, change: Change) -> anyhow::Result<Way> {
        let duration_ms = self.lock_duration_ms()?;
        let request = self.request(Some(&held), duration_ms, change);
        let fate = self.ask(request).await?;
        if matches!(fate, Fate::Done(_)) {
            self.held.push(held);
        }
        Ok(way(&fate))
    }

    async fn fetch(&mut self) -> anyhow::Result<Way> {
        let tasks_max = usize::try_from(self.random.between(1, 5))?;
        let wait_ms = if self.random.percent(40) { self.random.between(WAIT_MS.0, WAIT_MS.1) } else { 0 };
        let duration_ms = self.lock_duration_ms()?;
        let fetch = Change::Fetch { tasks_max, wait_ms };
        let fate = self.ask(self.request(None, duration_ms, fetch)).await?;
        let Fate::Done(answer) = &fate else { return Ok(way(&fate)) };
        let tasks = fetched_tasks(answer)?.len();
        ensure!(tasks <= tasks_max, "fetchAndLock handed out {tasks} tasks instead of {tasks_max}");
        for _ in 0..tasks {
            if self.random.percent(60) && self.complete_last_held().await? == Way::End {
                return Ok(Way::End);
            }
        }
        Ok(Way::On)
    }

    async fn send_message(&mut self) -> anyhow::Result<Way> {
        let Some(business_key) = self.waiting.pop() else { return Ok(Way::On) };
        let held = Held { business_key, stage: Stage::Waiting, task_id: String::new() };
        let request = self.request(Some(&held), 0, Change::Correlate { result: 0 });
        let request = self.with_result(request)?;
        let request = self.perhaps_with_key(request, 50);
        Ok(way(&self.ask(request).await?))
    }

    /// Completes a task that was locked some time ago, renews its lock, or gives it back as failed.
    async fn work_on_held(&mut self) -> anyhow::Result<Way> {
        if self.held.is_empty() {
            return self.fetch().await;
        }
        let index = usize::try_from(self.random.between(0, self.held.len() as u64))?;
        let held = self.held.swap_remove(index);
        match self.random.between(0, 100) {
            0..15 => self.lock(held, Change::Lock).await,
            15..35 => self.lock(held, Change::Extend).await,
            35..55 => self.fail(&held).await,
            _ => {
                self.held.push(held);
                self.complete_last_held().await
            }
        }
    }

    async fn fail(&mut self, held: &Held) -> anyhow::Result<Way> {
        let retries = i64::try_from(self.random.between(0, 5))?;
        let timeout_ms = self.between((0, RETRY_TIMEOUT_MAX_MS))?;
        let request = self.request(Some(held), timeout_ms, Change::Fail { retries });
        let request = self.perhaps_with_key(request, 30);
        let fate = self.ask(request).await?;
        if retries > 0 || !matches!(fate, Fate::Done(_)) {
            return Ok(way(&fate));
        }
        // Nobody else does anything with a task without retries.
        let retries = i64::try_from(self.random.between(1, 5))?;
        let request = self.request(Some(held), 0, Change::SetRetries { retries });
        Ok(way(&self.ask(request).await?))
    }

    async fn complete_last_held(&mut self) -> anyhow::Result<Way> {
        let Some(held) = self.held.pop() else { return Ok(Way::On) };
        let request = self.request(Some(&held), 0, Change::Complete { result: 0 });
        let request = self.with_result(request)?;
        let request = self.perhaps_with_key(request, 30);
        let fate = self.ask(request).await?;
        if matches!(fate, Fate::Done(_)) && held.stage == Stage::First {
            self.waiting.push(held.business_key);
        }
        Ok(way(&fate))
    }

    fn request(&self, held: Option<&Held>, duration_ms: i64, change: Change) -> Request {
        Request {
            number: self.shared.numbers.fetch_add(1, Ordering::Relaxed) + 1,
            worker: self.worker.clone(),
            business_key: held.map(|held| held.business_key.clone()).unwrap_or_default(),
            stage: held.map_or(Stage::First, |held| held.stage),
            task_id: held.map(|held| held.task_id.clone()).unwrap_or_default(),
            duration_ms,
            change,
            idempotency_key: None,
            sent_ms: 0,
        }
    }

    fn perhaps_with_key(&mut self, request: Request, percent: u64) -> Request {
        let idempotency_key = self.random.percent(percent).then(|| format!("{}/{}", self.prefix, request.number));
        Request { idempotency_key, ..request }
    }

    fn with_result(&mut self, request: Request) -> anyhow::Result<Request> {
        let result = i64::try_from(self.random.between(0, 1 << 40))?;
        let change = match request.change {
            Change::Complete { .. } => Change::Complete { result },
            _ => Change::Correlate { result },
        };
        Ok(Request { change, ..request })
    }

    fn lock_duration_ms(&mut self) -> anyhow::Result<i64> {
        let range = if self.random.percent(60) { SHORT_LOCK_MS } else { LONG_LOCK_MS };
        self.between(range)
    }

    fn between(&mut self, (low, high): (u64, u64)) -> anyhow::Result<i64> {
        Ok(i64::try_from(self.random.between(low, high))?)
    }

    /// Sends a request and notes what becomes of it. Tasks that are handed out are held then.
    async fn ask(&mut self, mut request: Request) -> anyhow::Result<Fate> {
        request.sent_ms = now_ms()?;
        self.shared.ledger().sent(&request)?;
        let fate = self.ask_until_known(&request, false).await?;
        let now_ms = now_ms()?;
        let mut ledger = self.shared.ledger();
        match &fate {
            Fate::Done(answer) if matches!(request.change, Change::Fetch { .. }) => {
                let tasks = fetched_tasks(answer)?;
                ledger.fetched(&request, &tasks, now_ms)?;
                for task in tasks {
                    let business_key = task.business_key.context("no business key")?;
                    let stage = Stage::of_activity(&task.activity_id).context("another activity")?;
                    self.held.push(Held { business_key, stage, task_id: task.id });
                }
            }
            Fate::Done(answer) => ledger.done(&request, answer, now_ms)?,
            Fate::NotDone => ledger.refused(&request)?,
            Fate::Unknown => ledger.lost(&request, now_ms)?,
            Fate::Gone => {
                ledger.lost(&request, now_ms)?;
                if request.idempotency_key.is_some() {
                    self.shared.unanswered().push(request);
                }
            }
        }
        Ok(fate)
    }

    /// A request under a key is repeated until it is known whether it was done; so is a completion without one, whose
    /// repetition may leave it open whether it was done before.
    async fn ask_until_known(&mut self, request: &Request, was_unknown_before: bool) -> anyhow::Result<Fate> {
        let begun = Instant::now();
        let mut was_unknown = was_unknown_before;
        let has_key = request.idempotency_key.is_some();
        while begun.elapsed() < PATIENCE {
            match self.ask_once(request).await? {
                Told::Done(answer) => {
                    if was_unknown && !was_unknown_before && has_key {
                        self.shared.ledger().tally.repeated += 1;
                    }
                    return Ok(Fate::Done(answer));
                }
                Told::Refused if was_unknown && !has_key => return Ok(Fate::Unknown),
                Told::Refused => return Ok(Fate::NotDone),
                Told::Unavailable if !was_unknown => {
                    self.shared.ledger().tally.unavailable += 1;
                    tokio::time::sleep(PAUSE).await;
                    return Ok(Fate::NotDone);
                }
                Told::Gone => return Ok(Fate::Gone),
                Told::Unknown if !has_key && !matches!(request.change, Change::Complete { .. }) => {
                    return Ok(Fate::Unknown);
                }
                Told::Unknown => was_unknown = true,
                Told::UnderWay | Told::Unavailable => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{} was of unknown outcome for {PATIENCE:?}", request.path())
    }

    async fn ask_once(&mut self, request: &Request) -> anyhow::Result<Told> {
        let (path, key, body) = (request.path(), request.idempotency_key.as_deref(), request.body());
        let asking = self.client.send(request.method(), &path, key, &body);
        let answer = match tokio::time::timeout(PATIENCE, asking).await {
            Err(_) => bail!("{path} was not answered within {PATIENCE:?}"),
            Ok(Err(error)) => {
                return self.end_if_killed(error).map(|way| if way == Way::End { Told::Gone } else { Told::Unknown });
            }
            Ok(Ok(answer)) => answer,
        };
        match answer.status {
            status if status == request.success() => Ok(Told::Done(answer)),
            // Another worker was faster, or has the task by now.
            400 | 404 => Ok(Told::Refused),
            409 if key.is_some() && answer.has_retry_after => Ok(Told::UnderWay),
            503 => {
                ensure!(
                    self.shared.may_be_unavailable,
                    "{path} answered 503 with the database there: {}",
                    answer.text()
                );
                ensure!(answer.has_retry_after, "{path} answered 503 without Retry-After: {}", answer.text());
                let is_unknown = answer.text().contains("it is not known whether this was done");
                Ok(if is_unknown { Told::Unknown } else { Told::Unavailable })
            }
            // Others were first, as often as it was tried: nothing was done.
            500 if answer.text().contains("OptimisticLockingException") => Ok(Told::Refused),
            status => bail!("{path} answered {status}: {}", answer.text()),
        }
    }

    /// Of a connection that is gone, with or without the answer to the last request: so is its node, or it was idle for
    /// too long, as where the whole machine stood still. A node that nobody has killed takes the next one.
    fn end_if_killed(&self, error: anyhow::Error) -> anyhow::Result<Way> {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        match (kind, self.target.is_killed.load(Ordering::SeqCst)) {
            (Some(_), true) => Ok(Way::End),
            (Some(ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe), false) => Ok(Way::On),
            _ => Err(error),
        }
    }
}

fn way(fate: &Fate) -> Way {
    match fate {
        Fate::Done(_) | Fate::NotDone | Fate::Unknown => Way::On,
        Fate::Gone => Way::End,
    }
}

pub fn now_ms() -> anyhow::Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}
