//! The schema, in numbered steps that are only ever added to. One transaction behind a lock row takes all steps that are
//! missing: of several nodes that start at the same time one does, and the others wait for it.

use std::collections::BTreeSet;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use tokio_postgres::error::SqlState;

use super::committer::{COLLISIONS_MAX, pause};
use super::connection::{Connection, Connector, Purpose};
use super::failure::Failure;
use crate::error::OpenError;

#[derive(Clone, Copy, Debug)]
struct Migration {
    version: u32,
    text: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, text: include_str!("../../migrations/postgres/0001_initial.sql") },
    Migration { version: 2, text: include_str!("../../migrations/postgres/0002_nodes.sql") },
];

/// The tables that a database has before any step.
const LEDGER: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS camlock_schema_lock (id bigint PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS camlock_schema_version \
     (version bigint PRIMARY KEY, sha256 text NOT NULL, applied_at bigint NOT NULL)",
    "INSERT INTO camlock_schema_lock (id) VALUES (1) ON CONFLICT (id) DO NOTHING",
];

/// Where the tables are, and what the server can do.
#[derive(Debug)]
pub struct Schema {
    pub name: String,
    pub has_notifications: bool,
}

/// Brings a database to the newest schema; refuses one that it would harm.
pub async fn migrate(connector: &Connector) -> Result<Schema, OpenError> {
    migrate_to(connector, MIGRATIONS).await
}

/// The same of a database that is as this Camlock has it, and is not touched.
pub async fn inspect(connector: &Connector) -> Result<Schema, OpenError> {
    let name = connector.url().to_string();
    let unusable = |failure: Failure| OpenError::Unusable { path: name.clone(), why: failure.to_string() };
    let mut connection = connector.connect(Purpose::Migrations).await.map_err(unusable)?;
    if !has_table(&connection, "camlock_schema_version").await.map_err(unusable)? {
        return Err(OpenError::Foreign { path: name });
    }
    check_schema(&mut connection).await.map_err(unusable)?;
    schema_of(&connection).await.map_err(unusable)
}

async fn schema_of(connection: &Connection) -> Result<Schema, Failure> {
    let row = connection.client().query_one("SELECT current_schema()::text", &[]).await?;
    Ok(Schema { name: row.try_get(0)?, has_notifications: connection.capabilities.notifications })
}

async fn migrate_to(connector: &Connector, migrations: &[Migration]) -> Result<Schema, OpenError> {
    let name = connector.url().to_string();
    let unusable = |failure: Failure| OpenError::Unusable { path: name.clone(), why: failure.to_string() };
    let mut connection = connector.connect(Purpose::Migrations).await.map_err(unusable)?;
    check_encoding(&connection, &name).await?;
    if !has_table(&connection, "camlock_schema_version").await.map_err(unusable)? {
        refuse_foreign(&connection, &name).await?;
        create_ledger(&mut connection).await.map_err(unusable)?;
    }
    connection.plain("BEGIN").await.map_err(|error| unusable(error.into()))?;
    let migrated = take_steps(&connection, &name, migrations).await;
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.plain(end).await.map_err(|error| unusable(error.into()));
    migrated.and(ended)?;
    schema_of(&connection).await.map_err(unusable)
}

/// Other encodings cannot hold all texts, and order them in other ways.
async fn check_encoding(connection: &Connection, name: &str) -> Result<(), OpenError> {
    let unusable = |why: String| OpenError::Unusable { path: name.to_owned(), why };
    let row = connection.client().query_one("SHOW server_encoding", &[]).await;
    let row = row.map_err(|error| unusable(Failure::from(error).to_string()))?;
    let encoding: String = row.try_get(0).map_err(|error| unusable(error.to_string()))?;
    match encoding.to_ascii_uppercase().replace('-', "").as_str() {
        "UTF8" => Ok(()),
        _ => Err(unusable(format!("its encoding is {encoding}, expected UTF8"))),
    }
}

