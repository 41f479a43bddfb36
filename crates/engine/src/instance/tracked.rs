//! A table that remembers what the running command changed.
//!
//! The first change of a row keeps its before-image; `take_changes` compares only those, `roll_back` puts them back.
//! Both cost what the command touched, not what the table holds. Rows are shared with before-images and change sets and
//! copied when they change, so that the maps stay small and an unchanged row is never copied.

use std::sync::Arc;

use crate::change::TableChange;

use super::index::{IndexedRecord, MinimumId};
use super::ordered::OrderedMap;

#[derive(Debug)]
pub struct Tracked<R: IndexedRecord> {
    rows: OrderedMap<R::Id, Arc<R>>,
    index: OrderedMap<(R::Key, R::Id), ()>,
    /// Before-images; `None` for a row that did not exist.
    touched: OrderedMap<R::Id, Option<Arc<R>>>,
}

impl<R: IndexedRecord> Default for Tracked<R> {
    fn default() -> Self {
        Tracked { rows: OrderedMap::default(), index: OrderedMap::default(), touched: OrderedMap::default() }
    }
}

impl<R: IndexedRecord> Tracked<R> {
    /// Rows that are stored already.
    pub fn from_rows(rows: Vec<R>) -> Self {
        let mut table = Tracked::default();
        for row in rows {
            table.put(Arc::new(row));
        }
        table
    }

    pub fn get(&self, id: R::Id) -> Option<&R> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// In the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.iter().map(|(_, row)| row.as_ref())
    }

    /// The rows under a key, in the order of their ids.
    pub fn by_key(&self, key: R::Key) -> impl Iterator<Item = &R> {
        self.index
            .iter_from((key.clone(), R::Id::MINIMUM))
            .map(|(entry, ())| entry)
            .take_while(move |(found, _)| *found == key)
            .map(|(_, id)| self.get(*id).expect("the index names rows of the table"))
    }

    /// The rows with keys from `key` on, in the order of the keys.
    pub fn from_key(&self, key: R::Key) -> impl Iterator<Item = &R> {
        self.index
            .iter_from((key, R::Id::MINIMUM))
            .map(|((_, id), ())| self.get(*id).expect("the index names rows of the table"))
    }

    pub fn insert(&mut self, row: R) {
        let id = row.id();
        debug_assert!(self.rows.get(&id).is_none(), "{id:?} is in the table already");
        self.touched.insert_if_vacant(id, || None);
        self.put(Arc::new(row));
    }

    /// Changes the row in place; nothing happens where there is none.
    pub fn update(&mut self, id: R::Id, change: impl FnOnce(&mut R)) {
        let Some(row) = self.rows.get_mut(&id) else { return };
        let old_keys = row.keys();
        self.touched.insert_if_vacant(id, || Some(row.clone()));
        let row = Arc::make_mut(row);
        change(row);
        debug_assert_eq!(row.id(), id, "a row keeps its id");
        let new_keys = row.keys();
        if old_keys != new_keys {
            for key in old_keys.into_iter().flatten() {
                self.index.remove(&(key, id));
            }
            for key in new_keys.into_iter().flatten() {
                self.index.insert((key, id), ());
            }
        }
    }

    pub fn remove(&mut self, id: R::Id) -> Option<Arc<R>> {
        let row = self.drop_row(id)?;
        self.touched.insert_if_vacant(id, || Some(row.clone()));
        Some(row)
    }

    /// The touched rows with their before-images, in the order of their ids; equal ones are left out.
    pub fn changed(&self) -> impl Iterator<Item = (Option<&R>, Option<&R>)> {
        let touched = self.touched.iter().map(|(id, before)| (before.as_ref(), self.rows.get(id)));
        touched
            .filter(|(before, after)| match (before, after) {
                (Some(before), Some(after)) => differ(before, after),
                (before, after) => before.is_some() || after.is_some(),
            })
            .map(|(before, after)| (before.map(Arc::as_ref), after.map(Arc::as_ref)))
    }

    /// The row as it was before the command.
    pub fn before(&self, id: R::Id) -> Option<&R> {
        match self.touched.get(&id) {
            Some(before) => before.as_deref(),
            None => self.get(id),
        }
    }

    pub fn has_changed(&self) -> bool {
        self.changed().next().is_some()
    }

    /// What changed since the last call, as a store applies it; from now on it counts as stored.
    pub fn take_changes(&mut self) -> Vec<TableChange<R>> {
        let touched = std::mem::take(&mut self.touched);
        touched
            .into_iter()
            .filter_map(|(id, before)| match (before, self.rows.get(&id)) {
                (None, Some(row)) => Some(TableChange::Insert(row.clone())),
                (Some(before), Some(row)) if differ(&before, row) => Some(TableChange::Update(row.clone())),
                (Some(_), None) => Some(TableChange::Delete(id)),
                (Some(_), Some(_)) | (None, None) => None,
            })
            .collect()
    }

    /// Back to what is stored.
    pub fn roll_back(&mut self) {
        for (id, before) in std::mem::take(&mut self.touched) {
            self.drop_row(id);
            if let Some(row) = before {
                self.put(row);
            }
        }
    }

    /// Changes a row without a trace, for what a store keeps by itself.
    pub(super) fn amend(&mut self, id: R::Id, change: impl FnOnce(&mut R)) {
        if let Some(row) = self.rows.get_mut(&id) {
            change(Arc::make_mut(row));
        }
        if let Some(Some(before)) = self.touched.get(&id) {
            debug_assert_eq!(before.id(), id, "a row keeps its id");
        }
    }

    fn put(&mut self, row: Arc<R>) {
        let id = row.id();
        for key in row.keys().into_iter().flatten() {
            self.index.insert((key, id), ());
        }
        self.rows.insert(id, row);
    }

    fn drop_row(&mut self, id: R::Id) -> Option<Arc<R>> {
        let row = self.rows.remove(&id)?;
        for key in row.keys().into_iter().flatten() {
            self.index.remove(&(key, id));
        }
        Some(row)
    }
}

fn differ<R: PartialEq>(before: &Arc<R>, after: &Arc<R>) -> bool {
    !Arc::ptr_eq(before, after) && before != after
}
