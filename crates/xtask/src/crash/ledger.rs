//! What the servers were asked for and what they have acknowledged. Between the two lies what a crash may or may not
//! have taken with it.
//!
//! A request whose answer never came, or that was answered that nobody knows, is in doubt: it was done or it was not. One
//! that was acknowledged on the same thing later decides: what was lost before it was sent is over by then.

use super::model::Stage;
use super::request::{Change, Request};
use crate::engine_client::{Answer, FetchedTask, text_field};
use anyhow::{Context, bail, ensure};
use std::collections::BTreeMap;

/// The server reads its clock in milliseconds, we read ours before and after.
pub const CLOCK_SLACK_MS: i64 = 2;

/// Not yet.
const NEVER_MS: i64 = i64::MAX;

/// A value, or those that it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates<T> {
    pub acknowledged: Option<T>,
    pub doubtful: Vec<Doubt<T>>,
}

/// What a request asked for that was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt<T> {
    request: u64,
    /// From when on it was known that no answer comes.
    lost_ms: i64,
    pub value: T,
}

/// A lock as it was asked for. A failure ends it with the time until the next try, but the worker stays in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    pub worker: String,
    pub duration_ms: i64,
    pub sent_ms: i64,
    /// It began between these two.
    pub answered_ms: i64,
}

/// What is known of an external task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskRecord {
    pub lock: Candidates<Lock>,
    pub retries: Candidates<i64>,
    pub failures: u64,
    pub doubtful_failures: Vec<u64>,
    /// Two locks were acknowledged of which nobody knows which came first.
    is_contested: bool,
}

/// All that is known of one instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub amount: i64,
    pub note: String,
    /// Known once the start was acknowledged, or a task of it was handed out.
    pub id: Option<String>,
    /// As far as it is for certain, if it was started for certain.
    pub floor: Option<Stage>,
    /// What the change at the end of a stage sets.
    pub results: BTreeMap<Stage, Candidates<i64>>,
    pub tasks: BTreeMap<Stage, TaskRecord>,
    /// Its job was seen to be done.
    pub is_job_done: bool,
}

/// What was acknowledged, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub starts: u64,
    pub handed_out: u64,
    pub locks: u64,
    pub completions: u64,
    pub failures: u64,
    pub retries: u64,
    pub messages: u64,
    /// Seen to be done.
    pub jobs: u64,
    /// Never answered, or answered that it is not known.
    pub unknown: u64,
    /// Answered that the database is not available: nothing of these may have been done.
    pub unavailable: u64,
    /// Asked for again under the same key, and answered as done.
    pub repeated: u64,
}

/// By business key, which we give and which is unique.
#[derive(Debug, Default)]
pub struct Ledger {
    pub records: BTreeMap<String, Record>,
    /// Fetches without an answer: each may have locked any task that was free.
    pub doubtful_fetches: Vec<Doubt<Lock>>,
    pub tally: Tally,
}

impl Ledger {
    pub fn sent(&mut self, request: &Request) -> anyhow::Result<()> {
        let number = request.number;
        let lock = request.lock(NEVER_MS);
        match &request.change {
            Change::Start { amount, note } => {
                let record = Record { amount: *amount, note: note.clone(), ..Record::default() };
                self.records.insert(request.business_key.clone(), record);
            }
            Change::Fetch { .. } => self.doubtful_fetches.push(Doubt::new(number, lock)),
            Change::Lock | Change::Extend => self.task(request)?.lock.sent(number, lock),
            Change::Fail { retries } => {
                let task = self.task(request)?;
                task.lock.sent(number, lock);
                task.retries.sent(number, *retries);
                task.doubtful_failures.push(number);
            }
            Change::SetRetries { retries } => self.task(request)?.retries.sent(number, *retries),
            Change::Complete { result } | Change::Correlate { result } => {
                self.results(request)?.sent(number, *result);
            }
        }
        Ok(())
    }

    /// It is certain that it was not done.
    pub fn refused(&mut self, request: &Request) -> anyhow::Result<()> {
        let number = request.number;
        match &request.change {
            Change::Start { .. } => {
                self.records.remove(&request.business_key);
            }
            Change::Fetch { .. } => self.doubtful_fetches.retain(|doubt| doubt.request != number),
            Change::Complete { .. } | Change::Correlate { .. } => self.results(request)?.refused(number),
            Change::Lock | Change::Extend | Change::Fail { .. } | Change::SetRetries { .. } => {
                let task = self.task(request)?;
                task.lock.refused(number);
                task.retries.refused(number);
                task.doubtful_failures.retain(|doubtful| *doubtful != number);
            }
        }
        Ok(())
    }

