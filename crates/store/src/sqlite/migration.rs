//! The schema, in numbered steps that are only ever added to.
//!
//! `schema_version` in the database says which steps it has seen. `application_id` marks a file as Camlock's, and
//! `user_version` counts how cells are encoded.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::StoreError;
use crate::error::OpenError;

/// `CAML` in ASCII.
const APPLICATION_ID: i64 = 0x4341_4D4C;

/// One more for each change of how cells are encoded that an older Camlock would misread.
const ENCODING_VERSION: i64 = 1;

struct Migration {
    version: u32,
    text: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, text: include_str!("../../migrations/sqlite/0001_initial.sql") },
    Migration { version: 2, text: include_str!("../../migrations/sqlite/0002_nodes.sql") },
];

/// Brings a database to the newest schema; refuses one that it would harm.
pub fn migrate(connection: &mut Connection, name: &str) -> Result<(), OpenError> {
    migrate_to(connection, name, MIGRATIONS)
}

fn migrate_to(connection: &mut Connection, name: &str, migrations: &[Migration]) -> Result<(), OpenError> {
    let unusable = |error: StoreError| OpenError::Unusable { path: name.to_owned(), why: error.to_string() };
    check_identity(connection, name)?;
    let applied = applied_versions(connection).map_err(unusable)?;
    for (n, (version, sha256)) in applied.iter().enumerate() {
        let Some(known) = migrations.get(n).filter(|known| known.version == *version) else {
            return Err(OpenError::Newer { path: name.to_owned(), what: format!("its schema has version {version}") });
        };
        if *sha256 != checksum(known.text) {
            return Err(OpenError::Diverged { path: name.to_owned(), version: *version });
        }
    }
    for migration in &migrations[applied.len()..] {
        apply(connection, migration).map_err(unusable)?;
    }
    Ok(())
}

/// The version of the schema that this Camlock works with.
pub fn newest_version() -> u32 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// A database whose schema has been changed since it was opened cannot be worked with.
pub fn check_schema(connection: &Connection) -> Result<(), StoreError> {
    let newest = connection.query_row("SELECT max(version) FROM schema_version", [], |row| row.get::<_, u32>(0))?;
    match newest == newest_version() {
        true => Ok(()),
        false => Err(StoreError::Failed(format!("its schema has version {newest}, expected {}", newest_version()))),
    }
}

/// An empty file becomes Camlock's; any other must be already.
pub fn check_identity(connection: &Connection, name: &str) -> Result<(), OpenError> {
    let number = |text: &str| {
        connection.query_row(text, [], |row| row.get::<_, i64>(0)).map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => OpenError::Foreign { path: name.to_owned() },
            _ => OpenError::Unusable { path: name.to_owned(), why: error.to_string() },
        })
    };
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    let application_id = number("PRAGMA application_id")?;
    let encoding_version = number("PRAGMA user_version")?;
    match (objects, application_id) {
        (0, 0) => Ok(()),
        (_, APPLICATION_ID) if encoding_version > ENCODING_VERSION => Err(OpenError::Newer {
            path: name.to_owned(),
            what: format!("its encoding has version {encoding_version}, this one reads up to {ENCODING_VERSION}"),
        }),
        (_, APPLICATION_ID) => Ok(()),
        _ => Err(OpenError::Foreign { path: name.to_owned() }),
    }
}

fn applied_versions(connection: &Connection) -> Result<Vec<(u32, String)>, StoreError> {
    let table = "SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'";
    if connection.query_row(table, [], |_| Ok(())).optional()?.is_none() {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare("SELECT version, sha256 FROM schema_version ORDER BY version")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn apply(connection: &mut Connection, migration: &Migration) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", ENCODING_VERSION)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_version (\n  version INTEGER PRIMARY KEY,\n  sha256 TEXT NOT NULL,\n  \
         applied_at INTEGER NOT NULL\n) STRICT",
    )?;
    transaction.execute_batch(migration.text)?;
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let applied_at = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
    transaction.execute(
        "INSERT INTO schema_version (version, sha256, applied_at) VALUES (?1, ?2, ?3)",
        (migration.version, checksum(migration.text), applied_at),
    )?;
    Ok(transaction.commit()?)
}

fn checksum(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use query::Dialect;

    fn schema(connection: &Connection) -> Vec<(String, String)> {
        let text =
            "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> 'schema_version' ORDER BY name";
        let mut statement = connection.prepare(text).expect("valid");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("valid");
        let rows: Vec<(String, String)> = rows.collect::<Result<_, _>>().expect("readable");
        // A column that was added later stands on the line of the one before.
        let spaced = |sql: String| sql.split_whitespace().collect::<Vec<_>>().join(" ");
        rows.into_iter().map(|(name, sql)| (name, spaced(sql))).collect()
    }

    #[test]
    fn migrated_schema_is_as_declared() {
        let mut migrated = Connection::open_in_memory().expect("memory");
        migrate(&mut migrated, "test").expect("migrates");
        let declared = Connection::open_in_memory().expect("memory");
        for statement in query::tables::create_statements(Dialect::Sqlite) {
            declared.execute_batch(&statement).expect("a declared table can be created");
        }
        assert_eq!(schema(&migrated), schema(&declared), "a declaration has changed: add a migration");
    }

    #[test]
    fn a_migrated_database_stays_as_it_is() {
        let mut connection = Connection::open_in_memory().expect("memory");
        migrate(&mut connection, "test").expect("migrates");
        let before = schema(&connection);
        migrate(&mut connection, "test").expect("nothing to do");
        assert_eq!(schema(&connection), before);
    }

    #[test]
    fn foreign_and_newer_databases_are_refused() {
        let mut foreign = Connection::open_in_memory().expect("memory");
        foreign.execute_batch("CREATE TABLE theirs (x)").expect("valid");
        assert_eq!(migrate(&mut foreign, "test"), Err(OpenError::Foreign { path: "test".to_owned() }));

        let mut newer = Connection::open_in_memory().expect("memory");
        migrate(&mut newer, "test").expect("migrates");
        newer.execute_batch("INSERT INTO schema_version VALUES (99, '', 0)").expect("valid");
        assert!(matches!(migrate(&mut newer, "test"), Err(OpenError::Newer { .. })));

        let mut encoded = Connection::open_in_memory().expect("memory");
        migrate(&mut encoded, "test").expect("migrates");
        encoded.pragma_update(None, "user_version", ENCODING_VERSION + 1).expect("valid");
        assert!(matches!(migrate(&mut encoded, "test"), Err(OpenError::Newer { .. })));

        let mut diverged = Connection::open_in_memory().expect("memory");
        migrate(&mut diverged, "test").expect("migrates");
        diverged.execute_batch("UPDATE schema_version SET sha256 = 'other'").expect("valid");
        assert!(matches!(migrate(&mut diverged, "test"), Err(OpenError::Diverged { version: 1, .. })));
    }

    #[test]
    fn a_failing_migration_leaves_nothing() {
        let mut connection = Connection::open_in_memory().expect("memory");
        let broken = [Migration { version: 1, text: "CREATE TABLE a (x); CREATE TABLE a (x);" }];
        assert!(matches!(migrate_to(&mut connection, "test", &broken), Err(OpenError::Unusable { .. })));
        assert_eq!(schema(&connection), []);
        migrate(&mut connection, "test").expect("still empty");
    }
}
