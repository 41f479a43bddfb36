//! Whom the workloads run against: servers of our own on either store, the reference, or one that runs already.

use super::load::Process;
use super::processor::Watched;
use super::reference::Reference;
use crate::cluster::{Cluster, Database};
use crate::engine_client::{BaseUrl, EngineClient};
use crate::server::{Server, scratch_folder, sqlite_url};
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    Sqlite,
    Postgres,
}

impl StoreKind {
    pub fn name(self) -> &'static str {
        match self {
            StoreKind::Sqlite => "SQLite",
            StoreKind::Postgres => "PostgreSQL",
        }
    }
}

#[derive(Debug)]
pub enum Engine {
    /// A new server on a new database for every workload.
    Camlock { program: PathBuf, store: OwnStore },
    /// One server for all workloads; it has been warmed up.
    Reference(Reference),
    /// One that runs already; what a workload leaves there is deleted.
    Other { base: BaseUrl },
}

/// Where databases of our own are made.
#[derive(Debug, Clone)]
pub enum OwnStore {
    Sqlite,
    Postgres(Arc<Cluster>),
}

/// What a workload runs against.
#[derive(Debug, Clone)]
pub struct Target {
    pub base: BaseUrl,
    pub watched: Watched,
}

/// A database that is gone with its folder, or with its cluster.
#[derive(Debug)]
pub struct OwnDatabase {
    pub url: String,
    /// On PostgreSQL.
    pub remote: Option<(Arc<Cluster>, Database)>,
    /// Of the server's log and of a database in a file.
    pub folder: tempfile::TempDir,
}

/// An engine while a workload runs against it.
#[derive(Debug)]
pub struct Served {
    pub target: Target,
    /// Declared in this order: the server goes before its database does.
    own: Option<(Server, OwnDatabase)>,
    has_to_be_left_clean: bool,
}

impl OwnStore {
    pub fn kind(&self) -> StoreKind {
        match self {
            OwnStore::Sqlite => StoreKind::Sqlite,
            OwnStore::Postgres(_) => StoreKind::Postgres,
        }
    }

    pub async fn new_database(&self) -> anyhow::Result<OwnDatabase> {
        let folder = scratch_folder()?;
        match self {
            OwnStore::Sqlite => Ok(OwnDatabase { url: sqlite_url(folder.path()), remote: None, folder }),
            OwnStore::Postgres(cluster) => {
                let database = cluster.create_database().await?;
                Ok(OwnDatabase { url: database.url(), remote: Some((cluster.clone(), database)), folder })
            }
        }
    }
}

impl OwnDatabase {
    pub async fn serve(&self, program: &Path) -> anyhow::Result<(Server, Target)> {
        let server = Server::start_on(program, self.folder.path(), &self.url).await?;
        let database = self.remote.as_ref().map(|(cluster, _)| cluster.process);
        let watched = Watched { server: Some(server.process()), database };
        let target = Target { base: server.base.clone(), watched };
        Ok((server, target))
    }

    pub async fn remove(self) -> anyhow::Result<()> {
        if let Some((cluster, database)) = &self.remote {
            cluster.drop_database(database).await?;
        }
        Ok(())
    }
}

impl Engine {
    pub fn name(&self) -> String {
        match self {
            Engine::Camlock { store, .. } => camlock_on(store.kind()),
            Engine::Reference(_) => REFERENCE.to_owned(),
            Engine::Other { base } => base.authority.clone(),
        }
    }

    pub async fn serve(&self) -> anyhow::Result<Served> {
        match self {
            Engine::Camlock { program, store } => {
                let database = store.new_database().await?;
                let (server, target) = database.serve(program).await?;
                Ok(Served { target, own: Some((server, database)), has_to_be_left_clean: false })
            }
            Engine::Reference(reference) => {
                Ok(Served { target: reference.target.clone(), own: None, has_to_be_left_clean: false })
            }
            Engine::Other { base } => {
                let target = Target { base: base.clone(), watched: Watched::default() };
                Ok(Served { target, own: None, has_to_be_left_clean: true })
            }
        }
    }
}

impl Served {
    /// The server, if it is ours.
    pub fn server(&self) -> Option<&Server> {
        self.own.as_ref().map(|(server, _)| server)
    }

    /// Leaves the engine as it was.
    pub async fn done(self, processes: &[Process]) -> anyhow::Result<()> {
        for process in processes.iter().filter(|_| self.has_to_be_left_clean) {
            EngineClient::new(&self.target.base).delete_deployment(&process.deployment_id).await?;
        }
        if let Some((server, database)) = self.own {
            server.kill()?;
            database.remove().await?;
        }
        Ok(())
    }
}

pub const REFERENCE: &str = "reference, PostgreSQL";

pub fn camlock_on(store: StoreKind) -> String {
    format!("camlock, {}", store.name())
}
