//! Where a database is, and how connections to it are set up.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::error::OpenError;

/// `sqlite:PATH` or `sqlite::memory:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    File(PathBuf),
    /// Gone with the store.
    Memory,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Write,
    Read,
    /// Copies the log into the database.
    Copy,
}

/// Memory for pages. SQLite takes a negative number as KiB. The writer's holds what some thousands of open instances
/// stand on, which their ends touch again.
const WRITER_CACHE_SIZE: i64 = -16_384;
const READER_CACHE_SIZE: i64 = -2048;

/// Statements that a connection keeps prepared, besides those of the writer.
const STATEMENTS_CACHED_MAX: usize = 256;

/// Another process, a backup for example, may hold a lock for this long.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl FromStr for DatabaseUrl {
    type Err = OpenError;

    fn from_str(url: &str) -> Result<Self, OpenError> {
        match url.strip_prefix("sqlite:") {
            Some(":memory:") => Ok(DatabaseUrl::Memory),
            // SQLite would read a URL of its own.
            Some(path) if path.starts_with("file:") => Ok(DatabaseUrl::File(Path::new(".").join(path))),
            Some(path) if !path.is_empty() => Ok(DatabaseUrl::File(path.into())),
            _ => Err(OpenError::UnknownUrl(url.to_owned())),
        }
    }
}

impl DatabaseUrl {
    /// As messages name it.
    pub fn name(&self) -> String {
        match self {
            DatabaseUrl::File(path) => path.display().to_string(),
            DatabaseUrl::Memory => ":memory:".to_owned(),
        }
    }
}

/// Opens a file, which a writer creates if it is not there. `vfs` is SQLite's layer above the file system.
pub fn open_file(path: &Path, purpose: Purpose, vfs: Option<&str>) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if purpose == Purpose::Write {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    Ok(match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    })
}

/// Settings that do not touch the file.
pub fn configure(connection: &Connection, purpose: Purpose) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    connection.pragma_update(None, "mmap_size", 0)?;
    let cache_size = match purpose {
        Purpose::Write => WRITER_CACHE_SIZE,
        Purpose::Read => READER_CACHE_SIZE,
        // It caches no pages, and syncs fully as connections do of themselves: to set either would read the whole schema
        // into memory.
        Purpose::Copy => return Ok(()),
    };
    connection.pragma_update(None, "cache_size", cache_size)?;
    connection.pragma_update(None, "temp_store", 2)?;
    connection.pragma_update(None, "case_sensitive_like", true)?;
    // It would rather index a whole table for one statement than look through ranges of its key.
    connection.pragma_update(None, "automatic_index", false)?;
    match purpose {
        Purpose::Read => connection.pragma_update(None, "query_only", true)?,
        // A statement with a bound LIMIT would be planned anew for each number, each time it runs. The writer's few
        // statements name their indexes.
        Purpose::Write => {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        }
        Purpose::Copy => {}
    }
    Ok(())
}

/// Settings of the writer of a file: what is committed is on the disk.
pub fn make_durable(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Failed(format!("its journal mode is {mode}, it cannot be made wal")));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_copies_syncs_fully() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let connection = open_file(&folder.path().join("a.db"), Purpose::Write, None).expect("opens");
        configure(&connection, Purpose::Copy).expect("can be set up");
        let mode = connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0));
        assert_eq!(mode.expect("is known"), 2);
    }
}
