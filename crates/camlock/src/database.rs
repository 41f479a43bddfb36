//! A database, whatever kind it is.

use std::fmt;
use std::sync::Arc;

use anyhow::{Result, ensure};
use query::Dialect;
use store::copy::CopySide;
use store::postgres::{PostgresUrl, redacted};
use store::sqlite::DatabaseUrl;
use store::{PostgresStore, SqliteStore, Store};

/// Where a database is, as it was written. It may hold a password and is never shown with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Location(String);

pub struct Database {
    pub store: Arc<dyn Store>,
    pub dialect: Dialect,
}

impl Database {
    /// Creates it if it is not there, and migrates it if it is older.
    pub async fn open(location: &Location) -> Result<Database> {
        let Location(url) = location;
        if PostgresUrl::is_one(url) {
            return Ok(Database { store: Arc::new(PostgresStore::open(url).await?), dialect: Dialect::Postgres });
        }
        Ok(Database { store: Arc::new(SqliteStore::open(url)?), dialect: Dialect::Sqlite })
    }

    /// One of several nodes, as it is: nothing is created or migrated.
    pub async fn open_as_it_is(location: &Location) -> Result<Database> {
        let Location(url) = location;
        ensure!(PostgresUrl::is_one(url), "only a PostgreSQL database has several nodes");
        Ok(Database { store: Arc::new(PostgresStore::open_as_it_is(url).await?), dialect: Dialect::Postgres })
    }

    /// One that has to be there already.
    pub async fn open_existing(location: &Location) -> Result<Database> {
        let Location(url) = location;
        if !PostgresUrl::is_one(url)
            && let DatabaseUrl::File(path) = url.parse()?
        {
            ensure!(path.is_file(), "there is no file `{}`", path.display());
        }
        Database::open(location).await
    }

    pub fn copy_side(&self) -> CopySide<'_> {
        CopySide { store: self.store.as_ref(), dialect: self.dialect }
    }
}

impl Location {
    /// `None` if it is of no kind that is known. Whether there is a database is seen when it is opened.
    pub fn read(text: &str) -> Option<Location> {
        let is_file = text.strip_prefix("sqlite:").is_some_and(|rest| !rest.is_empty());
        (is_file || PostgresUrl::is_one(text)).then(|| Location(text.to_owned()))
    }
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        Location(text.to_owned())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match PostgresUrl::is_one(&self.0) {
            true => f.write_str(&redacted(&self.0)),
            false => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}
