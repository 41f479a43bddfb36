//! Called instances that outlive their callers: each becomes the root of an aggregate of its own, with all that it has
//! called. Its rows leave the aggregate and come back, under the new root, in a change set beside that of the command.

use std::collections::BTreeSet;
use std::sync::Arc;

use types::{ExecutionId, ProcessInstanceId, TaskId};

use crate::behavior::user_task;
use crate::change::{ChangeSet, RevisionCheck, TableChange};
use crate::instance::{Aggregate, IndexedRecord, Tracked};
use crate::record::Task;
use crate::turn::Turn;

/// Takes what an instance has called away from it.
pub(crate) fn detach_called(turn: &mut Turn<'_, '_>, caller: ProcessInstanceId) {
    let is_of_caller = |execution: ExecutionId| turn.execution(execution).process_instance_id == caller;
    let called =
        turn.aggregate.process_instances().filter(|instance| instance.super_execution_id.is_some_and(is_of_caller));
    let called: Vec<ProcessInstanceId> = called.map(|instance| instance.id).collect();
    turn.keep_numbers_of_called();
    for root in called {
        let detached = take_out(turn.aggregate, root);
        turn.detached.push(detached);
        turn.history.process_instance_detached(root);
    }
}

fn take_out(aggregate: &mut Aggregate, root: ProcessInstanceId) -> ChangeSet {
    let members = with_called(aggregate, root);
    let tasks = with_parts(aggregate, &members);
    // Later than all that has happened: the order of activity starts goes on.
    let revision = aggregate.revision() + 1;
    let mut change_set = ChangeSet::new(root, RevisionCheck::New);
    change_set.process_instances = taken(
        &mut aggregate.process_instances,
        |row| members.contains(&row.id),
        |row| {
            row.root_process_instance_id = root;
            if row.id == root {
                row.super_execution_id = None;
                row.revision = revision;
            }
        },
    );
    change_set.executions = taken(&mut aggregate.executions, |row| members.contains(&row.process_instance_id), |_| {});
    change_set.external_tasks = taken(
        &mut aggregate.external_tasks,
        |row| members.contains(&row.process_instance_id),
        |row| row.root_process_instance_id = root,
    );
    change_set.tasks =
        taken(&mut aggregate.tasks, |row| tasks.contains(&row.id), |row| row.root_process_instance_id = root);
    change_set.variables = taken(
        &mut aggregate.variables,
        |row| match &row.place {
            Some(place) => members.contains(&place.process_instance_id),
            None => row.task_id.is_some_and(|task| tasks.contains(&task)),
        },
        |_| {},
    );
    change_set.jobs = taken(
        &mut aggregate.jobs,
        |row| row.process_instance_id.is_some_and(|id| members.contains(&id)),
        |row| row.root_process_instance_id = Some(root),
    );
    change_set.event_subscriptions =
        taken(&mut aggregate.event_subscriptions, |row| members.contains(&row.process_instance_id), |_| {});
    change_set.incidents =
        taken(&mut aggregate.incidents, |row| row.process_instance_id.is_some_and(|id| members.contains(&id)), |_| {});
    change_set
}

/// An instance and all that it has called, directly or not.
fn with_called(aggregate: &Aggregate, root: ProcessInstanceId) -> BTreeSet<ProcessInstanceId> {
    let mut members = BTreeSet::from([root]);
    let mut open = vec![root];
    while let Some(caller) = open.pop() {
        let executions = aggregate.executions().filter(|execution| execution.process_instance_id == caller);
        let called = executions.flat_map(|execution| aggregate.called_by(execution.id).map(|instance| instance.id));
        for id in called {
            if members.insert(id) {
                open.push(id);
            }
        }
    }
    members
}

/// The tasks of instances and all that stand alone and are parts of them.
fn with_parts(aggregate: &Aggregate, instances: &BTreeSet<ProcessInstanceId>) -> BTreeSet<TaskId> {
    let is_member = |task: &&Task| task.process_instance_id().is_some_and(|id| instances.contains(&id));
    let tasks = aggregate.tasks().filter(is_member);
    tasks.flat_map(|task| user_task::task_tree(aggregate, task.id)).collect()
}

fn taken<R: IndexedRecord>(
    table: &mut Tracked<R>,
    is_member: impl Fn(&R) -> bool,
    adapt: impl Fn(&mut R),
) -> Vec<TableChange<R>> {
    let ids: Vec<R::Id> = table.iter().filter(|row| is_member(row)).map(|row| row.id()).collect();
    let rows = ids.into_iter().filter_map(|id| table.remove(id));
    rows.map(|mut row| {
        adapt(Arc::make_mut(&mut row));
        TableChange::Insert(row)
    })
    .collect()
}
