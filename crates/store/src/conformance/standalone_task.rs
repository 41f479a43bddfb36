//! Tasks that stand alone: aggregates without a process, and parts of tasks in one.

use std::sync::Arc;

use engine::record::{Task, VariableInstance};
use engine::{ChangeSet, RevisionCheck, TableChange};
use types::{ProcessInstanceId, TaskId, VariableInstanceId, VariableValue};

use super::fixture::{NOW, WaitingInstance, apply, id, load, text};
use super::reload::user_task;
use crate::work::LocatedBy;
use crate::{Store, StoreError};

fn alone(root: ProcessInstanceId, id: TaskId, parent_task_id: Option<TaskId>) -> Task {
    let waiting = WaitingInstance::new("t");
    Task { id, root_process_instance_id: root, place: None, parent_task_id, ..user_task(&waiting) }
}

fn local(task: TaskId) -> VariableInstance {
    VariableInstance {
        id: VariableInstanceId(id()),
        place: None,
        task_id: Some(task),
        activity_instance_id: None,
        tenant_id: None,
        name: text("v"),
        value: VariableValue::Integer(1),
        create_time: NOW,
        revision: 0,
    }
}

pub async fn an_aggregate_without_a_process_comes_back(store: Arc<dyn Store>) {
    let root = TaskId(id());
    let aggregate = ProcessInstanceId(root.0);
    let (task, part) = (alone(aggregate, root, None), alone(aggregate, TaskId(id()), Some(root)));
    let variable = local(part.id);
    let mut changes = ChangeSet::new(aggregate, RevisionCheck::New);
    changes.tasks = vec![TableChange::Insert(task.clone().into()), TableChange::Insert(part.clone().into())];
    changes.variables = vec![TableChange::Insert(variable.clone().into())];
    apply(&*store, vec![changes]).await.expect("applies");

    let snapshot = load(&*store, aggregate).await.expect("is there");
    assert_eq!((snapshot.process_instances.len(), snapshot.variables), (0, vec![variable.clone()]));
    let mut tasks = snapshot.tasks;
    tasks.sort_by_key(|task| task.id);
    assert_eq!(tasks, [task.clone(), part.clone()]);
    for by in [LocatedBy::Task(root), LocatedBy::Task(part.id)] {
        assert_eq!(store.locate(by).await, Ok(Some(aggregate)));
    }

    let mut changes = ChangeSet::new(aggregate, RevisionCheck::BumpTask { expected: 0 });
    changes.tasks = vec![TableChange::Delete(root), TableChange::Delete(part.id)];
    changes.variables = vec![TableChange::Delete(variable.id)];
    apply(&*store, vec![changes]).await.expect("applies");
    assert_eq!(load(&*store, aggregate).await, None);
}

pub async fn its_revision_is_checked(store: Arc<dyn Store>) {
    let root = TaskId(id());
    let aggregate = ProcessInstanceId(root.0);
    let mut task = alone(aggregate, root, None);
    let mut changes = ChangeSet::new(aggregate, RevisionCheck::New);
    changes.tasks = vec![TableChange::Insert(task.clone().into())];
    apply(&*store, vec![changes]).await.expect("applies");

    task.name = Some(text("other"));
    task.revision = 1;
    let mut changes = ChangeSet::new(aggregate, RevisionCheck::BumpTask { expected: 0 });
    changes.tasks = vec![TableChange::Update(task.clone().into())];
    apply(&*store, vec![changes.clone()]).await.expect("applies");
    assert_eq!(apply(&*store, vec![changes]).await, Err(StoreError::Conflict));
    assert_eq!(load(&*store, aggregate).await.map(|snapshot| snapshot.tasks), Some(vec![task]));
}

pub async fn parts_of_a_process_s_task_go_with_the_process(store: Arc<dyn Store>) {
    let waiting =
        WaitingInstance::new("t").with_variable("a", VariableValue::Null).with_variable("b", VariableValue::Null);
    let whole = user_task(&waiting);
    let part = alone(waiting.id(), TaskId(id()), Some(whole.id));
    let variable = local(part.id);
    let mut changes = waiting.started();
    changes.tasks = vec![TableChange::Insert(whole.clone().into()), TableChange::Insert(part.clone().into())];
    changes.variables.push(TableChange::Insert(variable.clone().into()));
    apply(&*store, vec![changes]).await.expect("applies");
    let snapshot = load(&*store, waiting.id()).await.expect("is there");
    assert_eq!((snapshot.tasks.len(), snapshot.variables.len()), (2, 3));

    let mut changes = waiting.completed(waiting.instance.revision, waiting.task.lock_epoch);
    changes.tasks = vec![TableChange::Delete(whole.id), TableChange::Delete(part.id)];
    changes.variables.push(TableChange::Delete(variable.id));
    apply(&*store, vec![changes]).await.expect("applies");
    assert_eq!(load(&*store, waiting.id()).await, None);
    assert_eq!(load(&*store, ProcessInstanceId(part.id.0)).await, None);
    assert_eq!(super::fixture::count(&*store, "variable").await, 0);
}
