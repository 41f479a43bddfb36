//! The lanes there are: those in use, and idle ones whose state is kept within a budget.
//!
//! A lane that is in use is never given up, so that one aggregate never has two of them. An aggregate that has ended
//! leaves at once. Also here: which aggregate something belongs to whose id does not say so (ADR 0020), as far as that was
//! seen lately.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use engine::record::{ExternalTask, ProcessInstance};
use engine::{ChangeSet, TableChange};
use store::{ClaimVariables, LocatedBy, NamedValues};
use types::{ProcessInstanceId, Uuid};

use crate::lane::Lane;

/// An entry for an aggregate takes about this much besides its rows.
const SLOT_BYTES: usize = 500;
/// Places that the newer half of the root index holds before the older half is dropped.
const ROOT_INDEX_HALF_MAX: usize = 30_000;

#[derive(Debug)]
pub(crate) struct Lanes {
    slots: Mutex<Slots>,
    roots: Mutex<RootIndex>,
    budget_bytes: usize,
}

#[derive(Debug, Default)]
struct Slots {
    by_root: HashMap<ProcessInstanceId, Slot>,
    /// Those not in use, the longest unused first.
    idle: BTreeMap<u64, ProcessInstanceId>,
    idle_bytes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Slot {
    lane: Arc<Lane>,
    pins: usize,
    /// When its last use ended, and what it weighed then.
    idle: Option<(u64, usize)>,
}

/// A use of a lane.
#[derive(Debug)]
pub(crate) struct Pin {
    lanes: Arc<Lanes>,
    lane: Arc<Lane>,
}

/// The aggregates of called instances, user tasks and jobs. They change only as called instances lose their callers;
/// tasks that stand alone are not kept here. So entries need not be removed: two halves take turns.
#[derive(Debug, Default)]
struct RootIndex {
    newer: HashMap<Uuid, ProcessInstanceId>,
    older: HashMap<Uuid, ProcessInstanceId>,
}

impl Lanes {
    pub(crate) fn new(budget_bytes: usize) -> Lanes {
        Lanes { slots: Mutex::default(), roots: Mutex::default(), budget_bytes }
    }

    pub(crate) fn pin(self: &Arc<Self>, root: ProcessInstanceId) -> Pin {
        self.pin_or(root, Lane::new)
    }

    /// For an aggregate that is about to be created.
    pub(crate) fn pin_new(self: &Arc<Self>, root: ProcessInstanceId) -> Pin {
        self.pin_or(root, Lane::new_empty)
    }

    fn pin_or(self: &Arc<Self>, root: ProcessInstanceId, make: fn(ProcessInstanceId) -> Lane) -> Pin {
        let mut slots = self.lock();
        slots.by_root.entry(root).or_insert_with(|| Slot { lane: Arc::new(make(root)), pins: 0, idle: None });
        let lane = slots.pin(root).expect("the slot was just made sure of");
        Pin { lanes: self.clone(), lane }
    }

    /// The lane of a root, if there is one now.
    pub(crate) fn existing(self: &Arc<Self>, root: ProcessInstanceId) -> Option<Pin> {
        let lane = self.lock().pin(root)?;
        Some(Pin { lanes: self.clone(), lane })
    }

    pub(crate) fn all(self: &Arc<Self>) -> Vec<Pin> {
        let mut roots: Vec<ProcessInstanceId> = self.lock().by_root.keys().copied().collect();
        roots.sort_unstable();
        roots.into_iter().filter_map(|root| self.existing(root)).collect()
    }

    fn unpin(&self, lane: &Lane) {
        let mut slots = self.lock();
        let Some(slot) = slots.by_root.get_mut(&lane.root) else { return };
        slot.pins -= 1;
        if slot.pins > 0 {
            return;
        }
        let Some(rows_bytes) = lane.lock().weight() else {
            slots.by_root.remove(&lane.root);
            return;
        };
        let bytes = rows_bytes + SLOT_BYTES;
        slots.uses += 1;
        let now = slots.uses;
        if let Some(slot) = slots.by_root.get_mut(&lane.root) {
            slot.idle = Some((now, bytes));
        }
        slots.idle.insert(now, lane.root);
        slots.idle_bytes += bytes;
        slots.shrink_to(self.budget_bytes);
    }

