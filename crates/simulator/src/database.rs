//! The database: takes up what nodes have asked in some order that it may, commits some of it, and answers some time.
//!
//! It does what `Store` promises and no more. Units of one node that share an aggregate, and statements with everything,
//! keep their order; after a unit that has failed, its aggregates take no other one of that node until they are loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use engine::RevisionCheck;
use store::sqlite::Driver;
use store::{StoreError, Work, WorkDone};
use tokio::time::Instant;
use types::ProcessInstanceId;

use crate::bug::Bug;
use crate::fate::{self, Fate};
use crate::inbox::{Asked, Life, Reply, Request};
use crate::ledger::{Left, Violation};
use crate::observer;
use crate::world::World;

pub struct Database<'d> {
    driver: Driver<'d>,
    world: Arc<World>,
    pub fate: Fate,
    bug: Option<Bug>,
    /// Roots of which a unit of that node has failed.
    broken: BTreeMap<Life, BTreeSet<ProcessInstanceId>>,
    answers: BTreeMap<(Instant, u64), Answer>,
    answers_made: u64,
    next_look: Option<Instant>,
    /// Answered already, by a deliberate bug.
    late: Vec<(Life, Work)>,
}

struct Answer {
    life: Life,
    send: Box<dyn FnOnce()>,
    /// What the node knows once it has the answer.
    left: Vec<Left>,
}

struct Unit {
    life: Life,
    work: Work,
    reply: Reply<WorkDone>,
}

/// What has to stay behind what is left in the queue.
#[derive(Default)]
struct Held {
    roots: BTreeSet<ProcessInstanceId>,
    everything: bool,
    anything: bool,
}

impl AsRef<Work> for Unit {
    fn as_ref(&self) -> &Work {
        &self.work
    }
}

impl<'d> Database<'d> {
    pub fn new(driver: Driver<'d>, world: Arc<World>, fate: Fate, bug: Option<Bug>) -> Database<'d> {
        Database {
            driver,
            world,
            fate,
            bug,
            broken: BTreeMap::new(),
            answers: BTreeMap::new(),
            answers_made: 0,
            next_look: None,
            late: Vec::new(),
        }
    }

    pub fn driver(&self) -> &Driver<'d> {
        &self.driver
    }

    /// When there is something to do, if nothing arrives before.
    pub fn next_moment(&mut self) -> Option<Instant> {
        let now = Instant::now();
        if self.next_look.is_none() && (!self.late.is_empty() || self.has_work(now)) {
            self.next_look = Some(now + self.fate.commit_pause());
        }
        let next_answer = self.answers.keys().next().map(|(at, _)| *at);
        let stalled = self.world.inbox.lock().lines.iter().map(|line| line.stalled_until).filter(|at| *at > now).min();
        [self.next_look, next_answer, stalled].into_iter().flatten().min()
    }

    fn has_work(&self, now: Instant) -> bool {
        let state = self.world.inbox.lock();
        let is_ready = |request: &Request| state.line(request.life).is_some_and(|line| line.stalled_until <= now);
        state.waiting.iter().any(is_ready)
    }

    /// Does what is due.
    pub fn work(&mut self) -> Result<(), Violation> {
        let now = Instant::now();
        while let Some(entry) = self.answers.first_entry()
            && entry.key().0 <= now
        {
            let answer = entry.remove();
            self.deliver(answer, now);
        }
        self.pass_news_on(now);
        if self.next_look.is_some_and(|at| at <= now) {
            self.next_look = None;
            self.commit_late()?;
            self.look(now)?;
        }
        Ok(())
    }

    fn deliver(&mut self, answer: Answer, now: Instant) {
        let stalled_until = self.world.inbox.lock().line(answer.life).map(|line| line.stalled_until);
        match stalled_until {
            // It has crashed.
            None => {}
            Some(until) if until > now => self.answer_at(until, answer),
            Some(_) => {
                (answer.send)();
                self.world.ledger().know(answer.life, &answer.left);
            }
        }
    }

    /// Each node hears of each piece some time, or never.
    fn pass_news_on(&mut self, now: Instant) {
        let (news, lives) = {
            let mut state = self.world.inbox.lock();
            let lives: Vec<Life> = state.lines.iter().map(|line| line.life).collect();
            (std::mem::take(&mut state.news), lives)
        };
        for (teller, news) in news {
            for life in lives.iter().copied().filter(|life| *life != teller) {
                if self.bug == Some(Bug::WakeUpLost) || self.fate.loses_news() {
                    continue;
                }
                let (world, news) = (self.world.clone(), news.clone());
                let send = Box::new(move || world.inbox.lock().tell(life, news));
                let at = now + self.fate.answer_pause();
                self.answer_at(at, Answer { life, send, left: Vec::new() });
            }
        }
    }

