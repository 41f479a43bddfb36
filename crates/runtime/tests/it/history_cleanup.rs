//! Cleaning up the history: what has come to its removal time goes, all of it, and nothing else.

use engine::RejectionKind;
use query::{SqlValue, tables};
use runtime::batch_window::{BatchWindows, DailyWindow};
use runtime::settings::HistoryCleanup;
use runtime::{BatchWork, Clock, JobExecutor, NewBatch, RemovalTime, RemovalTimeReach, Runtime, Settings, Urgency};
use types::{ProcessInstanceId, Timestamp, Uuid, VariableValue};

use crate::support::*;

/// 2026-11-24, 12:00 in UTC.
const NOW: Timestamp = Timestamp(1_795_521_600_000);
const PAST: RemovalTime = RemovalTime::At(Timestamp(0));

const CALLED: &str = r#"<bpmn:startEvent id="start"/><bpmn:endEvent id="end"/>
    <bpmn:sequenceFlow id="f" sourceRef="start" targetRef="end"/>"#;
const CALLING: &str = r#"<bpmn:startEvent id="start"/><bpmn:callActivity id="call" calledElement="called"/>
    <bpmn:endEvent id="end"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="call"/>
    <bpmn:sequenceFlow id="f2" sourceRef="call" targetRef="end"/>"#;

async fn clean(runtime: &Runtime) {
    for job in runtime.schedule_history_cleanup(Urgency::Now).await.expect("is enabled") {
        runtime.execute_job(job).await.expect("runs");
    }
}

/// Sets removal times as a batch does, to the end.
async fn set_removal_time(runtime: &Runtime, of: &[ProcessInstanceId], time: RemovalTime, reach: RemovalTimeReach) {
    let work = BatchWork::SetRemovalTimeOfProcessInstances { removal_time: time, reach };
    let ids = of.iter().map(|id| id.0).collect();
    runtime.create_batch(NewBatch { work, ids, tenant_id: None }).await.expect("is created");
    run_all_jobs(runtime).await;
}

async fn run_all_jobs(runtime: &Runtime) {
    while count(runtime, &tables::BATCH).await > 0 {
        for id in column(runtime, &tables::JOB, "id").await {
            let SqlValue::Blob(bytes) = id else { panic!("an id") };
            let id = Uuid::from_bytes(bytes.as_ref().try_into().expect("an id")).into();
            runtime.execute_job(id).await.expect("runs");
        }
    }
}

async fn kept(runtime: &Runtime) -> Vec<usize> {
    let mut counts = vec![count(runtime, &tables::HISTORIC_PROCESS_INSTANCE).await];
    for table in [&tables::HISTORIC_ACTIVITY_INSTANCE, &tables::HISTORIC_VARIABLE, &tables::HISTORIC_DETAIL] {
        counts.push(count(runtime, table).await);
    }
    counts
}

#[tokio::test]
async fn what_is_due_goes_with_all_that_belongs_to_it() {
    let runtime = runtime().await;
    deploy(&runtime, &model("called", CALLED)).await;
    deploy(&runtime, &external_task_model("order", "work", "")).await;
    let values: Vec<(String, VariableValue)> = (0..700).map(|n| (format!("v{n}"), VariableValue::Integer(n))).collect();
    let values: Vec<(&str, VariableValue)> = values.iter().map(|(name, value)| (&**name, value.clone())).collect();
    let large = start_with(&runtime, "called", variables(&values)).await;
    let stays = start(&runtime, "called").await;
    let runs = start(&runtime, "order").await;
    clean(&runtime).await;
    assert_eq!(kept(&runtime).await, [3, 2 + 2 + 2, 700, 0], "nothing has a removal time");
    set_removal_time(&runtime, &[large, runs], PAST, RemovalTimeReach::Instance).await;
    clean(&runtime).await;
    assert_eq!(kept(&runtime).await, [2, 2 + 2, 0, 0], "what runs is not cleaned up");
    let left = column(&runtime, &tables::HISTORIC_PROCESS_INSTANCE, "id").await;
    for id in [stays, runs] {
        assert!(left.contains(&SqlValue::Blob(id.0.to_bytes().as_slice().into())), "{id}");
    }
}

#[tokio::test]
async fn called_instances_follow_their_root_unless_they_have_a_removal_time() {
    let runtime = runtime().await;
    deploy(&runtime, &model("called", CALLED)).await;
    deploy(&runtime, &model("calling", CALLING)).await;
    let roots = [start(&runtime, "calling").await, start(&runtime, "calling").await];
    assert_eq!(count(&runtime, &tables::HISTORIC_PROCESS_INSTANCE).await, 4);
    set_removal_time(&runtime, &roots[..1], PAST, RemovalTimeReach::Tree).await;
    clean(&runtime).await;
    assert_eq!(count(&runtime, &tables::HISTORIC_PROCESS_INSTANCE).await, 2, "the tree goes as a whole");
    set_removal_time(&runtime, &roots[1..], PAST, RemovalTimeReach::Instance).await;
    clean(&runtime).await;
    assert_eq!(count(&runtime, &tables::HISTORIC_PROCESS_INSTANCE).await, 1, "of the called one nothing was said");
}

