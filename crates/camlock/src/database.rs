//! A database, whatever kind it is.

use std::sync::Arc;

use anyhow::{Result, ensure};
use query::Dialect;
use store::copy::CopySide;
use store::sqlite::DatabaseUrl;
use store::{SqliteStore, Store};

pub struct Database {
    pub store: Arc<dyn Store>,
    pub dialect: Dialect,
}

impl Database {
    /// Creates it if it is not there, and migrates it if it is older.
    pub fn open(url: &str) -> Result<Database> {
        Ok(Database { store: Arc::new(SqliteStore::open(url)?), dialect: Dialect::Sqlite })
    }

    /// One that has to be there already.
    pub fn open_existing(url: &str) -> Result<Database> {
        if let DatabaseUrl::File(path) = url.parse()? {
            ensure!(path.is_file(), "there is no file `{}`", path.display());
        }
        Database::open(url)
    }

    pub fn copy_side(&self) -> CopySide<'_> {
        CopySide { store: self.store.as_ref(), dialect: self.dialect }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}
