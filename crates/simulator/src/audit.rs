//! The end of the world: nothing is left in the tables of what runs, and history tells all that was.

use query::{SqlValue, Statement};
use store::sqlite::Driver;
use types::Uuid;

use crate::ledger::{Ledger, Violation};
use crate::model::MODELS;

/// What is empty once every instance has ended.
const RUNTIME_TABLES: &[&str] =
    &["process_instance", "execution", "external_task", "task", "job", "event_subscription", "variable", "incident"];

pub fn check(driver: &Driver<'_>, ledger: &Ledger) -> Result<(), Violation> {
    for table in RUNTIME_TABLES {
        let left = count(driver, &format!("SELECT count(*) FROM {table}"), Vec::new())?;
        if left != 0 {
            return Err(format!("{left} rows are left in {table}"));
        }
    }
    let told = count(driver, "SELECT count(*) FROM historic_process_instance", Vec::new())?;
    if usize::try_from(told) != Ok(ledger.instances.len()) {
        return Err(format!("history tells of {told} instances, {} were started", ledger.instances.len()));
    }
    let open = "SELECT hex(id) || ' ' || definition_key FROM historic_process_instance WHERE end_time IS NULL \
        UNION ALL SELECT hex(process_instance_id) || ' ' || activity_id FROM historic_activity_instance WHERE end_time IS NULL";
    let open =
        driver.select(&Statement { text: open.to_owned(), binds: Vec::new() }).map_err(|error| error.to_string())?;
    if !open.is_empty() {
        return Err(format!("history tells of what has not ended: {open:?}"));
    }
    let kind = "SELECT count(*) FROM historic_external_task_log WHERE kind = ? AND external_task_id = ?";
    for (id, truth) in &ledger.external_tasks {
        for (kind_number, expected) in [(0, 1), (2, i64::from(truth.succeeded_by.is_some()))] {
            let found = count(driver, kind, vec![SqlValue::Integer(kind_number), SqlValue::Uuid(id.0)])?;
            if found != expected {
                return Err(format!("history has {found} entries of kind {kind_number} of the task {id}"));
            }
        }
    }
    let instances = ledger.instances.iter().filter(|(_, truth)| !truth.is_interfered_with);
    instances.into_iter().try_for_each(|(id, truth)| check_visits(driver, id.0, &truth.row.definition_key))
}

/// Of an instance that nobody has interfered with, nor with its caller.
fn check_visits(driver: &Driver<'_>, id: Uuid, key: &str) -> Result<(), Violation> {
    let is_completed = "SELECT count(*) FROM historic_process_instance WHERE id = ? AND state = 'COMPLETED'";
    if count(driver, is_completed, vec![SqlValue::Uuid(id)])? == 0 {
        let root = "SELECT count(*) FROM historic_process_instance WHERE id = ? AND super_process_instance_id IS NULL";
        return match count(driver, root, vec![SqlValue::Uuid(id)])? {
            0 => Ok(()),
            _ => Err(format!("the instance {id} of `{key}` has not completed, and nobody has deleted it")),
        };
    }
    let Some(model) = MODELS.iter().find(|model| model.key == key) else { return Ok(()) };
    let text = "SELECT count(*) FROM historic_activity_instance WHERE process_instance_id = ? AND activity_id = ?";
    for (activity, expected) in model.visits {
        let visits = count(driver, text, vec![SqlValue::Uuid(id), SqlValue::Text((*activity).into())])?;
        if visits != *expected {
            return Err(format!(
                "`{activity}` of the instance {id} of `{key}` was visited {visits} times, not {expected}"
            ));
        }
    }
    Ok(())
}

fn count(driver: &Driver<'_>, text: &str, binds: Vec<SqlValue>) -> Result<i64, Violation> {
    let rows = driver.select(&Statement { text: text.to_owned(), binds }).map_err(|error| error.to_string())?;
    match rows.first().and_then(|row| row.first()) {
        Some(SqlValue::Integer(count)) => Ok(*count),
        other => Err(format!("a count is {other:?}")),
    }
}
