//! Nodes that come, go and stand still: what they have locked is done by others, and once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::Snapshot;
use query::{Condition, Dialect, Select, SqlValue, Statement, tables};
use runtime::{JobExecutor, LocatedBy, Node, NodeIdentity, Nodes, Runtime, Settings};
use store::{JobClaim, Pending, SqliteStore, Store, Work, WorkDone};
use tokio::sync::watch;
use types::{ProcessInstanceId, Timestamp};

use crate::support::*;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The way of one node to the store that all share. It can be stopped, and stops of itself.
struct Gate {
    store: Arc<SqliteStore>,
    is_open: watch::Sender<bool>,
    /// Whether it stops where what a job has done is about to be stored.
    stops_before_job: AtomicBool,
}

impl Gate {
    fn on(store: &Arc<SqliteStore>) -> Arc<Gate> {
        Arc::new(Gate {
            store: store.clone(),
            is_open: watch::Sender::new(true),
            stops_before_job: AtomicBool::new(false),
        })
    }

    async fn passed(&self) {
        let _ = self.is_open.subscribe().wait_for(|is_open| *is_open).await;
    }

    async fn stopped(&self) {
        let stopped = async { self.is_open.subscribe().wait_for(|is_open| !*is_open).await.map(drop) };
        tokio::time::timeout(PATIENCE, stopped).await.expect("it comes to a job").expect("the sender lives");
    }
}

#[derive(Clone)]
struct Way(Arc<Gate>);

impl Store for Way {
    fn locate(&self, by: LocatedBy) -> Pending<'_, Option<ProcessInstanceId>> {
        Box::pin(async move {
            self.0.passed().await;
            self.0.store.locate(by).await
        })
    }

    fn load(&self, root: ProcessInstanceId) -> Pending<'_, Option<Snapshot>> {
        Box::pin(async move {
            self.0.passed().await;
            self.0.store.load(root).await
        })
    }

    fn select(&self, statement: Statement) -> Pending<'_, Vec<Vec<SqlValue>>> {
        Box::pin(async move {
            self.0.passed().await;
            self.0.store.select(statement).await
        })
    }

    fn submit(&self, work: Work) -> Pending<'static, WorkDone> {
        let gate = self.0.clone();
        let is_of_job = matches!(&work, Work::Apply(sets) if sets.iter().any(|set| set.job.is_some()));
        if is_of_job && gate.stops_before_job.swap(false, Ordering::SeqCst) {
            gate.is_open.send_replace(false);
        }
        Box::pin(async move {
            gate.passed().await;
            gate.store.submit(work).await
        })
    }
}

fn memory() -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open("sqlite::memory:").expect("opens"))
}

async fn node(gate: &Arc<Gate>, name: &str, job_executor: JobExecutor) -> Runtime {
    let settings = Settings {
        node: NodeIdentity { name: Some(name.into()), ..NodeIdentity::default() },
        nodes: Nodes::Several,
        beat_interval: Duration::from_millis(20),
        job_executor,
        ..settings()
    };
    Runtime::open(Arc::new(Way(gate.clone())), settings).await.expect("opens")
}

/// Names, and whether they are dead.
async fn registered(store: &Arc<SqliteStore>) -> Vec<(String, bool)> {
    let nodes = runtime::nodes(store.as_ref(), Dialect::Sqlite).await.expect("can be read");
    nodes.into_iter().map(|Node { name, dead_since, .. }| (name.to_string(), dead_since.is_some())).collect()
}

