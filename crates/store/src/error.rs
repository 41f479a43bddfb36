//! What can go wrong between the engine and its database.

use std::path::PathBuf;

/// A failure of the store. Nothing of the unit of work was applied, unless it says that this is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The unit was decided on state that has changed since: load again, decide again.
    #[error("the state has changed in the meantime")]
    Conflict,
    /// The database cannot be written or read now: full disk, read-only file, connection gone. A later retry can help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The connection was lost between the commit and its answer: all of the unit was applied, or nothing. Only a look at
    /// the database tells.
    #[error("it is not known whether the database has kept it: {0}")]
    OutcomeUnknown(String),
    /// The database refused a statement or holds something it should not. A retry does not help.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// Why a database cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("`{0}` is no database: expected `sqlite:PATH`, `sqlite::memory:` or `postgres://USER@HOST/DATABASE`")]
    UnknownUrl(String),
    #[error("another server uses the database `{path}`: it holds the lock on `{lock_path}`")]
    InUse { path: String, lock_path: String },
    #[error("`{path}` is not a database of Camlock")]
    Foreign { path: String },
    #[error("the database `{path}` was written by a newer Camlock: {what}")]
    Newer { path: String, what: String },
    #[error("the database `{path}` was migrated by another Camlock: migration {version} has another content here")]
    Diverged { path: String, version: u32 },
    #[error("the database `{path}` cannot be opened: {why}")]
    Unusable { path: String, why: String },
}

/// Why there is no backup. Nothing was left behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    #[error("a database in memory cannot be backed up: expected `sqlite:PATH`")]
    NoFile,
    #[error("the database `{database}` cannot be read: {why}", database = .database.display())]
    Unreadable { database: PathBuf, why: String },
    #[error("`{target}` is not replaced: {why}", target = .target.display())]
    NotReplaced { target: PathBuf, why: String },
    #[error("the backup `{target}` cannot be made: {why}", target = .target.display())]
    Failed { target: PathBuf, why: String },
}
