//! Who took how much of the machine's processors while a window was open, and what the server read and wrote.

use super::figure::Window;
use crate::server::TICKS_PER_SECOND;
use anyhow::Context;
use std::collections::BTreeMap;
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

/// Processes with all their descendants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watched {
    pub server: Option<u32>,
    pub database: Option<u32>,
}

/// Sums since the processes and the machine began, or between two of those.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    server_seconds: Option<f64>,
    database_seconds: Option<f64>,
    /// Of this process.
    load_seconds: f64,
    /// Of the machine, all processes together.
    busy_seconds: f64,
    /// Of all processors.
    passed_seconds: f64,
    /// Reads and writes of files, and bytes that went to the disk.
    server_io: Option<Io>,
    database_io: Option<Io>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Io {
    calls: f64,
    bytes: f64,
}

/// Reads at both edges of the window.
pub fn watch(watched: Watched, window: Window) -> JoinHandle<anyhow::Result<Usage>> {
    tokio::spawn(async move {
        // On a thread of its own: this one has calls to time.
        let read = || tokio::task::spawn_blocking(move || Usage::read(watched));
        sleep_until(window.from.into()).await;
        let before = read().await??;
        sleep_until(window.until.into()).await;
        Ok(read().await??.since(&before))
    })
}

impl Usage {
    pub fn read(watched: Watched) -> anyhow::Result<Usage> {
        let processes = processes()?;
        let of = |root: Option<u32>| root.map(|root| seconds_below(&processes, root));
        let (busy_seconds, passed_seconds) = machine()?;
        Ok(Usage {
            server_seconds: of(watched.server),
            database_seconds: of(watched.database),
            load_seconds: processes.get(&std::process::id()).map_or(0.0, |process| process.seconds),
            busy_seconds,
            passed_seconds,
            server_io: watched.server.and_then(|root| io_below(&processes, root)),
            database_io: watched.database.and_then(|root| io_below(&processes, root)),
        })
    }

    fn since(&self, before: &Usage) -> Usage {
        let both = |after: Option<f64>, before: Option<f64>| Some(after? - before?);
        let both_io = |after: Option<Io>, before: Option<Io>| {
            let (after, before) = after.zip(before)?;
            Some(Io { calls: after.calls - before.calls, bytes: after.bytes - before.bytes })
        };
        Usage {
            server_seconds: both(self.server_seconds, before.server_seconds),
            database_seconds: both(self.database_seconds, before.database_seconds),
            load_seconds: self.load_seconds - before.load_seconds,
            busy_seconds: self.busy_seconds - before.busy_seconds,
            passed_seconds: self.passed_seconds - before.passed_seconds,
            server_io: both_io(self.server_io, before.server_io),
            database_io: both_io(self.database_io, before.database_io),
        }
    }

    /// What one thousand of something took, if so many were done.
    pub fn per_thousand(&self, done: usize) -> Vec<(&'static str, f64)> {
        let thousands = done as f64 / 1000.0;
        let mut figures = Vec::new();
        if let Some(seconds) = self.server_seconds {
            figures.push((SERVER_CPU, seconds / thousands));
        }
        if let Some(seconds) = self.database_seconds {
            figures.push((DATABASE_CPU, seconds / thousands));
        }
        if let Some(io) = self.database_io.or(self.server_io) {
            figures.push(("file reads and writes, each", io.calls / done as f64));
            figures.push(("KB to disk, each", io.bytes / done as f64 / 1000.0));
        }
        figures
    }

    /// Shares of the machine, in per cent: of the load generator, and of all that has no part in this.
    pub fn shares(&self) -> Vec<(&'static str, f64)> {
        let ours = self.server_seconds.unwrap_or(0.0) + self.database_seconds.unwrap_or(0.0) + self.load_seconds;
        let percent = |seconds: f64| (seconds.max(0.0) * 100.0 / self.passed_seconds).round();
        vec![("load %", percent(self.load_seconds)), ("others %", percent(self.busy_seconds - ours))]
    }
}

pub const SERVER_CPU: &str = "server CPU s per 1,000";
pub const DATABASE_CPU: &str = "database CPU s per 1,000";

#[derive(Debug)]
struct Process {
    parent: u32,
    /// Its own and those of its children that have ended.
    seconds: f64,
}

fn processes() -> anyhow::Result<BTreeMap<u32, Process>> {
    let mut processes = BTreeMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have ended since.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        processes.insert(id, process(&stat).with_context(|| format!("/proc/{id}/stat is too short"))?);
    }
    Ok(processes)
}

fn process(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: Option<Vec<f64>> = fields.get(11..15)?.iter().map(|field| field.parse().ok()).collect();
    Some(Process { parent: fields.get(1)?.parse().ok()?, seconds: ticks?.iter().sum::<f64>() / TICKS_PER_SECOND })
}

/// A process and its descendants.
fn below(processes: &BTreeMap<u32, Process>, root: u32) -> impl Iterator<Item = (u32, &Process)> {
    let is_below = move |id: u32| {
        let parent = |id: &u32| processes.get(id).map(|process| process.parent);
        std::iter::successors(Some(id), parent).take(processes.len()).any(|id| id == root)
    };
    processes.iter().map(|(id, process)| (*id, process)).filter(move |(id, _)| is_below(*id))
}

fn seconds_below(processes: &BTreeMap<u32, Process>, root: u32) -> f64 {
    below(processes, root).map(|(_, process)| process.seconds).sum()
}

/// Busy and all seconds of all processors.
fn machine() -> anyhow::Result<(f64, f64)> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().and_then(|line| line.strip_prefix("cpu ")).context("/proc/stat has no sum")?;
    let ticks: Vec<f64> = line.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let ticks = ticks.get(..8).context("/proc/stat is too short")?;
    let passed: f64 = ticks.iter().sum();
    Ok(((passed - ticks[3] - ticks[4]) / TICKS_PER_SECOND, passed / TICKS_PER_SECOND))
}

/// `None` where that is not to be read.
fn io_below(processes: &BTreeMap<u32, Process>, root: u32) -> Option<Io> {
    let read = below(processes, root).map(|(id, _)| io(id));
    read.reduce(|a, b| {
        let (a, b) = a.zip(b)?;
        Some(Io { calls: a.calls + b.calls, bytes: a.bytes + b.bytes })
    })?
}

fn io(process: u32) -> Option<Io> {
    let io = std::fs::read_to_string(format!("/proc/{process}/io")).ok()?;
    let field = |name: &str| io.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
    Some(Io { calls: field("syscr:")? + field("syscw:")?, bytes: field("write_bytes:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_counts_with_all_that_lies_below_it() {
        let process = |parent, seconds| Process { parent, seconds };
        let processes = [(1, process(0, 1.0)), (7, process(1, 2.0)), (8, process(7, 4.0)), (9, process(1, 8.0))];
        let processes = BTreeMap::from(processes);
        assert_eq!(seconds_below(&processes, 7), 6.0);
        assert_eq!(seconds_below(&processes, 1), 15.0);
    }

    #[test]
    fn names_of_processes_may_hold_anything() {
        let stat = "12 (a) b) S 7 1 1 0 -1 0 0 0 0 0 100 20 3 4 20 0 1 0";
        let process = process(stat).unwrap();
        assert_eq!((process.parent, process.seconds), (7, 1.27));
    }
}
