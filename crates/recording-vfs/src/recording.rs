//! What was recorded, and the files that a power cut would leave.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::journal::{Entries, Event};
use crate::tail::{Chance, Fate, Tail};

#[derive(Clone, Debug)]
pub struct Recording(pub(crate) Entries);

/// From the end of one sync to the end of the next: the power fails in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncBoundary {
    /// The sync, an index of events.
    synced: usize,
    /// The next sync, or the end.
    until: usize,
}

/// Files by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskImage(pub BTreeMap<Arc<str>, Vec<u8>>);

impl Recording {
    /// One for each sync, in order.
    pub fn sync_boundaries(&self) -> Vec<SyncBoundary> {
        let events = self.0.events.iter().enumerate();
        let syncs: Vec<usize> =
            events.filter(|(_, event)| matches!(event, Event::Synced { .. })).map(|(n, _)| n).collect();
        let ends = syncs.iter().skip(1).copied().chain([self.0.events.len()]);
        syncs.iter().zip(ends).map(|(&synced, until)| SyncBoundary { synced, until }).collect()
    }

    /// The file whose sync it is.
    pub fn synced_file(&self, boundary: SyncBoundary) -> &str {
        self.0.events[boundary.synced].file().expect("a sync is of a file")
    }

    /// How often a file was written from its start, and how many writes came between such a write and the next sync.
    pub fn new_beginnings(&self, file: &str) -> (usize, usize) {
        let (mut beginnings, mut too_early, mut is_synced) = (0, 0, true);
        for event in self.0.events.iter().filter(|event| event.file().is_some_and(|name| **name == *file)) {
            match event {
                Event::Written { offset: 0, .. } => {
                    beginnings += 1;
                    is_synced = false;
                }
                Event::Written { .. } => too_early += usize::from(!is_synced),
                Event::Synced { .. } => is_synced = true,
                Event::Truncated { .. } | Event::Deleted { .. } | Event::Acknowledged(_) => {}
            }
        }
        (beginnings, too_early)
    }

    /// Everything that was acknowledged before the power failed, in order.
    pub fn acknowledged_by(&self, boundary: SyncBoundary) -> Vec<u64> {
        let marks = self.0.events[..boundary.until].iter().filter_map(|event| match event {
            Event::Acknowledged(mark) => Some(*mark),
            _ => None,
        });
        marks.collect()
    }

    /// The files as the disk holds them when the power has failed between this sync and the next. What was synced is
    /// certain; `tail` says what becomes of the rest.
    ///
    /// A file comes into being with its first write that reaches the disk: a sync of a new file is taken to cover its
    /// entry in the folder too, as it does with the file systems that SQLite counts on.
    pub fn files_as_of(&self, boundary: SyncBoundary, tail: Tail) -> DiskImage {
        let covered = self.covered(boundary);
        let mut chance = Chance::new(tail);
        let mut files = self.0.initial.clone();
        // Names whose deletion was lost: the old file is still there, and what a new one got is nowhere to be found.
        let mut undeleted: Vec<&Arc<str>> = Vec::new();
        for (n, event) in self.0.events[..boundary.until].iter().enumerate() {
            let Some(name) = event.file() else { continue };
            let is_certain = covered.get(name).is_some_and(|covered| n < *covered);
            let fate = if is_certain { Fate::Kept } else { chance.fate() };
            if fate == Fate::Lost || undeleted.contains(&name) {
                if matches!(event, Event::Deleted { .. }) {
                    undeleted.push(name);
                }
                continue;
            }
            replay(&mut files, event, fate, &mut chance);
        }
        DiskImage(files)
    }

    /// How many of the first events are certain, by file.
    fn covered(&self, boundary: SyncBoundary) -> BTreeMap<&Arc<str>, usize> {
        let mut covered: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        let mut cover = |file, up_to: usize| {
            let most = covered.entry(file).or_insert(0);
            *most = up_to.max(*most);
        };
        for (n, event) in self.0.events[..=boundary.synced].iter().enumerate() {
            match event {
                Event::Synced { file, covered, deletions_covered } => {
                    cover(file, *covered);
                    self.deletions(*deletions_covered).for_each(|(n, deleted)| cover(deleted, n + 1));
                }
                Event::Deleted { file, is_durable: true } => cover(file, n + 1),
                Event::Deleted { is_durable: false, .. }
                | Event::Written { .. }
                | Event::Truncated { .. }
                | Event::Acknowledged(_) => {}
            }
        }
        covered
    }