async fn until_registered(store: &Arc<SqliteStore>, expected: &[(&str, bool)]) {
    let mut last = Vec::new();
    let looking = async {
        loop {
            last = registered(store).await;
            if last.iter().map(|(name, is_dead)| (name.as_str(), *is_dead)).eq(expected.iter().copied()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let looked = tokio::time::timeout(PATIENCE, looking).await;
    assert!(looked.is_ok(), "{expected:?} are expected, the last were {last:?}");
}

async fn until(runtime: &Runtime, what: &str, condition: impl AsyncFn(&Runtime) -> bool) {
    let waiting = async {
        while !condition(runtime).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("it never comes to pass that {what}"));
}

/// A job, and an external task behind it.
fn job_model(attributes: &str, expression: &str) -> String {
    model(
        "order",
        &format!(
            r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="job"/>
    <bpmn:serviceTask id="job" camunda:asyncBefore="true" camunda:expression="{expression}">{attributes}</bpmn:serviceTask>
    <bpmn:sequenceFlow id="f2" sourceRef="job" targetRef="task"/>
    <bpmn:serviceTask id="task" camunda:type="external" camunda:topic="work"/>
    <bpmn:sequenceFlow id="f3" sourceRef="task" targetRef="end"/><bpmn:endEvent id="end"/>"#
        ),
    )
}

async fn logged(runtime: &Runtime, kind: i64) -> usize {
    let table = &tables::HISTORIC_JOB_LOG;
    rows(runtime, Select::all(table.source()).filter(Condition::equal(table.col("kind"), kind))).await.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_come_go_stand_still_and_come_back() {
    let store = memory();
    let (gate, other_gate) = (Gate::on(&store), Gate::on(&store));
    let one = node(&gate, "one", JobExecutor::Off).await;
    assert_eq!(registered(&store).await, [("one".to_owned(), false)]);
    let other = node(&other_gate, "other", JobExecutor::Off).await;
    until(&one, "it sees the other one", async |one| one.nodes_living() == 2).await;
    other_gate.is_open.send_replace(false);
    until_registered(&store, &[("one", false), ("other", true)]).await;
    until(&one, "it counts itself alone", async |one| one.nodes_living() == 1).await;
    other_gate.is_open.send_replace(true);
    until_registered(&store, &[("one", false), ("other", false)]).await;
    other.shutdown().await;
    until_registered(&store, &[("one", false)]).await;
    // Killed and started again: the row of the run before goes.
    gate.is_open.send_replace(false);
    let one = node(&Gate::on(&store), "one", JobExecutor::Off).await;
    assert_eq!(registered(&store).await, [("one".to_owned(), false)]);
    one.shutdown().await;
    assert_eq!(registered(&store).await, []);
}

/// The locks of its jobs last for five minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_a_node_that_died_are_taken_over_before_their_locks_end() {
    let store = memory();
    let gate = Gate::on(&store);
    let dying = node(&gate, "dying", JobExecutor::Off).await;
    deploy(&dying, &job_model("", "${true}")).await;
    start(&dying, "order").await;
    let claim = JobClaim {
        now: dying.now(),
        owner: "dying".into(),
        locked_until: dying.now().plus_ms(300_000),
        jobs_max: 1,
        priorities: i64::MIN..=i64::MAX,
        releases: Vec::new(),
    };
    store.submit(Work::ClaimJobs(claim)).await.expect("can be claimed");
    let survivor = node(&Gate::on(&store), "survivor", JobExecutor::On).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(count(&survivor, &tables::JOB).await, 1, "as long as its node lives");
    gate.is_open.send_replace(false);
    until(&survivor, "the job is done", async |survivor| count(survivor, &tables::JOB).await == 0).await;
    assert_eq!(logged(&survivor, 2).await, 1);
    assert_eq!(column(&survivor, &tables::HISTORIC_JOB_LOG, "host_name").await[1], SqlValue::Text("survivor".into()));
    survivor.shutdown().await;
}

/// It stands still between its decision and the commit of it, and goes on when another node has taken over the job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_did_before_its_job_was_taken_over_counts_nothing() {
    let store = memory();
    let gate = Gate::on(&store);
    let stalling = node(&gate, "stalling", JobExecutor::On).await;
    gate.stops_before_job.store(true, Ordering::SeqCst);
    deploy(&stalling, &job_model("", "${true}")).await;
    start(&stalling, "order").await;
    gate.stopped().await;
    let survivor = node(&Gate::on(&store), "survivor", JobExecutor::On).await;
    until(&survivor, "the job is done", async |survivor| count(survivor, &tables::JOB).await == 0).await;
    let table = &tables::HISTORIC_JOB_LOG;
    assert_eq!(column(&survivor, table, "host_name").await[1], SqlValue::Text("survivor".into()));
    gate.is_open.send_replace(true);
    until_registered(&store, &[("stalling", false), ("survivor", false)]).await;
    stalling.shutdown().await;
    assert_eq!((logged(&survivor, 1).await, logged(&survivor, 2).await), (0, 1));
    assert_eq!(count(&survivor, &tables::EXTERNAL_TASK).await, 1);
    assert_eq!(fetch_ids(&survivor, "ann", "work").await.len(), 1);
    survivor.shutdown().await;
}

/// Neither is a failure of it: the retries are those that the other node has left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_a_job_that_was_taken_over_costs_no_retry() {
    let store = memory();
    let gate = Gate::on(&store);
    let stalling = node(&gate, "stalling", JobExecutor::On).await;
    gate.stops_before_job.store(true, Ordering::SeqCst);
    let cycle = "<bpmn:extensionElements><camunda:failedJobRetryTimeCycle>R5/PT1H</camunda:failedJobRetryTimeCycle>\
        </bpmn:extensionElements>";
    deploy(&stalling, &job_model(cycle, "${unknown}")).await;
    start(&stalling, "order").await;
    gate.stopped().await;
    let survivor = node(&Gate::on(&store), "survivor", JobExecutor::On).await;
    until(&survivor, "the job has failed", async |survivor| logged(survivor, 1).await == 1).await;
    gate.is_open.send_replace(true);
    until_registered(&store, &[("stalling", false), ("survivor", false)]).await;
    stalling.shutdown().await;
    assert_eq!(logged(&survivor, 1).await, 1);
    assert_eq!(column(&survivor, &tables::JOB, "retries").await, [SqlValue::Integer(4)]);
    survivor.shutdown().await;
}

/// Nor does the clock of a node decide who lives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_makes_no_node_dead() {
    let store = memory();
    let skew_ms = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let clock = runtime::Clock::skewed(Timestamp(1_800_000_000_000), skew_ms.clone());
    let settings = Settings {
        node: NodeIdentity { name: Some("jumping".into()), ..NodeIdentity::default() },
        nodes: Nodes::Several,
        beat_interval: Duration::from_millis(20),
        clock,
        ..settings()
    };
    let jumping = Runtime::open(store.clone(), settings).await.expect("opens");
    let other = node(&Gate::on(&store), "other", JobExecutor::Off).await;
    for jump_ms in [3_600_000, -7_200_000, 86_400_000] {
        skew_ms.fetch_add(jump_ms, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(registered(&store).await, [("jumping".to_owned(), false), ("other".to_owned(), false)]);
    }
    jumping.shutdown().await;
    other.shutdown().await;
}
