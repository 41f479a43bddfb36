//! What a batch was decided on against what is stored: revisions and lock epochs, walked in the order of units.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use engine::{ChangeSet, RevisionCheck, TableChange};
use types::Uuid;

use super::array::ArrayColumn;
use super::plan::{SetStatement, is_ended, revision_after};
use super::texts::TEXTS;

/// The rows that a batch was decided on, as it expects them to be stored. Sorted, as locks are taken.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Revisions of process instances.
    roots: BTreeMap<Uuid, i64>,
    /// Of tasks that aggregates without a process are named after.
    tasks: BTreeMap<Uuid, i64>,
    /// Lock epochs.
    external_tasks: BTreeMap<Uuid, i64>,
    /// With their owners.
    jobs: BTreeMap<Uuid, Arc<str>>,
    /// What the batch itself has made or changed so far: its number follows from that.
    settled: HashSet<Uuid>,
}

impl Wanted {
    pub fn add(&mut self, change_set: &ChangeSet) {
        let root = change_set.root_process_instance_id.0;
        for guard in change_set.guards.iter().filter(|guard| !self.settled.contains(&guard.id.0)) {
            self.external_tasks.entry(guard.id.0).or_insert(number(guard.lock_epoch));
        }
        match change_set.revision {
            RevisionCheck::Bump { expected } if !self.settled.contains(&root) => {
                self.roots.entry(root).or_insert(number(expected));
            }
            RevisionCheck::BumpTask { expected } if !self.settled.contains(&root) => {
                self.tasks.entry(root).or_insert(number(expected));
            }
            RevisionCheck::New => {
                self.settled.insert(root);
            }
            RevisionCheck::Bump { .. } | RevisionCheck::BumpTask { .. } | RevisionCheck::Untouched => {}
        }
        self.jobs.extend(change_set.job.iter().map(|guard| (guard.id.0, guard.owner.clone())));
        let changed = change_set.external_tasks.iter().map(|change| match change {
            TableChange::Insert(task) | TableChange::Update(task) => task.id.0,
            TableChange::Delete(id) => id.0,
        });
        self.settled.extend(changed.filter(|id| !self.external_tasks.contains_key(id)));
    }

    /// Each fails where something is not as expected, and locks what is.
    pub fn push_checks(&self, statements: &mut Vec<SetStatement>) {
        let numbered = [
            (&TEXTS.check_revisions, &self.roots),
            (&TEXTS.check_task_revisions, &self.tasks),
            (&TEXTS.check_epochs, &self.external_tasks),
        ];
        for (text, expected) in numbered.into_iter().filter(|(_, expected)| !expected.is_empty()) {
            let numbers = ArrayColumn::of_integers(expected.values().copied());
            let columns = vec![ArrayColumn::of_ids(expected.keys().copied()), numbers];
            statements.push(SetStatement { text, columns, rows_expected: None });
        }
        if !self.jobs.is_empty() {
            statements.push(self.on_jobs(TEXTS.check_jobs));
        }
    }

    /// What is stored of roots, tasks, external tasks and jobs, locked. An aggregate is locked before its external tasks,
    /// everywhere.
    pub fn looks(&self) -> [Option<SetStatement>; 4] {
        let look = |text, rows: &BTreeMap<Uuid, i64>| {
            let columns = vec![ArrayColumn::of_ids(rows.keys().copied())];
            (!rows.is_empty()).then_some(SetStatement { text, columns, rows_expected: None })
        };
        [
            look(TEXTS.lock_revisions, &self.roots),
            look(TEXTS.lock_task_revisions, &self.tasks),
            look(TEXTS.lock_epochs, &self.external_tasks),
            (!self.jobs.is_empty()).then(|| self.on_jobs(TEXTS.lock_jobs)),
        ]
    }

    fn on_jobs(&self, text: &'static str) -> SetStatement {
        let owners = ArrayColumn::of_texts(self.jobs.values().map(|owner| &**owner));
        let columns = vec![ArrayColumn::of_ids(self.jobs.keys().copied()), owners];
        SetStatement { text, columns, rows_expected: None }
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

    /// As if all was stored as expected.
    pub fn expected(wanted: &Wanted) -> Numbers {
        let revisions = wanted.roots.iter().chain(&wanted.tasks).map(|(id, revision)| (*id, *revision));
        let epochs = wanted.external_tasks.iter().map(|(id, epoch)| (*id, *epoch));
        Numbers::new(revisions.collect(), epochs.collect(), wanted.jobs.keys().map(|id| (*id, 0)).collect())
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

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
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

    #[test]
    fn what_a_batch_makes_itself_is_not_asked_of_the_database() {
        let unit = |root, revision| ChangeSet::new(ProcessInstanceId(Uuid(root)), revision);
        let mut wanted = Wanted::default();
        wanted.add(&unit(1, RevisionCheck::New));
        wanted.add(&unit(1, RevisionCheck::Bump { expected: 1 }));
        wanted.add(&unit(2, RevisionCheck::Bump { expected: 7 }));
        wanted.add(&unit(2, RevisionCheck::Bump { expected: 8 }));
        assert_eq!(wanted.roots, BTreeMap::from([(Uuid(2), 7)]), "the second one follows from the first");
        let mut numbers = Numbers::expected(&wanted);
        assert!([7, 8].into_iter().all(|expected| numbers.admit(&[unit(2, RevisionCheck::Bump { expected })])));
        assert!(!numbers.admit(&[unit(2, RevisionCheck::Bump { expected: 8 })]), "it is 9 by now");
    }
}
