//! For tests: what a power cut would leave of a SQLite database.
//!
//! A killed process leaves the page cache behind, so killing one says nothing about durability. `Recorder` is a layer
//! between SQLite and the file system that writes down, in one order for all threads, every write, truncation, deletion
//! and sync, and what the test says was acknowledged. From a `Recording` the files can be rebuilt as a disk would hold
//! them after a power cut at any sync: what was synced is certain, of the rest anything may be missing or torn.
//!
//! One recorder is for one database: files are told apart by their names without folders. The `-shm` file is rebuilt by
//! SQLite and not recorded. Memory-mapped reading and writing is not offered to SQLite.

mod journal;
mod layer;
mod recorder;
mod recording;
mod tail;

pub use recorder::{Recorder, Syncs};
pub use recording::{DiskImage, Recording, SyncBoundary};
pub use tail::Tail;
