//! One server per database file: a lock on a file beside it, so that readers such as a backup can open the database.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// Held until it is dropped, or the process ends. The file stays.
#[derive(Debug)]
pub struct LockFile {
    _file: File,
}

impl LockFile {
    pub fn acquire(database: &Path) -> Result<LockFile, OpenError> {
        let path = beside(database, ".lock");
        let unusable = |error: std::io::Error| OpenError::Unusable {
            path: database.display().to_string(),
            why: format!("its lock file `{}` cannot be used: {error}", path.display()),
        };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(LockFile { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(OpenError::InUse { path: database.display().to_string(), lock_path: path.display().to_string() })
            }
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}

/// A file beside a database itself, not beside a link to it.
pub fn beside(database: &Path, name_end: &str) -> PathBuf {
    let mut path: OsString = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into();
    path.push(name_end);
    path.into()
}
