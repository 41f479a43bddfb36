//! The variables that come with claimed tasks: of all of them in one statement.

use rusqlite::Connection;

use super::row::ReadRow;
use super::whole_instance::{self, Found, Wanted};
use crate::StoreError;
use crate::claimed::{Asking, ClaimedTask, VisibleVariable, asked_names, asking, locked, put_nearest};
use crate::work::{ClaimVariables, LockedExternalTask, NamedValues, Remembered, RememberedVariables};

/// Walks from each task's execution to the root. Parameter 1 holds the executions, 16 bytes each, 2 their number, 3 a
/// byte for each that is 1 where its own scope alone counts, 4 a JSON list of the names asked for or null for all.
/// The variables of the process are a half range of the key.
const TEXT: &str = "WITH RECURSIVE \
    task(n, execution_id) AS (\
        SELECT 0, substr(?1, 1, 16) UNION ALL SELECT n + 1, substr(?1, n * 16 + 17, 16) FROM task WHERE n + 1 < ?2), \
    path(n, depth, execution_id) AS (\
        SELECT n, 0, execution_id FROM task UNION ALL \
        SELECT path.n, path.depth + 1, e.parent_id FROM path CROSS JOIN execution e ON e.id = path.execution_id \
        WHERE e.parent_id IS NOT NULL AND substr(?3, path.n + 1, 1) = x'00') \
    SELECT path.n, path.depth, v.name, v.value_type, v.text_value, v.integer_value, v.real_value, v.bytes_value, \
        v.value_info \
    FROM path CROSS JOIN variable v INDEXED BY variable_by_execution ON v.execution_id = path.execution_id \
    WHERE v.is_inner = 1 AND v.task_id IS NULL AND (?4 IS NULL OR v.name IN (SELECT value FROM json_each(?4))) UNION ALL \
    SELECT path.n, path.depth, v.name, v.value_type, v.text_value, v.integer_value, v.real_value, v.bytes_value, \
        v.value_info \
    FROM path CROSS JOIN variable v ON v.id BETWEEN path.execution_id \
        AND CAST(substr(path.execution_id, 1, 12) || x'7fffffff' AS BLOB) AND v.execution_id = path.execution_id \
    WHERE v.is_inner = 0 AND v.task_id IS NULL AND substr(path.execution_id, 13) = x'00000000' \
        AND (?4 IS NULL OR v.name IN (SELECT value FROM json_each(?4)))";

/// Adds to each task what its topic asked for: the nearest variable of each name, in order of names. Who would keep an
/// instance is given all of it and has its variables then.
pub fn with_variables(
    connection: &Connection,
    claimed: Vec<ClaimedTask>,
    wanted: &[ClaimVariables],
    memory: &Remembered,
) -> Result<Vec<LockedExternalTask>, StoreError> {
    let mut asking = asking(&claimed, wanted);
    let mut variables: Vec<NamedValues> = vec![Vec::new(); claimed.len()];
    if let Some(memory) = &memory.0 {
        read_instances(connection, &asking, &**memory)?;
        asking.retain(|asking| match memory.of(asking.task, asking.wanted) {
            Some(known) => {
                variables[asking.claimed] = known;
                false
            }
            None => true,
        });
    }
    if !asking.is_empty() {
        let found = select(connection, &asking)?;
        put_nearest(&mut variables, &asking, found);
    }
    Ok(locked(claimed, variables))
}

/// Tasks of one claim were mostly made one after the other, and so are their instances: they share pages, which are read
/// once in one transaction. That begins when it is known what is read, so that it sees all that was stored by then.
fn read_instances(
    connection: &Connection,
    asking: &[Asking<'_>],
    memory: &dyn RememberedVariables,
) -> Result<(), StoreError> {
    let missing = asking.iter().filter(|asking| memory.of(asking.task, asking.wanted).is_none());
    let roots: Vec<_> = missing.filter_map(|asking| memory.begin_reading(asking.task)).collect();
    if roots.is_empty() {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    let mut statement = whole_instance::prepare(connection)?;
    for root in roots {
        if let Found::Instance(snapshot) = whole_instance::read(&mut statement, root, Wanted::IfShort)? {
            memory.keep(root, *snapshot);
        }
    }
    drop(statement);
    Ok(transaction.finish()?)
}

fn select(connection: &Connection, tasks: &[Asking<'_>]) -> Result<Vec<VisibleVariable>, StoreError> {
    let mut executions = Vec::with_capacity(tasks.len() * 16);
    tasks.iter().for_each(|asking| executions.extend(asking.task.execution_id.0.to_bytes()));
    let own_scope: Vec<u8> = tasks.iter().map(|asking| u8::from(asking.wanted.is_local_only)).collect();
    let names = asked_names(tasks).map(|names| serde_json::Value::from(names).to_string());
    let mut statement = connection.prepare_cached(TEXT)?;
    statement.raw_bind_parameter(1, executions)?;
    statement.raw_bind_parameter(2, i64::try_from(tasks.len()).unwrap_or(i64::MAX))?;
    statement.raw_bind_parameter(3, own_scope)?;
    statement.raw_bind_parameter(4, names)?;
    let mut variables = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        variables.extend(VisibleVariable::read(&mut ReadRow::new(row, 0), tasks)?);
    }
    Ok(variables)
}