    /// Nobody knows whether it was done, and from `now_ms` on it is done no more.
    pub fn lost(&mut self, request: &Request, now_ms: i64) -> anyhow::Result<()> {
        let number = request.number;
        self.tally.unknown += 1;
        match &request.change {
            Change::Start { .. } => {}
            Change::Fetch { .. } => {
                let fetch = self.doubtful_fetches.iter_mut().find(|doubt| doubt.request == number);
                let fetch = fetch.context("a fetch was lost that was not sent")?;
                (fetch.lost_ms, fetch.value.answered_ms) = (now_ms, now_ms);
            }
            Change::Complete { .. } | Change::Correlate { .. } => self.results(request)?.lost(number, now_ms),
            Change::Lock | Change::Extend | Change::Fail { .. } | Change::SetRetries { .. } => {
                let task = self.task(request)?;
                task.lock.lost(number, now_ms);
                task.retries.lost(number, now_ms);
                for doubt in task.lock.doubtful.iter_mut().filter(|doubt| doubt.request == number) {
                    doubt.value.answered_ms = now_ms;
                }
            }
        }
        Ok(())
    }

    /// It was acknowledged. An error is a violation.
    pub fn done(&mut self, request: &Request, answer: &Answer, now_ms: i64) -> anyhow::Result<()> {
        let number = request.number;
        match &request.change {
            Change::Start { .. } => {
                let id = text_field(&answer.json()?, "id")?;
                self.tally.starts += 1;
                self.record(&request.business_key)?.seen(&id, Stage::First)?;
            }
            Change::Fetch { .. } => bail!("a fetch is answered with tasks"),
            Change::Lock | Change::Extend => {
                self.tally.locks += 1;
                let task = self.task(request)?;
                task.lock.doubtful.retain(|doubt| doubt.request != number);
                task.grant(request.lock(now_ms))?;
            }
            Change::Fail { retries } => {
                self.tally.failures += 1;
                let task = self.task(request)?;
                task.assert_holder(request)?;
                task.gave_back(request, now_ms);
                task.retries.acknowledged(request, *retries);
                task.doubtful_failures.retain(|doubtful| *doubtful != number);
                task.failures += 1;
            }
            Change::SetRetries { retries } => {
                self.tally.retries += 1;
                self.task(request)?.retries.acknowledged(request, *retries);
            }
            Change::Complete { result } => {
                self.tally.completions += 1;
                self.task(request)?.assert_holder(request)?;
                self.ended(request, *result)?;
            }
            Change::Correlate { result } => {
                self.tally.messages += 1;
                self.ended(request, *result)?;
            }
        }
        Ok(())
    }

    /// A stage ends once, by one request.
    fn ended(&mut self, request: &Request, result: i64) -> anyhow::Result<()> {
        let results = self.results(request)?;
        if let Some(before) = &results.acknowledged {
            bail!("{:?} of {} was ended twice, with {before} and {result}", request.stage, request.business_key);
        }
        results.acknowledged(request, result);
        let record = self.record(&request.business_key)?;
        record.floor = record.floor.max(Some(request.stage.next()));
        Ok(())
    }

    /// A fetch was answered. An error is a violation.
    pub fn fetched(&mut self, request: &Request, tasks: &[FetchedTask], now_ms: i64) -> anyhow::Result<()> {
        self.doubtful_fetches.retain(|doubt| doubt.request != request.number);
        for task in tasks {
            let business_key = task.business_key.as_ref().with_context(|| format!("no business key on {}", task.id))?;
            let stage = Stage::of_activity(&task.activity_id)
                .with_context(|| format!("a task of `{}` was handed out", task.activity_id))?;
            let record = self.record(business_key)?;
            record.seen(&task.process_instance_id, stage)?;
            // What would have ended the stage before that has not come to anything.
            if let Some(results) = record.results.get_mut(&stage) {
                ensure!(results.acknowledged.is_none(), "{business_key}: a task was handed out after its completion");
                results.doubtful.retain(|doubt| doubt.lost_ms >= request.sent_ms);
            }
            let grant = record.tasks.entry(stage).or_default().grant(request.lock(now_ms));
            grant.with_context(|| format!("{business_key} at {stage:?}"))?;
            self.tally.handed_out += 1;
        }
        Ok(())
    }

