//! A `camlock` process of our own on a scratch database: started, watched and ended.

use crate::engine_client::{BaseUrl, EngineClient};
use crate::workspace::{cargo, run, target_folder};
use anyhow::{Context, bail};
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Linux counts processor time in hundredths of a second, whatever its own clock does.
pub const TICKS_PER_SECOND: f64 = 100.0;

const START_TIMEOUT: Duration = Duration::from_secs(240);

/// A cargo profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Debug,
    Release,
}

impl Profile {
    pub fn folder(self) -> PathBuf {
        target_folder().join(match self {
            Profile::Debug => "debug",
            Profile::Release => "release",
        })
    }
}

/// Builds the server and returns its path.
pub fn build(profile: Profile) -> anyhow::Result<PathBuf> {
    match profile {
        // With --tests the features are those of the test run, so that nothing is built twice.
        Profile::Debug => run(&mut cargo(&["build", "--quiet", "--workspace", "--tests", "--bin", "camlock"]))?,
        Profile::Release => run(&mut cargo(&["build", "--quiet", "--release", "--package", "camlock"]))?,
    }
    Ok(profile.folder().join("camlock"))
}

/// A folder for databases on the disk that cargo builds on, gone when it is dropped.
pub fn scratch_folder() -> anyhow::Result<tempfile::TempDir> {
    let parent = target_folder().join("scratch");
    std::fs::create_dir_all(&parent)?;
    tempfile::tempdir_in(&parent).with_context(|| format!("no scratch folder in {}", parent.display()))
}

/// The database of a server that is started on a folder.
pub fn sqlite_file(folder: &Path) -> PathBuf {
    folder.join("camlock.db")
}

pub fn sqlite_url(folder: &Path) -> String {
    format!("sqlite:{}", sqlite_file(folder).display())
}

/// A running server; it is killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub base: BaseUrl,
    /// From the start of the process to its first answer.
    pub ready_after: Duration,
}

impl Server {
    /// Starts the program on a database and waits until it answers. Its output goes to `folder/server.log`.
    pub async fn start_on(program: &Path, folder: &Path, database: &str) -> anyhow::Result<Server> {
        Server::start_with(program, folder, database, &["--job-executor", "off"]).await
    }

    /// The same with further flags.
    pub async fn start_with(program: &Path, folder: &Path, database: &str, flags: &[&str]) -> anyhow::Result<Server> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let listen = format!("127.0.0.1:{port}");
        let log = File::options().append(true).create(true).open(folder.join("server.log"))?;
        let started = Instant::now();
        let child = Command::new(program)
            .args(["serve", "--listen", &listen, "--history-level", "full", "--database", database])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} did not start", program.display()))?;
        let base = BaseUrl { authority: listen, path: "/engine-rest".to_owned() };
        let mut server = Server { child, base, ready_after: Duration::ZERO };
        server.wait_until_ready(started, &folder.join("server.log")).await?;
        Ok(server)
    }

    async fn wait_until_ready(&mut self, started: Instant, log: &Path) -> anyhow::Result<()> {
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        while started.elapsed() < START_TIMEOUT {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at its start ({status}):\n{}", said());
            }
            if let Ok(answer) = EngineClient::new(&self.base).get("/version").await
                && answer.status == 200
            {
                self.ready_after = started.elapsed();
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("no answer from the server within {START_TIMEOUT:?}:\n{}", said())
    }

    /// SIGKILL: nothing is said to the process, it is gone.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// A value in KiB of `/proc/PID/status`, e.g. `VmRSS`, in MB.
    pub fn memory_mb(&self, field: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let kib: f64 = line
            .and_then(|line| line.trim().strip_suffix("kB"))
            .with_context(|| format!("no {field} in /proc/PID/status"))?
            .trim()
            .parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

/// User and system time of a process so far.
pub fn cpu_time(process: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit_once(')').context("/proc/PID/stat without a name")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).context("/proc/PID/stat is too short")?;
    Ok(Duration::from_secs_f64((user + system) as f64 / TICKS_PER_SECOND))
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `kill`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
