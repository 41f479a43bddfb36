//! Camunda 7.24 itself, on the cluster that Camlock is measured on, in a database of its own: built once with Maven,
//! started once a run, and warmed up before anything counts.

use super::engine::Target;
use super::lifecycle;
use super::load::Connections;
use super::processor::Watched;
use crate::cluster::Cluster;
use crate::engine_client::{BaseUrl, EngineClient};
use crate::server::scratch_folder;
use crate::workspace::{root, run, target_folder};
use anyhow::{Context, bail};
use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A jar that is used instead of building one.
const JAR: &str = "CAMLOCK_REFERENCE_JAR";

/// As many connections to the database as the largest count of workers that is tried.
const POOL: usize = 32;

const START_TIMEOUT: Duration = Duration::from_secs(300);

/// Until its compiler has come to rest: both at least, unless it takes too long.
const WARM_UP_SECONDS: f64 = 30.0;
const WARM_UP_LIFECYCLES: f64 = 3_000.0;
const WARM_UP_SECONDS_MAX: f64 = 120.0;

const TRIED: [usize; 5] = [2, 4, 8, 16, 32];
const TRY_SECONDS: f64 = 5.0;

/// Ends Java with its own input, which happens however this process ends.
const START: &str = r#"exec 3<&0; java "$@" </dev/null & java=$!; (cat <&3 >/dev/null; kill $java) & wait $java"#;

/// It ends when it is dropped.
#[derive(Debug)]
pub struct Reference {
    child: Child,
    pub target: Target,
    /// The pair that gave the highest rate.
    pub connections: Connections,
    folder: tempfile::TempDir,
}

impl Reference {
    /// `connections`: those to use, if they are not to be found out.
    pub async fn start(cluster: &Cluster, connections: Option<Connections>) -> anyhow::Result<Reference> {
        let jar = jar()?;
        let database = cluster.create_database().await?;
        let folder = scratch_folder()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = File::create(folder.path().join("reference.log"))?;
        let child = Command::new("sh")
            .args(["-c", START, "reference", "-Xmx1g", "-jar"])
            .arg(&jar)
            .arg(format!("--server.port={port}"))
            .arg(format!("--spring.datasource.url={}", database.jdbc_url()))
            .args(["--spring.datasource.username=camlock", "--spring.datasource.password=camlock"])
            .arg(format!("--spring.datasource.hikari.maximum-pool-size={POOL}"))
            .args(["--camunda.bpm.job-execution.enabled=false", "--camunda.bpm.history-level=full"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("no shell")?;
        let watched = Watched { server: Some(child.id()), database: Some(cluster.process) };
        let base = BaseUrl { authority: format!("127.0.0.1:{port}"), path: "/engine-rest".to_owned() };
        let target = Target { base, watched };
        let first = connections.unwrap_or(Connections { starters: 8, workers: 8 });
        let mut reference = Reference { child, target, connections: first, folder };
        reference.wait_until_ready().await?;
        eprintln!("warming up the reference");
        reference.warm_up().await?;
        if connections.is_none() {
            reference.connections = reference.best_connections().await?;
        }
        Ok(reference)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        while started.elapsed() < START_TIMEOUT {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.path().join("reference.log")).unwrap_or_default();
                bail!("the reference ended at its start ({status}); it needs Java 17:\n{log}");
            }
            if let Ok(answer) = EngineClient::new(&self.target.base).get("/version").await
                && answer.status == 200
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        bail!("no answer from the reference within {START_TIMEOUT:?}")
    }

    async fn warm_up(&self) -> anyhow::Result<()> {
        const STEP_SECONDS: f64 = 10.0;
        let (mut seconds, mut lifecycles) = (0.0, 0.0);
        while seconds < WARM_UP_SECONDS || (lifecycles < WARM_UP_LIFECYCLES && seconds < WARM_UP_SECONDS_MAX) {
            let (figure, _) = lifecycle::measure(&self.target, self.connections, STEP_SECONDS).await?;
            seconds += STEP_SECONDS;
            lifecycles += figure.rate.map_or(0.0, |(rate, _)| rate * STEP_SECONDS);
        }
        Ok(())
    }

    async fn best_connections(&self) -> anyhow::Result<Connections> {
        let mut best = (self.connections, 0.0);
        for count in TRIED {
            let connections = Connections { starters: count, workers: count };
            let (figure, _) = lifecycle::measure(&self.target, connections, TRY_SECONDS).await?;
            let rate = figure.rate.map_or(0.0, |(rate, _)| rate);
            eprintln!("the reference with {count}+{count} connections: {rate:.0} lifecycles/s");
            if rate > best.1 {
                best = (connections, rate);
            }
        }
        Ok(best.0)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // How it ends is of no interest.
        let _ = self.child.wait();
    }
}

/// The reference as one file, built if it is not there.
fn jar() -> anyhow::Result<PathBuf> {
    if let Some(jar) = std::env::var_os(JAR) {
        return Ok(jar.into());
    }
    let project = root().join("crates/xtask/reference");
    let folder = target_folder().join("reference");
    let jar = folder.join("reference-1.jar");
    if !jar.exists() {
        let mut maven = Command::new("mvn");
        maven.current_dir(project).args(["-q", "-B", "package", "-DskipTests"]);
        run(maven.arg(format!("-Dreference.folder={}", folder.display())))?;
    }
    Ok(jar)
}
