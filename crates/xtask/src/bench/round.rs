//! Which workloads run in which round against whom.

use super::age;
use super::backlog;
use super::bare_postgres;
use super::bare_sqlite;
use super::empty_handler::EmptyHandler;
use super::engine::{Engine, OwnStore, StoreKind, camlock_on};
use super::extension::{self, Way};
use super::figure::Figure;
use super::footprint;
use super::lifecycle;
use super::observe::Observed;
use super::options::{Options, Workload};
use super::reference::Reference;
use super::report;
use super::{longpoll, scale, single_call, steady};
use crate::cluster::Cluster;
use crate::engine_client::{BaseUrl, EngineClient};
use crate::server::{Profile, build, scratch_folder, sqlite_file};
use crate::workspace::{cargo, run as run_command};
use anyhow::{Context, anyhow, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// Lifecycles in a commit of the bare loops where the server was not measured.
const USUAL_PER_COMMIT: f64 = 32.0;

/// Longer than any workload takes.
const WORKLOAD_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Figures with the names of their engines, in the order in which they were measured.
pub type Measured = Vec<(String, Figure)>;

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
    let mut failures = Failures::default();
    let needs_postgres = options.reference || options.stores().contains(&StoreKind::Postgres);
    let cluster = if needs_postgres { Some(Arc::new(Cluster::start().await?)) } else { None };
    let engines = engines(options, cluster.as_ref(), &mut failures).await?;
    let mut measured = Measured::new();
    for round in 1..=options.rounds {
        for workload in options.workloads() {
            if workload.runs_once() && round > 1 {
                continue;
            }
            for (index, engine) in engines.iter().enumerate() {
                let name = engine.name();
                let measuring = engine.measure(*workload, index == 0, options, &measured);
                let figures = tokio::time::timeout(WORKLOAD_TIMEOUT, measuring).await;
                let figures = figures.unwrap_or_else(|_| Err(anyhow!("it took longer than {WORKLOAD_TIMEOUT:?}")));
                match figures {
                    Ok(figures) => measured.extend(figures.into_iter().map(|figure| {
                        eprintln!("round {round}: {}", report::line(&name, &figure));
                        (name.clone(), figure)
                    })),
                    Err(failure) => failures.add(&format!("{workload:?} on {name}, round {round}"), &failure),
                }
            }
        }
    }
    report::print(options, cluster.as_deref(), &engines, &measured, &failures.0)?;
    ensure!(failures.0.is_empty(), "not everything was measured:\n{}", failures.0.join("\n"));
    Ok(())
}

/// What could not be measured; the rest is, and is told of.
#[derive(Debug, Default)]
struct Failures(Vec<String>);

impl Failures {
    fn add(&mut self, what: &str, failure: &anyhow::Error) {
        let text = format!("{what}: {failure:#}");
        eprintln!("FAILED: {text}");
        self.0.push(text);
    }
}

async fn engines(
    options: &Options,
    cluster: Option<&Arc<Cluster>>,
    failures: &mut Failures,
) -> anyhow::Result<Vec<Engine>> {
    let mut engines = Vec::new();
    if !options.stores().is_empty() {
        let program = match &options.program {
            Some(program) => program.clone(),
            None => build(Profile::Release)?,
        };
        for store in options.stores() {
            let store = match (store, cluster) {
                (StoreKind::Postgres, Some(cluster)) => OwnStore::Postgres(cluster.clone()),
                _ => OwnStore::Sqlite,
            };
            engines.push(Engine::Camlock { program: program.clone(), store });
        }
    }
    if let (true, Some(cluster)) = (options.reference, cluster) {
        let connections = options.reference_connections.map(|pair| pair.0);
        match Reference::start(cluster, connections).await {
            Ok(reference) => engines.push(Engine::Reference(reference)),
            Err(failure) => failures.add("the start of the reference", &failure),
        }
    }
    if let Some(url) = &options.against {
        engines.push(Engine::Other { base: BaseUrl::parse(url)? });
    }
    ensure!(!engines.is_empty(), "there is nothing to measure: --only-against needs --against or --reference");
    Ok(engines)
}

impl Engine {
    /// `is_first`: what has no engine is measured with the first one.
    async fn measure(
        &self,
        workload: Workload,
        is_first: bool,
        options: &Options,
        measured: &Measured,
    ) -> anyhow::Result<Vec<Figure>> {
        match (workload, self) {
            (Workload::Lifecycle, _) => Ok(vec![self.lifecycle(options).await?]),
            (Workload::EmptyHandler, _) if is_first => {
                let handler = EmptyHandler::start()?;
                Ok(vec![single_call::measure_empty_handler(&handler.target(), options.seconds).await?])
            }
            (Workload::BareLoop, Engine::Camlock { program, store }) => {
                Ok(vec![bare_loop(program, store, per_commit(store, measured), options.seconds).await?])
            }
            (Workload::Footprint, Engine::Camlock { program, store }) => {
                let rate = best_rate(&self.name(), measured).unwrap_or(1_000.0);
                Ok(vec![footprint::measure(program, store, options.lifecycles, rate).await?])
            }
            (Workload::CompleteBatch, Engine::Camlock { .. }) => {
                Ok(vec![extension::measure(self, Way::CompleteBatch, options.connections.0, options.seconds).await?])
            }
            (Workload::Stream, Engine::Camlock { .. }) => {
                Ok(vec![extension::measure(self, Way::Stream, options.connections.0, options.seconds).await?])
            }
            (Workload::Age, Engine::Camlock { program, store }) => {
                age::measure(program, store, options.history, options.rounds, options.seconds).await
            }
            (Workload::CompleteBatch | Workload::Stream, _) => Ok(Vec::new()),
            // These say something about our own processes, databases and machine only.
            (Workload::EmptyHandler | Workload::BareLoop | Workload::Footprint | Workload::Age, _) => Ok(Vec::new()),
            // One lifecycle in ten milliseconds has no use for the rest.
            (Workload::Lock | Workload::Start | Workload::Steady | Workload::Longpoll, Engine::Reference(_))
            | (Workload::Scale | Workload::Backlog, Engine::Reference(_)) => Ok(Vec::new()),
            (Workload::Backlog, _) => backlog::measure(self, options.backlog, options.rounds, options.seconds).await,
            (Workload::Steady | Workload::Lock | Workload::Start | Workload::Longpoll | Workload::Scale, _) => {
                Ok(vec![self.single(workload, options, measured).await?])
            }
        }
    }

