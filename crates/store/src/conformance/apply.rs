//! Units of work: checked, in order, as a whole.

use std::sync::Arc;

use engine::{ChangeSet, ExternalTaskGuard, RevisionCheck, TableChange};
use types::VariableValue;

use super::fixture::{WaitingInstance, apply, count, load, start, text};
use super::reload::user_task;
use crate::work::Work;
use crate::{Store, StoreError};

fn set_variable(waiting: &WaitingInstance, revision: u64, value: i32) -> ChangeSet {
    let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: revision });
    let mut variable = waiting.variables[0].clone();
    variable.value = VariableValue::Integer(value);
    changes.variables.push(TableChange::Update(variable.into()));
    changes
}

fn counter() -> WaitingInstance {
    WaitingInstance::new("t").with_variable("n", VariableValue::Integer(0))
}

async fn counted(store: &dyn Store, waiting: &WaitingInstance) -> VariableValue {
    load(store, waiting.id()).await.expect("it is there").variables[0].value.clone()
}

async fn revision(store: &dyn Store, waiting: &WaitingInstance) -> u64 {
    load(store, waiting.id()).await.expect("it is there").process_instances[0].revision
}

pub async fn a_stale_revision_changes_nothing(store: Arc<dyn Store>) {
    let waiting = counter();
    start(&*store, &waiting).await;
    apply(&*store, vec![set_variable(&waiting, 1, 1)]).await.expect("the first one may");
    for stale in [0, 1, 3] {
        assert_eq!(apply(&*store, vec![set_variable(&waiting, stale, 2)]).await, Err(StoreError::Conflict));
        assert_eq!(apply(&*store, vec![waiting.completed(stale, 0)]).await, Err(StoreError::Conflict));
    }
    assert_eq!(counted(&*store, &waiting).await, VariableValue::Integer(1));
    assert_eq!(revision(&*store, &waiting).await, 2);
    apply(&*store, vec![waiting.completed(2, 0)]).await.expect("the revision is right");
    assert_eq!(apply(&*store, vec![set_variable(&waiting, 2, 2)]).await, Err(StoreError::Conflict), "it has ended");
}

pub async fn a_stale_epoch_changes_nothing(store: Arc<dyn Store>) {
    let waiting = counter();
    start(&*store, &waiting).await;
    let lock = |epoch: u64, worker: &str| {
        let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Untouched);
        changes.guards.push(ExternalTaskGuard { id: waiting.task.id, lock_epoch: epoch });
        let mut task = waiting.task.clone();
        (task.worker_id, task.lock_epoch) = (Some(text(worker)), epoch + 1);
        changes.external_tasks.push(TableChange::Update(task.into()));
        changes
    };
    apply(&*store, vec![lock(0, "ann")]).await.expect("nobody has it");
    assert_eq!(apply(&*store, vec![lock(0, "bob")]).await, Err(StoreError::Conflict));
    assert_eq!(apply(&*store, vec![waiting.completed(1, 0)]).await, Err(StoreError::Conflict));
    let task = load(&*store, waiting.id()).await.expect("it is there").external_tasks.remove(0);
    assert_eq!((task.worker_id, task.lock_epoch), (Some(text("ann")), 1));
    assert_eq!(revision(&*store, &waiting).await, 1, "a lock leaves the revision alone");
    apply(&*store, vec![waiting.completed(1, 1)]).await.expect("both are right");
    assert_eq!(apply(&*store, vec![lock(1, "bob")]).await, Err(StoreError::Conflict), "the task is gone");
}

pub async fn units_are_applied_in_order_of_submission(store: Arc<dyn Store>) {
    const UNITS: i32 = 500;
    let waiting = counter();
    let mut answers = vec![store.submit(Work::Apply(vec![waiting.started()]))];
    for n in 0..UNITS {
        let revision = u64::try_from(n).expect("small") + 1;
        answers.push(store.submit(Work::Apply(vec![set_variable(&waiting, revision, n + 1)])));
    }
    for answer in answers {
        answer.await.expect("each one follows the one before");
    }
    assert_eq!(counted(&*store, &waiting).await, VariableValue::Integer(UNITS));
}

pub async fn one_conflict_leaves_the_others_alone(store: Arc<dyn Store>) {
    let instances: Vec<_> = (0..20).map(|_| counter()).collect();
    for waiting in &instances {
        start(&*store, waiting).await;
    }
    let answers: Vec<_> = instances
        .iter()
        .enumerate()
        .map(|(n, waiting)| {
            let revision = if n % 3 == 0 { 9 } else { 1 };
            (n, store.submit(Work::Apply(vec![set_variable(waiting, revision, 5)])))
        })
        .collect();
    for (n, answer) in answers {
        let expected = if n % 3 == 0 { 0 } else { 5 };
        assert_eq!(answer.await.is_ok(), expected == 5);
        assert_eq!(counted(&*store, &instances[n]).await, VariableValue::Integer(expected));
    }
}

pub async fn a_unit_is_applied_as_a_whole(store: Arc<dyn Store>) {
    let (first, second) = (counter(), counter());
    start(&*store, &first).await;
    start(&*store, &second).await;
    let unit = |second_revision| vec![set_variable(&first, 1, 1), set_variable(&second, second_revision, 1)];
    assert_eq!(apply(&*store, unit(9)).await, Err(StoreError::Conflict));
    assert_eq!(counted(&*store, &first).await, VariableValue::Integer(0));
    assert_eq!((revision(&*store, &first).await, revision(&*store, &second).await), (1, 1));
    apply(&*store, unit(1)).await.expect("both are right");
    assert_eq!(counted(&*store, &first).await, VariableValue::Integer(1));

    let same = vec![set_variable(&first, 2, 2), set_variable(&first, 3, 3)];
    apply(&*store, same).await.expect("the second one is decided on the first");
    assert_eq!(counted(&*store, &first).await, VariableValue::Integer(3));
    assert_eq!(revision(&*store, &first).await, 4);
}

pub async fn a_refused_statement_takes_only_its_unit(store: Arc<dyn Store>) {
    let (before, twice, after) = (counter(), counter(), counter());
    start(&*store, &twice).await;
    let mut broken = ChangeSet::new(twice.id(), RevisionCheck::Bump { expected: 1 });
    broken.tasks.push(TableChange::Insert(user_task(&twice).into()));
    broken.executions.push(TableChange::Insert(twice.root.clone().into()));
    let answers = [before.started(), broken, after.started()].map(|changes| store.submit(Work::Apply(vec![changes])));
    let [first, second, third] = answers;
    first.await.expect("it is new");
    assert!(matches!(second.await, Err(StoreError::Failed(_))), "its execution is there already");
    third.await.expect("it is new");
    assert_eq!(count(&*store, "process_instance").await, 3);
    assert_eq!(count(&*store, "task").await, 0);
    assert_eq!(revision(&*store, &twice).await, 1);
}
