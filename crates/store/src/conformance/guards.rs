//! What a change set was decided on besides its aggregate: definitions, and the lock of a job.

use std::sync::Arc;

use engine::{ChangeSet, DefinitionCheck, JobGuard, RevisionCheck, TableChange};
use query::{SqlValue, Statement};
use types::{JobId, ProcessDefinitionId, ProcessInstanceId};

use super::fixture::{NOW, WaitingInstance, apply, count, id, process_instance, start, text};
use super::reload::fresh_job;
use crate::work::{ExpectedStatement, JobClaim, Work, WorkDone};
use crate::{Store, StoreError};

async fn run(store: &dyn Store, text: &str, binds: Vec<SqlValue>) {
    let statement = Statement { text: text.to_owned(), binds };
    let statements = vec![ExpectedStatement { statement, rows_affected: Some(1) }];
    store.submit(Work::Run(statements)).await.expect("it touches one row");
}

async fn deploy(store: &dyn Store, definition_id: &str) {
    let insert = "INSERT INTO process_definition (id, key, version, deployment_id, resource_name, is_suspended, \
         is_startable_in_tasklist, is_latest) VALUES ($1, 'order', 1, $2, 'order.bpmn', 0, 1, 1)";
    run(store, insert, vec![SqlValue::Text(text(definition_id)), SqlValue::Uuid(id())]).await;
}

async fn suspend(store: &dyn Store, definition_id: &str) {
    let update = "UPDATE process_definition SET is_suspended = 1 WHERE id = $1";
    run(store, update, vec![SqlValue::Text(text(definition_id))]).await;
}

fn checked(waiting: &WaitingInstance) -> ChangeSet {
    ChangeSet { definitions: DefinitionCheck::Checked, ..waiting.started() }
}

pub async fn no_instance_begins_of_a_definition_that_has_gone(store: Arc<dyn Store>) {
    let store = &*store;
    let waiting = WaitingInstance::new("t");
    assert_eq!(apply(store, vec![checked(&waiting)]).await, Err(StoreError::Conflict));
    assert_eq!(count(store, "process_instance").await, 0);
    deploy(store, waiting.instance.definition_id.as_str()).await;
    // One that cannot begin takes none of the others with it.
    let mut stray = WaitingInstance::new("t");
    stray.instance.definition_id = ProcessDefinitionId::from("gone:1:0");
    let instances: Vec<WaitingInstance> = (0..10).map(|_| WaitingInstance::new("t")).collect();
    let mut pending: Vec<_> =
        instances.iter().map(|waiting| store.submit(Work::Apply(vec![checked(waiting)]))).collect();
    pending.insert(5, store.submit(Work::Apply(vec![checked(&stray)])));
    for (n, done) in pending.into_iter().enumerate() {
        let expected = if n == 5 { Err(StoreError::Conflict) } else { Ok(()) };
        assert_eq!(done.await.map(drop), expected, "of unit {n}");
    }
    assert_eq!(count(store, "process_instance").await, 10);
    // Who knows better is believed.
    start(store, &stray).await;
}

/// Only a root instance is one that somebody starts.
pub async fn no_root_instance_begins_of_a_suspended_definition(store: Arc<dyn Store>) {
    let store = &*store;
    let waiting = WaitingInstance::new("t");
    deploy(store, waiting.instance.definition_id.as_str()).await;
    apply(store, vec![checked(&waiting)]).await.expect("it is active");
    suspend(store, waiting.instance.definition_id.as_str()).await;
    assert_eq!(apply(store, vec![checked(&WaitingInstance::new("t"))]).await, Err(StoreError::Conflict));
    let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: 1 });
    changes.definitions = DefinitionCheck::Checked;
    let mut called = process_instance(ProcessInstanceId(id()));
    called.root_process_instance_id = waiting.id();
    changes.process_instances.push(TableChange::Insert(called.into()));
    apply(store, vec![changes]).await.expect("a called one goes on");
    assert_eq!(count(store, "process_instance").await, 2);
}

async fn claim(store: &dyn Store, owner: &str, at_ms: i64) -> usize {
    let now = NOW.plus_ms(at_ms);
    let claim = JobClaim {
        now,
        owner: text(owner),
        locked_until: now.plus_ms(1_000),
        jobs_max: 10,
        priorities: i64::MIN..=i64::MAX,
        releases: Vec::new(),
    };
    match store.submit(Work::ClaimJobs(claim)).await {
        Ok(WorkDone::JobsClaimed { jobs, .. }) => jobs.len(),
        other => panic!("a claim answers jobs, not {other:?}"),
    }
}

pub async fn a_job_that_another_node_has_taken_over_changes_nothing(store: Arc<dyn Store>) {
    let store = &*store;
    let waiting = WaitingInstance::new("t");
    start(store, &waiting).await;
    let mut job = fresh_job(&waiting);
    (job.id, job.due_date) = (JobId(id()), None);
    let job_id = job.id;
    let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: 1 });
    changes.jobs.push(TableChange::Insert(job.into()));
    apply(store, vec![changes]).await.expect("a job can be stored");
    let done_by = |owner: &str| {
        let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: 2 });
        changes.job = Some(JobGuard { id: job_id, owner: text(owner) });
        changes.jobs.push(TableChange::Delete(job_id));
        changes
    };
    assert_eq!(claim(store, "stalled", 0).await, 1);
    // Its lock has run out: claims do not move the revision.
    assert_eq!(claim(store, "other", 2_000).await, 1);
    assert_eq!(apply(store, vec![done_by("stalled")]).await, Err(StoreError::Conflict));
    assert_eq!(count(store, "job").await, 1);
    let release = "UPDATE job SET lock_owner = NULL, lock_expiration = NULL WHERE id = $1";
    run(store, release, vec![SqlValue::Uuid(job_id.0)]).await;
    // Neither has it now: who comes first may.
    store.load(waiting.id()).await.expect("it is there");
    apply(store, vec![done_by("stalled")]).await.expect("nobody else has it");
    store.load(waiting.id()).await.expect("it is there");
    let again = ChangeSet { revision: RevisionCheck::Bump { expected: 3 }, ..done_by("stalled") };
    assert_eq!(apply(store, vec![again]).await, Err(StoreError::Conflict), "the job has gone");
}
