//! Rows as a store holds them: change sets applied to plain maps.

use std::collections::BTreeMap;

use engine::record::{
    EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Record, Task, VariableInstance,
};
use engine::{ChangeSet, RevisionCheck, Snapshot, TableChange};
use types::TaskId;

#[derive(Clone, Debug, Default)]
pub struct Tables {
    process_instances: BTreeMap<<ProcessInstance as Record>::Id, ProcessInstance>,
    executions: BTreeMap<<Execution as Record>::Id, Execution>,
    external_tasks: BTreeMap<<ExternalTask as Record>::Id, ExternalTask>,
    tasks: BTreeMap<<Task as Record>::Id, Task>,
    variables: BTreeMap<<VariableInstance as Record>::Id, VariableInstance>,
    jobs: BTreeMap<<Job as Record>::Id, Job>,
    event_subscriptions: BTreeMap<<EventSubscription as Record>::Id, EventSubscription>,
    incidents: BTreeMap<<Incident as Record>::Id, Incident>,
}

impl Tables {
    /// Panics where a store would refuse.
    pub fn apply(&mut self, change_set: &ChangeSet) {
        for guard in &change_set.guards {
            let task = self.external_tasks.get(&guard.id).expect("a guarded task is stored");
            assert_eq!(task.lock_epoch, guard.lock_epoch, "the guard of {:?}", guard.id);
        }
        self.check_revision(change_set);
        apply(&mut self.process_instances, &change_set.process_instances);
        apply(&mut self.executions, &change_set.executions);
        apply(&mut self.external_tasks, &change_set.external_tasks);
        apply(&mut self.tasks, &change_set.tasks);
        apply(&mut self.variables, &change_set.variables);
        apply(&mut self.jobs, &change_set.jobs);
        apply(&mut self.event_subscriptions, &change_set.event_subscriptions);
        apply(&mut self.incidents, &change_set.incidents);
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            process_instances: self.process_instances.values().cloned().collect(),
            executions: self.executions.values().cloned().collect(),
            external_tasks: self.external_tasks.values().cloned().collect(),
            tasks: self.tasks.values().cloned().collect(),
            variables: self.variables.values().cloned().collect(),
            jobs: self.jobs.values().cloned().collect(),
            event_subscriptions: self.event_subscriptions.values().cloned().collect(),
            incidents: self.incidents.values().cloned().collect(),
        }
    }

    fn check_revision(&mut self, change_set: &ChangeSet) {
        let root = self.process_instances.get_mut(&change_set.root_process_instance_id);
        match change_set.revision {
            RevisionCheck::New => assert!(root.is_none(), "a new aggregate is not there yet"),
            RevisionCheck::Bump { expected } => {
                let root = root.expect("the root of a known aggregate is stored");
                assert_eq!(root.revision, expected, "the revision of the aggregate");
                root.revision += 1;
                root.next_number = change_set.next_number.unwrap_or(root.next_number);
            }
            RevisionCheck::BumpTask { expected } => {
                let root = self.tasks.get_mut(&TaskId(change_set.root_process_instance_id.0));
                let root = root.expect("the root of a known aggregate is stored");
                assert_eq!(root.revision, expected, "the revision of the aggregate");
                root.revision += 1;
            }
            RevisionCheck::Untouched => {
                let others = change_set.process_instances.len()
                    + change_set.executions.len()
                    + change_set.tasks.len()
                    + change_set.variables.len()
                    + change_set.jobs.len()
                    + change_set.event_subscriptions.len()
                    + change_set.incidents.len()
                    + change_set.history.len();
                assert_eq!(others, 0, "a change set without revision touches external tasks alone");
            }
        }
    }
}

fn apply<R: Record>(rows: &mut BTreeMap<R::Id, R>, changes: &[TableChange<R>]) {
    for change in changes {
        match change {
            TableChange::Insert(row) => {
                assert!(rows.insert(row.id(), R::clone(row)).is_none(), "inserted twice: {row:?}");
            }
            TableChange::Update(row) => {
                let before = rows.insert(row.id(), R::clone(row));
                assert!(before.is_some(), "updated what is not stored: {row:?}");
                assert_ne!(before.as_ref(), Some(&**row), "an update changes something");
            }
            TableChange::Delete(id) => assert!(rows.remove(id).is_some(), "deleted what is not stored: {id:?}"),
        }
    }
}
