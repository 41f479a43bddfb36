//! Claims of jobs: which, in what order, and what it costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::record::Job;
use engine::{ChangeSet, RevisionCheck, TableChange};
use types::{JobId, Timestamp};

use super::fixture::{NOW, WaitingInstance, apply, id_in, start, text};
use super::reload::fresh_job;
use crate::Store;
use crate::work::{ClaimedJob, JobClaim, JobRelease, Work, WorkDone};

const LOCK_MS: i64 = 1000;

fn later(ms: i64) -> Timestamp {
    Timestamp(NOW.0 + ms)
}

fn request(owner: &str, jobs_max: u32, now: Timestamp) -> JobClaim {
    JobClaim {
        now,
        owner: text(owner),
        locked_until: now.plus_ms(LOCK_MS),
        jobs_max,
        priorities: i64::MIN..=i64::MAX,
        releases: Vec::new(),
    }
}

async fn claim(store: &dyn Store, claim: JobClaim) -> (Vec<ClaimedJob>, Option<Timestamp>) {
    match store.submit(Work::ClaimJobs(claim)).await.expect("a claim can be made") {
        WorkDone::JobsClaimed { jobs, next } => (jobs, next),
        other => panic!("a claim answers jobs, not {other:?}"),
    }
}

async fn claimed(store: &dyn Store, owner: &str, jobs_max: u32, now: Timestamp) -> Vec<JobId> {
    claim(store, request(owner, jobs_max, now)).await.0.into_iter().map(|job| job.id).collect()
}

/// A job of an instance of its own.
async fn stored(store: &dyn Store, change: impl FnOnce(&mut Job)) -> JobId {
    let waiting = WaitingInstance::new("t");
    start(store, &waiting).await;
    added(store, &waiting, 1, change).await
}

/// One more job of an instance.
async fn added(store: &dyn Store, waiting: &WaitingInstance, revision: u64, change: impl FnOnce(&mut Job)) -> JobId {
    let mut job = fresh_job(waiting);
    job.id = JobId(id_in(waiting.id()));
    change(&mut job);
    let job_id = job.id;
    write(store, waiting, revision, TableChange::Insert(job.into())).await;
    job_id
}

async fn write(store: &dyn Store, waiting: &WaitingInstance, revision: u64, change: TableChange<Job>) {
    let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: revision });
    changes.jobs.push(change);
    apply(store, vec![changes]).await.expect("a job can be stored");
}

pub async fn priority_counts_before_age(store: Arc<dyn Store>) {
    let store = &*store;
    let a = stored(store, |job| job.create_time = later(-30)).await;
    let b = stored(store, |job| (job.create_time, job.priority) = (later(-10), 5)).await;
    let c = stored(store, |job| (job.create_time, job.due_date) = (later(-40), Some(later(-1)))).await;
    let d = stored(store, |job| (job.create_time, job.due_date) = (later(-20), Some(NOW))).await;
    let e = stored(store, |job| (job.create_time, job.priority) = (later(-50), -1)).await;
    assert_eq!(claimed(store, "node", 0, NOW).await, []);
    assert_eq!(claimed(store, "node", 2, NOW).await, [b, c]);
    assert_eq!(claimed(store, "node", 9, NOW).await, [a, d, e]);
    assert_eq!(claimed(store, "other", 9, NOW).await, [], "each is locked");
}

pub async fn only_due_jobs_that_may_run_are_claimed(store: Arc<dyn Store>) {
    let store = &*store;
    let due = stored(store, |job| job.due_date = Some(later(10))).await;
    stored(store, |job| job.is_suspended = true).await;
    stored(store, |job| job.retries = 0).await;
    stored(store, |job| job.due_date = Some(later(20))).await;
    assert_eq!(claim(store, request("node", 9, later(9))).await, (Vec::new(), Some(later(10))));
    let (jobs, next) = claim(store, request("node", 9, later(10))).await;
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [due]);
    assert!(jobs[0].root.is_some(), "the instance comes with the job");
    assert_eq!(next, Some(later(20)));
}

pub async fn priorities_have_a_range(store: Arc<dyn Store>) {
    let store = &*store;
    let mut jobs = Vec::new();
    for priority in [-5, 0, 5, 10] {
        jobs.push(stored(store, |job| job.priority = priority).await);
    }
    let (found, _) = claim(store, JobClaim { priorities: 0..=5, ..request("node", 9, NOW) }).await;
    assert_eq!(found.iter().map(|job| job.id).collect::<Vec<_>>(), [jobs[2], jobs[1]]);
}

