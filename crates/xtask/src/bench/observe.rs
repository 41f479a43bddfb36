//! Looks at a server's database while it does one lifecycle, and fills a database with instances that wait.

use super::bare_postgres::Sets;
use super::bare_sqlite::{self, Statements};
use super::engine::{OwnDatabase, OwnStore, Target};
use super::load::{LONG_LOCK_MS, Process, complete_body, deploy, start_body};
use super::row_set::DatabaseImage;
use super::template::{LIFECYCLES_MAX, Lifecycle};
use crate::engine_client::{EngineClient, fetch_body};
use crate::server::{Server, sqlite_file};
use anyhow::{Context, ensure};
use std::path::Path;

const PER_TRANSACTION: u64 = 1_000;

/// A database in which a process is deployed, without a server, and what a lifecycle of the process writes to it.
#[derive(Debug)]
pub struct Observed {
    pub lifecycle: Lifecycle,
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
        Ok(Observed { lifecycle: Lifecycle::observed(&images)?, database, process })
    }

    /// The rows that starts of so many instances write, written without the server.
    pub async fn fill(&self, instances: u64) -> anyhow::Result<()> {
        ensure!(instances <= LIFECYCLES_MAX, "a backlog has at most {LIFECYCLES_MAX} instances, not {instances}");
        let batches = (0..instances).step_by(PER_TRANSACTION as usize);
        let batches = batches.map(|first| first..(first + PER_TRANSACTION).min(instances));
        match &self.database.remote {
            None => {
                let mut connection = bare_sqlite::open(&sqlite_file(self.database.folder.path()), "OFF")?;
                let statements = Statements::of(&self.lifecycle);
                for batch in batches {
                    let transaction = connection.transaction()?;
                    batch.into_iter().try_for_each(|number| statements.write(&transaction, 0, number))?;
                    transaction.commit()?;
                }
                connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
            }
            Some((_, database)) => {
                let client = database.connect().await?;
                client.batch_execute("SET synchronous_commit = off").await?;
                let sets = Sets::prepare(&client, &self.lifecycle, 1).await?;
                for batch in batches {
                    sets.write(&client, &[batch.collect()]).await?;
                }
                // What its own background work would have done meanwhile.
                client.batch_execute("VACUUM ANALYZE").await?;
                client.batch_execute("CHECKPOINT").await?;
            }
        }
        Ok(())
    }

    pub async fn serve(&self, program: &Path) -> anyhow::Result<(Server, Target)> {
        self.database.serve(program).await
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
