//! The process that `cargo xtask fuzz` watches: reads damaged models or expressions until its time is over.
//!
//! Each input is written to a file before it is read, so that the watcher has it when this process hangs, aborts or runs
//! out of memory.
#![allow(clippy::print_stdout)]

#[path = "../../expression/tests/all/context.rs"]
#[allow(dead_code, reason = "the cases of `expression` use the rest")]
mod context;
mod document;
mod formula;
mod random;
mod target;

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Resource, Rlimit, setrlimit};

use random::Random;
use target::Target;

/// Address space of the process; more is an abort.
const MEMORY_BYTES: u64 = 1 << 30;

/// As threads of the server have it.
const STACK_BYTES: usize = 2 << 20;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let limit = Rlimit { current: Some(MEMORY_BYTES), maximum: Some(MEMORY_BYTES) };
    setrlimit(Resource::As, limit).context("limiting the memory")?;
    let work = move || match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["read", target, file] => {
            Target::named(target)?.read(&std::fs::read(file)?);
            Ok(())
        }
        ["run", target, seed, seconds, file] => {
            run(Target::named(target)?, seed.parse()?, Duration::from_secs(seconds.parse()?), Path::new(file))
        }
        _ => bail!("`cargo xtask fuzz` calls this"),
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work)?;
    match thread.join() {
        Ok(result) => result,
        // The panic has been reported.
        Err(_) => std::process::exit(101),
    }
}

/// Says at its end how many inputs there were and which took longest.
fn run(target: Target, seed: u64, time: Duration, file: &Path) -> anyhow::Result<()> {
    let mut random = Random::new(seed);
    let seeds = target.seeds()?;
    let mut current = File::create(file)?;
    let (started, mut slowest) = (Instant::now(), Duration::ZERO);
    let (mut count, mut accepted) = (0_u64, 0_u64);
    while started.elapsed() < time {
        let input = target.input(&seeds, &mut random);
        current.set_len(0)?;
        current.rewind()?;
        current.write_all(&input)?;
        let begun = Instant::now();
        accepted += u64::from(target.read(&input));
        if begun.elapsed() > slowest {
            slowest = begun.elapsed();
            std::fs::write(file.with_extension("slowest"), &input)?;
        }
        count += 1;
    }
    println!("{count} inputs, {accepted} of them accepted; the slowest took {} ms", slowest.as_millis());
    Ok(())
}
