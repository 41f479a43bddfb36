//! The tables at the end, on paper too where that is asked for.

use super::aims;
use super::engine::Engine;
use super::figure::{Figure, medians, table};
use super::options::Options;
use super::round::Measured;
use crate::cluster::{Cluster, SETTINGS};
use crate::workspace::root;
use anyhow::Context;
use std::fmt::Write;
use std::process::Command;

/// One figure, for those who wait.
pub fn line(engine: &str, figure: &Figure) -> String {
    table(&[(engine.to_owned(), figure.clone())]).lines().last().unwrap_or_default().to_owned()
}

pub fn print(
    options: &Options,
    cluster: Option<&Cluster>,
    engines: &[Engine],
    measured: &Measured,
    failures: &[String],
) -> anyhow::Result<()> {
    let medians = medians(measured);
    let mut text = circumstances(options, cluster, engines);
    for failure in failures {
        let _ = writeln!(text, "- **not measured**: {}", failure.replace('\n', " "));
    }
    if let Some(aims) = aims::table(&medians) {
        let _ = write!(text, "\n{aims}");
    }
    let _ = write!(text, "\n{}", table(&medians));
    println!("{text}");
    if let Some(file) = &options.markdown {
        let page = format!("# Figures of one run\n\nWhat the rows mean: [README](README.md).\n\n{text}");
        std::fs::write(file, page).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

fn circumstances(options: &Options, cluster: Option<&Cluster>, engines: &[Engine]) -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut text = String::new();
    let mut say = |line: String| {
        let _ = writeln!(text, "- {line}");
    };
    say(format!("`cargo xtask {}`", arguments.join(" ")));
    say(format!("{}, commit {}", said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]), commit()));
    say(format!("{}; load generator, servers and databases share it", machine()));
    say(format!(
        "medians of {} round(s) that alternate, {} s each after 1 s of warm-up; history level full; `synchronous=FULL`",
        options.rounds, options.seconds
    ));
    if let Some(cluster) = cluster {
        say(format!("PostgreSQL {}, one cluster for all, over TCP: `fsync=on`, `{SETTINGS}`", cluster.version));
    }
    for engine in engines {
        if let Engine::Reference(reference) = engine {
            let (starters, workers) = (reference.connections.starters, reference.connections.workers);
            say(format!(
                "reference: Camunda 7.24, job executor off, warmed up; best with {starters}+{workers} connections"
            ));
        }
    }
    text
}

fn commit() -> String {
    let changed =
        if said("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty() { "" } else { ", changed" };
    format!("{}{changed}", said("git", &["rev-parse", "--short", "HEAD"]))
}

/// What a program prints; nothing if it is not there.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown CPU", |(_, model)| model.trim());
    format!("{cores} cores, {model}, {} {}", said("uname", &["-s"]), said("uname", &["-r"]))
}
