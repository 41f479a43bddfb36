//! A layer below SQLite that makes few large writes out of many small ones.
//!
//! SQLite hands over the write-ahead log in two writes a page. What follows on from the write before it is gathered, and
//! handed over before anything depends on it: a sync, a truncation, a question about the size, a read of the same place,
//! or a lock. SQLite syncs a commit before it tells other connections of it, as the writer demands with
//! `synchronous = FULL`, so nobody can miss what is still gathered. The database itself is written page by page: a
//! checkpoint tells others what it has copied without a call that could hand it over first.
//!
//! A write that fails when it is handed over fails the call that asked for that. All that was gathered belongs to the
//! transaction which that call fails.
//!
//! **Owed syncs.** `with_log_sync_owed` runs a commit whose sync of the log only hands over what was gathered; to sync is
//! left to the caller (ADR 0022). All other syncs are done where SQLite asks for them: those of checkpoints, which are no
//! commits, and the one that follows the header of a log that begins anew, which must be on the disk before any frame
//! overwrites an old one.

use std::cell::Cell;
use std::path::Path;
use std::sync::OnceLock;

use vfs_layer::{Below, FileKind, Layer, LayerFile, Opening, Refusal, SyncKind};

/// More is handed over at once. SQLite's layer for Unix cannot write 128 KiB in one call.
const GATHERED_BYTES_MAX: usize = 127 << 10;

/// The name of the layer above another one, or above the platform's.
pub fn above(vfs: Option<&str>) -> Option<String> {
    static DEFAULT: OnceLock<bool> = OnceLock::new();
    let name = format!("gathering-{}", vfs.unwrap_or_default());
    let is_registered = match vfs {
        None => *DEFAULT.get_or_init(|| vfs_layer::register(&name, None, Gathering)),
        Some(_) => vfs_layer::register(&name, vfs, Gathering),
    };
    is_registered.then_some(name)
}

/// What became of the sync of the log that a commit asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSync {
    /// It was done, or none was needed.
    Settled,
    /// The log holds the commit, and the disk perhaps not.
    Owed,
}

thread_local! {
    /// `None` while syncs are done at once. SQLite syncs on the thread that commits.
    static COMMIT: Cell<Option<LogSync>> = const { Cell::new(None) };
}

/// Runs a commit on a connection above this layer, and nothing else.
pub fn with_log_sync_owed<T>(commit: impl FnOnce() -> T) -> (T, LogSync) {
    COMMIT.set(Some(LogSync::Settled));
    let outcome = commit();
    (outcome, COMMIT.take().unwrap_or(LogSync::Settled))
}

struct Gathering;

struct GatheringFile {
    /// Not handed over yet.
    bytes: Vec<u8>,
    offset: u64,
    /// Whether its header was written since the last sync.
    has_new_header: bool,
}

impl Layer for Gathering {
    type File = GatheringFile;

    fn open(&self, _: &Path, opening: Opening) -> Option<GatheringFile> {
        match opening.kind {
            FileKind::WriteAheadLog => Some(GatheringFile { bytes: Vec::new(), offset: 0, has_new_header: false }),
            FileKind::Database | FileKind::RollbackJournal => None,
        }
    }
}

impl GatheringFile {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    fn hand_over(&mut self, below: Below<'_>) -> Result<(), Refusal> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let outcome = below.write(&self.bytes, self.offset);
        self.bytes.clear();
        outcome
    }

    fn may_owe_sync(&self) -> bool {
        !self.has_new_header && COMMIT.get().is_some()
    }
}

impl LayerFile for GatheringFile {
    fn read(&mut self, below: Below<'_>, into: &mut [u8], offset: u64) -> Result<(), Refusal> {
        if offset < self.end() && self.offset < offset + into.len() as u64 {
            self.hand_over(below)?;
        }
        below.read(into, offset)
    }

    fn write(&mut self, below: Below<'_>, bytes: &[u8], offset: u64) -> Result<(), Refusal> {
        if offset != self.end() || self.bytes.len() + bytes.len() > GATHERED_BYTES_MAX {
            self.hand_over(below)?;
        }
        if self.bytes.is_empty() {
            self.offset = offset;
        }
        self.bytes.extend_from_slice(bytes);
        self.has_new_header |= offset == 0;
        Ok(())
    }

    fn truncate(&mut self, below: Below<'_>, size: u64) -> Result<(), Refusal> {
        self.hand_over(below)?;
        below.truncate(size)
    }

    fn sync(&mut self, below: Below<'_>, kind: SyncKind) -> Result<(), Refusal> {
        self.hand_over(below)?;
        if self.may_owe_sync() {
            COMMIT.set(Some(LogSync::Owed));
            return Ok(());
        }
        below.sync(kind)?;
        self.has_new_header = false;
        Ok(())
    }

    fn size(&mut self, below: Below<'_>) -> Result<u64, Refusal> {
        self.hand_over(below)?;
        below.size()
    }

    fn before_others(&mut self, below: Below<'_>) -> Result<(), Refusal> {
        self.hand_over(below)
    }
}
