//! Holds what there is against the ledger: all that was acknowledged, and nothing half.

use super::ledger::{CLOCK_SLACK_MS, Candidates, Ledger, Lock, Record, TaskRecord};
use super::model::Stage;
use super::observed::{Observed, ObservedInstance};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What an instance turned out to be.
#[derive(Debug)]
struct Found {
    id: String,
    stage: Stage,
    /// By the stages that it has left.
    results: BTreeMap<Stage, i64>,
    tasks: BTreeMap<Stage, TaskRecord>,
}

/// The violations, each a sentence. With none, the ledger then holds what is for certain: nothing is in doubt any more.
pub fn check(ledger: &mut Ledger, observed: &Observed) -> Vec<String> {
    let mut violations = Vec::new();
    let mut found = BTreeMap::new();
    for (id, instance) in observed {
        match check_instance(ledger, id, instance) {
            Ok((business_key, instance)) => {
                if found.insert(business_key.clone(), instance).is_some() {
                    violations.push(format!("{business_key} was started twice"));
                }
            }
            Err(violation) => violations.push(format!("instance {id}: {violation}")),
        }
    }
    if violations.is_empty() {
        for (business_key, record) in &ledger.records {
            if !found.contains_key(business_key) && record.id.is_some() {
                violations.push(format!("{business_key} ({:?}) was acknowledged and is gone", record.id));
            }
        }
    }
    if violations.is_empty() {
        settle(ledger, found);
    }
    violations
}

fn settle(ledger: &mut Ledger, mut found: BTreeMap<String, Found>) {
    ledger.doubtful_fetches.clear();
    let mut jobs = 0;
    ledger.records.retain(|business_key, record| {
        let Some(Found { id, stage, results, tasks }) = found.remove(business_key) else { return false };
        let is_job_done = stage >= Stage::Second;
        jobs += u64::from(is_job_done && !record.is_job_done);
        record.is_job_done = is_job_done;
        record.id = Some(id);
        record.floor = Some(stage);
        record.results = results.into_iter().map(|(stage, result)| (stage, Candidates::of(Some(result)))).collect();
        record.tasks = tasks;
        true
    });
    ledger.tally.jobs += jobs;
}

fn check_instance(ledger: &Ledger, id: &str, instance: &ObservedInstance) -> Result<(String, Found), String> {
    let [history] = instance.history.as_slice() else {
        return Err(format!("{} history rows, but {}", instance.history.len(), instance.counts()));
    };
    let business_key = history["businessKey"].as_str().unwrap_or_default().to_owned();
    let record = ledger.records.get(&business_key).ok_or(format!("nobody started `{business_key}`"))?;
    let stage = stage(history, instance)?;
    let context = |violation: String| format!("{violation} (business key {business_key}, at {stage:?})");

    if record.id.as_deref().is_some_and(|known| known != id) {
        return Err(context(format!("{business_key} was acknowledged as {:?}", record.id)));
    }
    if record.floor.is_some_and(|floor| stage < floor) || stage > record.ceiling() {
        return Err(context(format!("it should be between {:?} and {:?}", record.floor, record.ceiling())));
    }
    let results = variables(record, stage, instance).map_err(context)?;
    activities(stage, instance).map_err(context)?;
    jobs(stage, instance).map_err(context)?;
    let tasks = tasks(ledger, record, stage, instance).map_err(context)?;
    Ok((business_key.clone(), Found { id: id.to_owned(), stage, results, tasks }))
}

/// How far the instance is, if its rows agree on it.
fn stage(history: &Value, instance: &ObservedInstance) -> Result<Stage, String> {
    let state = history["state"].as_str().unwrap_or_default();
    match (state, history["endTime"].is_null()) {
        ("ACTIVE", true) => active_stage(instance).map_err(|why| format!("active, {why}: {}", instance.counts())),
        ("COMPLETED", false) => {
            let left = [&instance.runtime, &instance.executions, &instance.tasks, &instance.variables];
            let waits = [&instance.subscriptions, &instance.jobs, &instance.incidents];
            match left.iter().chain(&waits).all(|rows| rows.is_empty()) {
                true => Ok(Stage::Ended),
                false => Err(format!("ended, and left {}", instance.counts())),
            }
        }
        _ => Err(format!("state {state} with end time {}", history["endTime"])),
    }
}