    /// A workload on an engine of its own that is gone afterwards.
    async fn single(&self, workload: Workload, options: &Options, measured: &Measured) -> anyhow::Result<Figure> {
        let served = self.serve().await?;
        let (target, seconds) = (&served.target, options.seconds);
        let (figure, processes) = match workload {
            Workload::Steady => {
                let rate = options.rate.or_else(|| Some(best_rate(&self.name(), measured)? / 2.0));
                let rate = rate.context("`steady` needs --rate, or `lifecycle` before it")?;
                let (figure, process) = steady::measure(target, rate, seconds).await?;
                (figure, vec![process])
            }
            Workload::Lock => {
                let (figure, process) = single_call::measure_lock(target, seconds).await?;
                (figure, vec![process])
            }
            Workload::Start => {
                let (figure, process) = single_call::measure_start(target, seconds).await?;
                (figure, vec![process])
            }
            Workload::Longpoll => {
                let (figure, process) = longpoll::measure(target, options.polls, seconds).await?;
                (figure, vec![process])
            }
            _ => scale::measure(target).await?,
        };
        served.done(&processes).await?;
        Ok(figure)
    }

    async fn lifecycle(&self, options: &Options) -> anyhow::Result<Figure> {
        let served = self.serve().await?;
        let connections = match self {
            Engine::Reference(reference) => reference.connections,
            Engine::Camlock { .. } | Engine::Other { .. } => options.connections.0,
        };
        let (mut figure, process) = lifecycle::measure(&served.target, connections, options.seconds).await?;
        if served.server().is_some() {
            ensure!(figure.beside(lifecycle::LOST_RACES).is_none(), "a fetchAndLock was answered 500");
            figure.besides.push((UNITS, units_per_commit(&served.target.base).await?));
        }
        served.done(&[process]).await?;
        Ok(figure)
    }
}

const UNITS: &str = "units a commit";

/// Of all commits since the server's start.
async fn units_per_commit(base: &BaseUrl) -> anyhow::Result<f64> {
    let root = BaseUrl { authority: base.authority.clone(), path: String::new() };
    let answer = EngineClient::new(&root).get("/metrics").await?.expect(200, "metrics")?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let value =
        |name: &str| -> Option<f64> { text.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok() };
    let (sum, count) =
        value("camlock_batch_units_sum").zip(value("camlock_batch_units_count")).context("no batch units")?;
    Ok(sum / count.max(1.0))
}

/// As many as the server has put into a commit: of each lifecycle a start and a completion.
fn per_commit(store: &OwnStore, measured: &Measured) -> u64 {
    let name = camlock_on(store.kind());
    let units =
        measured.iter().rev().filter(|(engine, _)| *engine == name).find_map(|(_, figure)| figure.beside(UNITS));
    units.map_or(USUAL_PER_COMMIT, |units| units / 2.0).round().max(1.0) as u64
}

/// The highest rate of lifecycles so far.
fn best_rate(engine: &str, measured: &Measured) -> Option<f64> {
    let figures = measured.iter().filter(|(name, figure)| name == engine && figure.workload.starts_with("lifecycle"));
    figures.filter_map(|(_, figure)| Some(figure.rate?.0)).max_by(f64::total_cmp)
}

async fn bare_loop(program: &Path, store: &OwnStore, per_commit: u64, seconds: f64) -> anyhow::Result<Figure> {
    let observed = Observed::lifecycle(program, store).await?;
    let lifecycle = &observed.lifecycle;
    let figure = match &observed.database.remote {
        None => {
            let folder = scratch_folder()?;
            let database = sqlite_file(observed.database.folder.path());
            bare_sqlite::measure(lifecycle, &database, folder.path(), per_commit, seconds)?
        }
        Some((cluster, original)) => {
            let copy = cluster.copy_database(original).await?;
            let figure = bare_postgres::measure(lifecycle, &copy, per_commit, seconds).await?;
            cluster.drop_database(&copy).await?;
            figure
        }
    };
    observed.database.remove().await?;
    Ok(figure)
}

/// Every connection is a file here, and the servers that we start inherit the limit.
fn raise_file_limit() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).context("raising the file limit")
}
