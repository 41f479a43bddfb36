//! The running server: store, runtime and REST wired together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use engine::Limits;
use query::Dialect;
use rest::{Api, RestMetrics, RestSettings};
use runtime::{JobExecutor, JobLocks, NodeIdentity, Nodes, Runtime};
use script::{JavaScript, Limits as ScriptLimits};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::database::Database;
use crate::deploy_folder;
use crate::management::{self, Management, Readiness};
use crate::settings::Settings;

/// Connections that wait to be accepted; thousands of pollers may come at once after a restart.
const BACKLOG: u32 = 16_384;
/// How long requests in hand may take to end once the server was told to stop.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(20);

/// How long the last answers to probes may take then.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    management_address: SocketAddr,
    runtime: Runtime,
    readiness: Arc<Readiness>,
    shutdown_delay: Duration,
    stop: watch::Sender<Stage>,
    serving: JoinHandle<std::io::Result<()>>,
    /// Where it is not served with the API.
    management_serving: Option<JoinHandle<std::io::Result<()>>>,
}

/// How far the server is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// The API is not served any more.
    Draining,
    Ended,
}

impl Server {
    /// Opens the database, deploys what is to be deployed and begins to listen.
    pub async fn start(settings: Settings) -> Result<Server> {
        // Bound first, so that a taken port is found before anything is written.
        let listener = listen(settings.listen)?;
        let address = listener.local_addr()?;
        let management_listener = settings.management_listen.map(listen).transpose()?;
        let database = Database::open(&settings.database)
            .await
            .with_context(|| format!("cannot open the database `{}`", settings.database))?;
        let runtime = Runtime::open(database.store, runtime_settings(&settings, address, database.dialect))
            .await
            .context("the database cannot be used")?;
        if let Some(folder) = &settings.deploy {
            deploy_folder::deploy(&runtime, folder).await?;
        }
        let (readiness, rest_metrics) = (Arc::new(Readiness::default()), Arc::new(RestMetrics::default()));
        let topics_max = settings.metrics_topics_max;
        let management = Management::new(runtime.clone(), readiness.clone(), rest_metrics.clone(), topics_max);
        let management = management::router(management);
        let (stop, stopped) = watch::channel(Stage::Serving);
        let (beside, management_address, management_serving) = match management_listener {
            Some(listener) => {
                let address = listener.local_addr()?;
                let serving =
                    tokio::spawn(rest::serve(listener, management.into(), until(stopped.clone(), Stage::Ended)));
                (Router::new(), address, Some(serving))
            }
            None => (management, address, None),
        };
        let api = Api::beside(runtime.clone(), rest_settings(&settings)?, &rest_metrics, beside);
        let serving = tokio::spawn(rest::serve(listener, api, until(stopped, Stage::Draining)));
        let shutdown_delay = settings.shutdown_delay;
        Ok(Server {
            address,
            management_address,
            runtime,
            readiness,
            shutdown_delay,
            stop,
            serving,
            management_serving,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where `/livez`, `/readyz` and `/metrics` are.
    pub fn management_address(&self) -> SocketAddr {
        self.management_address
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Says for a while that it is not ready, answers parked polls empty, lets requests in hand end, and commits what they did.
    pub async fn shutdown(mut self) -> Result<()> {
        self.readiness.stop();
        tokio::time::sleep(self.shutdown_delay).await;
        self.stop.send_replace(Stage::Draining);
        self.runtime.shutdown().await;
        let drained = self.drain().await;
        self.stop.send_replace(Stage::Ended);
        if let Some(serving) = self.management_serving.take() {
            // Nobody has to wait for the answer to a probe.
            let _ = tokio::time::timeout(PROBE_PATIENCE, serving).await;
        }
        drained
    }

    async fn drain(&mut self) -> Result<()> {
        match tokio::time::timeout(SHUTDOWN_PATIENCE, &mut self.serving).await {
            Ok(served) => served.context("the server's task ended")?.context("the server failed")?,
            Err(_) => bail!("some requests did not end within {} seconds", SHUTDOWN_PATIENCE.as_secs()),
        }
        Ok(())
    }
}

async fn until(mut stopped: watch::Receiver<Stage>, wanted: Stage) {
    // An error means that the sender is gone, and with it the server.
    let _ = stopped.wait_for(|stage| *stage >= wanted).await;
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address).with_context(|| format!("cannot listen on {address}"))?;
    socket.listen(BACKLOG).with_context(|| format!("cannot listen on {address}"))
}

fn runtime_settings(settings: &Settings, address: SocketAddr, dialect: Dialect) -> runtime::Settings {
    let mut of_runtime = runtime::Settings {
        dialect,
        nodes: match dialect {
            Dialect::Sqlite => Nodes::Alone,
            Dialect::Postgres => Nodes::Several,
        },
        history_level: settings.history_level,
        node: node_identity(settings, address),
        job_executor: if settings.runs_jobs { JobExecutor::On } else { JobExecutor::Off },
        jobs_at_once_max: settings.jobs_at_once_max,
        job_priorities: settings.job_priorities.clone(),
        job_lock_duration_ms: settings.job_lock_duration_ms,
        // The file belongs to this process alone.
        job_locks_at_start: match dialect {
            Dialect::Sqlite => JobLocks::Released,
            Dialect::Postgres => JobLocks::Kept,
        },
        jobs: settings.jobs.clone(),
        batch_jobs_per_seed: settings.batch_jobs_per_seed,
        invocations_per_batch_job: settings.invocations_per_batch_job,
        limits: Limits {
            steps_max: settings.steps_per_command_max,
            variables_per_scope_max: settings.variables_per_scope_max,
            ..Limits::default()
        },
        aggregate_cache_bytes: settings.cache_bytes_max,
        deployment_bytes_max: settings.deployment_bytes_max,
        java_script: JavaScript {
            limits: ScriptLimits {
                time: Duration::from_millis(settings.script_time_ms_max),
                memory_bytes: settings.script_memory_bytes_max,
                ..ScriptLimits::default()
            },
        },
        delegates: settings.delegates.clone(),
        delegate_registry: settings.delegate_registry.clone(),
        in_flight_max: settings.in_flight_max,
        parked_polls_max: settings.parked_polls_max,
        idempotency_key_lifetime: settings.idempotency_key_lifetime,
        slow_command_min: settings.slow_request_min,
        ..runtime::Settings::default()
    };
    settings.history.apply_to(&mut of_runtime);
    of_runtime
}

fn rest_settings(settings: &Settings) -> Result<RestSettings> {
    let cors_origin =
        settings.cors.as_deref().map(str::parse).transpose().context("`cors` is no valid value of a header")?;
    Ok(RestSettings {
        body_bytes_max: settings.body_bytes_max,
        form_bytes_max: settings.deployment_bytes_max,
        cors_origin,
        tasks_per_fetch_max: settings.tasks_per_fetch_max,
        completions_per_request_max: settings.completions_per_request_max,
        idempotent_completion: settings.idempotent_completion,
        slow_request_min: settings.slow_request_min,
        ..RestSettings::default()
    })
}

fn node_identity(settings: &Settings, address: SocketAddr) -> NodeIdentity {
    let host = host_name();
    let name = settings.node_name.clone().unwrap_or_else(|| format!("{host}:{}", address.port()).into());
    NodeIdentity {
        name: Some(name),
        host,
        address: Some(address.to_string().into()),
        version: env!("CARGO_PKG_VERSION").into(),
    }
}

/// Of this machine, as the system tells it.
fn host_name() -> std::sync::Arc<str> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".into() } else { name.trim().into() }
}