/// It waits for one thing, in an execution that is there. Jobs are done by the time one looks.
fn active_stage(instance: &ObservedInstance) -> Result<Stage, String> {
    let execution = match (instance.tasks.as_slice(), instance.subscriptions.as_slice(), instance.jobs.as_slice()) {
        ([task], [], []) => &task["executionId"],
        ([], [subscription], []) => &subscription["executionId"],
        _ => return Err("it does not wait for one thing".to_owned()),
    };
    if instance.runtime.len() != 1 || !instance.executions.iter().any(|row| row["id"] == *execution) {
        return Err("what it waits in is not there".to_owned());
    }
    match instance.tasks.first() {
        None => Ok(Stage::Waiting),
        Some(task) => {
            let activity = task["activityId"].as_str().unwrap_or_default();
            Stage::of_activity(activity).ok_or_else(|| format!("a task of `{activity}`"))
        }
    }
}

/// What the changes at the ends of the stages have set, where it is what was asked for, and nothing else is there.
fn variables(record: &Record, stage: Stage, instance: &ObservedInstance) -> Result<BTreeMap<Stage, i64>, String> {
    let by_name = |rows: &[Value]| -> BTreeMap<String, Value> {
        let pair = |row: &Value| (row["name"].as_str().unwrap_or_default().to_owned(), row["value"].clone());
        rows.iter().map(pair).collect()
    };
    let history = by_name(&instance.history_variables);
    let mut expected =
        BTreeMap::from([("amount".to_owned(), json!(record.amount)), ("note".to_owned(), json!(record.note))]);
    let mut results = BTreeMap::new();
    for ended in [Stage::First, Stage::Waiting, Stage::Second].into_iter().filter(|ended| *ended < stage) {
        let name = ended.result_variable();
        let asked_for = record.results.get(&ended).cloned().unwrap_or_default();
        let found = history.get(name).and_then(Value::as_i64);
        let Some(result) = found.filter(|found| asked_for.allows(found)) else {
            return Err(format!("{name} is {found:?}, asked for was {asked_for:?}"));
        };
        expected.insert(name.to_owned(), json!(result));
        results.insert(ended, result);
    }
    if let (Some(result), true) = (results.get(&Stage::First), stage >= Stage::Second) {
        expected.insert("jobResult".to_owned(), json!(result));
    }
    if history != expected || instance.history_variables.len() != expected.len() {
        return Err(format!("history variables {history:?}, expected {expected:?}"));
    }
    let runtime = by_name(&instance.variables);
    if stage != Stage::Ended && (runtime != expected || instance.variables.len() != expected.len()) {
        return Err(format!("variables {runtime:?}, expected {expected:?}"));
    }
    Ok(results)
}

fn activities(stage: Stage, instance: &ObservedInstance) -> Result<(), String> {
    let expected = stage.activities();
    let mut found: Vec<_> = instance
        .history_activities
        .iter()
        .map(|row| (row["activityId"].as_str().unwrap_or_default(), !row["endTime"].is_null()))
        .collect();
    found.sort_unstable();
    if found != expected {
        return Err(format!("activity instances (ended or not) {found:?}, expected {expected:?}"));
    }
    Ok(())
}

/// The job was made once and done once.
fn jobs(stage: Stage, instance: &ObservedInstance) -> Result<(), String> {
    let count = |kind: &str| instance.job_log.iter().filter(|row| row[kind] == json!(true)).count();
    let expected = usize::from(stage >= Stage::Second);
    let found = (count("creationLog"), count("successLog"), count("failureLog"));
    if found != (expected, expected, 0) {
        return Err(format!(
            "(creation, success, failure) entries of the job's log {found:?}, expected {expected} each"
        ));
    }
    Ok(())
}

