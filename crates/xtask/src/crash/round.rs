//! Rounds of load, kill, restart and check.

use super::check::check;
use super::ledger::{Ledger, Stage};
use super::load::{Driver, KEY, MODEL, Shared, now_ms};
use super::observed;
use crate::engine_client::EngineClient;
use crate::random::Random;
use crate::server::{Profile, Server, build, scratch_folder};
use anyhow::{Context, bail};
use clap::Args;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// A database lives through this many kills.
const ROUNDS_PER_DATABASE: usize = 5;

/// How long the load lasts before the kill, in milliseconds.
const SHORTEST_LOAD_MS: u64 = 50;
const LONGEST_LOAD_MS: u64 = 1_000;

const SHOWN_VIOLATIONS: usize = 10;

#[derive(Debug, Args)]
pub struct Options {
    /// Kills; every five of them begin with a new database
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Repeats the random choices of an earlier run, though not its timing
    #[arg(long)]
    seed: Option<u64>,
    /// Connections that drive the load
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Kill the release build instead of the debug build
    #[arg(long)]
    release: bool,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let program = build(if options.release { Profile::Release } else { Profile::Debug })?;
    let seed = match options.seed {
        Some(seed) => seed,
        None => u64::try_from(now_ms()?)?,
    };
    println!("seed {seed}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(rounds(options, &program, seed)).with_context(|| format!("seed {seed}"))
}

async fn rounds(options: &Options, program: &Path, seed: u64) -> anyhow::Result<()> {
    let mut random = Random::new(seed);
    let mut done = 0;
    while done < options.rounds {
        let folder = scratch_folder()?;
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        for round in done..options.rounds.min(done + ROUNDS_PER_DATABASE) {
            let checked = one_round(options, program, folder.path(), round, &ledger, &mut random).await;
            if checked.is_err() {
                let kept = folder.keep();
                return checked.with_context(|| format!("round {round}; the database is kept in {}", kept.display()));
            }
        }
        done += ROUNDS_PER_DATABASE;
    }
    println!("{} kills, nothing acknowledged was lost, nothing was half done", options.rounds);
    Ok(())
}

async fn one_round(
    options: &Options,
    program: &Path,
    folder: &Path,
    round: usize,
    ledger: &Arc<Mutex<Ledger>>,
    random: &mut Random,
) -> anyhow::Result<()> {
    let server = Server::start(program, folder).await?;
    let mut client = EngineClient::new(&server.base);
    if observed::deployed_definitions(&server.base).await? == 0 {
        client.deploy(&format!("{KEY}.bpmn"), MODEL).await?;
    }
    let shared = Shared { ledger: ledger.clone(), killed: Arc::new(AtomicBool::new(false)) };
    let mut drivers = JoinSet::new();
    for index in 0..options.connections {
        let driver = Driver::new(&server.base, round, index, Random::new(random.next()), shared.clone());
        drivers.spawn(driver.run());
    }
    let load = Duration::from_millis(random.between(SHORTEST_LOAD_MS, LONGEST_LOAD_MS));
    tokio::time::sleep(load).await;
    shared.killed.store(true, Ordering::SeqCst);
    server.kill()?;
    while let Some(driver) = drivers.join_next().await {
        driver?.context("while the server was there")?;
    }

    let server = Server::start(program, folder).await?;
    let observed = observed::read(&server.base).await?;
    let mut ledger = shared.ledger();
    let in_doubt =
        ledger.records.values().filter(|record| record.id.is_none() || record.floor != record.ceiling).count();
    let violations = check(&mut ledger, &observed);
    if !violations.is_empty() {
        let shown = violations.iter().take(SHOWN_VIOLATIONS).cloned().collect::<Vec<_>>().join("\n  ");
        bail!("{} violations:\n  {shown}", violations.len());
    }
    let ended = ledger.records.values().filter(|record| record.floor == Stage::Ended).count();
    println!(
        "round {round}: killed after {load:?}, ready again after {:?}: {} instances, {ended} ended, {in_doubt} were in doubt",
        server.ready_after,
        ledger.records.len()
    );
    Ok(())
}