    /// The aggregate of something, as far as it is known here.
    pub(crate) fn root_of(&self, by: LocatedBy) -> Option<ProcessInstanceId> {
        let Some(instance) = by.process_instance() else { return self.lock_roots().get(by.uuid()) };
        let noted = self.lock_roots().get(instance.0);
        noted.or_else(|| self.lock().by_root.contains_key(&instance).then_some(instance))
    }

    pub(crate) fn note_root(&self, by: LocatedBy, root: ProcessInstanceId) {
        match by {
            LocatedBy::ProcessInstance(_) | LocatedBy::Execution(_) | LocatedBy::ExternalTask(_) => {
                if let Some(called) = by.process_instance().filter(|instance| *instance != root) {
                    self.lock_roots().insert(called.0, root);
                }
            }
            LocatedBy::Job(id) => self.lock_roots().insert(id.0, root),
            // One that stands alone may move to another aggregate.
            LocatedBy::Task(_) => {}
        }
    }

    /// Of an aggregate that was split off.
    pub(crate) fn note_detached(&self, change_set: &ChangeSet) {
        let root = change_set.root_process_instance_id;
        self.lock_roots().insert(root.0, root);
        self.note_roots(change_set);
    }

    /// Notes the called instances, tasks and jobs that a change set creates.
    pub(crate) fn note_roots(&self, change_set: &ChangeSet) {
        let root = change_set.root_process_instance_id;
        let is_root =
            |change: &TableChange<ProcessInstance>| !matches!(change, TableChange::Insert(row) if row.id != root);
        let has_none = change_set.process_instances.iter().all(is_root);
        if has_none && change_set.tasks.is_empty() && change_set.jobs.is_empty() {
            return;
        }
        let mut index = self.lock_roots();
        for change in &change_set.process_instances {
            if let TableChange::Insert(instance) = change
                && instance.id != root
            {
                index.insert(instance.id.0, root);
            }
        }
        for change in &change_set.tasks {
            if let TableChange::Insert(task) = change
                && task.place.is_some()
            {
                index.insert(task.id.0, root);
            }
        }
        for change in &change_set.jobs {
            if let TableChange::Insert(job) = change
                && job.process_instance_id.is_some()
            {
                index.insert(job.id.0, root);
            }
        }
    }

    /// What comes with a task, as far as it is in memory as it is stored.
    pub(crate) fn stored_variables(&self, task: &ExternalTask, wanted: &ClaimVariables) -> Option<NamedValues> {
        let lane = self.lock().by_root.get(&task.root_process_instance_id)?.lane.clone();
        lane.stored_variables(task, wanted)
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().expect("no holder of this lock panics")
    }

    fn lock_roots(&self) -> MutexGuard<'_, RootIndex> {
        self.roots.lock().expect("no holder of this lock panics")
    }
}

impl Slots {
    fn pin(&mut self, root: ProcessInstanceId) -> Option<Arc<Lane>> {
        let slot = self.by_root.get_mut(&root)?;
        slot.pins += 1;
        if let Some((since, bytes)) = slot.idle.take() {
            self.idle.remove(&since);
            self.idle_bytes -= bytes;
        }
        Some(slot.lane.clone())
    }

    fn shrink_to(&mut self, budget_bytes: usize) {
        while self.idle_bytes > budget_bytes
            && let Some((_, root)) = self.idle.pop_first()
            && let Some(slot) = self.by_root.remove(&root)
        {
            self.idle_bytes -= slot.idle.map_or(0, |(_, bytes)| bytes);
        }
    }
}

impl RootIndex {
    fn get(&mut self, id: Uuid) -> Option<ProcessInstanceId> {
        if let Some(root) = self.newer.get(&id) {
            return Some(*root);
        }
        let root = self.older.remove(&id)?;
        self.insert(id, root);
        Some(root)
    }

    fn insert(&mut self, id: Uuid, root: ProcessInstanceId) {
        if self.newer.len() >= ROOT_INDEX_HALF_MAX {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(id, root);
    }
}

impl std::ops::Deref for Pin {
    type Target = Lane;

    fn deref(&self) -> &Lane {
        &self.lane
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.lanes.unpin(&self.lane);
    }
}
