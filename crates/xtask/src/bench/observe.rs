//! Looks at a server's database while it does one lifecycle, and fills a database with instances that wait, or with what
//! is left of those that have ended.

use super::bare_sqlite;
use super::engine::{OwnDatabase, OwnStore, Target};
use super::load::{LONG_LOCK_MS, Process, complete_body, deploy, start_body};
use super::row_set::DatabaseImage;
use super::series::{Sql, insertions};
use super::template::{LIFECYCLES_MAX, Lifecycle, Template};
use crate::engine_client::{EngineClient, fetch_body};
use crate::server::{Server, sqlite_file};
use anyhow::{Context, ensure};
use std::path::Path;

const PER_TRANSACTION: u64 = 10_000;

/// Instances that are written past the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// They wait for a worker.
    Open,
    /// Their history is what is left of them.
    Ended,
}

/// A database in which a process is deployed, without a server, and what a lifecycle of the process writes to it.
#[derive(Debug)]
pub struct Observed {
    pub lifecycle: Lifecycle,
    /// What is left of one in the end, as if one command had written it.
    left: Lifecycle,
    pub database: OwnDatabase,
    pub process: Process,
}

impl Observed {
    pub async fn lifecycle(program: &Path, store: &OwnStore) -> anyhow::Result<Observed> {
        let database = store.new_database().await?;
        let (server, target) = database.serve(program).await?;
        let mut client = EngineClient::new(&target.base);
        let process = deploy(&mut client).await?;
        // The first instance may write what later ones find.
        for _ in 0..2 {
            client.start(&process.key, start_body()).await?;
        }
        let mut images = vec![image(&database).await?];
        let instance = client.start(&process.key, start_body()).await?;
        images.push(image(&database).await?);
        let fetched = client.fetch_and_lock(fetch_body("worker", &process.key, 3, LONG_LOCK_MS, None)).await?;
        images.push(image(&database).await?);
        let task = fetched.iter().find(|task| task.process_instance_id == instance);
        let task = task.context("fetchAndLock did not hand out the task just made")?;
        client.complete(&task.id, complete_body("worker")).await?;
        images.push(image(&database).await?);
        stop(server)?;
        let lifecycle = Lifecycle::observed(&images)?;
        images.drain(1..images.len() - 1);
        let left = Lifecycle::observed(&images)?.insertions();
        Ok(Observed { lifecycle, left, database, process })
    }

    /// Rows that an instance leaves when it has ended.
    pub fn rows_left(&self) -> usize {
        self.left.rows
    }

    fn rows_of(&self, written: Written) -> &[Template] {
        match written {
            Written::Open => &self.lifecycle.commands[0],
            Written::Ended => &self.left.commands[0],
        }
    }

    /// Writes the rows of so many instances, without the server. They are on the disk then.
    pub async fn fill(&self, written: Written, instances: u64) -> anyhow::Result<()> {
        if instances == 0 {
            // A new database is as it is: nobody has looked at how little there is in it.
            return Ok(());
        }
        ensure!(instances <= LIFECYCLES_MAX, "at most {LIFECYCLES_MAX} instances can be written, not {instances}");
        let batches = (0..instances).step_by(PER_TRANSACTION as usize);
        let batches = batches.map(|first| (first as i64, (first + PER_TRANSACTION).min(instances) as i64 - 1));
        match &self.database.remote {
            None => {
                let file = sqlite_file(self.database.folder.path());
                let statements = insertions(self.rows_of(written), Sql::Sqlite)?;
                let mut connection = bare_sqlite::open(&file, "OFF")?;
                connection.execute_batch("PRAGMA cache_size=-262144")?;
                for (first, last) in batches {
                    let transaction = connection.transaction()?;
                    for statement in &statements {
                        transaction.prepare_cached(statement)?.execute([first, last])?;
                    }
                    transaction.commit()?;
                }
                connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
                drop(connection);
                std::fs::File::open(&file)?.sync_all()?;
            }
            Some((_, database)) => {
                let client = database.connect().await?;
                client.batch_execute("SET synchronous_commit = off").await?;
                let mut statements = Vec::new();
                for text in insertions(self.rows_of(written), Sql::Postgres)? {
                    statements.push(client.prepare(&text).await?);
                }
                for (first, last) in batches {
                    client.batch_execute("BEGIN").await?;
                    for statement in &statements {
                        client.execute(statement, &[&first, &last]).await?;
                    }
                    client.batch_execute("COMMIT").await?;
                }
                // What its own background work would have done meanwhile.
                client.batch_execute("VACUUM ANALYZE").await?;
                client.batch_execute("CHECKPOINT").await?;
            }
        }
        Ok(())
    }
}

/// Makes sure that the server sees what was written past it.
pub async fn ensure_open(target: &Target, process: &Process, instances: u64) -> anyhow::Result<()> {
    let path = format!("/external-task/count?topicName={}", process.key);
    let answer = EngineClient::new(&target.base).get(&path).await?.expect(200, "external-task count")?;
    let count = answer.json()?["count"].as_u64().unwrap_or_default();
    ensure!(count >= instances, "the server sees {count} tasks of {instances}");
    Ok(())
}

/// Its database is whole afterwards, as after any end.
fn stop(server: Server) -> anyhow::Result<()> {
    server.kill()
}

async fn image(database: &OwnDatabase) -> anyhow::Result<DatabaseImage> {
    match &database.remote {
        None => DatabaseImage::read(&sqlite_file(database.folder.path())),
        Some((_, remote)) => DatabaseImage::read_postgres(&remote.connect().await?).await,
    }
}
