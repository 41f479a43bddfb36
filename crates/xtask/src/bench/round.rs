//! Which workloads run in which round against whom, and the table at the end.

use super::backlog::{self, Backlog};
use super::bare_loop::{self, Lifecycle};
use super::empty_handler::EmptyHandler;
use super::figure::{Figure, medians, table};
use super::lifecycle::{self, Connections};
use super::load::{LONG_LOCK_MS, Process, complete_body, deploy, start_body};
use super::row_set::DatabaseImage;
use super::{longpoll, scale, single_call};
use crate::engine_client::{BaseUrl, EngineClient, fetch_body};
use crate::server::{Profile, Server, build, scratch_folder};
use crate::workspace::{cargo, run as run_command};
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

#[derive(Debug, Args)]
pub struct Options {
    /// Workloads to run; all of them if none is named
    workloads: Vec<Workload>,
    /// Base URL of another engine, e.g. http://127.0.0.1:9090/engine-rest; rounds alternate between it and camlock
    #[arg(long)]
    against: Option<String>,
    /// With --against: leave camlock out
    #[arg(long, requires = "against")]
    only_against: bool,
    /// Rounds; the table shows their medians
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Measured seconds of each workload and round, after one second of warm-up
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Starting and working connections of the lifecycle, e.g. 64,64; twice if not given: 64,64 and 8,8
    #[arg(long)]
    connections: Option<ConnectionPair>,
    /// Parked polls of the workload longpoll
    #[arg(long, default_value_t = 1_000)]
    polls: usize,
    /// Open tasks of the long backlog; a fifth as many are locked besides
    #[arg(long, default_value_t = 100_000)]
    backlog: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Workload {
    Lifecycle,
    Lock,
    Start,
    Backlog,
    Longpoll,
    Scale,
    Footprint,
    BareLoop,
    EmptyHandler,
}

#[derive(Debug, Clone, Copy)]
struct ConnectionPair(Connections);

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

/// Whom a workload runs against.
enum Engine {
    /// A new server on a new database for every workload.
    Camlock { program: PathBuf },
    /// One that runs already; what a workload leaves there is deleted.
    Other { base: BaseUrl },
}

const CAMLOCK: &str = "camlock";

/// Measures in release builds: builds them and hands over to them if this is none.
pub fn run(options: &Options) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        run_command(&mut cargo(&["build", "--quiet", "--release", "--package", "xtask"]))?;
        let arguments = std::env::args_os().skip(1);
        let status = Command::new(Profile::Release.folder().join("xtask")).args(arguments).status()?;
        ensure!(status.success(), "the bench failed ({status})");
        return Ok(());
    }
    raise_file_limit()?;
    // One thread for the load: the servers need the other cores.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(rounds(options))
}

async fn rounds(options: &Options) -> anyhow::Result<()> {
    let other = options.against.as_deref().map(BaseUrl::parse).transpose()?;
    let mut engines = Vec::new();
    if !options.only_against {
        engines.push((CAMLOCK.to_owned(), Engine::Camlock { program: build(Profile::Release)? }));
    }
    if let Some(base) = other {
        engines.push((base.authority.clone(), Engine::Other { base }));
    }
    let workloads = if options.workloads.is_empty() { Workload::value_variants() } else { &options.workloads };
    let mut measured = Vec::new();
    for round in 1..=options.rounds {
        for workload in workloads {
            for (name, engine) in &engines {
                eprintln!("round {round}: {workload:?} on {name}");
                let figures = engine.measure(*workload, options).await;
                let figures = figures.with_context(|| format!("{workload:?} on {name}"))?;
                measured.extend(figures.into_iter().map(|figure| (name.clone(), figure)));
            }
        }
    }
    println!("{}; medians of {} round(s) of {} s\n", machine(), options.rounds, options.seconds);
    let medians = medians(&measured);
    println!("{}", table(&medians));
    if let Some(share) = share_of_bare_loop(&medians) {
        println!("camlock's best rate of lifecycles is {share:.2} of the bare loop's");
    }
    Ok(())
}

impl Engine {
    async fn measure(&self, workload: Workload, options: &Options) -> anyhow::Result<Vec<Figure>> {
        let mut figures = Vec::new();
        match (workload, self) {
            (Workload::Lifecycle, _) => {
                for connections in options.lifecycle_connections() {
                    figures.push(self.lifecycle(connections, options.seconds).await?);
                }
            }
            (Workload::Lock, _) => {
                let served = self.serve().await?;
                let (figure, process) = single_call::measure_lock(&served.base, options.seconds).await?;
                figures.push(served.done((figure, vec![process])).await?);
            }
            (Workload::Start, _) => {
                let served = self.serve().await?;
                let (figure, process) = single_call::measure_start(&served.base, options.seconds).await?;
                figures.push(served.done((figure, vec![process])).await?);
            }
            (Workload::Backlog, _) => {
                for backlog in options.backlogs() {
                    let served = self.serve().await?;
                    let (figure, process) = backlog::measure(&served.base, backlog, options.seconds).await?;
                    figures.push(served.done((figure, vec![process])).await?);
                }
            }
            (Workload::Longpoll, _) => {
                let served = self.serve().await?;
                let (figure, process) = longpoll::measure(&served.base, options.polls, options.seconds).await?;
                figures.push(served.done((figure, vec![process])).await?);
            }
            (Workload::Scale, _) => {
                let served = self.serve().await?;
                let (figure, processes) = scale::measure(&served.base).await?;
                figures.push(served.done((figure, processes)).await?);
            }
            (Workload::Footprint, Engine::Camlock { program }) => {
                figures.push(footprint(program, options.seconds).await?);
            }
            (Workload::BareLoop, Engine::Camlock { program }) => {
                let folder = scratch_folder()?;
                let lifecycle = observe(program, folder.path()).await?;
                figures.push(bare_loop::measure(&lifecycle, folder.path(), options.seconds)?);
            }
            (Workload::EmptyHandler, Engine::Camlock { .. }) => {
                let handler = EmptyHandler::start()?;
                let base = BaseUrl { authority: handler.authority.clone(), path: String::new() };
                figures.push(single_call::measure_empty_handler(&base, options.seconds).await?);
            }
            // These say something about our own process and machine only.
            (Workload::Footprint | Workload::BareLoop | Workload::EmptyHandler, Engine::Other { .. }) => {}
        }
        Ok(figures)
    }

