//! Holds what there is against the ledger: all that was acknowledged, and nothing half.

use super::ledger::{Ledger, LockRecord, Record, Stage};
use super::load::result_variable;
use super::observed::{Observed, ObservedInstance};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The server reads its clock in milliseconds, we read ours before and after.
const CLOCK_SLACK_MS: i64 = 2;

/// What an instance turned out to be.
#[derive(Debug)]
struct Found {
    id: String,
    stage: Stage,
    lock: Option<LockRecord>,
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
    ledger.records.retain(|business_key, record| {
        let Some(instance) = found.remove(business_key) else { return false };
        record.id = Some(instance.id);
        record.floor = instance.stage;
        record.ceiling = instance.stage;
        record.results.retain(|stage, _| *stage < instance.stage);
        record.lock = instance.lock.map(|lock| (instance.stage, lock));
        record.doubtful_locks.clear();
        true
    });
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
    if stage < record.floor || stage > record.ceiling {
        return Err(context(format!("it should be between {:?} and {:?}", record.floor, record.ceiling)));
    }
    variables(record, stage, instance).map_err(context)?;
    activities(stage, instance).map_err(context)?;
    log(stage, instance).map_err(context)?;
    let lock = match instance.tasks.first() {
        Some(task) => lock(ledger, record, stage, task).map_err(context)?,
        None => None,
    };
    Ok((business_key.clone(), Found { id: id.to_owned(), stage, lock }))
}

/// How far the instance is, if its rows agree on it.
fn stage(history: &Value, instance: &ObservedInstance) -> Result<Stage, String> {
    let state = history["state"].as_str().unwrap_or_default();
    match (state, history["endTime"].is_null()) {
        ("ACTIVE", true) => {
            let [task] = instance.tasks.as_slice() else { return Err(format!("active with {}", instance.counts())) };
            let executions = &instance.executions;
            if instance.runtime.len() != 1 || !executions.iter().any(|execution| execution["id"] == task["executionId"])
            {
                return Err(format!("active, its task's execution is not there: {}", instance.counts()));
            }
            let activity = task["activityId"].as_str().unwrap_or_default();
            Stage::of_activity(activity).ok_or_else(|| format!("a task of `{activity}`"))
        }
        ("COMPLETED", false) => {
            let left = [&instance.runtime, &instance.executions, &instance.tasks, &instance.variables];
            match left.iter().all(|rows| rows.is_empty()) {
                true => Ok(Stage::Ended),
                false => Err(format!("ended, and left {}", instance.counts())),
            }
        }
        _ => Err(format!("state {state} with end time {}", history["endTime"])),
    }
}

fn variables(record: &Record, stage: Stage, instance: &ObservedInstance) -> Result<(), String> {
    let mut expected =
        BTreeMap::from([("amount".to_owned(), json!(record.amount)), ("note".to_owned(), json!(record.note))]);
    for (completed, value) in record.results.iter().filter(|(completed, _)| **completed < stage) {
        expected.insert(result_variable(*completed).to_owned(), json!(value));
    }
    let by_name = |rows: &[Value]| -> BTreeMap<String, Value> {
        let pair = |row: &Value| (row["name"].as_str().unwrap_or_default().to_owned(), row["value"].clone());
        rows.iter().map(pair).collect()
    };
    let history = by_name(&instance.history_variables);
    if history != expected || instance.history_variables.len() != expected.len() {
        return Err(format!("history variables {history:?}, expected {expected:?}"));
    }
    let runtime = by_name(&instance.variables);
    if stage != Stage::Ended && (runtime != expected || instance.variables.len() != expected.len()) {
        return Err(format!("variables {runtime:?}, expected {expected:?}"));
    }
    Ok(())
}

