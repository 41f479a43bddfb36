//! One seed: a world, from its beginning to its audit.

use std::sync::Arc;
use std::time::Duration;

use store::sqlite::DrivenDatabase;
use tokio::time::Instant;

use crate::audit;
use crate::bug::Bug;
use crate::client::{deployer, operator, person, starter, worker};
use crate::database::{Database, short};
use crate::fate::Fate;
use crate::ledger::Violation;
use crate::node;
use crate::plan::Plan;
use crate::random::Random;
use crate::tally::Tally;
use crate::world::World;

/// What can end has ended so long after the last trouble.
const CALM_MAX: Duration = Duration::from_secs(1_200);
const CONTROL_EVERY: Duration = Duration::from_secs(1);
/// A node that has crashed starts again after at most this.
const DOWN_MS_MAX: u64 = 3_000;

/// Runs seeds, one after the other, on one database that is emptied in between.
#[derive(Debug)]
pub struct Simulator {
    database: DrivenDatabase,
}

#[derive(Clone, Debug)]
pub struct Report {
    pub seed: u64,
    pub violation: Option<Violation>,
    pub tally: Tally,
    pub trace: Vec<String>,
    /// Of the trace: runs that went the same way have the same one.
    pub digest: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Deploying,
    Trouble,
    Calm { since: Instant },
}

struct Simulation<'d> {
    world: Arc<World>,
    database: Database<'d>,
    random: Random,
    began: Instant,
    trouble_since: Instant,
    phase: Phase,
    next_control: Instant,
    /// Nodes that have crashed, and when they start again.
    down: Vec<(usize, Instant)>,
    deployment: Option<tokio::task::JoinHandle<()>>,
    starts: Option<tokio::task::JoinHandle<()>>,
}

impl Simulator {
    pub fn create() -> anyhow::Result<Simulator> {
        Ok(Simulator { database: DrivenDatabase::create()? })
    }

    pub fn run(&self, seed: u64, bug: Option<Bug>) -> anyhow::Result<Report> {
        self.database.clear()?;
        let mut random = Random::new(seed);
        let plan = Plan::of(&mut random);
        let tokio = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        let driver = self.database.driver()?;
        let (world, ended) = tokio.block_on(async {
            let world = Arc::new(World::new(plan));
            world.trace.note("world", format_args!("{:?}", world.plan));
            let fate = Fate::new(random.fork(), world.plan.clone());
            let database = Database::new(driver, world.clone(), fate, bug);
            let began = Instant::now();
            let simulation = Simulation {
                world: world.clone(),
                database,
                random,
                began,
                trouble_since: began,
                phase: Phase::Deploying,
                next_control: began,
                down: Vec::new(),
                deployment: None,
                starts: None,
            };
            let ended = simulation.run().await;
            world.end();
            world.ledger().tally.virtual_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            (world, ended)
        });
        // What is left of the nodes goes with their threads' runtime.
        drop(tokio);
        let tally = world.ledger().tally;
        let violation = ended.err().or(world.violation());
        Ok(Report { seed, violation, tally, trace: world.trace.lines(), digest: world.trace.digest() })
    }
}

impl Simulation<'_> {
    async fn run(mut self) -> Result<(), Violation> {
        for index in 0..self.world.plan.nodes {
            node::start(&self.world, index, self.began, &mut self.random);
        }
        self.deployment = Some(tokio::spawn(deployer::deploy(self.world.clone(), self.random.fork())));
        loop {
            let moment = self.database.next_moment().map_or(self.next_control, |at| at.min(self.next_control));
            tokio::select! {
                biased;
                () = self.world.inbox.arrived() => {}
                () = tokio::time::sleep_until(moment) => {}
            }
            self.database.work()?;
            if let Some(violation) = self.world.violation() {
                return Err(violation);
            }
            if Instant::now() >= self.next_control {
                self.next_control = Instant::now() + CONTROL_EVERY;
                if self.control()? {
                    return Ok(());
                }
            }
        }
    }

    /// True at the end.
    fn control(&mut self) -> Result<bool, Violation> {
        let now = Instant::now();
        self.restart(now);
        self.world.polls.check(&self.world)?;
        match self.phase {
            Phase::Deploying => {
                if self.deployment.as_ref().is_some_and(|deployment| deployment.is_finished()) {
                    self.begin();
                }
            }
            Phase::Trouble => {
                self.make_trouble(now);
                let trouble = Duration::from_millis(self.world.plan.trouble_ms);
                if self.starts.as_ref().is_some_and(|starts| starts.is_finished()) && now - self.trouble_since > trouble
                {
                    self.world.trace.note("world", "calms down");
                    self.phase = Phase::Calm { since: now };
                    self.world.calm();
                    self.database.fate.calm();
                    self.down.iter_mut().for_each(|(_, at)| *at = now);
                }
            }
            Phase::Calm { since } => {
                // Starts that were tried again may still come.
                let is_settled = now - since > Duration::from_secs(30);
                if is_settled && self.world.ledger().running().next().is_none() {
                    audit::check(self.database.driver(), &self.world.ledger())?;
                    return Ok(true);
                }
                if now - since > CALM_MAX {
                    return Err(self.unfinished());
                }
            }
        }
        Ok(false)
    }

    fn begin(&mut self) {
        self.phase = Phase::Trouble;
        self.trouble_since = Instant::now();
        self.database.fate.trouble();
        let (world, random) = (&self.world, &mut self.random);
        for number in 0..world.plan.workers {
            tokio::spawn(worker::work(world.clone(), format!("worker{number}"), random.fork()));
        }
        tokio::spawn(person::work(world.clone(), random.fork()));
        tokio::spawn(operator::work(world.clone(), random.fork()));
        self.starts = Some(tokio::spawn(starter::start_all(world.clone(), random.fork())));
    }

    fn make_trouble(&mut self, now: Instant) {
        let often = self.world.plan.often;
        for index in 0..self.world.plan.nodes {
            if self.world.node(index).runtime.is_none() {
                continue;
            }
            if self.random.chance(often.crash) {
                node::crash(&self.world, index);
                self.down.push((index, now + Duration::from_millis(self.random.below(DOWN_MS_MAX))));
            } else if self.random.chance(often.stall) {
                node::stall(&self.world, index, &mut self.random);
            }
            if self.random.chance(often.clock_jump) {
                node::jump_clock(&self.world, index, &mut self.random);
            }
        }
    }

    fn restart(&mut self, now: Instant) {
        let due: Vec<usize> = self.down.iter().filter(|(_, at)| *at <= now).map(|(index, _)| *index).collect();
        self.down.retain(|(_, at)| *at > now);
        for index in due {
            node::start(&self.world, index, self.began, &mut self.random);
        }
    }

    fn unfinished(&self) -> Violation {
        let ledger = self.world.ledger();
        let running: Vec<String> = ledger
            .running()
            .map(|(id, truth)| {
                let tasks = ledger.external_tasks.values();
                let tasks: Vec<String> = tasks
                    .filter(|task| !task.is_gone && task.row.process_instance_id == id)
                    .map(|task| format!("{:?}", task.row))
                    .collect();
                let jobs = ledger.jobs.values();
                let jobs: Vec<String> = jobs
                    .filter(|job| !job.is_gone && job.row.process_instance_id == Some(id))
                    .map(|job| format!("{:?}", job.row))
                    .collect();
                format!("{} {:?} tasks {tasks:?} jobs {jobs:?}", short(id.0), truth.row.business_key)
            })
            .collect();
        format!("after {CALM_MAX:?} of calm there still run: {}", running.join("; "))
    }
}