    /// The instances that wait for their message.
    pub fn waiting(&self) -> Vec<String> {
        let waiting = self.records.iter().filter(|(_, record)| record.floor == Some(Stage::Waiting));
        waiting.map(|(business_key, _)| business_key.clone()).collect()
    }

    /// When the last lock of a task that is there ends, of those that end before a time.
    pub fn last_lock_ends_ms(&self, before_ms: i64) -> Option<i64> {
        let active = self.records.values().filter_map(|record| record.tasks.get(&record.floor?));
        let ends = active.flat_map(|task| task.lock.iter()).map(Lock::latest_end_ms);
        ends.filter(|end_ms| *end_ms < before_ms).max()
    }

    fn record(&mut self, business_key: &str) -> anyhow::Result<&mut Record> {
        self.records.get_mut(business_key).with_context(|| format!("nobody started `{business_key}`"))
    }

    fn task(&mut self, request: &Request) -> anyhow::Result<&mut TaskRecord> {
        Ok(self.record(&request.business_key)?.tasks.entry(request.stage).or_default())
    }

    fn results(&mut self, request: &Request) -> anyhow::Result<&mut Candidates<i64>> {
        Ok(self.record(&request.business_key)?.results.entry(request.stage).or_default())
    }
}

impl Record {
    /// As far as it can be: up to the first stage that nobody tried to end.
    pub fn ceiling(&self) -> Stage {
        let mut stage = Stage::First;
        while stage != Stage::Ended && self.results.get(&stage).is_some_and(Candidates::is_anything) {
            stage = stage.next();
        }
        stage
    }

    fn seen(&mut self, id: &str, stage: Stage) -> anyhow::Result<()> {
        match &self.id {
            Some(known) if known != id => bail!("an instance was started twice, as {known} and {id}"),
            _ => self.id = Some(id.to_owned()),
        }
        // Another connection's answer may be on its way still, so this can only raise it.
        self.floor = self.floor.max(Some(stage));
        ensure!(stage <= self.ceiling(), "instance {id} is at {stage:?}, which nobody asked for");
        Ok(())
    }
}

impl TaskRecord {
    /// So many times.
    pub fn failed(failures: u64) -> TaskRecord {
        TaskRecord { failures, ..TaskRecord::default() }
    }

    /// No two workers have a task at the same time, and nobody has one before the time of its next try.
    fn grant(&mut self, lock: Lock) -> anyhow::Result<()> {
        let Some(held) = self.lock.acknowledged.clone().filter(|held| held.worker != lock.worker) else {
            self.lock.replace(lock);
            return Ok(());
        };
        let may_end_before =
            |first: &Lock, second: &Lock| first.earliest_end_ms() <= second.answered_ms + CLOCK_SLACK_MS;
        match (may_end_before(&held, &lock), may_end_before(&lock, &held)) {
            (true, false) => self.lock.replace(lock),
            (false, true) => {}
            (true, true) => {
                self.is_contested = true;
                self.lock.doubtful.push(Doubt { request: 0, lost_ms: lock.answered_ms, value: held });
                self.lock.acknowledged = Some(lock);
            }
            (false, false) => {
                let was_given_back = self.given_back_by(&held.worker).next().is_some();
                ensure!(was_given_back, "a task was handed to two at the same time: {held:?} and {lock:?}");
                self.lock.replace(lock);
            }
        }
        Ok(())
    }

    /// What its holder may have made of the lock without being told so.
    fn given_back_by(&self, holder: &str) -> impl Iterator<Item = &Lock> {
        self.lock.doubtful.iter().map(|doubt| &doubt.value).filter(move |lock| lock.worker == holder)
    }

    /// When the acknowledged lock ends at the earliest, as its holder was told or not.
    pub fn ends_of_lock(&self) -> impl Iterator<Item = i64> {
        let acknowledged = self.lock.acknowledged.iter();
        acknowledged.flat_map(|held| self.given_back_by(&held.worker).chain([held])).map(Lock::earliest_end_ms)
    }

