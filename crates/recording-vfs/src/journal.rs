//! What happened to the files, in one order for all threads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Written down once it is done, so that a sync that began earlier never covers it.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Written {
        file: Arc<str>,
        offset: u64,
        bytes: Arc<[u8]>,
    },
    Truncated {
        file: Arc<str>,
        size: u64,
    },
    Deleted {
        file: Arc<str>,
        is_durable: bool,
    },
    /// On the disk are as many of the first events: those about this file, and deletions of any file.
    Synced {
        file: Arc<str>,
        covered: usize,
        deletions_covered: usize,
    },
    Acknowledged(u64),
}

#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Entries>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    /// Files that were there before, as they were then.
    pub initial: BTreeMap<Arc<str>, Vec<u8>>,
    pub events: Vec<Event>,
}

impl Journal {
    pub fn push(&self, event: Event) {
        self.lock().events.push(event);
    }

    /// How many events there are so far.
    pub fn len(&self) -> usize {
        self.lock().events.len()
    }

    /// What a file held when it was opened, unless it is known already.
    pub fn found(&self, file: &Arc<str>, content: impl FnOnce() -> Option<Vec<u8>>) {
        let mut entries = self.lock();
        let is_known =
            entries.initial.contains_key(file) || entries.events.iter().any(|event| event.file() == Some(file));
        if !is_known && let Some(content) = content() {
            entries.initial.insert(file.clone(), content);
        }
    }

    pub fn entries(&self) -> Entries {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Event {
    pub fn file(&self) -> Option<&Arc<str>> {
        match self {
            Event::Written { file, .. }
            | Event::Truncated { file, .. }
            | Event::Deleted { file, .. }
            | Event::Synced { file, .. } => Some(file),
            Event::Acknowledged(_) => None,
        }
    }
}