/// The tasks that were there and are there, as they turned out to be.
fn tasks(
    ledger: &Ledger,
    record: &Record,
    stage: Stage,
    instance: &ObservedInstance,
) -> Result<BTreeMap<Stage, TaskRecord>, String> {
    let mut found = BTreeMap::new();
    for of in [Stage::First, Stage::Second].into_iter().filter(|of| *of <= stage) {
        let task = record.tasks.get(&of).cloned().unwrap_or_default();
        let failures = log(&task, of, stage, instance)?;
        found.insert(of, TaskRecord::failed(failures));
    }
    let Some(row) = instance.tasks.first() else { return Ok(found) };
    let task = record.tasks.get(&stage).cloned().unwrap_or_default();
    let lock = lock(ledger, &task, row)?;
    let retries = row["retries"].as_i64();
    let is_expected = match retries {
        None => task.retries.acknowledged.is_none(),
        Some(retries) => task.retries.allows(&retries),
    };
    if !is_expected {
        return Err(format!("{retries:?} retries, asked for was {:?}", task.retries));
    }
    let incidents = usize::from(retries == Some(0));
    if instance.incidents.len() != incidents {
        return Err(format!("{} incidents with {retries:?} retries", instance.incidents.len()));
    }
    let now = found.entry(stage).or_default();
    (now.lock, now.retries) = (Candidates::of(lock), Candidates::of(retries));
    Ok(found)
}

/// How many failures were logged of the task of a stage; all else has to be there once.
fn log(task: &TaskRecord, of: Stage, stage: Stage, instance: &ObservedInstance) -> Result<u64, String> {
    let rows = || {
        instance.history_log.iter().filter(|row| row["activityId"].as_str().and_then(Stage::of_activity) == Some(of))
    };
    let count = |kind: &str| rows().filter(|row| row[kind] == json!(true)).count();
    let (created, succeeded) = (count("creationLog"), count("successLog"));
    let expected = (1, usize::from(of < stage));
    if (created, succeeded) != expected {
        return Err(format!(
            "(creation, success) log entries {:?} at {of:?}, expected {expected:?}",
            (created, succeeded)
        ));
    }
    let failures = count("failureLog") as u64;
    let most = task.failures + task.doubtful_failures.len() as u64;
    if failures < task.failures || failures > most {
        return Err(format!("{failures} failures logged at {of:?}, expected {} to {most}", task.failures));
    }
    Ok(failures)
}

/// The task's lock, if it is one that was asked for and no acknowledged one is missing.
fn lock(ledger: &Ledger, task: &TaskRecord, row: &Value) -> Result<Option<Lock>, String> {
    let acknowledged = task.lock.acknowledged.as_ref();
    let (worker, expiry) = match (row["workerId"].as_str(), row["lockExpirationTime"].as_str()) {
        (None, None) => {
            return match acknowledged {
                Some(lock) => Err(format!("the acknowledged lock of {} is gone", lock.worker)),
                None => Ok(None),
            };
        }
        (Some(worker), Some(expiry)) => (worker, expiry),
        (worker, expiry) => return Err(format!("half a lock: worker {worker:?}, end {expiry:?}")),
    };
    let end_ms = parse_time(expiry).ok_or_else(|| format!("lockExpirationTime `{expiry}`"))?;
    let is_free_at =
        |ms: i64| acknowledged.is_none() || task.ends_of_lock().any(|end_ms| end_ms <= ms + CLOCK_SLACK_MS);
    let by_fetch = ledger.doubtful_fetches.iter().map(|doubt| &doubt.value).filter(|lock| is_free_at(lock.answered_ms));
    let asked_for = task.lock.iter().chain(by_fetch).any(|lock| {
        lock.worker == worker
            && end_ms >= lock.earliest_end_ms() - CLOCK_SLACK_MS
            && end_ms <= lock.latest_end_ms().saturating_add(CLOCK_SLACK_MS)
    });
    if !asked_for {
        return Err(format!("locked by `{worker}` until {expiry}; asked for was {:?}", task.lock));
    }
    let worker = worker.to_owned();
    // Given before anything that is asked for from now on.
    Ok(Some(Lock { worker, duration_ms: end_ms, sent_ms: 0, answered_ms: 0 }))
}

/// Milliseconds since 1970 of `2026-01-31T11:00:00.123+0000`.
fn parse_time(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second, millis) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
    let offset = number(24, 26)? * 60 + number(26, 28)?;
    let sign = if text.get(23..24)? == "-" { -1 } else { 1 };
    // Days from the civil calendar: years begin in March, so that the leap day is the last.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = shifted_year * 365 + shifted_year / 4 - shifted_year / 100
        + shifted_year / 400
        + (153 * shifted_month + 2) / 5
        + day
        - 1
        - 719_468;
    Some((((days * 24 + hour) * 60 + minute - sign * offset) * 60 + second) * 1000 + millis)
}

