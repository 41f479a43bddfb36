//! `cargo xtask`: everything that checks, builds or measures the workspace. CI runs nothing that is not here.
//!
//! It depends on no other crate of the workspace, so that it still builds when one of them does not.
#![allow(clippy::print_stdout)]

mod bench;
mod cluster;
mod crash;
mod dist;
mod engine_client;
mod fuzz;
mod http_connection;
mod nodes;
mod postgres;
mod random;
mod server;
mod sim;
mod tidy;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Checks, builds and measures the workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything that needs no test run: formatting, clippy, tidy, documentation
    Check,
    /// What CI runs: `check`, then `test`
    Ci,
    /// The house rules that no compiler knows: crate edges, purity, file sizes, root files, ADRs, leftovers
    Tidy,
    /// All tests of the workspace
    Test,
    /// One statically linked `camlock` for this machine's architecture, into dist/
    Dist,
    /// Workloads with rate, p50 and p99 on both stores, next to a bare loop, an empty HTTP handler and Camunda itself
    Bench(bench::Options),
    /// Kills the server under load, many times, and looks for what was acknowledged
    Crash(crash::Options),
    /// Two servers on one PostgreSQL: each task is handed out once, and polls hear of what the other node starts
    Nodes(nodes::Options),
    /// Damaged models and expressions: nothing panics, hangs or grows without bound
    Fuzz(fuzz::Options),
    /// Whole runtimes over a store that fails, delays, reorders and crashes, in virtual time: one world a seed
    Sim(sim::Options),
    /// The server that `bench empty-handler` measures
    #[command(hide = true)]
    EmptyHandler,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Check => workspace::check(),
        Task::Ci => workspace::check().and_then(|()| workspace::test()),
        Task::Tidy => tidy::run(),
        Task::Test => workspace::test(),
        Task::Bench(options) => bench::run(options),
        Task::Crash(options) => crash::run(options),
        Task::Nodes(options) => nodes::run(options),
        Task::Fuzz(options) => fuzz::run(options),
        Task::Sim(options) => sim::run(options),
        Task::EmptyHandler => bench::empty_handler::serve(),
        Task::Dist => dist::run_dist(),
    }
}