async fn has_table(connection: &Connection, table: &str) -> Result<bool, Failure> {
    Ok(tables_there(connection).await?.contains(table))
}

async fn tables_there(connection: &Connection) -> Result<BTreeSet<String>, Failure> {
    // The catalog itself: the view over it takes longer than all else here.
    let text = "SELECT relname::text FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') \
         AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())";
    let rows = connection.client().query(text, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// A schema without our ledger must not have tables that we would take for ours. Another node may be filling it: its tables
/// are never seen before its ledger, so that is looked for once more.
async fn refuse_foreign(connection: &Connection, name: &str) -> Result<(), OpenError> {
    let unusable = |failure: Failure| OpenError::Unusable { path: name.to_owned(), why: failure.to_string() };
    let there = tables_there(connection).await.map_err(unusable)?;
    let Some(table) = query::tables::ALL.iter().find(|table| there.contains(table.name)) else { return Ok(()) };
    if has_table(connection, "camlock_schema_version").await.map_err(unusable)? {
        return Ok(());
    }
    let path = format!("{name} (it has a table `{}` of someone else)", table.name);
    Err(OpenError::Foreign { path })
}

/// Two that create the same table at once collide in the catalog.
async fn create_ledger(connection: &mut Connection) -> Result<(), Failure> {
    for text in LEDGER {
        let mut collisions = 0;
        while let Err(error) = connection.plain(text).await {
            let known = [&SqlState::UNIQUE_VIOLATION, &SqlState::DUPLICATE_TABLE, &SqlState::DUPLICATE_OBJECT];
            let is_collision = error.code().is_some_and(|code| known.contains(&code));
            if !is_collision || collisions == COLLISIONS_MAX {
                return Err(error.into());
            }
            collisions += 1;
            tokio::time::sleep(pause(collisions)).await;
        }
    }
    Ok(())
}

async fn take_steps(connection: &Connection, name: &str, migrations: &[Migration]) -> Result<(), OpenError> {
    let unusable = |error: tokio_postgres::Error| {
        let failure = Failure::from(error);
        OpenError::Unusable { path: name.to_owned(), why: failure.to_string() }
    };
    let client = connection.client();
    client.query_one("SELECT id FROM camlock_schema_lock WHERE id = 1 FOR UPDATE", &[]).await.map_err(unusable)?;
    let rows = client.query("SELECT version, sha256 FROM camlock_schema_version ORDER BY version", &[]).await;
    let rows = rows.map_err(unusable)?;
    for (n, row) in rows.iter().enumerate() {
        let (version, sha256): (i64, String) = (row.try_get(0).map_err(unusable)?, row.try_get(1).map_err(unusable)?);
        let Some(known) = migrations.get(n).filter(|known| i64::from(known.version) == version) else {
            return Err(OpenError::Newer { path: name.to_owned(), what: format!("its schema has version {version}") });
        };
        if sha256 != checksum(known.text) {
            return Err(OpenError::Diverged { path: name.to_owned(), version: known.version });
        }
    }
    for migration in &migrations[rows.len()..] {
        connection.plain(migration.text).await.map_err(unusable)?;
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let applied_at = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        let insert = "INSERT INTO camlock_schema_version (version, sha256, applied_at) VALUES ($1, $2, $3)";
        let version = i64::from(migration.version);
        client.execute(insert, &[&version, &checksum(migration.text), &applied_at]).await.map_err(unusable)?;
    }
    Ok(())
}

pub fn newest_version() -> u32 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Another node may have taken steps since this one began.
pub async fn check_schema(connection: &mut Connection) -> Result<(), Failure> {
    let statement = connection.prepare_one("SELECT max(version) FROM camlock_schema_version").await?;
    let version: Option<i64> = connection.client().query_one(&statement, &[]).await?.try_get(0)?;
    match version {
        Some(version) if version == i64::from(newest_version()) => Ok(()),
        other => Err(Failure::Failed(format!("its schema has version {}", other.unwrap_or_default()))),
    }
}

fn checksum(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
