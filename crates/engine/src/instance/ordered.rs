//! A map in the order of its keys that is small in most aggregates: a sorted list while it has few entries, a tree beyond.

use std::collections::{BTreeMap, btree_map};

/// Entries that a list holds at most. Once it was a tree it stays one.
const LISTED_MAX: usize = 16;

#[derive(Debug)]
pub enum OrderedMap<K, V> {
    Listed(Vec<(K, V)>),
    Tree(BTreeMap<K, V>),
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        OrderedMap::Listed(Vec::new())
    }
}

impl<K: Ord, V> OrderedMap<K, V> {
    pub fn len(&self) -> usize {
        match self {
            OrderedMap::Listed(list) => list.len(),
            OrderedMap::Tree(tree) => tree.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        match self {
            OrderedMap::Listed(list) => Some(&list[place(list, key).ok()?].1),
            OrderedMap::Tree(tree) => tree.get(key),
        }
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match self {
            OrderedMap::Listed(list) => {
                let at = place(list, key).ok()?;
                Some(&mut list[at].1)
            }
            OrderedMap::Tree(tree) => tree.get_mut(key),
        }
    }

    /// Replaces what is under the key.
    pub fn insert(&mut self, key: K, value: V) {
        match self {
            OrderedMap::Listed(list) => match place(list, &key) {
                Ok(at) => list[at].1 = value,
                Err(at) if list.len() < LISTED_MAX => list.insert(at, (key, value)),
                Err(_) => {
                    let mut tree: BTreeMap<K, V> = std::mem::take(list).into_iter().collect();
                    tree.insert(key, value);
                    *self = OrderedMap::Tree(tree);
                }
            },
            OrderedMap::Tree(tree) => drop(tree.insert(key, value)),
        }
    }

    /// Unless there is something under the key.
    pub fn insert_if_vacant(&mut self, key: K, value: impl FnOnce() -> V) {
        if self.get(&key).is_none() {
            self.insert(key, value());
        }
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        match self {
            OrderedMap::Listed(list) => {
                let at = place(list, key).ok()?;
                Some(list.remove(at).1)
            }
            OrderedMap::Tree(tree) => tree.remove(key),
        }
    }

    pub fn iter(&self) -> Iter<'_, K, V> {
        match self {
            OrderedMap::Listed(list) => Iter::Listed(list.iter()),
            OrderedMap::Tree(tree) => Iter::Tree(tree.range(..)),
        }
    }

    /// From a key on.
    pub fn iter_from(&self, key: K) -> Iter<'_, K, V> {
        match self {
            OrderedMap::Listed(list) => Iter::Listed(list[list.partition_point(|(known, _)| *known < key)..].iter()),
            OrderedMap::Tree(tree) => Iter::Tree(tree.range(key..)),
        }
    }
}

fn place<K: Ord, V>(list: &[(K, V)], key: &K) -> Result<usize, usize> {
    list.binary_search_by(|(known, _)| known.cmp(key))
}

/// In the order of the keys.
#[derive(Debug)]
pub enum Iter<'m, K, V> {
    Listed(std::slice::Iter<'m, (K, V)>),
    Tree(btree_map::Range<'m, K, V>),
}

impl<'m, K, V> Iterator for Iter<'m, K, V> {
    type Item = (&'m K, &'m V);

    fn next(&mut self) -> Option<(&'m K, &'m V)> {
        match self {
            Iter::Listed(list) => list.next().map(|(key, value)| (key, value)),
            Iter::Tree(tree) => tree.next(),
        }
    }
}

#[derive(Debug)]
pub enum IntoIter<K, V> {
    Listed(std::vec::IntoIter<(K, V)>),
    Tree(btree_map::IntoIter<K, V>),
}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        match self {
            IntoIter::Listed(list) => list.next(),
            IntoIter::Tree(tree) => tree.next(),
        }
    }
}

impl<K, V> IntoIterator for OrderedMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        match self {
            OrderedMap::Listed(list) => IntoIter::Listed(list.into_iter()),
            OrderedMap::Tree(tree) => IntoIter::Tree(tree.into_iter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps through the numbers below 64 in an order of their own.
    fn scattered() -> impl Iterator<Item = u32> {
        (0..64_u32).map(|n| n * 37 % 64)
    }

    #[test]
    fn it_is_a_map_in_order_however_many_entries_it_has() {
        let (mut map, mut expected) = (OrderedMap::default(), BTreeMap::new());
        let entries = |map: &OrderedMap<u32, u32>| map.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>();
        let check = |map: &OrderedMap<u32, u32>, expected: &BTreeMap<u32, u32>| {
            assert_eq!(entries(map), expected.clone().into_iter().collect::<Vec<_>>());
            assert_eq!((map.len(), map.is_empty()), (expected.len(), expected.is_empty()));
            for key in 0..64 {
                assert_eq!(map.get(&key), expected.get(&key));
                let from: Vec<u32> = map.iter_from(key).map(|(key, _)| *key).collect();
                assert_eq!(from, expected.range(key..).map(|(key, _)| *key).collect::<Vec<_>>());
            }
        };
        check(&map, &expected);
        for key in scattered() {
            map.insert(key, key + 1);
            map.insert_if_vacant(key, || 0);
            map.insert_if_vacant(key / 2, || key);
            expected.insert(key, key + 1);
            expected.entry(key / 2).or_insert(key);
            check(&map, &expected);
        }
        for key in scattered() {
            if let Some(value) = map.get_mut(&key) {
                *value += 1;
            }
            assert_eq!(map.remove(&key), expected.remove(&key).map(|value| value + 1));
            assert_eq!(map.remove(&key), None);
            check(&map, &expected);
        }
    }
}
