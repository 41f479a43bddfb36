//! The process that `cargo xtask sim` starts.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use simulator::{Bug, Report, Simulator, Tally};

#[derive(Debug, Parser)]
struct Arguments {
    /// How many worlds
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first one
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A deliberate fault; the run then succeeds if it is found
    #[arg(long)]
    bug: Option<Bug>,
    /// Print the trace, whatever it leads to
    #[arg(long)]
    trace: bool,
}

const PROGRESS_EVERY: u64 = 1_000;
const TRACE_LINES_SHOWN: usize = 400;

/// For the message of a panic.
static CURRENT: AtomicU64 = AtomicU64::new(0);

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        hook(panic);
        println!("a panic; again with: cargo xtask sim --seed {}", CURRENT.load(Ordering::Relaxed));
    }));
    let simulator = Simulator::create()?;
    let (began, mut total) = (Instant::now(), Tally::default());
    for number in 0..arguments.seeds {
        let seed = arguments.seed + number;
        CURRENT.store(seed, Ordering::Relaxed);
        let report = simulator.run(seed, arguments.bug)?;
        total += report.tally;
        if arguments.trace || (report.violation.is_some() && arguments.bug.is_none()) {
            show(&report, arguments.trace);
        }
        if let Some(violation) = &report.violation {
            match arguments.bug {
                Some(bug) => println!("{} is found by seed {seed}: {violation}", bug.name()),
                None => println!("seed {seed}: {violation}\nagain with: cargo xtask sim --seed {seed}"),
            }
            return Ok(if arguments.bug.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        if (number + 1) % PROGRESS_EVERY == 0 {
            println!("{} seeds, {:?}", number + 1, began.elapsed());
        }
    }
    println!("{} seeds without a violation in {:?}\n{total:?}", arguments.seeds, began.elapsed());
    Ok(if arguments.bug.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(report: &Report, is_whole: bool) {
    let skipped = if is_whole { 0 } else { report.trace.len().saturating_sub(TRACE_LINES_SHOWN) };
    if skipped > 0 {
        println!("({skipped} lines before; all of them with --trace)");
    }
    for line in &report.trace[skipped..] {
        println!("{line}");
    }
}
