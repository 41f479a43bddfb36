//! Reading an instance that stands for itself in one statement: that is what most aggregates are, and who has been at rest
//! is read again with each command. A statement is also a moment: it needs no transaction.

use std::sync::LazyLock;

use engine::Snapshot;
use engine::record::VariableInstance;
use engine::record::{EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Task};
use query::Table;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Row, Statement};
use types::ProcessInstanceId;

use super::row::{ReadRow, bind_uuid};
use crate::StoreError;
use crate::codec::identity_link::IdentityLinkRow;
use crate::codec::{RowDecode, RowEncode, corrupt, sql};

/// What is found at a root.
pub enum Found {
    Nothing,
    /// All there is.
    Instance(Box<Snapshot>),
    /// It has called others, or there are tasks without a process: all of it takes more than one statement. Or there is
    /// more than was wanted.
    More,
}

/// How much of an instance is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    All,
    /// Nothing of one that takes more than a few pages.
    IfShort,
}

/// Rows of a short instance.
const SHORT_ROWS_MAX: usize = 64;
/// Bytes in the rows of its variables.
const SHORT_VARIABLES_MAX: usize = 32 << 10;

/// What a row of the statement is; the number in its first column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Instance,
    /// Not read: others belong to the aggregate.
    Other,
    Execution,
    ExternalTask,
    Task,
    IdentityLink,
    Variable,
    Job,
    EventSubscription,
    Incident,
}

const PARTS: [Part; 10] = [
    Part::Instance,
    Part::Other,
    Part::Execution,
    Part::ExternalTask,
    Part::Task,
    Part::IdentityLink,
    Part::Variable,
    Part::Job,
    Part::EventSubscription,
    Part::Incident,
];

/// The statement for `read`.
pub fn prepare(connection: &Connection) -> Result<CachedStatement<'_>, StoreError> {
    Ok(connection.prepare_cached(&TEXT)?)
}

pub fn read(statement: &mut Statement<'_>, root: ProcessInstanceId, wanted: Wanted) -> Result<Found, StoreError> {
    bind_uuid(statement, 1, root.0)?;
    bind_uuid(statement, 2, root.0.range_end())?;
    let mut snapshot = Snapshot::default();
    let mut links: Vec<IdentityLinkRow> = Vec::new();
    let (mut row_count, mut variable_bytes) = (0, 0);
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let part = PARTS.get(usize::from(row.get::<_, u8>(0)?));
        let part = part.ok_or_else(|| corrupt("a part has an unknown number"))?;
        let mut cells = ReadRow::new(row, 1);
        match part {
            Part::Instance => {
                let instance = ProcessInstance::decode(&mut cells)?;
                // A called one is no root.
                if instance.root_process_instance_id == root {
                    snapshot.process_instances.push(instance);
                }
            }
            Part::Other => return Ok(Found::More),
            Part::Execution => snapshot.executions.push(Execution::decode(&mut cells)?),
            Part::ExternalTask => snapshot.external_tasks.push(ExternalTask::decode(&mut cells)?),
            Part::Task => snapshot.tasks.push(Task::decode(&mut cells)?),
            Part::IdentityLink => links.push(IdentityLinkRow::decode(&mut cells)?),
            Part::Variable => {
                snapshot.variables.push(VariableInstance::decode(&mut cells)?);
                variable_bytes += bytes_of(row)?;
            }
            Part::Job => snapshot.jobs.push(Job::decode(&mut cells)?),
            Part::EventSubscription => snapshot.event_subscriptions.push(EventSubscription::decode(&mut cells)?),
            Part::Incident => snapshot.incidents.push(Incident::decode(&mut cells)?),
        }
        row_count += 1;
        if wanted == Wanted::IfShort && (row_count > SHORT_ROWS_MAX || variable_bytes > SHORT_VARIABLES_MAX) {
            return Ok(Found::More);
        }
    }
    if snapshot.process_instances.is_empty() {
        return Ok(Found::Nothing);
    }
    links.sort_by_key(|row| row.position);
    for task in &mut snapshot.tasks {
        let own = links.iter().filter(|row| row.task_id == task.id);
        task.identity_links = own.map(|row| row.link.clone()).collect();
    }
    Ok(Found::Instance(Box::new(snapshot)))
}

fn bytes_of(row: &Row<'_>) -> Result<usize, StoreError> {
    let mut bytes = 0;
    for column in 1..=VariableInstance::TABLE.columns.len() {
        bytes += match row.get_ref(column)? {
            ValueRef::Text(value) | ValueRef::Blob(value) => value.len(),
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 0,
        };
    }
    Ok(bytes)
}

/// One sub-select a part, each as wide as the widest table.
static TEXT: LazyLock<String> = LazyLock::new(|| PARTS.map(sub_select).join(" UNION ALL "));

fn sub_select(part: Part) -> String {
    let of_instance = |table| (table, "id BETWEEN ?1 AND ?2 AND process_instance_id = ?1");
    let (table, condition) = match part {
        Part::Instance => (ProcessInstance::TABLE, "id = ?1"),
        Part::Other => return others(),
        Part::Execution => of_instance(Execution::TABLE),
        Part::ExternalTask => of_instance(ExternalTask::TABLE),
        Part::Task => of_instance(Task::TABLE),
        // Those of its tasks, whose ids are in its range.
        Part::IdentityLink => (IdentityLinkRow::TABLE, "task_id BETWEEN ?1 AND ?2"),
        Part::Variable => of_instance(VariableInstance::TABLE),
        Part::Job => of_instance(Job::TABLE),
        Part::EventSubscription => of_instance(EventSubscription::TABLE),
        Part::Incident => of_instance(Incident::TABLE),
    };
    let columns = sql::column_list(table);
    format!("SELECT {}, {columns}{} FROM {} WHERE {condition}", part as usize, padding(table.columns.len()), table.name)
}

fn others() -> String {
    let (instances, tasks) = (ProcessInstance::TABLE.name, Task::TABLE.name);
    let number = Part::Other as usize;
    let nothing = padding(0);
    format!(
        "SELECT {number}{nothing} FROM {instances} WHERE root_process_instance_id = ?1 AND root_process_instance_id <> id \
         UNION ALL SELECT {number}{nothing} FROM {tasks} WHERE root_process_instance_id = ?1 AND process_instance_id IS NULL"
    )
}

fn padding(columns: usize) -> String {
    let tables: [&Table; 9] = [
        ProcessInstance::TABLE,
        Execution::TABLE,
        ExternalTask::TABLE,
        Task::TABLE,
        IdentityLinkRow::TABLE,
        VariableInstance::TABLE,
        Job::TABLE,
        EventSubscription::TABLE,
        Incident::TABLE,
    ];
    let widest = tables.iter().map(|table| table.columns.len()).max().unwrap_or_default();
    ", NULL".repeat(widest - columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migration::migrate;

    /// However many instances there are, each part is looked up.
    #[test]
    fn each_part_is_a_range_of_a_key() {
        let mut connection = Connection::open_in_memory().expect("memory");
        migrate(&mut connection, "test").expect("migrates");
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", *TEXT)).expect("valid");
        let mut rows = statement.raw_query();
        let mut steps: Vec<String> = Vec::new();
        while let Some(row) = rows.next().expect("explained") {
            steps.push(row.get(3).expect("a text"));
        }
        let searches: Vec<&String> = steps.iter().filter(|step| step.contains("SEARCH")).collect();
        assert_eq!(searches.len(), PARTS.len() + 1, "{steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("SCAN") || step.contains("TEMP")), "{steps:#?}");
    }
}