    /// A failure was acknowledged. Whoever was handed the task since may have been told so before.
    fn gave_back(&mut self, request: &Request, now_ms: i64) {
        let next = self.lock.acknowledged.clone().filter(|next| next.worker != request.worker);
        match next {
            Some(_) if !self.is_contested => self.lock.refused(request.number),
            None => self.lock.acknowledged(request, request.lock(now_ms)),
            Some(next) => {
                self.lock.acknowledged(request, request.lock(now_ms));
                self.lock.doubtful.push(Doubt { request: 0, lost_ms: now_ms, value: next });
            }
        }
    }

    /// A task that was handed to another one is not completed by the one who had it before.
    fn assert_holder(&self, request: &Request) -> anyhow::Result<()> {
        if let Some(lock) = &self.lock.acknowledged
            && !self.is_contested
            && lock.worker != request.worker
            && lock.answered_ms + CLOCK_SLACK_MS < request.sent_ms
        {
            bail!("{} was acknowledged to {}, but {lock:?}", request.path(), request.worker);
        }
        Ok(())
    }
}

impl Lock {
    /// It lasted until then in any case.
    pub fn earliest_end_ms(&self) -> i64 {
        self.sent_ms.saturating_add(self.duration_ms)
    }

    pub fn latest_end_ms(&self) -> i64 {
        self.answered_ms.saturating_add(self.duration_ms)
    }
}

impl Request {
    /// What it makes of a task's lock, if it is carried out before `answered_ms`.
    fn lock(&self, answered_ms: i64) -> Lock {
        Lock { worker: self.worker.clone(), duration_ms: self.duration_ms, sent_ms: self.sent_ms, answered_ms }
    }
}

impl<T> Default for Candidates<T> {
    fn default() -> Self {
        Candidates { acknowledged: None, doubtful: Vec::new() }
    }
}

impl<T> Candidates<T> {
    pub fn of(value: Option<T>) -> Self {
        Candidates { acknowledged: value, doubtful: Vec::new() }
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.acknowledged.iter().chain(self.doubtful.iter().map(|doubt| &doubt.value))
    }

    pub fn allows(&self, value: &T) -> bool
    where
        T: PartialEq,
    {
        self.iter().any(|candidate| candidate == value)
    }

    pub fn is_anything(&self) -> bool {
        self.acknowledged.is_some() || !self.doubtful.is_empty()
    }

    fn sent(&mut self, request: u64, value: T) {
        self.doubtful.push(Doubt::new(request, value));
    }

    fn refused(&mut self, request: u64) {
        self.doubtful.retain(|doubt| doubt.request != request);
    }

    fn lost(&mut self, request: u64, now_ms: i64) {
        self.doubtful.iter_mut().filter(|doubt| doubt.request == request).for_each(|doubt| doubt.lost_ms = now_ms);
    }

    fn acknowledged(&mut self, request: &Request, value: T) {
        self.acknowledged = Some(value);
        self.doubtful.retain(|doubt| doubt.request != request.number && doubt.lost_ms >= request.sent_ms);
    }
}

impl Candidates<Lock> {
    fn replace(&mut self, lock: Lock) {
        self.doubtful.retain(|doubt| doubt.lost_ms >= lock.sent_ms);
        self.acknowledged = Some(lock);
    }
}

impl<T> Doubt<T> {
    fn new(request: u64, value: T) -> Self {
        Doubt { request, lost_ms: NEVER_MS, value }
    }
}

impl Tally {
    pub fn acknowledged(&self) -> u64 {
        let Tally { starts, handed_out, locks, completions, failures, retries, messages, jobs, .. } = *self;
        starts + handed_out + locks + completions + failures + retries + messages + jobs
    }

    pub fn add(&mut self, other: &Tally) {
        self.starts += other.starts;
        self.handed_out += other.handed_out;
        self.locks += other.locks;
        self.completions += other.completions;
        self.failures += other.failures;
        self.retries += other.retries;
        self.messages += other.messages;
        self.jobs += other.jobs;
        self.unknown += other.unknown;
        self.unavailable += other.unavailable;
        self.repeated += other.repeated;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} acknowledged effects ({} starts, {} tasks handed out, {} locks, {} completions, {} failures, {} retries, \
             {} messages, {} jobs); {} of unknown outcome, {} refused with 503, {} repeated under their key",
            self.acknowledged(),
            self.starts,
            self.handed_out,
            self.locks,
            self.completions,
            self.failures,
            self.retries,
            self.messages,
            self.jobs,
            self.unknown,
            self.unavailable,
            self.repeated,
        )
    }
}
