//! When the write-ahead log is copied into the database.
//!
//! Pages that many commits change are copied once for all of them, so the log may grow to some size first. The writer
//! copies between two commits, when everybody who waited for the last one has been answered. A log that was copied as a
//! whole begins anew with the next commit unless somebody reads in that moment; one that has grown far waits for readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, DEFAULT_NAME};

use super::connection::BUSY_TIMEOUT;
use crate::StoreError;

/// Pages in the log before they are copied: 8 MB, which a disk takes in a few milliseconds.
pub const CHECKPOINT_PAGES: u32 = 2048;
/// A log of so many times that waits for readers.
const OVERGROWN: u32 = 4;
/// How long the writer waits for readers.
const READERS_TIMEOUT: Duration = Duration::from_millis(50);
/// When so long nothing was written, the log is copied whatever its size, so that a start after a crash is short.
pub const IDLE: Duration = Duration::from_secs(1);

pub struct Checkpoints {
    /// Pages in the log as of the last commit.
    pages: Arc<AtomicU32>,
    /// Pages of it that are in the database.
    copied: u32,
    interval: u32,
}

impl Checkpoints {
    /// For a database that has no log.
    pub fn none() -> Checkpoints {
        Checkpoints { pages: Arc::default(), copied: 0, interval: u32::MAX }
    }

    /// Takes the place of SQLite's own checkpoints, which a commit waits for.
    pub fn of(connection: &mut Connection, interval: u32) -> Result<Checkpoints, StoreError> {
        let pages = Arc::new(AtomicU32::new(0));
        let seen = pages.clone();
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            seen.store(u32::try_from(count).unwrap_or(u32::MAX), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Checkpoints { pages, copied: 0, interval })
    }

    /// Whether there is anything in the log that is not in the database.
    pub fn is_wanted(&self) -> bool {
        self.not_copied() > 0
    }

    pub fn is_due(&self) -> bool {
        self.not_copied() >= self.interval
    }

    /// Copies what readers do not keep. What fails is tried again when as much has been written once more.
    pub fn run(&mut self, connection: &Connection) {
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

    fn not_copied(&self) -> u32 {
        let pages = self.pages.load(Ordering::Relaxed);
        // A log that has begun anew is smaller.
        if pages < self.copied { pages } else { pages - self.copied }
    }
}

/// Copies everything and lets the log begin anew, as soon as nobody reads from it.
fn restart(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    connection.busy_timeout(READERS_TIMEOUT)?;
    let copied = connection.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::RESTART);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    copied
}