    fn answer_at(&mut self, at: Instant, answer: Answer) {
        self.answers_made += 1;
        self.answers.insert((at, self.answers_made), answer);
    }

    fn answer<T: 'static>(&mut self, life: Life, reply: Reply<T>, result: Result<T, StoreError>, left: Vec<Left>) {
        let at = Instant::now() + self.fate.answer_pause();
        let send = Box::new(move || {
            // Who has gone does not need to know.
            let _ = reply.send(result);
        });
        self.answer_at(at, Answer { life, send, left });
    }

    fn look(&mut self, now: Instant) -> Result<(), Violation> {
        let mut units = Vec::new();
        for request in self.take_up(now) {
            let life = request.life;
            match request.asked {
                Asked::Submit(work, reply) => units.push(Unit { life, work, reply }),
                Asked::Locate(by, reply) => {
                    let found = self.read(|driver| driver.locate(by));
                    self.answer(life, reply, found, Vec::new());
                }
                Asked::Load(root, reply) => {
                    if let Some(broken) = self.broken.get_mut(&life) {
                        broken.remove(&root);
                    }
                    let found = self.read(|driver| driver.load(root));
                    self.answer(life, reply, found, Vec::new());
                }
                Asked::Select(statement, reply) => {
                    let found = self.read(|driver| driver.select(&statement));
                    self.answer(life, reply, found, Vec::new());
                }
            }
        }
        let mut batch: Vec<Unit> = Vec::new();
        for unit in units {
            // What became of those before it has to be known first.
            if batch.iter().any(|before| before.life == unit.life && shares_aggregate(before, &unit)) {
                let before = std::mem::take(&mut batch);
                self.commit_batch(before)?;
            }
            batch.push(unit);
        }
        self.commit_batch(batch)
    }

    fn commit_batch(&mut self, units: Vec<Unit>) -> Result<(), Violation> {
        let mut sound = Vec::new();
        for unit in units {
            if self.is_built_on_failure(&unit) {
                self.world.note(unit.life, format_args!("conflict after a failure: {}", show(&unit.work)));
                self.fail(unit, StoreError::Conflict);
            } else {
                sound.push(unit);
            }
        }
        match self.bug {
            None | Some(Bug::WakeUpLost | Bug::FailedUnitForgotten) => self.commit(sound),
            Some(bug) => sound.into_iter().try_for_each(|unit| self.commit_badly(unit, bug)),
        }
    }

    /// Some of what waits, in an order that is allowed.
    fn take_up(&mut self, now: Instant) -> Vec<Request> {
        let eagerness = *self.fate.random.pick(&[300, 700, 1000]);
        let mut held: BTreeMap<Life, Held> = BTreeMap::new();
        let mut taken = Vec::new();
        let world = self.world.clone();
        let mut state = world.inbox.lock();
        let waiting = std::mem::take(&mut state.waiting);
        let mut left = Vec::new();
        for request in waiting {
            let is_stalled = state.line(request.life).is_none_or(|line| line.stalled_until > now);
            let held = held.entry(request.life).or_default();
            let is_due = !is_stalled && self.fate.random.chance(eagerness);
            let is_taken = match &request.asked {
                Asked::Submit(work, _) => {
                    let is_taken = is_due && !held.holds(work);
                    if !is_taken {
                        held.hold(work, world.plan.is_in_order);
                    }
                    is_taken
                }
                _ => is_due,
            };
            if is_taken { taken.push(request) } else { left.push(request) }
        }
        state.waiting = left;
        taken
    }

    fn read<T>(&mut self, read: impl FnOnce(&Driver<'d>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.fate.refuses_read() { Err(fate::refused()) } else { read(&self.driver) }
    }

    fn is_built_on_failure(&self, unit: &Unit) -> bool {
        if self.world.plan.nodes == 1 || self.bug == Some(Bug::FailedUnitForgotten) {
            return false;
        }
        let Some(broken) = self.broken.get(&unit.life) else { return false };
        old_roots(&unit.work).iter().any(|root| broken.contains(root))
    }

    fn fail(&mut self, unit: Unit, error: StoreError) {
        self.broken.entry(unit.life).or_default().extend(old_roots(&unit.work));
        self.answer(unit.life, unit.reply, Err(error), Vec::new());
    }

    fn commit(&mut self, units: Vec<Unit>) -> Result<(), Violation> {
        if units.is_empty() {
            return Ok(());
        }
        if self.fate.refuses_write() {
            for unit in units {
                self.world.ledger().tally.refusals += 1;
                self.world.note(unit.life, format_args!("refused: {}", show(&unit.work)));
                self.fail(unit, fate::refused());
            }
            return Ok(());
        }
        let results = self.driver.commit(&units).map_err(|error| format!("a commit failed: {error}"))?;
        self.world.ledger().tally.commits += 1;
        let mut touched = BTreeSet::new();
        for (unit, result) in units.into_iter().zip(results) {
            match result {
                Ok(done) => {
                    touched.extend(observer::roots_of(&unit.work));
                    self.committed(unit, done)?;
                }
                Err(StoreError::Conflict) => {
                    self.world.ledger().tally.conflicts += 1;
                    self.world.note(unit.life, format_args!("conflict: {}", show(&unit.work)));
                    self.fail(unit, StoreError::Conflict);
                }
                // Another node was first: with a version of a definition, for example.
                Err(StoreError::Failed(text)) if is_barrier(&unit.work) && text.contains("UNIQUE") => {
                    self.world.note(unit.life, format_args!("conflict: {}: {text}", show(&unit.work)));
                    self.fail(unit, StoreError::Conflict);
                }
                Err(error) => return Err(format!("the database fails on {}: {error}", show(&unit.work))),
            }
        }
        let ledger = self.world.ledger();
        touched.into_iter().try_for_each(|root| observer::check(&self.driver, &ledger, root))
    }

    fn committed(&mut self, unit: Unit, mut done: WorkDone) -> Result<(), Violation> {
        let is_lost = self.fate.loses_answer();
        let lost = if is_lost { " (answer lost)" } else { "" };
        self.world.note(unit.life, format_args!("commit{lost}: {}{}", show(&unit.work), show_done(&done)));
        let left = self.world.ledger().observe(&unit.work, &done)?;
        self.world.ledger().tally.units += 1;
        if is_lost {
            self.world.ledger().tally.lost_answers += 1;
            self.fail(unit, fate::unknown());
            return Ok(());
        }
        if let (Some(Bug::WakeUpLost), WorkDone::Released { topics, .. }) = (self.bug, &mut done) {
            topics.clear();
        }
        self.answer(unit.life, unit.reply, Ok(done), left);
        Ok(())
    }

    fn commit_badly(&mut self, mut unit: Unit, bug: Bug) -> Result<(), Violation> {
        let is_apply = matches!(unit.work, Work::Apply(_));
        match bug {
            Bug::AnswerBeforeCommit if is_apply => {
                self.answer(unit.life, unit.reply, Ok(WorkDone::Applied), Vec::new());
                self.late.push((unit.life, unit.work));
                return Ok(());
            }
            Bug::CommitLost if is_apply && self.fate.random.chance(20) => {
                self.answer(unit.life, unit.reply, Ok(WorkDone::Applied), Vec::new());
                return Ok(());
            }
            Bug::RevisionUnchecked => self.uncheck(&mut unit.work),
            Bug::HalfApplied if self.fate.random.chance(20) => {
                if let Work::Apply(change_sets) = &mut unit.work
                    && let Some(change_set) = change_sets.last_mut()
                    && change_set.history.len() > 1
                {
                    change_set.history.pop();
                    change_set.executions.pop();
                }
            }
            Bug::LocksNotReleased if matches!(unit.work, Work::ReleaseExpired { .. }) => {
                let nothing = WorkDone::Released { topics: Vec::new(), next: None };
                self.answer(unit.life, unit.reply, Ok(nothing), Vec::new());
                return Ok(());
            }
            Bug::LocksReleasedEarly => {
                if let Work::Claim(request) = &unit.work {
                    let early = Work::ReleaseExpired { now: request.now.plus_ms(1_000), limit: 100 };
                    self.driver.commit(&[Borrowed(&early)]).map_err(|error| error.to_string())?;
                }
            }
            _ => {}
        }
        self.commit(vec![unit])
    }

    fn uncheck(&self, work: &mut Work) {
        let (Work::Apply(change_sets) | Work::ApplyAndRun(change_sets, _) | Work::ApplyAndNote(change_sets, _)) = work
        else {
            return;
        };
        for change_set in change_sets {
            change_set.guards.clear();
            if let RevisionCheck::Bump { expected } = &mut change_set.revision
                && let Ok(Some(snapshot)) = self.driver.load(change_set.root_process_instance_id)
                && let Ok(aggregate) = engine::Aggregate::from_snapshot(snapshot)
            {
                *expected = aggregate.revision();
            }
        }
    }

    fn commit_late(&mut self) -> Result<(), Violation> {
        for (life, work) in std::mem::take(&mut self.late) {
            if self.world.inbox.lock().is_alive(life)
                && let Ok(mut results) = self.driver.commit(&[Borrowed(&work)])
                && let Some(Ok(done)) = results.pop()
            {
                self.world.ledger().observe(&work, &done)?;
            }
        }
        Ok(())
    }
}