fn activities(stage: Stage, instance: &ObservedInstance) -> Result<(), String> {
    let expected: &[(&str, bool)] = match stage {
        Stage::First => &[("first", false), ("start", true)],
        Stage::Second => &[("first", true), ("second", false), ("start", true)],
        Stage::Ended => &[("end", true), ("first", true), ("second", true), ("start", true)],
    };
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

fn log(stage: Stage, instance: &ObservedInstance) -> Result<(), String> {
    let count = |kind: &str| instance.history_log.iter().filter(|row| row[kind] == json!(true)).count();
    let expected = match stage {
        Stage::First => (1, 0),
        Stage::Second => (2, 1),
        Stage::Ended => (2, 2),
    };
    let found = (count("creationLog"), count("successLog"));
    if found != expected {
        return Err(format!("(creation, success) log entries {found:?}, expected {expected:?}"));
    }
    Ok(())
}

/// The task's lock, if it is one that was asked for and no acknowledged one is missing.
fn lock(ledger: &Ledger, record: &Record, stage: Stage, task: &Value) -> Result<Option<LockRecord>, String> {
    let acknowledged = record.lock.as_ref().filter(|(of_stage, _)| *of_stage == stage).map(|(_, lock)| lock);
    let (worker, expiry) = match (task["workerId"].as_str(), task["lockExpirationTime"].as_str()) {
        (None, None) => {
            return match acknowledged {
                Some(lock) => Err(format!("the acknowledged lock of {} is gone", lock.worker)),
                None => Ok(None),
            };
        }
        (Some(worker), Some(expiry)) => (worker, expiry),
        (worker, expiry) => return Err(format!("half a lock: worker {worker:?}, expiry {expiry:?}")),
    };
    let expiry_ms = parse_time(expiry).ok_or_else(|| format!("lockExpirationTime `{expiry}`"))?;
    let on_this_task = record.doubtful_locks.iter().filter(|(of_stage, _)| *of_stage == stage).map(|(_, lock)| lock);
    let by_fetch = ledger.doubtful_fetches.iter().filter(|_| acknowledged.is_none());
    let asked_for = acknowledged.into_iter().chain(on_this_task).chain(by_fetch).any(|lock| {
        lock.worker == worker
            && expiry_ms >= lock.earliest_expiry_ms - CLOCK_SLACK_MS
            && expiry_ms <= lock.latest_expiry_ms.saturating_add(CLOCK_SLACK_MS)
    });
    if !asked_for {
        return Err(format!("locked by {worker} until {expiry}; acknowledged was {acknowledged:?}"));
    }
    Ok(Some(LockRecord {
        task_id: task["id"].as_str().unwrap_or_default().to_owned(),
        worker: worker.to_owned(),
        earliest_expiry_ms: expiry_ms,
        latest_expiry_ms: expiry_ms,
    }))
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
            "{} runtime rows, {} executions, {} external tasks, {} variables",
            self.runtime.len(),
            self.executions.len(),
            self.tasks.len(),
            self.variables.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0-0-0";

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.start_sent(KEY, 7, "note");
        ledger.seen(KEY, "instance", Stage::First).unwrap();
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
                "lockExpirationTime": null})],
            variables: variables.clone(),
            history_variables: variables,
            history_activities: vec![
                json!({"activityId": "start", "endTime": "t"}),
                json!({"activityId": "first", "endTime": null}),
            ],
            history_log: vec![json!({"creationLog": true, "successLog": false})],
        }
    }

    fn violations(ledger: &mut Ledger, instance: Option<ObservedInstance>) -> Vec<String> {
        check(ledger, &instance.map(|instance| ("instance".to_owned(), instance)).into_iter().collect())
    }

    #[test]
    fn what_was_acknowledged_and_is_there_is_fine() {
        assert_eq!(violations(&mut ledger(), Some(first_stage())), Vec::<String>::new());
    }

    #[test]
    fn a_lost_start_is_found_and_one_in_doubt_may_be_lost() {
        assert_eq!(violations(&mut ledger(), None).len(), 1);
        let mut in_doubt = Ledger::default();
        in_doubt.start_sent(KEY, 7, "note");
        assert_eq!(violations(&mut in_doubt, None).len(), 0);
        assert!(in_doubt.records.is_empty());
    }

    #[test]
    fn a_lost_completion_is_found_and_one_in_doubt_may_be_lost() {
        let mut ledger = ledger();
        ledger.complete_sent(KEY, Stage::First, 1).unwrap();
        assert_eq!(violations(&mut ledger, Some(first_stage())).len(), 0);
        ledger.complete_sent(KEY, Stage::First, 1).unwrap();
        ledger.complete_acknowledged(KEY, Stage::First).unwrap();
        assert!(violations(&mut ledger, Some(first_stage()))[0].contains("between Second and Second"));
    }

    #[test]
    fn a_lost_lock_and_half_a_lock_are_found() {
        let lock = LockRecord {
            task_id: "task".to_owned(),
            worker: "worker".to_owned(),
            earliest_expiry_ms: 0,
            latest_expiry_ms: i64::MAX,
        };
        let mut locked = ledger();
        locked.lock_acknowledged(KEY, Stage::First, lock.clone()).unwrap();
        assert!(violations(&mut locked, Some(first_stage()))[0].contains("is gone"));

        let mut half = first_stage();
        half.tasks[0]["workerId"] = json!("worker");
        assert!(violations(&mut ledger(), Some(half))[0].contains("half a lock"));

        let mut whole = first_stage();
        whole.tasks[0]["workerId"] = json!("worker");
        whole.tasks[0]["lockExpirationTime"] = json!("2026-01-31T11:00:00.123+0000");
        assert_eq!(violations(&mut locked, Some(whole)), Vec::<String>::new());
    }

    #[test]
    fn half_an_instance_is_found() {
        let mut without_task = first_stage();
        without_task.tasks.clear();
        assert!(violations(&mut ledger(), Some(without_task))[0].contains("0 external tasks"));
        let mut without_variable = first_stage();
        without_variable.variables.pop();
        assert!(violations(&mut ledger(), Some(without_variable))[0].contains("variables"));
        let mut without_history = first_stage();
        without_history.history.clear();
        assert!(violations(&mut ledger(), Some(without_history))[0].contains("0 history rows"));
    }

    #[test]
    fn times_are_read() {
        assert_eq!(parse_time("1970-01-01T00:00:00.000+0000"), Some(0));
        assert_eq!(parse_time("2024-02-29T12:00:00.123+0100"), Some(1_709_204_400_123));
        assert_eq!(parse_time("2024-02"), None);
    }
}
