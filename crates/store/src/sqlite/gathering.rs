//! A layer below SQLite that makes few large writes out of many small ones.
//!
//! SQLite hands over the write-ahead log in two writes a page, and a checkpoint in one. What follows on from the write
//! before it is gathered, and handed over before anything depends on it: a sync, a truncation, a question about the size, a
//! read of the same place, or a lock. SQLite syncs a commit before it tells other connections of it, as the
//! writer demands with `synchronous = FULL`, so nobody can miss what is still gathered.
//!
//! A write that fails when it is handed over fails the call that asked for that. All that was gathered belongs to the
//! transaction or checkpoint which that call fails.

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

struct Gathering;

#[derive(Default)]
struct GatheringFile {
    /// Not handed over yet.
    bytes: Vec<u8>,
    offset: u64,
}

impl Layer for Gathering {
    type File = GatheringFile;

    fn open(&self, _: &Path, opening: Opening) -> Option<GatheringFile> {
        match opening.kind {
            FileKind::Database | FileKind::WriteAheadLog => Some(GatheringFile::default()),
            FileKind::RollbackJournal => None,
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
        Ok(())
    }

    fn truncate(&mut self, below: Below<'_>, size: u64) -> Result<(), Refusal> {
        self.hand_over(below)?;
        below.truncate(size)
    }

    fn sync(&mut self, below: Below<'_>, kind: SyncKind) -> Result<(), Refusal> {
        self.hand_over(below)?;
        below.sync(kind)
    }

    fn size(&mut self, below: Below<'_>) -> Result<u64, Refusal> {
        self.hand_over(below)?;
        below.size()
    }

    fn before_others(&mut self, below: Below<'_>) -> Result<(), Refusal> {
        self.hand_over(below)
    }
}
