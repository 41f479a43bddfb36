//! `cargo xtask fuzz`: damaged models and expressions, read by a process of their own until the time is over.
//!
//! An input fails if the process ends by a panic, an abort or for want of memory, or works on it for too long. It is
//! printed and kept in `target/fuzz-inputs`. A seed repeats all inputs.

use crate::server::cpu_time;
use crate::workspace::{cargo, run as run_command, target_folder};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[derive(Debug, Args)]
pub struct Options {
    /// What reads the inputs; all if none is named
    targets: Vec<Target>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Repeats the inputs of another run; the time if not given
    #[arg(long)]
    seed: Option<u64>,
    /// Read this file once instead
    #[arg(long, requires = "targets")]
    input: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// The parser of models
    Bpmn,
    /// The parser of expressions, and their evaluation
    Juel,
}

/// Processor time that one input may take.
const INPUT_CPU: Duration = Duration::from_secs(5);
/// Time that one input may take without working.
const INPUT_WALL: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(200);
const SHOWN_BYTES: usize = 2_000;

pub fn run(options: &Options) -> anyhow::Result<()> {
    run_command(&mut cargo(&["build", "--quiet", "--profile", "fuzz", "--package", "fuzz"]))?;
    let program = target_folder().join("fuzz/fuzz");
    let folder = target_folder().join("fuzz-inputs");
    std::fs::create_dir_all(&folder)?;
    let targets = if options.targets.is_empty() { Target::value_variants() } else { &options.targets };
    let mut failed = Vec::new();
    for target in targets {
        if let Some(input) = &options.input {
            run_command(Command::new(&program).args(["read", target.name()]).arg(input))?;
            continue;
        }
        let seed = options.seed.map_or_else(seed_of_now, Ok)?;
        println!("{}: {} s with seed {seed}", target.name(), options.seconds);
        if let Err(error) = watch(&program, &folder, *target, seed, options.seconds) {
            eprintln!("{error:#}");
            failed.push(target.name());
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Target::Bpmn => "bpmn",
            Target::Juel => "juel",
        }
    }
}

fn seed_of_now() -> anyhow::Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn watch(program: &Path, folder: &Path, target: Target, seed: u64, seconds: u64) -> anyhow::Result<()> {
    let current = folder.join(format!("{}-{seed}.current", target.name()));
    let mut child = Command::new(program)
        .args(["run", target.name(), &seed.to_string(), &seconds.to_string()])
        .arg(&current)
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("{} did not start", program.display()))?;
    let what = match end_of(&mut child, &current)? {
        Some(status) if status.success() => return std::fs::remove_file(&current).context("removing the last input"),
        Some(status) => format!("the process ended ({status})"),
        None => format!("it took more than {INPUT_CPU:?} of processor time, or {INPUT_WALL:?} in all"),
    };
    let kept = folder.join(format!("{}-{seed}.input", target.name()));
    let input = std::fs::read(&current).unwrap_or_default();
    std::fs::write(&kept, &input)?;
    let shown = String::from_utf8_lossy(&input[..input.len().min(SHOWN_BYTES)]).into_owned();
    bail!("{what}; the input is in {}, {} bytes:\n{shown}", kept.display(), input.len());
}

/// How the process ended; `None` if one input took too long, and it was killed.
fn end_of(child: &mut Child, current: &Path) -> anyhow::Result<Option<ExitStatus>> {
    let mut input = None;
    let (mut since, mut cpu_before) = (Instant::now(), Duration::ZERO);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let now = std::fs::metadata(current).and_then(|file| file.modified()).ok();
        let cpu = cpu_time(child.id()).unwrap_or(cpu_before);
        if now != input {
            (input, since, cpu_before) = (now, Instant::now(), cpu);
        } else if cpu.saturating_sub(cpu_before) > INPUT_CPU || since.elapsed() > INPUT_WALL {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
