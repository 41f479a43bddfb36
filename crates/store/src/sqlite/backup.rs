//! A copy of a database while a server works with it.
//!
//! All pages are read in one read transaction, which holds what was committed when it began. The copy gets its name once
//! it is whole, checked and on the disk, so that there is never a damaged file under that name.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::connection::{DatabaseUrl, Purpose, configure, open_file};
use super::lock_file::{LockFile, beside};
use super::migration::check_identity;
use crate::error::BackupError;

/// Pages between two reports.
const PAGES_PER_STEP: i32 = 256;
/// What to wait where the database is locked, at most so often in a row.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
const BUSY_STEPS_MAX: u32 = 600;

/// How far a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupProgress {
    Copying { pages_done: u64, pages: u64 },
    Checking,
}

/// What a backup has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupReport {
    pub bytes: u64,
}

/// Writes a copy of a file's database to `target`. A database of Camlock that is there already is replaced, unless a
/// server uses it.
pub fn backup(
    source: &DatabaseUrl,
    target: &Path,
    mut report: impl FnMut(BackupProgress),
) -> Result<BackupReport, BackupError> {
    let DatabaseUrl::File(source) = source else { return Err(BackupError::NoFile) };
    let connection = open_source(source)?;
    let _target_lock = may_be_replaced(source, target)?;
    let partial = PartialFile::beside(target);
    let copied = copy_pages((source, &connection), &partial.path, &mut report).and_then(|()| {
        report(BackupProgress::Checking);
        check(&partial.path)
    });
    copied.map_err(|why| BackupError::Failed { target: target.to_owned(), why: why.to_string() })?;
    let unwritable = |why: std::io::Error| BackupError::Failed { target: target.to_owned(), why: why.to_string() };
    let bytes = partial.finish(target).map_err(unwritable)?;
    Ok(BackupReport { bytes })
}

fn open_source(path: &Path) -> Result<Connection, BackupError> {
    let unreadable = |why: String| BackupError::Unreadable { database: path.to_owned(), why };
    if !path.is_file() {
        return Err(unreadable("there is no such file".to_owned()));
    }
    let connection = open_file(path, Purpose::Read, None).map_err(|error| unreadable(error.to_string()))?;
    check_identity(&connection, &path.display().to_string()).map_err(|error| unreadable(error.to_string()))?;
    configure(&connection, Purpose::Read).map_err(|error| unreadable(error.to_string()))?;
    Ok(connection)
}

/// Holds the lock of a database that is going to be replaced.
fn may_be_replaced(source: &Path, target: &Path) -> Result<Option<LockFile>, BackupError> {
    if !target.exists() {
        return Ok(None);
    }
    let refused = |why: String| BackupError::NotReplaced { target: target.to_owned(), why };
    let same = matches!((source.canonicalize(), target.canonicalize()), (Ok(source), Ok(target)) if source == target);
    if same {
        return Err(refused("it is the database itself".to_owned()));
    }
    let lock = LockFile::acquire(target).map_err(|error| refused(error.to_string()))?;
    let connection = open_file(target, Purpose::Read, None).map_err(|error| refused(error.to_string()))?;
    check_identity(&connection, &target.display().to_string()).map_err(|error| refused(error.to_string()))?;
    Ok(Some(lock))
}

fn copy_pages(
    (path, source): (&Path, &Connection),
    target: &Path,
    report: &mut impl FnMut(BackupProgress),
) -> Result<(), rusqlite::Error> {
    // Held until the copy is done: without it, each write of the server would begin the copy anew.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
    sync_log(path).map_err(|error| failure(rusqlite::ffi::SQLITE_IOERR_FSYNC, error.to_string()))?;
    let mut copy = Connection::open(target)?;
    let backup = Backup::new(source, &mut copy)?;
    let mut busy_steps = 0;
    loop {
        let step = backup.step(PAGES_PER_STEP)?;
        let progress = backup.progress();
        let number = |pages: i32| u64::try_from(pages).unwrap_or(0);
        let pages_done = number(progress.pagecount - progress.remaining);
        report(BackupProgress::Copying { pages_done, pages: number(progress.pagecount) });
        match step {
            StepResult::Done => break,
            StepResult::More => busy_steps = 0,
            _ if busy_steps < BUSY_STEPS_MAX => {
                busy_steps += 1;
                std::thread::sleep(BUSY_PAUSE);
            }
            _ => {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(code, None));
            }
        }
    }
    drop(backup);
    copy.close().map_err(|(_, error)| error)?;
    source.execute_batch("COMMIT")
}

/// A server makes commits visible a moment before they are on the disk (ADR 0022): a copy must not hold what its original
/// can still lose.
fn sync_log(database: &Path) -> std::io::Result<()> {
    match File::open(beside(database, "-wal")) {
        Ok(log) => log.sync_data(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn failure(code: std::ffi::c_int, why: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(why))
}

/// SQLite looks at every page, every row and every index.
fn check(copy: &Path) -> Result<(), rusqlite::Error> {
    let connection = Connection::open(copy)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    // So that the copy is one file.
    let _: String = connection.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))?;
    connection.close().map_err(|(_, error)| error)?;
    match found.as_str() {
        "ok" => Ok(()),
        damage => Err(failure(rusqlite::ffi::SQLITE_CORRUPT, format!("the copy is damaged: {damage}"))),
    }
}

/// A file that is not whole yet. It goes when it is dropped.
struct PartialFile {
    path: PathBuf,
}

impl PartialFile {
    fn beside(target: &Path) -> PartialFile {
        let mut path: OsString = target.into();
        path.push(format!(".{}.partial", std::process::id()));
        let partial = PartialFile { path: path.into() };
        partial.remove();
        partial
    }

    /// Gives it its name. Answers its size.
    fn finish(self, target: &Path) -> std::io::Result<u64> {
        let file = File::open(&self.path)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        std::fs::rename(&self.path, target)?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(bytes)
    }

    fn remove(&self) {
        // There is none in most cases.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        self.remove();
    }
}
