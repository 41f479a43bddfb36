//! The handle that a test holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::journal::{Event, Journal};
use crate::layer::RecordingLayer;
use crate::recording::Recording;

/// Records what connections that name it do with their files.
#[derive(Debug)]
pub struct Recorder {
    vfs_name: String,
    journal: Arc<Journal>,
}

/// How a sync is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    Done,
    /// Where the name of the file ends like this, answered as done while the content is not on the disk: proves that a
    /// test can fail.
    Dropped {
        name_end: &'static str,
    },
}

impl Recorder {
    /// Makes itself known to SQLite, for the rest of the process.
    pub fn install(syncs: Syncs) -> Recorder {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let vfs_name = format!("recording-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let journal = Arc::new(Journal::default());
        let layer = RecordingLayer { journal: journal.clone(), syncs };
        assert!(vfs_layer::register(&vfs_name, None, layer), "SQLite comes with a layer for this platform");
        Recorder { vfs_name, journal }
    }

    /// What a connection is opened with.
    pub fn vfs_name(&self) -> &str {
        &self.vfs_name
    }

    /// Something was acknowledged: from here on it must not get lost. `mark` is the test's number for it.
    pub fn acknowledge(&self, mark: u64) {
        self.journal.push(Event::Acknowledged(mark));
    }

    /// Everything so far.
    pub fn recording(&self) -> Recording {
        Recording(self.journal.entries())
    }
}
