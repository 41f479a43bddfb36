//! What a batch was decided on against what is stored: revisions and lock epochs, walked in the order of units.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use engine::{ChangeSet, RevisionCheck, TableChange};
use types::Uuid;

use super::plan::{is_ended, revision_after};

/// The rows that a batch has to look at before it is written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Sorted, as locks are taken.
    pub roots: BTreeSet<Uuid>,
    /// Those that aggregates without a process are named after.
    pub tasks: BTreeSet<Uuid>,
    pub external_tasks: BTreeSet<Uuid>,
    /// With their owners.
    pub jobs: BTreeMap<Uuid, Arc<str>>,
}

impl Wanted {
    pub fn add(&mut self, change_set: &ChangeSet) {
        let root = change_set.root_process_instance_id.0;
        match change_set.revision {
            RevisionCheck::Bump { .. } => {
                self.roots.insert(root);
            }
            RevisionCheck::BumpTask { .. } => {
                self.tasks.insert(root);
            }
            RevisionCheck::New | RevisionCheck::Untouched => {}
        }
        self.external_tasks.extend(change_set.guards.iter().map(|guard| guard.id.0));
        self.jobs.extend(change_set.job.iter().map(|guard| (guard.id.0, guard.owner.clone())));
    }

    pub fn is_empty(&self) -> bool {
        self.roots.is_empty() && self.tasks.is_empty() && self.external_tasks.is_empty() && self.jobs.is_empty()
    }
}

/// Numbers as they will be once the units so far are written. What is not here is not stored.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Of process instances, and of tasks that stand for an aggregate.
    revisions: HashMap<Uuid, i64>,
    epochs: HashMap<Uuid, i64>,
    /// Those of the wanted jobs that no other node has locked.
    jobs: HashMap<Uuid, i64>,
    /// What to put back if the unit does not fit.
    undo: Vec<Undo>,
    /// Aggregates of units that did not fit. A later one was decided on such a unit; it could fit by chance, where
    /// another node has moved the revision by as much.
    missed: BTreeSet<Uuid>,
}

#[derive(Debug)]
enum Undo {
    Revision(Uuid, Option<i64>),
    Epoch(Uuid, Option<i64>),
}

impl Numbers {
    pub fn new(revisions: HashMap<Uuid, i64>, epochs: HashMap<Uuid, i64>, jobs: HashMap<Uuid, i64>) -> Numbers {
        Numbers { revisions, epochs, jobs, undo: Vec::new(), missed: BTreeSet::new() }
    }

    /// Whether a unit fits. If so, the next one is looked at as its successor.
    pub fn admit(&mut self, unit: &[ChangeSet]) -> bool {
        self.undo.clear();
        let old = |change_set: &&ChangeSet| change_set.revision != RevisionCheck::New;
        let roots = || unit.iter().filter(old).map(|change_set| change_set.root_process_instance_id.0);
        let is_built_on_missed = roots().any(|root| self.missed.contains(&root));
        if !is_built_on_missed && unit.iter().all(|change_set| self.admit_one(change_set)) {
            return true;
        }
        self.missed.extend(roots());
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Revision(id, before) => put(&mut self.revisions, id, before),
                Undo::Epoch(id, before) => put(&mut self.epochs, id, before),
            };
        }
        false
    }

    fn admit_one(&mut self, change_set: &ChangeSet) -> bool {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let holds = |guard: &engine::ExternalTaskGuard| self.epochs.get(&guard.id.0) == Some(&number(guard.lock_epoch));
        let is_ours = change_set.job.as_ref().is_none_or(|guard| self.jobs.contains_key(&guard.id.0));
        if !is_ours || !change_set.guards.iter().all(holds) {
            return false;
        }
        let root = change_set.root_process_instance_id.0;
        match change_set.revision {
            RevisionCheck::Bump { expected } | RevisionCheck::BumpTask { expected } => {
                if self.revisions.get(&root) != Some(&number(expected)) {
                    return false;
                }
                let after = (!is_ended(change_set)).then(|| revision_after(expected));
                self.set_revision(root, after);
            }
            RevisionCheck::New => {
                for change in &change_set.process_instances {
                    if let TableChange::Insert(instance) = change
                        && instance.id.0 == root
                    {
                        self.set_revision(root, Some(number(instance.revision)));
                    }
                }
                for change in &change_set.tasks {
                    if let TableChange::Insert(task) = change
                        && task.id.0 == root
                    {
                        self.set_revision(root, Some(number(task.revision)));
                    }
                }
            }
            RevisionCheck::Untouched => {}
        }
        for change in &change_set.external_tasks {
            match change {
                TableChange::Insert(task) | TableChange::Update(task) => {
                    self.set_epoch(task.id.0, Some(number(task.lock_epoch)));
                }
                TableChange::Delete(id) => self.set_epoch(id.0, None),
            }
        }
        true
    }

    fn set_revision(&mut self, id: Uuid, after: Option<i64>) {
        let before = put(&mut self.revisions, id, after);
        self.undo.push(Undo::Revision(id, before));
    }

    fn set_epoch(&mut self, id: Uuid, after: Option<i64>) {
        let before = put(&mut self.epochs, id, after);
        self.undo.push(Undo::Epoch(id, before));
    }
}

fn put(numbers: &mut HashMap<Uuid, i64>, id: Uuid, value: Option<i64>) -> Option<i64> {
    match value {
        Some(value) => numbers.insert(id, value),
        None => numbers.remove(&id),
    }
}

#[cfg(test)]
mod tests {
    use types::ProcessInstanceId;

    use super::*;

    #[test]
    fn a_unit_decided_on_one_that_does_not_fit_does_not_fit_either() {
        let root = Uuid(1);
        let unit = |expected| [ChangeSet::new(ProcessInstanceId(root), RevisionCheck::Bump { expected })];
        // Another node has moved the revision from 0 to 1 in the meantime.
        let mut numbers = Numbers::new(HashMap::from([(root, 1)]), HashMap::new(), HashMap::new());
        assert!(!numbers.admit(&unit(0)));
        assert!(!numbers.admit(&unit(1)), "it expects the revision that the first one would have left");
    }
}
