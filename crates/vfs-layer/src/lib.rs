//! Layers between SQLite and the file system, written as safe Rust.
//!
//! SQLite reaches files through a table of C functions, its VFS. `register` puts a `Layer` on top of another one: the
//! layer sees files being opened and deleted, and answers a `LayerFile` for those whose reads, writes and syncs it wants
//! to see; everything else goes to the layer below as it came. Memory-mapped reading and writing is not offered to SQLite.
//! `OpenLog` opens a write-ahead log by way of a layer, so that another thread than a connection's can sync it and the
//! layer sees that. `sync_database` syncs the database of a connection.
//!
//! This is the one crate with unsafe code, in `table`, `handle`, `open_log` and `sync`: what stands in a table of C functions is
//! unsafe by nature.

mod handle;
mod open_log;
mod sync;
mod table;

use std::path::Path;

pub use handle::{Below, Refusal, SyncKind};
pub use open_log::OpenLog;
pub use sync::sync_database;
pub use table::register;

/// What a layer is told of the folder.
pub trait Layer: Send + Sync + 'static {
    type File: LayerFile;

    /// A file is going to be opened. `None` passes it on as it is. Temporary files are not asked about.
    fn open(&self, path: &Path, opening: Opening) -> Option<Self::File>;

    /// A file was deleted; the deletion itself is on the disk if it is durable.
    fn deleted(&self, _path: &Path, _is_durable: bool) {}
}

/// One open file. All calls for it come one after another.
pub trait LayerFile: Send + 'static {
    fn read(&mut self, below: Below<'_>, into: &mut [u8], offset: u64) -> Result<(), Refusal> {
        below.read(into, offset)
    }

    fn write(&mut self, below: Below<'_>, bytes: &[u8], offset: u64) -> Result<(), Refusal> {
        below.write(bytes, offset)
    }

    fn truncate(&mut self, below: Below<'_>, size: u64) -> Result<(), Refusal> {
        below.truncate(size)
    }

    fn sync(&mut self, below: Below<'_>, kind: SyncKind) -> Result<(), Refusal> {
        below.sync(kind)
    }

    fn size(&mut self, below: Below<'_>) -> Result<u64, Refusal> {
        below.size()
    }

    /// Before the file is closed, and before anything that is said to other connections by way of it: locks and shared
    /// memory.
    fn before_others(&mut self, _below: Below<'_>) -> Result<(), Refusal> {
        Ok(())
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    pub kind: FileKind,
    pub may_create: bool,
}

/// Files of which something can survive a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Database,
    WriteAheadLog,
    RollbackJournal,
}