pub async fn jobs_of_a_dead_node_are_taken_over(store: Arc<dyn Store>) {
    let store = &*store;
    let job = stored(store, |_| {}).await;
    assert_eq!(claimed(store, "dead", 9, NOW).await, [job]);
    let before_its_end = later(LOCK_MS - 1);
    assert_eq!(claim(store, request("node", 9, before_its_end)).await, (Vec::new(), Some(later(LOCK_MS))));
    assert_eq!(claimed(store, "node", 9, later(LOCK_MS)).await, [job]);
    let release = JobRelease { id: job, not_before: None };
    let foreign = JobClaim { releases: vec![release], ..request("dead", 9, later(LOCK_MS)) };
    assert_eq!(claim(store, foreign).await.0, [], "the dead node has lost its lock");
}

pub async fn released_jobs_wait_for_their_time(store: Arc<dyn Store>) {
    let store = &*store;
    let job = stored(store, |_| {}).await;
    assert_eq!(claimed(store, "node", 9, NOW).await, [job]);
    let pause =
        JobClaim { releases: vec![JobRelease { id: job, not_before: Some(later(5)) }], ..request("node", 9, NOW) };
    assert_eq!(claim(store, pause).await, (Vec::new(), Some(later(5))));
    assert_eq!(claimed(store, "other", 9, later(5)).await, [job]);
    let at_once =
        JobClaim { releases: vec![JobRelease { id: job, not_before: None }], ..request("other", 0, later(5)) };
    assert_eq!(claim(store, at_once).await.0, []);
    assert_eq!(claimed(store, "node", 9, later(5)).await, [job]);
}

pub async fn an_exclusive_job_keeps_its_instance_on_one_node(store: Arc<dyn Store>) {
    let store = &*store;
    let waiting = WaitingInstance::new("t");
    start(store, &waiting).await;
    let first = added(store, &waiting, 1, |job| job.priority = 9).await;
    let second = added(store, &waiting, 2, |job| job.priority = 5).await;
    let third = added(store, &waiting, 3, |_| {}).await;
    let free = added(store, &waiting, 4, |job| job.is_exclusive = false).await;
    let elsewhere = stored(store, |job| job.priority = -1).await;
    assert_eq!(claimed(store, "node", 1, NOW).await, [first]);
    assert_eq!(claimed(store, "other", 9, NOW).await, [free, elsewhere]);
    assert_eq!(claimed(store, "node", 1, NOW).await, [second], "its own lock holds back nothing");
    assert_eq!(claimed(store, "other", 9, later(LOCK_MS)).await.len(), 5, "no lock of a dead node does");
    assert_eq!(claimed(store, "node", 9, later(LOCK_MS)).await, [], "{third:?} went with them");
}

pub async fn a_changed_job_has_no_lock(store: Arc<dyn Store>) {
    let store = &*store;
    let waiting = WaitingInstance::new("t");
    start(store, &waiting).await;
    let mut job = fresh_job(&waiting);
    write(store, &waiting, 1, TableChange::Insert(job.clone().into())).await;
    assert_eq!(claimed(store, "node", 9, NOW).await, [job.id]);
    (job.retries, job.due_date) = (2, Some(later(5)));
    write(store, &waiting, 2, TableChange::Update(job.clone().into())).await;
    assert_eq!(claim(store, request("node", 9, NOW)).await, (Vec::new(), Some(later(5))));
    assert_eq!(claimed(store, "other", 9, later(5)).await, [job.id]);
}

pub async fn waiting_timers_do_not_slow_a_claim(store: Arc<dyn Store>) {
    let store = &*store;
    let waiting = WaitingInstance::new("t");
    start(store, &waiting).await;
    let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: 1 });
    for n in 0..20_000 {
        let job = Job { due_date: Some(later(1_000_000 + n)), ..fresh_job(&waiting) };
        changes.jobs.push(TableChange::Insert(job.into()));
    }
    apply(store, vec![changes]).await.expect("jobs can be stored");
    let started = Instant::now();
    for _ in 0..200 {
        assert_eq!(claim(store, request("node", 9, NOW)).await, (Vec::new(), Some(later(1_000_000))));
    }
    assert!(started.elapsed() < Duration::from_secs(5), "a claim looks at what is far away");
}
