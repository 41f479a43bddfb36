//! A database and the nodes on it, each of which can be killed and started again.

use super::driver::{PATIENCE, Target};
use super::model;
use super::parked;
use super::postgres_server::PostgresServer;
use super::round::{Bug, DatabaseKind, Options};
use crate::engine_client::EngineClient;
use crate::server::{Server, scratch_folder, sqlite_url};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Jobs of a node that is gone are taken over by then, in milliseconds.
const JOB_LOCK_MS: &str = "2000";

#[derive(Debug)]
pub struct Node {
    pub name: String,
    /// `None` while it is not there.
    server: Option<Server>,
    pub target: Target,
}

#[derive(Debug)]
pub struct World {
    program: PathBuf,
    pub nodes: Vec<Node>,
    postgres: Option<PostgresServer>,
    url: String,
    /// Of the nodes' logs, and of SQLite's file.
    folder: tempfile::TempDir,
}

impl World {
    pub async fn create(options: &Options, program: &Path) -> anyhow::Result<World> {
        let folder = scratch_folder()?;
        let postgres = match options.database {
            DatabaseKind::Sqlite => None,
            DatabaseKind::Postgres => Some(tokio::task::spawn_blocking(PostgresServer::start).await??),
        };
        let mut url = match &postgres {
            None => sqlite_url(folder.path()),
            Some(postgres) => postgres.url.clone(),
        };
        if options.bug == Some(Bug::CommitNotAwaited) {
            url.push_str("?options=-csynchronous_commit%3Doff");
        }
        let mut world = World { program: program.to_owned(), nodes: Vec::new(), postgres, url, folder };
        for index in 0..options.nodes {
            let name = format!("node-{index}");
            let (server, target) = world.start(&name).await?;
            world.nodes.push(Node { name, server: Some(server), target });
        }
        let mut client = EngineClient::new(&world.nodes.first().context("no nodes")?.target.base);
        client.deploy("crash.bpmn", model::MODEL).await?;
        client.deploy("parked.bpmn", parked::MODEL).await?;
        Ok(world)
    }

    async fn start(&self, name: &str) -> anyhow::Result<(Server, Target)> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder)?;
        let flags = ["--job-executor", "on", "--job-lock-duration", JOB_LOCK_MS];
        let server = Server::start_with(&self.program, &folder, &self.url, &flags).await?;
        let target = Target { base: server.base.clone(), is_killed: Arc::new(AtomicBool::new(false)) };
        Ok((server, target))
    }

    /// SIGKILL.
    pub fn kill_node(&mut self, index: usize) -> anyhow::Result<()> {
        let node = &mut self.nodes[index];
        node.target.is_killed.store(true, Ordering::SeqCst);
        node.server.take().context("it is killed already")?.kill()
    }

    /// From the start of its process to its first answer.
    pub async fn start_node(&mut self, index: usize) -> anyhow::Result<Duration> {
        let (server, target) = self.start(&self.nodes[index].name).await?;
        let ready_after = server.ready_after;
        let node = &mut self.nodes[index];
        (node.server, node.target) = (Some(server), target);
        Ok(ready_after)
    }

    /// All processes of PostgreSQL at once.
    pub async fn kill_database(&mut self) -> anyhow::Result<()> {
        self.order(PostgresServer::kill).await
    }

    pub async fn start_database(&mut self) -> anyhow::Result<()> {
        self.order(PostgresServer::start_again).await
    }

    async fn order(&mut self, order: fn(&mut PostgresServer) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut postgres = self.postgres.take().context("SQLite is no server that could be killed")?;
        // The drivers go on meanwhile.
        let ordering = tokio::task::spawn_blocking(move || order(&mut postgres).map(|()| postgres));
        self.postgres = Some(ordering.await??);
        Ok(())
    }

    /// Waits until all nodes answer from the database, and has no node restarted for it.
    pub async fn recovered(&self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        for node in &self.nodes {
            loop {
                let answer = EngineClient::new(&node.target.base).get("/process-instance/count").await?;
                match answer.status {
                    200 => break,
                    503 if begun.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(10)).await,
                    status => bail!("{} has not recovered ({status}): {}", node.name, answer.text()),
                }
            }
        }
        Ok(begun.elapsed())
    }

    /// Leaves everything where it is and says where.
    pub fn keep(mut self) -> String {
        let kept_by_server = self.postgres.as_mut().map(PostgresServer::keep);
        self.nodes.clear();
        let folder = self.folder.keep();
        match kept_by_server {
            None => format!("the database is kept in {}", folder.display()),
            Some(Ok(())) => format!("{} and the nodes' logs in {} are kept", self.url, folder.display()),
            Some(Err(error)) => format!("the nodes' logs are kept in {} ({error})", folder.display()),
        }
    }
}
