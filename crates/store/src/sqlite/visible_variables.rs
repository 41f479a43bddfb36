//! The variables that come with claimed tasks: of all of them in one statement.

use std::sync::Arc;

use rusqlite::Connection;
use types::VariableValue;

use super::claim::ClaimedTask;
use super::row::ReadRow;
use crate::StoreError;
use crate::codec::RowSource;
use crate::codec::value::decode_value;
use crate::work::{ClaimVariables, LockedExternalTask};

/// Walks from each task's execution to the root. Parameter 1 holds the executions, 16 bytes each, 2 their number, 3 a
/// byte for each that is 1 where its own scope alone counts, 4 a JSON list of the names asked for or null for all.
const TEXT: &str = "WITH RECURSIVE \
    task(n, execution_id) AS (\
        SELECT 0, substr(?1, 1, 16) UNION ALL SELECT n + 1, substr(?1, n * 16 + 17, 16) FROM task WHERE n + 1 < ?2), \
    path(n, depth, execution_id) AS (\
        SELECT n, 0, execution_id FROM task UNION ALL \
        SELECT path.n, path.depth + 1, e.parent_id FROM path CROSS JOIN execution e ON e.id = path.execution_id \
        WHERE e.parent_id IS NOT NULL AND substr(?3, path.n + 1, 1) = x'00') \
    SELECT path.n, path.depth, v.name, v.value_type, v.text_value, v.integer_value, v.real_value, v.bytes_value, \
        v.value_info \
    FROM path CROSS JOIN variable v ON v.execution_id = path.execution_id \
    WHERE v.task_id IS NULL AND (?4 IS NULL OR v.name IN (SELECT value FROM json_each(?4)))";

struct VisibleVariable {
    task: usize,
    depth: i64,
    name: Arc<str>,
    value: VariableValue,
}

/// Adds to each task what its topic asked for: the nearest variable of each name, in order of names.
pub fn with_variables(
    connection: &Connection,
    claimed: Vec<ClaimedTask>,
    wanted: &[ClaimVariables],
) -> Result<Vec<LockedExternalTask>, StoreError> {
    let asking: Vec<usize> = (0..claimed.len())
        .filter(|n| wanted[claimed[*n].topic].names.as_ref().is_none_or(|names| !names.is_empty()))
        .collect();
    let wanted_by = |task: &ClaimedTask| &wanted[task.topic];
    let mut found = match asking.is_empty() {
        true => Vec::new(),
        false => {
            select(connection, &asking.iter().map(|n| (&claimed[*n], wanted_by(&claimed[*n]))).collect::<Vec<_>>())?
        }
    };
    found.sort_by(|a, b| (a.task, &a.name, a.depth).cmp(&(b.task, &b.name, b.depth)));
    found.dedup_by(|farther, nearer| (farther.task, &farther.name) == (nearer.task, &nearer.name));

    let mut locked: Vec<LockedExternalTask> =
        claimed.into_iter().map(|claimed| LockedExternalTask { task: claimed.task, variables: Vec::new() }).collect();
    for variable in found {
        locked[asking[variable.task]].variables.push((variable.name, variable.value));
    }
    Ok(locked)
}

fn select(
    connection: &Connection,
    tasks: &[(&ClaimedTask, &ClaimVariables)],
) -> Result<Vec<VisibleVariable>, StoreError> {
    let mut executions = Vec::with_capacity(tasks.len() * 16);
    tasks.iter().for_each(|(claimed, _)| executions.extend(claimed.task.execution_id.0.to_bytes()));
    let own_scope: Vec<u8> = tasks.iter().map(|(_, wanted)| u8::from(wanted.is_local_only)).collect();
    let mut statement = connection.prepare_cached(TEXT)?;
    statement.raw_bind_parameter(1, executions)?;
    statement.raw_bind_parameter(2, i64::try_from(tasks.len()).unwrap_or(i64::MAX))?;
    statement.raw_bind_parameter(3, own_scope)?;
    statement.raw_bind_parameter(4, asked_names(tasks))?;
    let mut variables = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let mut row = ReadRow::new(row, 0);
        let task = row.narrow::<usize>()?;
        let depth = row.integer()?;
        let name = row.text()?;
        let is_asked = tasks[task].1.names.as_ref().is_none_or(|names| names.contains(&name));
        if is_asked {
            variables.push(VisibleVariable { task, depth, name, value: decode_value(&mut row)? });
        }
    }
    Ok(variables)
}

/// The names that any task asks for; `None` if one of them asks for all.
fn asked_names(tasks: &[(&ClaimedTask, &ClaimVariables)]) -> Option<String> {
    let mut asked: Vec<&str> = Vec::new();
    for (_, wanted) in tasks {
        asked.extend(wanted.names.as_ref()?.iter().map(|name| &**name));
    }
    asked.sort_unstable();
    asked.dedup();
    Some(serde_json::Value::from(asked).to_string())
}