impl ObservedInstance {
    fn counts(&self) -> String {
        format!(
            "{} runtime rows, {} executions, {} external tasks, {} subscriptions, {} jobs, {} variables, {} incidents",
            self.runtime.len(),
            self.executions.len(),
            self.tasks.len(),
            self.subscriptions.len(),
            self.jobs.len(),
            self.variables.len(),
            self.incidents.len()
        )
    }
}
#[cfg(test)]
mod tests {
    use super::super::request::{Change, Request};
    use super::*;
    use crate::engine_client::{Answer, FetchedTask};

    const KEY: &str = "0-0-0";

    fn answer(body: &Value) -> Answer {
        Answer { status: 200, has_retry_after: false, body: body.to_string().into() }
    }

    /// Sent at 1000, by one worker, for 100 ms.
    fn request(number: u64, stage: Stage, change: Change) -> Request {
        Request {
            number,
            worker: "worker".to_owned(),
            business_key: KEY.to_owned(),
            stage,
            task_id: "task".to_owned(),
            duration_ms: 100,
            change,
            idempotency_key: None,
            sent_ms: 1000,
        }
    }

    fn start() -> Request {
        request(1, Stage::First, Change::Start { amount: 7, note: "note".to_owned() })
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.sent(&start()).unwrap();
        ledger.done(&start(), &answer(&json!({"id": "instance"})), 1010).unwrap();
        ledger
    }

    fn variable(name: &str, value: &Value) -> Value {
        json!({"name": name, "value": value})
    }

    fn first_stage() -> ObservedInstance {
        let variables = vec![variable("amount", &json!(7)), variable("note", &json!("note"))];
        ObservedInstance {
            history: vec![json!({"businessKey": KEY, "state": "ACTIVE", "endTime": null})],
            runtime: vec![json!({"id": "instance"})],
            executions: vec![json!({"id": "execution"})],
            tasks: vec![json!({"id": "task", "executionId": "execution", "activityId": "first", "workerId": null,
                "lockExpirationTime": null, "retries": null})],
            variables: variables.clone(),
            history_variables: variables,
            history_activities: vec![
                json!({"activityId": "start", "endTime": "t"}),
                json!({"activityId": "first", "endTime": null}),
            ],
            history_log: vec![json!({"activityId": "first", "creationLog": true})],
            ..ObservedInstance::default()
        }
    }

    fn completed(result: i64) -> ObservedInstance {
        let mut instance = first_stage();
        instance.tasks.clear();
        instance.subscriptions = vec![json!({"executionId": "execution"})];
        instance.variables.push(variable("firstResult", &json!(result)));
        instance.history_variables = instance.variables.clone();
        instance.history_activities[1]["endTime"] = json!("t");
        instance.history_activities.push(json!({"activityId": "wait", "endTime": null}));
        instance.history_log.push(json!({"activityId": "first", "successLog": true}));
        instance
    }

    fn violations(ledger: &mut Ledger, instance: Option<ObservedInstance>) -> Vec<String> {
        check(ledger, &instance.map(|instance| ("instance".to_owned(), instance)).into_iter().collect())
    }

    fn violation(ledger: &mut Ledger, instance: ObservedInstance) -> String {
        violations(ledger, Some(instance)).pop().unwrap_or_default()
    }

    #[test]
    fn what_was_acknowledged_and_is_there_is_fine() {
        assert_eq!(violations(&mut ledger(), Some(first_stage())), Vec::<String>::new());
    }

    #[test]
    fn a_lost_start_is_found_and_one_in_doubt_may_be_lost() {
        assert_eq!(violations(&mut ledger(), None).len(), 1);
        let mut in_doubt = Ledger::default();
        in_doubt.sent(&start()).unwrap();
        assert_eq!(violations(&mut in_doubt, None).len(), 0);
        assert!(in_doubt.records.is_empty());
    }

    #[test]
    fn a_start_that_was_refused_or_done_twice_is_found() {
        let mut ledger = Ledger::default();
        ledger.sent(&start()).unwrap();
        ledger.refused(&start()).unwrap();
        assert!(violation(&mut ledger, first_stage()).contains("nobody started"));

        let observed = ["instance", "other"].map(|id| (id.to_owned(), first_stage()));
        let mut ledger = Ledger::default();
        ledger.sent(&start()).unwrap();
        assert!(check(&mut ledger, &observed.into_iter().collect())[0].contains("started twice"));
    }

