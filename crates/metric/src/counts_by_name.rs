//! Counters with a label that users choose, such as a topic. Not for what happens with every request: it takes a lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Names that have a counter of their own; later ones share one.
const NAMES_MAX: usize = 1_000;

/// The name of what all names beyond the limit share.
pub const OTHERS: &str = "(others)";

#[derive(Debug, Default)]
pub struct CountsByName(Mutex<BTreeMap<Arc<str>, u64>>);

impl CountsByName {
    pub fn add(&self, name: &Arc<str>, count: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = counts.get_mut(name) {
            *known += count;
        } else if counts.len() < NAMES_MAX {
            counts.insert(name.clone(), count);
        } else {
            *counts.entry(OTHERS.into()).or_default() += count;
        }
    }

    /// In order of names.
    pub fn read(&self) -> Vec<(Arc<str>, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(name, count)| (name.clone(), *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_limit_share_a_counter() {
        let counts = CountsByName::default();
        for n in 0..NAMES_MAX + 2 {
            counts.add(&format!("topic-{n:05}").into(), 1);
        }
        counts.add(&"topic-00000".into(), 2);
        let read = counts.read();
        assert_eq!(read.len(), NAMES_MAX + 1);
        assert!(read.contains(&(OTHERS.into(), 2)) && read.contains(&("topic-00000".into(), 3)));
    }
}