struct Borrowed<'w>(&'w Work);

impl AsRef<Work> for Borrowed<'_> {
    fn as_ref(&self) -> &Work {
        self.0
    }
}

impl Held {
    fn holds(&self, work: &Work) -> bool {
        self.everything || (is_barrier(work) && self.anything) || !self.roots.is_disjoint(&observer::roots_of(work))
    }

    fn hold(&mut self, work: &Work, is_in_order: bool) {
        self.everything |= is_in_order || is_barrier(work);
        let roots = observer::roots_of(work);
        self.anything |= !roots.is_empty();
        self.roots.extend(roots);
    }
}

fn shares_aggregate(a: &Unit, b: &Unit) -> bool {
    !observer::roots_of(&a.work).is_disjoint(&observer::roots_of(&b.work))
}

/// Statements may touch anything.
fn is_barrier(work: &Work) -> bool {
    matches!(work, Work::Run(_) | Work::ApplyAndRun(..))
}

/// New aggregates have nothing that could be met by chance.
fn old_roots(work: &Work) -> BTreeSet<ProcessInstanceId> {
    let old = observer::change_sets_of(work).iter().filter(|change_set| change_set.revision != RevisionCheck::New);
    old.map(|change_set| change_set.root_process_instance_id).collect()
}

fn show(work: &Work) -> String {
    let roots = observer::roots_of(work);
    let roots: Vec<String> = roots.iter().map(|root| short(root.0)).collect();
    match work {
        Work::Apply(change_sets) | Work::ApplyAndRun(change_sets, _) | Work::ApplyAndNote(change_sets, _) => {
            let changed: Vec<String> = change_sets.iter().flat_map(show_change_set).collect();
            format!("apply {} [{}]", roots.join(" "), changed.join(", "))
        }
        Work::Claim(request) => {
            let topics: Vec<&str> = request.topics.iter().map(|topic| &*topic.name).collect();
            format!("claim for {} of {topics:?}", request.worker_id)
        }
        Work::Run(statements) => format!("run {} statements", statements.len()),
        Work::Remove(statements) => format!("remove by {} statements", statements.len()),
        Work::ClaimJobs(_) => "claim jobs".to_owned(),
        Work::ReleaseExpired { now, .. } => format!("release expired at {now}"),
    }
}

