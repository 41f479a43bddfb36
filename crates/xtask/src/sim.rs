//! `cargo xtask sim`: the simulator, built with all checks and optimised.

use crate::workspace::{cargo, run as run_command, target_folder};
use clap::Args;
use std::process::Command;

#[derive(Debug, Args)]
pub struct Options {
    /// How many worlds
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first one
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A deliberate fault of the store, which must be found; a wrong name lists them
    #[arg(long)]
    bug: Option<String>,
    /// Print all that happens
    #[arg(long)]
    trace: bool,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    run_command(&mut cargo(&["build", "--quiet", "--profile", "fuzz", "--package", "simulator"]))?;
    let mut command = Command::new(target_folder().join("fuzz/simulator"));
    command.args(["--seeds", &options.seeds.to_string(), "--seed", &options.seed.to_string()]);
    if let Some(bug) = &options.bug {
        command.args(["--bug", bug]);
    }
    if options.trace {
        command.arg("--trace");
    }
    run_command(&mut command)
}
