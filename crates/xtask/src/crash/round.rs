//! Rounds of load, kill, restart and check.

use super::check::check;
use super::driver::{Driver, Held, PATIENCE, Shared, now_ms};
use super::ledger::{Ledger, Tally};
use super::model::Stage;
use super::observed;
use super::parked::ParkedPolls;
use super::world::World;
use crate::random::Random;
use crate::server::{Profile, build};
use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// A database lives through this many kills.
const ROUNDS_PER_DATABASE: usize = 5;

/// How long the load lasts before the kill, and after it where others go on, in milliseconds.
const LOAD_MS: (u64, u64) = (50, 1_000);
/// How long a node or a database is away where others go on.
const AWAY_MS: (u64, u64) = (0, 1_500);

/// Locks that end later than this do not end during a run.
const LONGER_THAN_SHORT_LOCKS_MS: i64 = 60_000;
const PAUSE: Duration = Duration::from_millis(20);

const SHOWN_VIOLATIONS: usize = 10;

#[derive(Debug, Args)]
pub struct Options {
    /// Where the effects are stored
    #[arg(long, value_enum, default_value_t = DatabaseKind::Sqlite)]
    pub database: DatabaseKind,
    /// Servers on the database, all of them under load; more than one on PostgreSQL only
    #[arg(long, default_value_t = 1)]
    pub nodes: usize,
    /// What is killed: one of the nodes, which is started again, or PostgreSQL below them
    #[arg(long, value_enum, default_value_t = Victim::Node)]
    kill: Victim,
    /// Kills; every five of them begin with a new database
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Repeats the random choices of an earlier run, though not its timing
    #[arg(long)]
    seed: Option<u64>,
    /// Connections that drive the load, on each node
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Kill the release build instead of the debug build
    #[arg(long)]
    release: bool,
    /// Kill this server instead of building one
    #[arg(long, conflicts_with = "release")]
    program: Option<PathBuf>,
    /// A deliberate fault, which must be found
    #[arg(long, value_enum)]
    pub bug: Option<Bug>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DatabaseKind {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Victim {
    Node,
    Database,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Bug {
    /// PostgreSQL acknowledges commits that are not on the disk yet
    CommitNotAwaited,
    /// A completion that nobody asked for stands in the ledger
    LedgerTamperedWith,
}

/// What lives as long as a database does.
struct Database {
    world: World,
    ledger: Arc<Mutex<Ledger>>,
    numbers: Arc<AtomicU64>,
    /// What workers had when the last round was over.
    held: BTreeMap<String, Vec<Held>>,
}

/// One kill of each kind, of the build that tests use.
pub fn run_briefly() -> anyhow::Result<()> {
    let program = Some(build(Profile::Debug)?);
    let kinds = [
        (DatabaseKind::Sqlite, 1, Victim::Node),
        (DatabaseKind::Postgres, 2, Victim::Node),
        (DatabaseKind::Postgres, 2, Victim::Database),
    ];
    for (database, nodes, kill) in kinds {
        let program = program.clone();
        let connections = 4;
        run(&Options {
            database,
            nodes,
            kill,
            rounds: 1,
            seed: None,
            connections,
            release: false,
            program,
            bug: None,
        })?;
    }
    Ok(())
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let is_postgres = options.database == DatabaseKind::Postgres;
    ensure!(options.nodes >= 1, "--nodes: at least one");
    ensure!(is_postgres || options.nodes == 1, "SQLite has one node: --database postgres");
    ensure!(is_postgres || options.kill == Victim::Node, "SQLite is no server that could be killed");
    let program = match &options.program {
        Some(program) => program.clone(),
        None => build(if options.release { Profile::Release } else { Profile::Debug })?,
    };
    let seed = match options.seed {
        Some(seed) => seed,
        None => u64::try_from(now_ms()?)?,
    };
    println!("seed {seed}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checked = runtime.block_on(rounds(options, &program, seed)).with_context(|| format!("seed {seed}"));
    match (options.bug, checked) {
        (None, checked) => checked,
        (Some(bug), Err(violation)) => {
            println!("{bug:?} was found: {violation:#}");
            Ok(())
        }
        (Some(bug), Ok(())) => bail!("{bug:?} was not found in {} rounds", options.rounds),
    }
}

async fn rounds(options: &Options, program: &Path, seed: u64) -> anyhow::Result<()> {
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    let mut done = 0;
    while done < options.rounds {
        let mut database = Database {
            world: World::create(options, program).await?,
            ledger: Arc::default(),
            numbers: Arc::default(),
            held: BTreeMap::new(),
        };
        for round in done..options.rounds.min(done + ROUNDS_PER_DATABASE) {
            if let Err(violation) = one_round(options, &mut database, round, &mut random).await {
                let kept = match options.bug {
                    None => database.world.keep(),
                    Some(_) => "nothing is kept".to_owned(),
                };
                return Err(violation.context(format!("round {round}; {kept}")));
            }
        }
        tally.add(&database.ledger.lock().expect("nobody panics with it").tally);
        done += ROUNDS_PER_DATABASE;
    }
    println!("{} kills, 0 violations: {tally}", options.rounds);
    Ok(())
}

async fn one_round(
    options: &Options,
    database: &mut Database,
    round: usize,
    random: &mut Random,
) -> anyhow::Result<()> {
    let shared = Shared {
        ledger: database.ledger.clone(),
        stop: Arc::new(AtomicBool::new(false)),
        may_be_unavailable: options.kill == Victim::Database,
        unanswered: Arc::default(),
        numbers: database.numbers.clone(),
    };
    let tally_before = shared.ledger().tally;
    let victim = match options.kill {
        Victim::Node => Some(usize::try_from(random.next() % options.nodes as u64)?),
        Victim::Database => None,
    };
    let stay = database.world.nodes.iter().enumerate().filter(|(index, _)| Some(*index) != victim);
    let parked = ParkedPolls::park(stay.map(|(_, node)| &node.target)).await?;
    let mut drivers = JoinSet::new();
    let mut waiting = shared.ledger().waiting();
    for (index, node) in database.world.nodes.iter().enumerate() {
        for connection in 0..options.connections {
            let worker = format!("worker-{index}-{connection}");
            let held = database.held.remove(&worker).unwrap_or_default();
            let prefix = format!("{round}-{index}-{connection}");
            let waits = waiting.split_off(waiting.len().saturating_sub(10));
            let driver = Driver::new(&node.target, worker, prefix, Random::new(random.next()), shared.clone());
            drivers.spawn(driver.taking_over(held, waits).run());
        }
    }
    let killed = match victim {
        Some(victim) => kill_node(options, database, (round, victim), random, &shared, &mut drivers).await?,
        None => kill_database(database, random, &shared, &mut drivers).await?,
    };
    // A task that begins on a node that has just come back wakes a poll of another one.
    let starter = &database.world.nodes[victim.unwrap_or_default()].target;
    parked.serve(starter, &database.world.nodes.last().context("no nodes")?.target).await?;

    let looked_at = &database.world.nodes[round % options.nodes].target.clone();
    let mut asker = Driver::new(looked_at, "again".to_owned(), String::new(), Random::new(0), shared.clone());
    let unanswered = std::mem::take(&mut *shared.unanswered());
    for request in unanswered {
        asker.ask_again(request).await?;
    }
    jobs_are_done(&database.world).await?;
    if options.bug == Some(Bug::LedgerTamperedWith) {
        tamper_with(&mut shared.ledger());
    }
    let observed = observed::read(&looked_at.base).await?;
    let violations = check(&mut shared.ledger(), &observed);
    if !violations.is_empty() {
        let shown = violations.iter().take(SHOWN_VIOLATIONS).cloned().collect::<Vec<_>>().join("\n  ");
        bail!("{} violations:\n  {shown}", violations.len());
    }
    let instances = observed.len();
    database.held = observed::held(&observed);
    take_over(options, database, round, random, &shared).await?;
    let ledger = shared.ledger();
    let ended = ledger.records.values().filter(|record| record.floor == Some(Stage::Ended)).count();
    println!(
        "round {round}: {killed}; {instances} instances, {ended} ended; {} more acknowledged effects, {} of unknown outcome",
        ledger.tally.acknowledged() - tally_before.acknowledged(),
        ledger.tally.unknown - tally_before.unknown,
    );
    Ok(())
}

type Drivers = JoinSet<anyhow::Result<()>>;

/// Kills a node. Others go on meanwhile, and it comes back; without others the load ends with it.
async fn kill_node(
    options: &Options,
    database: &mut Database,
    (round, victim): (usize, usize),
    random: &mut Random,
    shared: &Shared,
    drivers: &mut Drivers,
) -> anyhow::Result<String> {
    let world = &mut database.world;
    let load = pause(random, LOAD_MS).await;
    world.kill_node(victim)?;
    let killed = format!("{} killed after {load:?}", world.nodes[victim].name);
    if options.nodes == 1 {
        joined(drivers).await?;
        return Ok(format!("{killed}, ready again after {:?}", world.start_node(victim).await?));
    }
    let away = pause(random, AWAY_MS).await;
    world.start_node(victim).await?;
    for connection in 0..options.connections {
        let worker = format!("worker-{victim}-{connection}-{round}");
        let prefix = format!("{round}-{victim}-{connection}-again");
        let target = &world.nodes[victim].target;
        let driver = Driver::new(target, worker, prefix, Random::new(random.next()), shared.clone());
        drivers.spawn(driver.run());
    }
    pause(random, LOAD_MS).await;
    shared.stop.store(true, Ordering::SeqCst);
    joined(drivers).await?;
    Ok(format!("{killed}, away for {away:?}"))
}

/// Kills PostgreSQL. The nodes stay, and find it again.
async fn kill_database(
    database: &mut Database,
    random: &mut Random,
    shared: &Shared,
    drivers: &mut Drivers,
) -> anyhow::Result<String> {
    let world = &mut database.world;
    let load = pause(random, LOAD_MS).await;
    world.kill_database().await?;
    let away = pause(random, AWAY_MS).await;
    world.start_database().await?;
    let recovered = world.recovered().await?;
    pause(random, LOAD_MS).await;
    shared.stop.store(true, Ordering::SeqCst);
    joined(drivers).await?;
    Ok(format!(
        "PostgreSQL killed after {load:?}, away for {away:?} and its recovery, served again after {recovered:?}"
    ))
}

async fn pause(random: &mut Random, (low, high): (u64, u64)) -> Duration {
    let pause = Duration::from_millis(random.between(low, high));
    tokio::time::sleep(pause).await;
    pause
}

async fn joined(drivers: &mut Drivers) -> anyhow::Result<()> {
    while let Some(driver) = drivers.join_next().await {
        driver??;
    }
    Ok(())
}

/// No job is left: neither one that a killed node had locked, nor one that nobody was told of.
async fn jobs_are_done(world: &World) -> anyhow::Result<()> {
    let begun = Instant::now();
    let base = &world.nodes.first().context("no nodes")?.target.base;
    loop {
        let jobs = observed::count(base, "/job/count").await?;
        if jobs == 0 {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "{jobs} jobs are left after {PATIENCE:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Locks that run out, those of a killed node's workers among them, are taken over: nothing is left that can be
/// fetched and is not.
async fn take_over(
    options: &Options,
    database: &mut Database,
    round: usize,
    random: &mut Random,
    shared: &Shared,
) -> anyhow::Result<()> {
    shared.stop.store(false, Ordering::SeqCst);
    let index = round % options.nodes;
    let node = &database.world.nodes[index];
    let worker = format!("worker-{index}-0");
    let waiting = shared.ledger().waiting();
    let random = Random::new(random.next());
    let mut driver = Driver::new(&node.target, worker.clone(), format!("{round}-drain"), random, shared.clone());
    driver = driver.taking_over(Vec::new(), waiting);
    let begun = Instant::now();
    loop {
        driver.drain().await?;
        jobs_are_done(&database.world).await?;
        let left =
            observed::count(&node.target.base, "/external-task/count?notLocked=true&withRetriesLeft=true").await?;
        let now_ms = now_ms()?;
        let last_ends_ms = shared.ledger().last_lock_ends_ms(now_ms + LONGER_THAN_SHORT_LOCKS_MS);
        if left == 0 && last_ends_ms.is_none_or(|end_ms| now_ms > end_ms) {
            break;
        }
        ensure!(begun.elapsed() < PATIENCE, "{left} tasks are left that nobody is given");
        tokio::time::sleep(PAUSE).await;
    }
    database.held.entry(worker).or_default().extend(driver.into_held());
    Ok(())
}

/// An instance that is at its beginning has been completed, says the ledger.
fn tamper_with(ledger: &mut Ledger) {
    if let Some(record) = ledger.records.values_mut().find(|record| record.floor == Some(Stage::First)) {
        record.floor = Some(Stage::Ended);
    }
}