    #[test]
    fn a_lost_completion_is_found_and_one_in_doubt_may_be_lost_but_not_half_done() {
        let complete = request(2, Stage::First, Change::Complete { result: 1 });
        let mut sent = ledger();
        sent.sent(&complete).unwrap();
        assert_eq!(violations(&mut sent, Some(first_stage())).len(), 0);
        sent.sent(&complete).unwrap();
        assert_eq!(violation(&mut sent, completed(1)), "");

        let mut acknowledged = ledger();
        acknowledged.sent(&complete).unwrap();
        acknowledged.done(&complete, &answer(&json!({})), 1010).unwrap();
        assert!(violation(&mut acknowledged, first_stage()).contains("between Some(Waiting) and Waiting"));
        assert!(violation(&mut acknowledged, completed(2)).contains("firstResult is Some(2)"));
        let mut twice = completed(1);
        twice.history_log.push(json!({"activityId": "first", "successLog": true}));
        assert!(violation(&mut acknowledged, twice).contains("log entries"));
        let mut half = completed(1);
        half.tasks = first_stage().tasks;
        assert!(violation(&mut acknowledged, half).contains("does not wait for one thing"));

        let again = request(3, Stage::First, Change::Complete { result: 2 });
        acknowledged.sent(&again).unwrap();
        let twice = acknowledged.done(&again, &answer(&json!({})), 1020).unwrap_err();
        assert!(twice.to_string().contains("ended twice"));
    }

    #[test]
    fn what_was_refused_must_not_have_been_done() {
        let complete = request(2, Stage::First, Change::Complete { result: 1 });
        let mut ledger = ledger();
        ledger.sent(&complete).unwrap();
        ledger.refused(&complete).unwrap();
        assert!(violation(&mut ledger, completed(1)).contains("between Some(First) and First"));
    }

    #[test]
    fn a_lost_lock_and_half_a_lock_are_found() {
        let lock = request(2, Stage::First, Change::Lock);
        let mut locked = ledger();
        locked.sent(&lock).unwrap();
        locked.done(&lock, &answer(&json!({})), 1010).unwrap();
        assert!(violation(&mut locked, first_stage()).contains("is gone"));

        let with = |worker: Value, end: Value| {
            let mut instance = first_stage();
            instance.tasks[0]["workerId"] = worker;
            instance.tasks[0]["lockExpirationTime"] = end;
            instance
        };
        assert!(violation(&mut ledger(), with(json!("worker"), json!(null))).contains("half a lock"));
        let late = json!("1970-01-01T00:00:02.000+0000");
        assert!(violation(&mut locked, with(json!("worker"), late)).contains("locked by"));
        let right = with(json!("worker"), json!("1970-01-01T00:00:01.105+0000"));
        assert_eq!(violation(&mut locked, right), "");
    }

    /// Answered 10 ms later.
    fn fetched(ledger: &mut Ledger, worker: &str, sent_ms: i64) -> anyhow::Result<()> {
        let fetch = request(sent_ms.unsigned_abs(), Stage::First, Change::Fetch { tasks_max: 1, wait_ms: 0 });
        let fetch = Request { worker: worker.to_owned(), sent_ms, ..fetch };
        let task = FetchedTask {
            id: "task".to_owned(),
            process_instance_id: "instance".to_owned(),
            activity_id: "first".to_owned(),
            business_key: Some(KEY.to_owned()),
        };
        ledger.sent(&fetch).unwrap();
        ledger.fetched(&fetch, &[task], sent_ms + 10)
    }

    #[test]
    fn a_task_may_be_handed_on_before_its_failure_is_read() {
        let mut ledger = ledger();
        fetched(&mut ledger, "one", 1000).unwrap();
        let fail = request(2, Stage::First, Change::Fail { retries: 1 });
        let fail = Request { worker: "one".to_owned(), sent_ms: 1020, duration_ms: 0, ..fail };
        ledger.sent(&fail).unwrap();
        fetched(&mut ledger, "two", 1025).unwrap();
        ledger.done(&fail, &answer(&json!({})), 1036).unwrap();
        let mut instance = first_stage();
        instance.tasks[0]["workerId"] = json!("two");
        instance.tasks[0]["lockExpirationTime"] = json!("1970-01-01T00:00:01.130+0000");
        instance.tasks[0]["retries"] = json!(1);
        instance.history_log.push(json!({"activityId": "first", "failureLog": true}));
        assert_eq!(violation(&mut ledger, instance), "");
    }

