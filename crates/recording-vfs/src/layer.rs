//! The layer below SQLite: does what it is asked and writes it down.

use std::path::Path;
use std::sync::Arc;

use vfs_layer::{Below, FileKind, Layer, LayerFile, Opening, Refusal, SyncKind};

use crate::journal::{Event, Journal};
use crate::recorder::Syncs;

pub(crate) struct RecordingLayer {
    pub journal: Arc<Journal>,
    pub syncs: Syncs,
}

pub(crate) struct RecordedFile {
    name: Arc<str>,
    journal: Arc<Journal>,
    syncs: Syncs,
    /// Whether the next sync is of the folder, too.
    syncs_folder: bool,
}

fn name_of(path: &Path) -> Option<Arc<str>> {
    Some(path.file_name()?.to_string_lossy().into())
}

impl Layer for RecordingLayer {
    type File = RecordedFile;

    fn open(&self, path: &Path, opening: Opening) -> Option<RecordedFile> {
        let name = name_of(path)?;
        self.journal.found(&name, || std::fs::read(path).ok());
        // SQLite's layer for Unix syncs the folder with the first sync of a journal that it may have made.
        let syncs_folder = opening.may_create && opening.kind != FileKind::Database;
        Some(RecordedFile { name, journal: self.journal.clone(), syncs: self.syncs, syncs_folder })
    }

    fn deleted(&self, path: &Path, is_durable: bool) {
        if let Some(file) = name_of(path) {
            self.journal.push(Event::Deleted { file, is_durable });
        }
    }
}

impl LayerFile for RecordedFile {
    fn write(&mut self, below: Below<'_>, bytes: &[u8], offset: u64) -> Result<(), Refusal> {
        below.write(bytes, offset)?;
        self.journal.push(Event::Written { file: self.name.clone(), offset, bytes: bytes.into() });
        Ok(())
    }

    fn truncate(&mut self, below: Below<'_>, size: u64) -> Result<(), Refusal> {
        below.truncate(size)?;
        self.journal.push(Event::Truncated { file: self.name.clone(), size });
        Ok(())
    }

    fn sync(&mut self, below: Below<'_>, kind: SyncKind) -> Result<(), Refusal> {
        let is_dropped = match self.syncs {
            Syncs::Done => false,
            Syncs::Dropped { name_end } => self.name.ends_with(name_end),
        };
        // What is written while the sync is under way may come too late for it.
        let count = self.journal.len();
        if !is_dropped {
            below.sync(kind)?;
        }
        let covered = if is_dropped { 0 } else { count };
        let deletions_covered = if std::mem::take(&mut self.syncs_folder) { count } else { 0 };
        self.journal.push(Event::Synced { file: self.name.clone(), covered, deletions_covered });
        Ok(())
    }
}
