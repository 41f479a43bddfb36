//! The job executor over SQLite: nothing is lost, nothing is done twice.

use std::sync::Arc;

use engine::JobSettings;
use query::{Condition, Mutation, Select, SqlValue, tables};
use runtime::{Clock, JobExecutor, JobLocks, Runtime, Settings, StoreError};
use store::work::ExpectedStatement;
use store::{JobClaim, Store, Work, WorkDone};
use types::{JobId, Timestamp, VariableValue};

use crate::support::*;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn executing() -> Settings {
    Settings { job_executor: JobExecutor::On, ..settings() }
}

/// Timers of this many instances, each with `timers` parallel paths of a timer and a script that counts.
pub fn timers_model(timers: usize, duration: &str) -> String {
    let mut body = String::from(
        r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="s" sourceRef="start" targetRef="fork"/>
    <bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/>
    <bpmn:sequenceFlow id="e" sourceRef="join" targetRef="end"/><bpmn:endEvent id="end"/>"#,
    );
    for n in 0..timers {
        body.push_str(&format!(
            r#"<bpmn:sequenceFlow id="a{n}" sourceRef="fork" targetRef="timer{n}"/>
    <bpmn:intermediateCatchEvent id="timer{n}"><bpmn:timerEventDefinition><bpmn:timeDuration>{duration}</bpmn:timeDuration>
    </bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>
    <bpmn:sequenceFlow id="b{n}" sourceRef="timer{n}" targetRef="join"/>"#
        ));
    }
    model("order", &body)
}

fn async_model(attributes: &str, expression: &str) -> String {
    model(
        "order",
        &format!(
            r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="task"/>
    <bpmn:serviceTask id="task" camunda:asyncBefore="true" {attributes} camunda:expression="{expression}"/>
    <bpmn:sequenceFlow id="f2" sourceRef="task" targetRef="end"/><bpmn:endEvent id="end"/>"#
        ),
    )
}

pub async fn until_empty(runtime: &Runtime, table: &'static query::Table) {
    while count(runtime, table).await > 0 {
        tokio::task::yield_now().await;
    }
}

/// How often the log says so: created, failed, succeeded or deleted.
pub async fn logged(runtime: &Runtime, kind: i64) -> usize {
    let table = &tables::HISTORIC_JOB_LOG;
    rows(runtime, Select::all(table.source()).filter(Condition::equal(table.col("kind"), kind))).await.len()
}

pub async fn ended(runtime: &Runtime) -> usize {
    let table = &tables::HISTORIC_PROCESS_INSTANCE;
    rows(runtime, Select::all(table.source()).filter(Condition::is_not_null(table.col("end_time")))).await.len()
}

async fn claim(staged: &Arc<Staged>, owner: &str, now: Timestamp, locked_until: Timestamp) -> Vec<JobId> {
    let claim = JobClaim {
        now,
        owner: owner.into(),
        locked_until,
        jobs_max: 1_000,
        priorities: i64::MIN..=i64::MAX,
        releases: Vec::new(),
    };
    match SharedStore(staged.clone()).submit(Work::ClaimJobs(claim)).await.expect("can be claimed") {
        WorkDone::JobsClaimed { jobs, .. } => jobs.into_iter().map(|job| job.id).collect(),
        other => panic!("a claim answers jobs, not {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_timers_of_a_hundred_instances_fire_once_each() {
    let staged = Staged::memory();
    let before = runtime_on(&staged, settings()).await;
    deploy(&before, &timers_model(10, "PT0S")).await;
    for _ in 0..100 {
        start(&before, "order").await;
    }
    assert_eq!(count(&before, &tables::JOB).await, 1_000);
    before.shutdown().await;
    let runtime = runtime_on(&staged, executing()).await;
    until_empty(&runtime, &tables::JOB).await;
    assert_eq!(ended(&runtime).await, 100);
    assert_eq!((logged(&runtime, 0).await, logged(&runtime, 1).await, logged(&runtime, 2).await), (1_000, 0, 1_000));
    runtime.shutdown().await;
}

#[tokio::test]
async fn retries_follow_the_cycle_of_the_server() {
    let staged = Staged::memory();
    let jobs = JobSettings { retries: 3, retry_cycle: Some("R4/PT0S".into()) };
    let runtime = runtime_on(&staged, Settings { jobs, ..executing() }).await;
    deploy(&runtime, &async_model("", "${unknown}")).await;
    start(&runtime, "order").await;
    while count(&runtime, &tables::INCIDENT).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(logged(&runtime, 1).await, 4);
    runtime.shutdown().await;
}

#[tokio::test]
async fn jobs_have_as_many_retries_as_the_server_says() {
    let staged = Staged::memory();
    let jobs = JobSettings { retries: 5, retry_cycle: None };
    let runtime = runtime_on(&staged, Settings { jobs, ..settings() }).await;
    deploy(&runtime, &async_model("", "${unknown}")).await;
    start(&runtime, "order").await;
    assert_eq!(column(&runtime, &tables::JOB, "retries").await, [SqlValue::Integer(5)]);
}

#[tokio::test]
async fn locks_of_a_process_that_was_killed_are_released_at_the_start() {
    let staged = Staged::memory();
    let before = runtime_on(&staged, settings()).await;
    deploy(&before, &async_model("", "${true}")).await;
    start(&before, "order").await;
    let far = before.now().plus_ms(3_600_000);
    assert_eq!(claim(&staged, "killed", before.now(), far).await.len(), 1);
    drop(before);
    let runtime = runtime_on(&staged, Settings { job_locks_at_start: JobLocks::Released, ..executing() }).await;
    until_empty(&runtime, &tables::JOB).await;
    assert_eq!(logged(&runtime, 2).await, 1);
    runtime.shutdown().await;
}

#[tokio::test]
async fn jobs_of_a_node_that_died_are_taken_over_when_its_locks_end() {
    let staged = Staged::memory();
    let before = runtime_on(&staged, settings()).await;
    deploy(&before, &async_model("", "${true}")).await;
    start(&before, "order").await;
    let soon = before.now().plus_ms(50);
    assert_eq!(claim(&staged, "died", before.now(), soon).await.len(), 1);
    let runtime = runtime_on(&staged, executing()).await;
    until_empty(&runtime, &tables::JOB).await;
    assert!(runtime.now() >= soon, "a lock that lasts is kept");
    assert_eq!(logged(&runtime, 2).await, 1);
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_node_that_stops_gives_its_locks_back() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, executing()).await;
    deploy(&runtime, &async_model("", "${unknown}")).await;
    start(&runtime, "order").await;
    while count(&runtime, &tables::INCIDENT).await == 0 {
        tokio::task::yield_now().await;
    }
    runtime.shutdown().await;
    assert_eq!(column(&runtime, &tables::JOB, "lock_owner").await, [SqlValue::Null]);
}

#[tokio::test]
async fn a_conflict_costs_no_retry() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, settings()).await;
    deploy(&runtime, &async_model("", "${true}")).await;
    start(&runtime, "order").await;
    let node = runtime_on(&staged, executing()).await;
    // The claim, or the job: whichever is hit is tried again.
    staged.fail_next(std::iter::repeat_n(StoreError::Conflict, 3));
    until_empty(&node, &tables::JOB).await;
    assert_eq!((logged(&node, 1).await, logged(&node, 2).await), (0, 1));
    node.shutdown().await;
}

