//! A PostgreSQL of one's own that is durable: on a port of its own, gone with this process.

use crate::server::scratch_folder;
use crate::workspace::root;
use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_postgres::{Client, NoTls};

/// As on a small server of a user; all else is PostgreSQL's default, `fsync` and `synchronous_commit` among it.
pub const SETTINGS: &str = "-c shared_buffers=256MB -c max_wal_size=2GB";

const USER: &str = "camlock";

#[derive(Debug)]
pub struct Cluster {
    port: u16,
    /// The process that all others of the server are children of.
    pub process: u32,
    pub version: String,
    /// Ends the server when its input closes.
    _script: Child,
    /// Declared last: the script's folder goes before it.
    _folder: tempfile::TempDir,
}

/// A database of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    port: u16,
    pub name: String,
}

impl Database {
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{}", self.port, self.name)
    }

    pub fn jdbc_url(&self) -> String {
        format!("jdbc:postgresql://127.0.0.1:{}/{}?user={USER}", self.port, self.name)
    }

    pub async fn connect(&self) -> anyhow::Result<Client> {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await?;
        tokio::spawn(async move {
            // How a connection ends is seen by the statement that it ends with.
            let _ = connection.await;
        });
        Ok(client)
    }
}

impl Cluster {
    pub async fn start() -> anyhow::Result<Cluster> {
        crate::postgres::ensure()?;
        let folder = scratch_folder()?;
        open_to_all(folder.path())?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut script = Command::new("sh")
            .arg(root().join("crates/throwaway-postgres/start.sh"))
            .env("TMPDIR", folder.path())
            .env("PGPORT", port.to_string())
            .env("CAMLOCK_POSTGRES_FSYNC", "on")
            .env("CAMLOCK_POSTGRES_OPTIONS", format!("-c listen_addresses=127.0.0.1 {SETTINGS}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("no shell")?;
        let mut url = String::new();
        BufReader::new(script.stdout.take().context("the script has no output")?).read_line(&mut url)?;
        ensure!(url.starts_with("postgres://"), "no PostgreSQL could be started; see above for the reason");
        let admin = Database { port, name: "postgres".to_owned() }.connect().await?;
        let folder_of_data: String = admin.query_one("SHOW data_directory", &[]).await?.get(0);
        let version: String = admin.query_one("SHOW server_version", &[]).await?.get(0);
        let process = std::fs::read_to_string(format!("{folder_of_data}/postmaster.pid"))?;
        let process = process.lines().next().context("an empty postmaster.pid")?.trim().parse()?;
        Ok(Cluster { port, process, version, _script: script, _folder: folder })
    }

    /// A new database; what was written before does not burden it.
    pub async fn create_database(&self) -> anyhow::Result<Database> {
        self.create("").await
    }

    /// A copy of a database that nobody uses.
    pub async fn copy_database(&self, original: &Database) -> anyhow::Result<Database> {
        self.create(&format!(" TEMPLATE {}", original.name)).await
    }

    async fn create(&self, like: &str) -> anyhow::Result<Database> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("scratch_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("CREATE DATABASE {name}{like}")).await?;
        self.execute("CHECKPOINT").await?;
        Ok(Database { port: self.port, name })
    }

    pub async fn drop_database(&self, database: &Database) -> anyhow::Result<()> {
        self.execute(&format!("DROP DATABASE {} WITH (FORCE)", database.name)).await
    }

    async fn execute(&self, statement: &str) -> anyhow::Result<()> {
        let client = Database { port: self.port, name: "postgres".to_owned() }.connect().await?;
        client.batch_execute(statement).await.with_context(|| statement.to_owned())
    }
}

/// The server may run as another user.
#[cfg(unix)]
fn open_to_all(folder: &std::path::Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777))?)
}
