//! When the write-ahead log is copied into the database.
//!
//! Pages that many commits change are copied once for all of them, so the log may grow to some size first. Then a thread
//! copies it while the writer goes on, in a few passes, each of which finds less to do than the one before. What has
//! come since the last pass the writer copies itself, between two commits, when everybody who waited for the last one has
//! been answered. A log that was copied as a whole begins anew with the next commit unless somebody reads in that
//! moment; one that has grown far waits for readers.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, DEFAULT_NAME};
use vfs_layer::{Refusal, sync_database};

use super::connection::{BUSY_TIMEOUT, Purpose, configure, open_file};
use crate::StoreError;
use crate::abort_on_panic::AbortOnPanic;

/// Pages in the log before they are copied: 64 MB, which are read in some tens of milliseconds at the start after a crash.
pub const CHECKPOINT_PAGES: u32 = 16_384;
/// A log of so many times that waits for readers, and for the thread that copies.
const OVERGROWN: u32 = 2;
/// So few pages are left to the writer.
const REST_PAGES: u32 = 512;
/// Passes after which the rest is left to the writer whatever its size.
const PASSES_MAX: u32 = 4;
/// How long the writer waits for readers.
const READERS_TIMEOUT: Duration = Duration::from_millis(50);
/// When so long nothing was written, the log is copied whatever its size, so that a start after a crash is short.
pub const IDLE: Duration = Duration::from_secs(1);

/// The writer's side.
pub struct Checkpoints {
    /// Pages in the log as of the last commit.
    pages: Arc<AtomicU32>,
    /// Pages of it that are in the database, or that could not be copied when they were to be.
    copied: u32,
    interval: u32,
    /// `None` for a database that has no log.
    copier: Option<Copier>,
    is_copying: bool,
}

/// The thread that copies when it is told to.
struct Copier {
    /// `None` at the end.
    due: Option<mpsc::SyncSender<()>>,
    done: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub fn none() -> Checkpoints {
        Checkpoints { pages: Arc::default(), copied: 0, interval: u32::MAX, copier: None, is_copying: false }
    }

    /// Takes the place of SQLite's own checkpoints, which a commit waits for. `connection` is the writer's to a file whose
    /// log is open.
    pub fn of(
        connection: &mut Connection,
        path: &Path,
        vfs: Option<&str>,
        interval: u32,
    ) -> Result<Checkpoints, StoreError> {
        let pages = Arc::new(AtomicU32::new(0));
        let seen = pages.clone();
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            seen.store(u32::try_from(count).unwrap_or(u32::MAX), Ordering::Relaxed);
            Ok(())
        }))?;
        let copier = Copier::start(path, vfs, pages.clone())?;
        Ok(Checkpoints { pages, copied: 0, interval, copier: Some(copier), is_copying: false })
    }

    /// Whether there is anything in the log that is not in the database.
    pub fn is_wanted(&self) -> bool {
        self.is_copying || self.pages.load(Ordering::Relaxed) != self.copied
    }

    /// To be called after each commit.
    pub fn go_on(&mut self, connection: &Connection) {
        let Some(copier) = &self.copier else { return };
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.copied {
            // It has begun anew.
            self.copied = 0;
        }
        let is_overgrown = pages >= self.interval.saturating_mul(OVERGROWN);
        if self.is_copying {
            if is_overgrown {
                copier.wait();
            } else if !copier.is_done() {
                return;
            }
            self.is_copying = false;
            self.copy_rest(connection);
        } else if pages - self.copied >= self.interval {
            copier.begin();
            self.is_copying = true;
        }
    }

    /// Copies all that is in the log.
    pub fn finish(&mut self, connection: &Connection) {
        if let Some(copier) = &self.copier
            && std::mem::take(&mut self.is_copying)
        {
            copier.wait();
        }
        self.copy_rest(connection);
    }

    /// Copies what readers do not keep. What fails is tried again when as much has been written once more.
    fn copy_rest(&mut self, connection: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        let copied = if pages >= self.interval.saturating_mul(OVERGROWN) {
            restart(connection)
        } else {
            connection.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::PASSIVE)
        };
        if let Err(failure) = copied {
            tracing::warn!(%failure, pages, "the write-ahead log was not copied into the database");
        }
        self.copied = pages;
    }
}

/// Copies everything and lets the log begin anew, as soon as nobody reads from it.
fn restart(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    connection.busy_timeout(READERS_TIMEOUT)?;
    let copied = connection.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::RESTART);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    copied
}

impl Copier {
    fn start(path: &Path, vfs: Option<&str>, pages: Arc<AtomicU32>) -> Result<Copier, StoreError> {
        let connection = open_file(path, Purpose::Copy, vfs)?;
        configure(&connection, Purpose::Copy)?;
        // Opens the log. A checkpoint would read the whole schema to do that.
        connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0))?;
        let (due, is_due) = mpsc::sync_channel(1);
        let (tell, done) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("sqlite-copier".to_owned())
            .spawn(move || {
                let _loud = AbortOnPanic;
                while is_due.recv().is_ok() {
                    copy_most(&connection, &pages);
                    if tell.send(()).is_err() {
                        return;
                    }
                }
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread for checkpoints: {error}")))?;
        Ok(Copier { due: Some(due), done, thread: Some(thread) })
    }

    fn begin(&self) {
        let due = self.due.as_ref().expect("it is there until the end");
        due.send(()).unwrap_or_else(|_| panic!("the thread that copies has gone"));
    }

    /// Tells it once.
    fn is_done(&self) -> bool {
        self.done.try_recv().is_ok()
    }

    fn wait(&self) {
        self.done.recv().unwrap_or_else(|_| panic!("the thread that copies has gone"));
    }
}

/// Copies until the writer, which goes on meanwhile, is only a little ahead.
fn copy_most(connection: &Connection, pages: &AtomicU32) {
    for _ in 0..PASSES_MAX {
        match connection.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::PASSIVE) {
            Ok((_, copied)) => {
                // SQLite leaves that to the pass that finds nothing new, which is the writer's: it would wait for all.
                if let Err(refusal) = sync_database(connection) {
                    stop(refusal);
                }
                let left = pages.load(Ordering::Relaxed).saturating_sub(u32::try_from(copied).unwrap_or(0));
                if left <= REST_PAGES {
                    return;
                }
            }
            Err(failure) => {
                tracing::warn!(%failure, "the write-ahead log was not copied into the database");
                return;
            }
        }
    }
}

/// SQLite counts as copied what the disk has not taken, and would let the log begin anew over it.
fn stop(refusal: Refusal) -> ! {
    panic!("the database cannot be synced: {refusal}; the next start copies the write-ahead log again");
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.due = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