#[tokio::test]
async fn a_batch_takes_its_log_along() {
    let runtime = runtime().await;
    deploy(&runtime, &model("called", CALLED)).await;
    let instance = start(&runtime, "called").await;
    set_removal_time(&runtime, &[instance], RemovalTime::Never, RemovalTimeReach::Instance).await;
    assert!(count(&runtime, &tables::HISTORIC_JOB_LOG).await > 0);
    let batch = column(&runtime, &tables::HISTORIC_BATCH, "id").await.pop().expect("one");
    let SqlValue::Blob(bytes) = batch else { panic!("an id") };
    let ids = vec![Uuid::from_bytes(bytes.as_ref().try_into().expect("an id"))];
    let work = BatchWork::SetRemovalTimeOfBatches { removal_time: PAST };
    let second = runtime.create_batch(NewBatch { work, ids, tenant_id: None }).await.expect("is created");
    run_all_jobs(&runtime).await;
    clean(&runtime).await;
    assert_eq!(count(&runtime, &tables::HISTORIC_BATCH).await, 1);
    let of = column(&runtime, &tables::HISTORIC_JOB_LOG, "batch_id").await;
    let second = SqlValue::Blob(second.id.0.to_bytes().as_slice().into());
    assert!(of.iter().all(|batch| *batch == SqlValue::Null || *batch == second), "{of:?}");
}

#[tokio::test]
async fn within_a_window_the_executor_cleans_up_until_nothing_is_left() {
    let daily = |start: &str, end: &str| DailyWindow {
        start: start.parse().expect("a time"),
        end: end.parse().expect("a time"),
    };
    let windows = BatchWindows { every_day: Some(daily("13:00", "14:00")), ..BatchWindows::default() };
    let history_cleanup = HistoryCleanup { windows, batch_size: 2, ..HistoryCleanup::default() };
    let staged = Staged::memory();
    let at = |minutes: i64, job_executor| {
        let clock = Clock::tokio(NOW.plus_ms(minutes * 60_000));
        runtime_on(&staged, Settings { job_executor, clock, history_cleanup: history_cleanup.clone(), ..settings() })
    };
    let due = async |runtime: &Runtime| match column(runtime, &tables::JOB, "due_date").await[..] {
        [SqlValue::Integer(due)] => Timestamp(due),
        _ => panic!("one job that is due"),
    };
    let before = at(0, JobExecutor::Off).await;
    let executable = "isExecutable=\"true\"";
    let kept_for_no_day = format!("{executable} camunda:historyTimeToLive=\"0\"");
    deploy(&before, &model("called", CALLED).replace(executable, &kept_for_no_day)).await;
    for _ in 0..5 {
        start(&before, "called").await;
    }
    let [job] = before.schedule_history_cleanup(Urgency::InWindow).await.expect("is enabled")[..] else {
        panic!("one job")
    };
    let start_of_window = NOW.plus_ms(3_600_000);
    assert_eq!(due(&before).await, start_of_window);
    before.execute_job(job).await.expect("runs");
    assert_eq!(count(&before, &tables::HISTORIC_PROCESS_INSTANCE).await, 5, "it is too early");
    before.shutdown().await;
    let within = at(61, JobExecutor::On).await;
    while count(&within, &tables::HISTORIC_PROCESS_INSTANCE).await > 0 || due(&within).await <= start_of_window {
        tokio::task::yield_now().await;
    }
    let again = due(&within).await;
    assert!(again > NOW.plus_ms(61 * 60_000) && again < NOW.plus_ms(62 * 60_000), "{again}");
    within.shutdown().await;
    let last_minute = at(119, JobExecutor::Off).await;
    while due(&last_minute).await < NOW.plus_ms(2 * 3_600_000) {
        last_minute.execute_job(job).await.expect("runs");
    }
    assert_eq!(due(&last_minute).await, start_of_window.plus_ms(24 * 3_600_000), "it goes on the day after");
}

#[tokio::test]
async fn several_jobs_share_the_work_and_go_when_fewer_are_wanted() {
    let staged = Staged::memory();
    let cleanup = |jobs| HistoryCleanup { jobs, ..HistoryCleanup::default() };
    let several = runtime_on(&staged, Settings { history_cleanup: cleanup(3), ..settings() }).await;
    clean(&several).await;
    assert_eq!(count(&several, &tables::JOB).await, 3);
    several.shutdown().await;
    let one = runtime_on(&staged, Settings { history_cleanup: cleanup(1), ..settings() }).await;
    clean(&one).await;
    assert_eq!(count(&one, &tables::JOB).await, 1);
    one.shutdown().await;
    let disabled = HistoryCleanup { is_enabled: false, ..HistoryCleanup::default() };
    let none = runtime_on(&staged, Settings { history_cleanup: disabled, ..settings() }).await;
    assert!(is_refused(&none.schedule_history_cleanup(Urgency::Now).await, RejectionKind::BadUserRequest));
}