    async fn lifecycle(&self, connections: Connections, seconds: f64) -> anyhow::Result<Figure> {
        let served = self.serve().await?;
        let (mut figure, process) = lifecycle::measure(&served.base, connections, seconds).await?;
        if let Some((server, _)) = &served.own {
            // The server's time spans the warm-up too, so it is set against all that was done.
            let done = finished(&served.base, &process).await?;
            figure.besides.push(("server CPU s per 1,000", server.cpu_time()?.as_secs_f64() * 1000.0 / done.max(1.0)));
        }
        served.done((figure, vec![process])).await
    }

    async fn serve(&self) -> anyhow::Result<Served> {
        match self {
            Engine::Camlock { program } => {
                let folder = scratch_folder()?;
                let server = Server::start(program, folder.path()).await?;
                Ok(Served { base: server.base.clone(), own: Some((server, folder)) })
            }
            Engine::Other { base } => Ok(Served { base: base.clone(), own: None }),
        }
    }
}

/// An engine while a workload runs against it.
struct Served {
    base: BaseUrl,
    /// Declared in this order: the server goes before its folder does.
    own: Option<(Server, tempfile::TempDir)>,
}

impl Served {
    /// Leaves the engine as it was.
    async fn done(self, (figure, processes): (Figure, Vec<Process>)) -> anyhow::Result<Figure> {
        for process in processes.iter().filter(|_| self.own.is_none()) {
            EngineClient::new(&self.base).delete_deployment(&process.deployment_id).await?;
        }
        Ok(figure)
    }
}

impl Options {
    fn lifecycle_connections(&self) -> Vec<Connections> {
        let pair = |count| Connections { starters: count, workers: count };
        self.connections.map_or_else(|| vec![pair(64), pair(8)], |pair| vec![pair.0])
    }

    fn backlogs(&self) -> [Backlog; 2] {
        [Backlog { open: 1_000, locked: 0 }, Backlog { open: self.backlog, locked: self.backlog / 5 }]
    }
}

/// How many instances of the process have ended.
async fn finished(base: &BaseUrl, process: &Process) -> anyhow::Result<f64> {
    let path = format!("/history/process-instance/count?finished=true&processDefinitionKey={}", process.key);
    let answer = EngineClient::new(base).get(&path).await?.expect(200, "history count")?;
    answer.json()?["count"].as_f64().context("a count without a number")
}

/// Time to the first answer and memory, idle and after work.
async fn footprint(program: &Path, seconds: f64) -> anyhow::Result<Figure> {
    let folder = scratch_folder()?;
    let server = Server::start(program, folder.path()).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = server.memory_mb("VmRSS")?;
    lifecycle::measure(&server.base, Connections { starters: 64, workers: 64 }, seconds).await?;
    Ok(Figure {
        workload: "footprint".to_owned(),
        rate: None,
        calls: Vec::new(),
        besides: vec![
            ("ready after ms", server.ready_after.as_secs_f64() * 1000.0),
            ("RSS idle MB", idle),
            ("RSS after lifecycles MB", server.memory_mb("VmRSS")?),
            ("RSS peak MB", server.memory_mb("VmHWM")?),
        ],
    })
}

/// Looks at the server's database while it does one lifecycle.
async fn observe(program: &Path, folder: &Path) -> anyhow::Result<Lifecycle> {
    let server = Server::start(program, folder).await?;
    let mut client = EngineClient::new(&server.base);
    let process = deploy(&mut client).await?;
    // The first instance may write what later ones find.
    for _ in 0..2 {
        client.start(&process.key, start_body()).await?;
    }
    let database = folder.join("camlock.db");
    let mut images = vec![DatabaseImage::read(&database)?];
    let instance = client.start(&process.key, start_body()).await?;
    images.push(DatabaseImage::read(&database)?);
    let fetched = client.fetch_and_lock(fetch_body("worker", &process.key, 3, LONG_LOCK_MS, None)).await?;
    images.push(DatabaseImage::read(&database)?);
    let task = fetched.iter().find(|task| task.process_instance_id == instance);
    let task = task.context("fetchAndLock did not hand out the task just made")?;
    client.complete(&task.id, complete_body("worker")).await?;
    images.push(DatabaseImage::read(&database)?);
    Lifecycle::observed(&database, &images)
}

/// Every connection is a file here, and the servers that we start inherit the limit.
fn raise_file_limit() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).context("raising the file limit")
}

fn share_of_bare_loop(medians: &[(String, Figure)]) -> Option<f64> {
    let rates = |workload: &str| -> Vec<f64> {
        let ours = medians.iter().filter(|(name, figure)| name == CAMLOCK && figure.workload.starts_with(workload));
        ours.filter_map(|(_, figure)| Some(figure.rate?.0)).collect()
    };
    let bare = rates("bare loop").into_iter().next()?;
    let best = rates("lifecycle").into_iter().max_by(f64::total_cmp)?;
    Some(best / bare)
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    format!("{cores} cores, {}", model.map_or("unknown CPU", |(_, model)| model.trim()))
}