#[tokio::test]
async fn the_highest_priority_runs_first_and_others_than_asked_for_do_not() {
    let staged = Staged::memory();
    let before = runtime_on(&staged, settings()).await;
    deploy(&before, &async_model(r#"camunda:jobPriority="${p}""#, "${true}")).await;
    for priority in [5, 40, 10, 30, 20] {
        start_with(&before, "order", variables(&[("p", VariableValue::Integer(priority))])).await;
    }
    let some = Settings { jobs_at_once_max: 1, job_priorities: 10..=i64::MAX, ..executing() };
    let runtime = runtime_on(&staged, some).await;
    while count(&runtime, &tables::JOB).await > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(column(&runtime, &tables::JOB, "priority").await, [SqlValue::Integer(5)]);
    let table = &tables::HISTORIC_JOB_LOG;
    let mut select = Select::all(table.source())
        .filter(Condition::equal(table.col("kind"), 2))
        .order_by(table.col("logged_at"), query::Direction::Ascending)
        .order_by(table.col("priority"), query::Direction::Descending);
    select.columns = vec![table.col("priority").into()];
    let order: Vec<SqlValue> = rows(&runtime, select).await.into_iter().flatten().collect();
    assert_eq!(order, [40, 30, 20, 10].map(SqlValue::Integer));
    runtime.shutdown().await;
}

#[tokio::test]
async fn timers_that_came_due_while_nothing_ran_fire_after_a_restart() {
    let staged = Staged::memory();
    let before = runtime_on(&staged, Settings { clock: Clock::tokio(NOW), ..settings() }).await;
    deploy(&before, &timers_model(2, "PT1H")).await;
    start(&before, "order").await;
    before.shutdown().await;
    let later = Clock::tokio(NOW.plus_ms(24 * 3_600_000));
    let runtime = runtime_on(&staged, Settings { clock: later, ..executing() }).await;
    until_empty(&runtime, &tables::JOB).await;
    assert_eq!(ended(&runtime).await, 1);
    runtime.shutdown().await;
}

#[tokio::test]
async fn suspended_jobs_wait_until_they_are_activated() {
    use runtime::{JobSet, SuspensionState};
    let staged = Staged::memory();
    let before = runtime_on(&staged, settings()).await;
    deploy(&before, &async_model("", "${true}")).await;
    let instance = start(&before, "order").await;
    start(&before, "order").await;
    let this = || JobSet::OfProcessInstance(instance);
    before.set_job_suspension(this(), SuspensionState::Suspended).await.expect("suspends");
    let runtime = runtime_on(&staged, executing()).await;
    while count(&runtime, &tables::JOB).await > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(column(&runtime, &tables::JOB, "is_suspended").await, [SqlValue::Integer(1)]);
    runtime.set_job_suspension(this(), SuspensionState::Active).await.expect("activates");
    until_empty(&runtime, &tables::JOB).await;
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_start_timer_that_is_due_runs_when_its_definition_is_activated() {
    use runtime::{DefinitionSet, DefinitionSuspension, InstancesOfDefinition, SuspensionState, TenantChoice};
    let suspension = |state| DefinitionSuspension {
        which: DefinitionSet::ByKey { key: "order".into(), tenant: TenantChoice::Any },
        state,
        instances: InstancesOfDefinition::Left,
        at: None,
    };
    let staged = Staged::memory();
    let before = runtime_on(&staged, settings()).await;
    let body = r#"<bpmn:startEvent id="start"><bpmn:timerEventDefinition><bpmn:timeDuration>PT0S</bpmn:timeDuration>
      </bpmn:timerEventDefinition></bpmn:startEvent>"#;
    deploy(&before, &model("order", body)).await;
    before.set_definition_suspension(suspension(SuspensionState::Suspended)).await.expect("suspends");
    let runtime = runtime_on(&staged, executing()).await;
    runtime.set_definition_suspension(suspension(SuspensionState::Active)).await.expect("activates");
    let runs = tokio::time::timeout(std::time::Duration::from_secs(20), until_empty(&runtime, &tables::JOB));
    runs.await.expect("somebody looks for jobs");
    assert_eq!(ended(&runtime).await, 1);
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_lane_that_knows_a_job_sees_its_suspension_by_definition() {
    use runtime::{JobDefinitionSet, JobsOfDefinition, SuspensionState};
    let runtime = runtime().await;
    deploy(&runtime, &async_model("", "${true}")).await;
    start(&runtime, "order").await;
    let job = crate::deployment::job_id(&column(&runtime, &tables::JOB, "id").await[0]);
    let definition = match &column(&runtime, &tables::JOB_DEFINITION, "id").await[0] {
        SqlValue::Uuid(id) => (*id).into(),
        SqlValue::Blob(bytes) => types::Uuid::from_bytes(bytes.as_ref().try_into().expect("16 bytes")).into(),
        other => panic!("an id, not {other:?}"),
    };
    let suspend = |state| {
        runtime.set_job_definition_suspension(
            JobDefinitionSet::ById(definition),
            state,
            JobsOfDefinition::Included,
            None,
        )
    };
    suspend(SuspensionState::Suspended).await.expect("suspends");
    assert!(is_refused(&runtime.execute_job(job).await, engine::RejectionKind::Suspended));
    assert_eq!(column(&runtime, &tables::JOB, "retries").await, [SqlValue::Integer(3)], "it was not run");
    suspend(SuspensionState::Active).await.expect("activates");
    runtime.execute_job(job).await.expect("runs");
}

#[tokio::test]
async fn a_start_timer_that_fails_is_tried_by_its_cycle() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, executing()).await;
    let body = r#"<bpmn:startEvent id="start"><bpmn:extensionElements>
      <camunda:failedJobRetryTimeCycle>R2/PT0S</camunda:failedJobRetryTimeCycle></bpmn:extensionElements>
      <bpmn:timerEventDefinition><bpmn:timeDuration>PT0S</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:startEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="task"/>
    <bpmn:serviceTask id="task" camunda:expression="${unknown}"/>"#;
    deploy(&runtime, &model("order", body)).await;
    while count(&runtime, &tables::INCIDENT).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((logged(&runtime, 0).await, logged(&runtime, 1).await), (1, 2));
    let job = crate::deployment::job_id(&column(&runtime, &tables::JOB, "id").await[0]);
    runtime.change_job(job, runtime::JobChange::Delete).await.expect("goes");
    assert_eq!((count(&runtime, &tables::INCIDENT).await, logged(&runtime, 3).await), (0, 1));
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_damaged_row_fails_its_job_alone() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, settings()).await;
    deploy(&runtime, &async_model("", "${true}")).await;
    start(&runtime, "order").await;
    let foreign = vec![
        ("id", SqlValue::Uuid(types::Uuid(9))),
        ("handler", SqlValue::Text("unheard-of".into())),
        ("create_time", SqlValue::Integer(0)),
        ("retries", SqlValue::Integer(1)),
        ("priority", SqlValue::Integer(0)),
        ("is_suspended", SqlValue::Integer(0)),
        ("is_exclusive", SqlValue::Integer(1)),
    ];
    let (columns, cells) = foreign.into_iter().unzip();
    let insert = Mutation::Insert { table: &tables::JOB, columns, rows: vec![cells] };
    let statement = ExpectedStatement { statement: insert.render(runtime.dialect()), rows_affected: Some(1) };
    SharedStore(staged.clone()).submit(Work::Run(vec![statement])).await.expect("can be stored");
    let node = runtime_on(&staged, executing()).await;
    while count(&node, &tables::JOB).await > 1 || count(&node, &tables::INCIDENT).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(column(&node, &tables::JOB, "retries").await, [SqlValue::Integer(0)]);
    node.shutdown().await;
}
