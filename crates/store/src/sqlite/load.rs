//! Reading aggregates: whole ones, and which one something belongs to.

use std::sync::LazyLock;

use engine::Snapshot;
use engine::record::VariableInstance;
use engine::record::{EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Task};
use query::Dialect;
use rusqlite::{Connection, OptionalExtension};
use types::{ProcessInstanceId, Uuid};

use super::row::{bind_uuid, read_all};
use super::whole_instance::{self, Found, Wanted};
use crate::StoreError;
use crate::codec::identity_link::IdentityLinkRow;
use crate::codec::{RowDecode, RowEncode, sql};
use crate::work::LocatedBy;

/// By one point read.
pub fn locate(connection: &Connection, by: LocatedBy) -> Result<Option<ProcessInstanceId>, StoreError> {
    let (text, id) = match by {
        LocatedBy::ProcessInstance(id) => ("SELECT root_process_instance_id FROM process_instance WHERE id = ?1", id.0),
        LocatedBy::Execution(id) => (
            "SELECT p.root_process_instance_id FROM execution e CROSS JOIN process_instance p \
             ON p.id = e.process_instance_id WHERE e.id = ?1",
            id.0,
        ),
        LocatedBy::ExternalTask(id) => ("SELECT root_process_instance_id FROM external_task WHERE id = ?1", id.0),
        LocatedBy::Task(id) => ("SELECT root_process_instance_id FROM task WHERE id = ?1", id.0),
        LocatedBy::Job(id) => ("SELECT root_process_instance_id FROM job WHERE id = ?1", id.0),
    };
    let mut statement = connection.prepare_cached(text)?;
    let root = statement.query_row([id.to_bytes().as_slice()], |row| row.get::<_, Option<[u8; 16]>>(0)).optional()?;
    Ok(root.flatten().map(|bytes| ProcessInstanceId(Uuid::from_bytes(bytes))))
}

/// All rows of an aggregate, as of one moment.
pub fn load(connection: &Connection, root: ProcessInstanceId) -> Result<Option<Snapshot>, StoreError> {
    let mut statement = whole_instance::prepare(connection)?;
    let found = whole_instance::read(&mut statement, root, Wanted::All)?;
    drop(statement);
    match found {
        Found::Nothing => return Ok(None),
        Found::Instance(snapshot) => return Ok(Some(*snapshot)),
        Found::More => {}
    }
    let transaction = connection.unchecked_transaction()?;
    let snapshot = load_rows(connection, root)?;
    transaction.finish()?;
    Ok(snapshot)
}

fn load_rows(connection: &Connection, root: ProcessInstanceId) -> Result<Option<Snapshot>, StoreError> {
    let mut process_instances: Vec<ProcessInstance> = select(connection, &TEXTS.process_instance, root.0)?;
    let has_process = process_instances.first().is_some_and(|instance| instance.root_process_instance_id == root);
    let tasks: Vec<Task> = select(connection, &TEXTS.tasks_alone, root.0)?;
    if !has_process && tasks.is_empty() {
        return Ok(None);
    }
    match has_process {
        true => process_instances.append(&mut select(connection, &TEXTS.called_instances, root.0)?),
        false => process_instances.clear(),
    }
    let mut snapshot = Snapshot::default();
    for task in &tasks {
        snapshot.variables.append(&mut select(connection, &TEXTS.task_variables, task.id.0)?);
    }
    snapshot.tasks = tasks;
    for ProcessInstance { id, .. } in &process_instances {
        snapshot.executions.append(&mut of_instance(connection, &TEXTS.executions, *id)?);
        snapshot.external_tasks.append(&mut of_instance(connection, &TEXTS.external_tasks, *id)?);
        snapshot.tasks.append(&mut of_instance(connection, &TEXTS.tasks, *id)?);
        snapshot.variables.append(&mut of_instance(connection, &TEXTS.variables, *id)?);
        snapshot.jobs.append(&mut of_instance(connection, &TEXTS.jobs, *id)?);
        snapshot.event_subscriptions.append(&mut of_instance(connection, &TEXTS.event_subscriptions, *id)?);
        snapshot.incidents.append(&mut of_instance(connection, &TEXTS.incidents, *id)?);
    }
    for task in &mut snapshot.tasks {
        let links: Vec<IdentityLinkRow> = select(connection, &TEXTS.identity_links, task.id.0)?;
        task.identity_links = links.into_iter().map(|row| row.link).collect();
    }
    snapshot.process_instances = process_instances;
    Ok(Some(snapshot))
}

struct LoadTexts {
    process_instance: String,
    called_instances: String,
    executions: String,
    external_tasks: String,
    tasks: String,
    /// Those without a process.
    tasks_alone: String,
    task_variables: String,
    identity_links: String,
    variables: String,
    jobs: String,
    event_subscriptions: String,
    incidents: String,
}

static TEXTS: LazyLock<LoadTexts> = LazyLock::new(|| {
    let by_id = sql::select_by(ProcessInstance::TABLE, "id", Dialect::Sqlite);
    let by_root = sql::select_by(ProcessInstance::TABLE, "root_process_instance_id", Dialect::Sqlite);
    let tasks_by_root = sql::select_by(Task::TABLE, "root_process_instance_id", Dialect::Sqlite);
    let by_task = sql::select_by(IdentityLinkRow::TABLE, "task_id", Dialect::Sqlite);
    LoadTexts {
        process_instance: by_id,
        called_instances: format!("{by_root} AND root_process_instance_id <> id"),
        executions: by_instance::<Execution>(),
        external_tasks: by_instance::<ExternalTask>(),
        tasks: by_instance::<Task>(),
        tasks_alone: format!("{tasks_by_root} AND process_instance_id IS NULL"),
        task_variables: sql::select_by(VariableInstance::TABLE, "task_id", Dialect::Sqlite),
        identity_links: format!("{by_task} ORDER BY position"),
        variables: by_instance::<VariableInstance>(),
        jobs: by_instance::<Job>(),
        event_subscriptions: by_instance::<EventSubscription>(),
        incidents: by_instance::<Incident>(),
    }
});

fn by_instance<R: RowEncode>() -> String {
    sql::select_of_instance(R::TABLE, Dialect::Sqlite)
}

fn of_instance<R: RowDecode>(connection: &Connection, text: &str, id: ProcessInstanceId) -> Result<Vec<R>, StoreError> {
    let mut statement = connection.prepare_cached(text)?;
    bind_uuid(&mut statement, 1, id.0)?;
    bind_uuid(&mut statement, 2, id.0.range_end())?;
    read_all(&mut statement)
}

fn select<R: RowDecode>(connection: &Connection, text: &str, id: Uuid) -> Result<Vec<R>, StoreError> {
    let mut statement = connection.prepare_cached(text)?;
    bind_uuid(&mut statement, 1, id)?;
    read_all(&mut statement)
}
