//! The running server: store, runtime and REST wired together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use engine::Limits;
use rest::RestSettings;
use runtime::{JobExecutor, Runtime};
use script::{JavaScript, Limits as ScriptLimits};
use store::Store;
use store::sqlite::SqliteStore;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::deploy_folder;
use crate::settings::Settings;

/// Connections that wait to be accepted; thousands of pollers may come at once after a restart.
const BACKLOG: u32 = 16_384;
/// How long requests in hand may take to end once the server was told to stop.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    runtime: Runtime,
    stop: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Opens the database, deploys what is to be deployed and begins to listen.
    pub async fn start(settings: Settings) -> Result<Server> {
        // Bound first, so that a taken port is found before anything is written.
        let listener = listen(settings.listen)?;
        let address = listener.local_addr()?;
        let store = open_store(&settings)?;
        let runtime = Runtime::open(store, runtime_settings(&settings)).await.context("the database cannot be used")?;
        if let Some(folder) = &settings.deploy {
            deploy_folder::deploy(&runtime, folder).await?;
        }
        let router = rest::router(runtime.clone(), rest_settings(&settings)?);
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(rest::serve(listener, router, until(stopped)));
        Ok(Server { address, runtime, stop, serving })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Answers parked polls empty, lets requests in hand end, and commits what they did.
    pub async fn shutdown(mut self) -> Result<()> {
        self.stop.send_replace(true);
        self.runtime.shutdown().await;
        match tokio::time::timeout(SHUTDOWN_PATIENCE, &mut self.serving).await {
            Ok(served) => served.context("the server's task ended")?.context("the server failed")?,
            Err(_) => bail!("some requests did not end within {} seconds", SHUTDOWN_PATIENCE.as_secs()),
        }
        Ok(())
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the server.
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address).with_context(|| format!("cannot listen on {address}"))?;
    socket.listen(BACKLOG).with_context(|| format!("cannot listen on {address}"))
}

fn open_store(settings: &Settings) -> Result<Arc<dyn Store>> {
    let store = SqliteStore::open(&settings.database)
        .with_context(|| format!("cannot open the database `{}`", settings.database))?;
    Ok(Arc::new(store))
}

fn runtime_settings(settings: &Settings) -> runtime::Settings {
    runtime::Settings {
        history_level: settings.history_level,
        host_name: host_name(),
        job_executor: if settings.runs_jobs { JobExecutor::On } else { JobExecutor::Off },
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
        ..runtime::Settings::default()
    }
}

fn rest_settings(settings: &Settings) -> Result<RestSettings> {
    let cors_origin =
        settings.cors.as_deref().map(str::parse).transpose().context("`cors` is no valid value of a header")?;
    Ok(RestSettings {
        body_bytes_max: settings.body_bytes_max,
        form_bytes_max: settings.deployment_bytes_max,
        cors_origin,
        tasks_per_fetch_max: settings.tasks_per_fetch_max,
        ..RestSettings::default()
    })
}

/// Of this machine, as the system tells it.
fn host_name() -> std::sync::Arc<str> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".into() } else { name.trim().into() }
}
