//! The workspace on disk and cargo run in it.

use crate::tidy;
use anyhow::{Context, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the workspace's Cargo.toml.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("xtask lies in crates/xtask")
}

/// Where cargo puts what it builds.
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// A cargo command in the workspace's root, with the cargo that runs us.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Runs a command to its end; its failure is ours.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let shown: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let shown = format!("{} {}", program.rsplit('/').next().unwrap_or_default(), shown.join(" "));
    eprintln!("$ {shown}");
    let status = command.status().with_context(|| format!("`{shown}` did not start"))?;
    ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// Formatting, clippy, tidy and documentation; goes on after a failure and names all that failed.
pub fn check() -> anyhow::Result<()> {
    let steps: [(&str, &dyn Fn() -> anyhow::Result<()>); 4] = [
        ("fmt", &|| run(&mut cargo(&["fmt", "--all", "--check"]))),
        ("tidy", &tidy::run),
        ("clippy", &|| run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))),
        ("doc", &|| run(cargo(&["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"))),
    ];
    let mut failed = Vec::new();
    for (name, step) in steps {
        if let Err(error) = step() {
            eprintln!("{error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// The workspace's tests, all of them in one build, and a kill of each kind. They start a PostgreSQL of their own.
pub fn test() -> anyhow::Result<()> {
    crate::postgres::ensure()?;
    let tested = run(&mut cargo(&["test", "--workspace", "--no-fail-fast"]));
    tested.and_then(|()| crate::crash::run_briefly())
}