    /// Those among the first `count` events.
    fn deletions(&self, count: usize) -> impl Iterator<Item = (usize, &Arc<str>)> {
        self.0.events[..count].iter().enumerate().filter_map(|(n, event)| match event {
            Event::Deleted { file, .. } => Some((n, file)),
            _ => None,
        })
    }
}

fn replay(files: &mut BTreeMap<Arc<str>, Vec<u8>>, event: &Event, fate: Fate, chance: &mut Chance) {
    match event {
        Event::Written { file, offset, bytes } => {
            let content = files.entry(file.clone()).or_default();
            let ranges = match fate {
                Fate::Torn => chance.sectors(*offset, bytes.len()),
                Fate::Kept | Fate::Lost => std::iter::once(0..bytes.len()).collect(),
            };
            for range in ranges {
                let start = *offset as usize + range.start;
                let end = *offset as usize + range.end;
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[start..end].copy_from_slice(&bytes[range]);
            }
        }
        Event::Truncated { file, size } => files.entry(file.clone()).or_default().truncate(*size as usize),
        Event::Deleted { file, .. } => {
            files.remove(file);
        }
        Event::Synced { .. } | Event::Acknowledged(_) => {}
    }
}

impl DiskImage {
    /// Puts the files into a folder.
    pub fn write_to(&self, folder: &Path) -> std::io::Result<()> {
        self.0.iter().try_for_each(|(name, content)| std::fs::write(folder.join(&**name), content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(file: &str, offset: u64, bytes: &[u8]) -> Event {
        Event::Written { file: file.into(), offset, bytes: bytes.into() }
    }

    fn synced(file: &str, covered: usize) -> Event {
        Event::Synced { file: file.into(), covered, deletions_covered: 0 }
    }

    fn files(events: &[Event], boundary: usize, tail: Tail) -> Vec<(String, Vec<u8>)> {
        let recording = Recording(Entries { initial: BTreeMap::new(), events: events.to_vec() });
        let boundary = recording.sync_boundaries()[boundary];
        let files = recording.files_as_of(boundary, tail).0;
        files.into_iter().map(|(name, content)| (name.to_string(), content)).collect()
    }

    #[test]
    fn a_sync_covers_its_own_file_only() {
        let events = [written("a", 0, b"a"), written("b", 0, b"b"), synced("a", 2)];
        assert_eq!(files(&events, 0, Tail::Lost), [("a".to_owned(), b"a".to_vec())]);
        assert_eq!(files(&events, 0, Tail::Kept).len(), 2);
    }

    #[test]
    fn a_sync_covers_what_was_written_before_it_began() {
        let events = [written("a", 0, b"1"), written("a", 1, b"2"), synced("a", 1), written("a", 2, b"3")];
        assert_eq!(files(&events, 0, Tail::Lost), [("a".to_owned(), b"1".to_vec())]);
        assert_eq!(files(&events, 0, Tail::Kept), [("a".to_owned(), b"123".to_vec())]);
    }

    #[test]
    fn nothing_reaches_a_new_file_whose_predecessor_is_still_there() {
        let deleted = Event::Deleted { file: "a".into(), is_durable: false };
        let events = [written("a", 0, b"old"), synced("a", 1), deleted, written("a", 0, b"n")];
        assert_eq!(files(&events, 0, Tail::Lost), [("a".to_owned(), b"old".to_vec())]);
        assert_eq!(files(&events, 0, Tail::Kept), [("a".to_owned(), b"n".to_vec())]);
    }

    #[test]
    fn a_sync_of_the_folder_makes_deletions_certain() {
        let deleted = Event::Deleted { file: "a".into(), is_durable: false };
        let folder = Event::Synced { file: "b".into(), covered: 3, deletions_covered: 3 };
        let events = [written("a", 0, b"old"), synced("a", 1), deleted, folder];
        assert_eq!(files(&events, 0, Tail::Lost).len(), 1);
        assert_eq!(files(&events, 1, Tail::Lost), []);
    }

    #[test]
    fn acknowledged_is_what_came_before_the_next_sync() {
        let events = vec![
            Event::Acknowledged(1),
            synced("a", 0),
            Event::Acknowledged(2),
            synced("a", 0),
            Event::Acknowledged(3),
        ];
        let recording = Recording(Entries { initial: BTreeMap::new(), events });
        let boundaries = recording.sync_boundaries();
        assert_eq!(recording.acknowledged_by(boundaries[0]), [1, 2]);
        assert_eq!(recording.acknowledged_by(boundaries[1]), [1, 2, 3]);
    }
}
