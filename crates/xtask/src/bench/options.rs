//! What the command line asks for.

use super::engine::StoreKind;
use super::load::Connections;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Debug, Args)]
pub struct Options {
    /// Workloads to run; all of them if none is named
    workloads: Vec<Workload>,
    /// Everything on both stores, with the table of aims at the end
    #[arg(long, conflicts_with = "workloads")]
    all: bool,
    /// Stores of camlock; rounds alternate between them. PostgreSQL is a cluster of its own, `fsync` on
    #[arg(long, value_delimiter = ',', default_value = "sqlite")]
    database: Vec<StoreKind>,
    /// Alternate with Camunda 7.24 on the same PostgreSQL; needs Java 17 and, to build it once, Maven
    #[arg(long)]
    pub reference: bool,
    /// Connections of the reference; if not given, the best of 2,2 to 32,32
    #[arg(long, requires = "reference")]
    pub reference_connections: Option<ConnectionPair>,
    /// Base URL of another engine, e.g. http://127.0.0.1:9090/engine-rest; rounds alternate between it and camlock
    #[arg(long)]
    pub against: Option<String>,
    /// With --against or --reference: leave camlock out
    #[arg(long)]
    pub only_against: bool,
    /// A server that is built already, instead of the one of this workspace
    #[arg(long)]
    pub program: Option<PathBuf>,
    /// Rounds; the table shows their medians
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Measured seconds of each workload and round, after one second of warm-up
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
    /// Starting and working connections of the lifecycle, e.g. 8,8
    #[arg(long, default_value = "64,64")]
    pub connections: ConnectionPair,
    /// Parked polls of the workload longpoll
    #[arg(long, default_value_t = 1_000)]
    pub polls: usize,
    /// Tasks of the long backlog; the short one has a thousand
    #[arg(long, default_value_t = 1_000_000)]
    pub backlog: usize,
    /// Rows of history in the old database of the workload age; the new one has none
    #[arg(long, default_value_t = 10_000_000)]
    pub history: u64,
    /// Lifecycles a second of the workload steady; if not given, half of what lifecycle has reached
    #[arg(long)]
    pub rate: Option<f64>,
    /// Lifecycles before the memory is looked at again in the workload footprint
    #[arg(long, default_value_t = 100_000)]
    pub lifecycles: usize,
    /// Write the tables to this file, too
    #[arg(long)]
    pub markdown: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    Lifecycle,
    /// The lifecycle with many completions in a request
    CompleteBatch,
    /// The lifecycle with tasks from worker streams
    Stream,
    BareLoop,
    Steady,
    Lock,
    EmptyHandler,
    Start,
    Longpoll,
    Scale,
    Footprint,
    Backlog,
    /// The lifecycle on an old database against a new one
    Age,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionPair(pub Connections);

impl FromStr for ConnectionPair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = text.split_once(',').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
        match pair {
            Some((starters, workers)) if starters > 0 && workers > 0 => {
                Ok(ConnectionPair(Connections { starters, workers }))
            }
            _ => Err(format!("`{text}` is not a pair like 64,64")),
        }
    }
}

impl Options {
    pub fn workloads(&self) -> &[Workload] {
        if self.workloads.is_empty() { Workload::value_variants() } else { &self.workloads }
    }

    pub fn stores(&self) -> &[StoreKind] {
        match (self.only_against, self.all) {
            (true, _) => &[],
            (false, true) => StoreKind::value_variants(),
            (false, false) => &self.database,
        }
    }
}

impl Workload {
    /// Too long, or too much of one piece, to be repeated each round.
    pub fn runs_once(self) -> bool {
        matches!(self, Workload::Scale | Workload::Footprint | Workload::Backlog | Workload::Age)
    }
}