    #[test]
    fn a_lock_that_was_seen_is_given_back_by_a_failure_in_doubt() {
        let mut ledger = ledger();
        fetched(&mut ledger, "one", 1000).unwrap();
        let mut seen = first_stage();
        seen.tasks[0]["workerId"] = json!("one");
        seen.tasks[0]["lockExpirationTime"] = json!("1970-01-01T00:00:01.105+0000");
        assert_eq!(violation(&mut ledger, seen.clone()), "");
        assert!(format!("{:#}", fetched(&mut ledger, "two", 1050).unwrap_err()).contains("two at the same time"));

        let fail = request(2, Stage::First, Change::Fail { retries: 1 });
        let fail = Request { worker: "one".to_owned(), sent_ms: 1020, duration_ms: 0, ..fail };
        ledger.sent(&fail).unwrap();
        ledger.lost(&fail, 1030).unwrap();
        let fetch = request(3, Stage::First, Change::Fetch { tasks_max: 1, wait_ms: 0 });
        let fetch = Request { worker: "two".to_owned(), sent_ms: 1040, ..fetch };
        ledger.sent(&fetch).unwrap();
        ledger.lost(&fetch, 1050).unwrap();
        seen.tasks[0]["workerId"] = json!("two");
        seen.tasks[0]["lockExpirationTime"] = json!("1970-01-01T00:00:01.145+0000");
        seen.tasks[0]["retries"] = json!(1);
        seen.history_log.push(json!({"activityId": "first", "failureLog": true}));
        assert_eq!(violation(&mut ledger, seen), "");
    }

    #[test]
    fn a_task_that_two_have_at_once_is_found() {
        let mut ledger = ledger();
        fetched(&mut ledger, "one", 1000).unwrap();
        assert!(format!("{:#}", fetched(&mut ledger, "two", 1050).unwrap_err()).contains("two at the same time"));
        fetched(&mut ledger, "two", 1095).expect("the lock may have ended at 1100");
        let stale = Request {
            worker: "one".to_owned(),
            sent_ms: 1200,
            ..request(9, Stage::First, Change::Complete { result: 1 })
        };
        ledger.sent(&stale).unwrap();
        assert!(
            ledger.done(&stale, &answer(&json!({})), 1210).unwrap_err().to_string().contains("was acknowledged to one")
        );
    }

    #[test]
    fn failures_and_retries_are_counted() {
        let fail = request(2, Stage::First, Change::Fail { retries: 0 });
        let mut failed = ledger();
        failed.sent(&fail).unwrap();
        failed.done(&fail, &answer(&json!({})), 1010).unwrap();
        let mut instance = first_stage();
        instance.tasks[0]["workerId"] = json!("worker");
        instance.tasks[0]["lockExpirationTime"] = json!("1970-01-01T00:00:01.105+0000");
        assert!(violation(&mut failed, instance.clone()).contains("0 failures logged"));
        instance.history_log.push(json!({"activityId": "first", "failureLog": true}));
        assert!(violation(&mut failed, instance.clone()).contains("None retries"));
        instance.tasks[0]["retries"] = json!(0);
        assert!(violation(&mut failed, instance.clone()).contains("0 incidents"));
        instance.incidents = vec![json!({})];
        assert_eq!(violation(&mut failed, instance), "");
    }

    #[test]
    fn half_an_instance_is_found() {
        let mut without_task = first_stage();
        without_task.tasks.clear();
        assert!(violation(&mut ledger(), without_task).contains("0 external tasks"));
        let mut without_variable = first_stage();
        without_variable.variables.pop();
        assert!(violation(&mut ledger(), without_variable).contains("variables"));
        let mut without_history = first_stage();
        without_history.history.clear();
        assert!(violation(&mut ledger(), without_history).contains("0 history rows"));
        let mut with_job = first_stage();
        with_job.job_log = vec![json!({"creationLog": true})];
        assert!(violation(&mut ledger(), with_job).contains("job's log"));
    }

    #[test]
    fn times_are_read() {
        assert_eq!(parse_time("1970-01-01T00:00:00.000+0000"), Some(0));
        assert_eq!(parse_time("2024-02-29T12:00:00.123+0100"), Some(1_709_204_400_123));
        assert_eq!(parse_time("2024-02"), None);
    }
}