fn show_change_set(change_set: &engine::ChangeSet) -> Vec<String> {
    use engine::TableChange;
    let mut shown = vec![format!("{:?}", change_set.revision)];
    shown.extend(change_set.external_tasks.iter().map(|change| match change {
        TableChange::Insert(row) => format!("+task {} of {}", short(row.id.0), row.topic),
        TableChange::Update(row) => {
            format!("task {} for {:?} until {:?}", short(row.id.0), row.worker_id, row.lock_expiration)
        }
        TableChange::Delete(id) => format!("-task {}", short(id.0)),
    }));
    shown.extend(change_set.jobs.iter().map(|change| match change {
        TableChange::Insert(row) => format!("+job {}", short(row.id.0)),
        TableChange::Update(row) => format!("job {}", short(row.id.0)),
        TableChange::Delete(id) => format!("-job {}", short(id.0)),
    }));
    shown
}

fn show_done(done: &WorkDone) -> String {
    match done {
        WorkDone::Applied | WorkDone::Ran => String::new(),
        WorkDone::Claimed(tasks) => {
            let ids: Vec<String> = tasks.iter().map(|locked| short(locked.task.id.0)).collect();
            format!(" -> {ids:?}")
        }
        WorkDone::JobsClaimed { jobs, next } => {
            let ids: Vec<String> = jobs.iter().map(|job| short(job.id.0)).collect();
            format!(" -> {ids:?}, next {next:?}")
        }
        WorkDone::Released { topics, next } => format!(" -> {topics:?}, next {next:?}"),
    }
}

/// The end of an id tells it from others.
pub fn short(id: types::Uuid) -> String {
    let text = id.to_string();
    text.get(text.len() - 6..).unwrap_or_default().to_owned()
}

/// The longest that the database may take in all for one thing asked, when it is slow at every step.
pub const SLOWEST: Duration = Duration::from_secs(15);
