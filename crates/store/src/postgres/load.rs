//! Reading aggregates: whole ones, and which one something belongs to.

use std::sync::LazyLock;

use engine::Snapshot;
use engine::record::VariableInstance;
use engine::record::{EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Task};
use query::Table;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use types::ProcessInstanceId;

use super::cell::{Id, decode_all};
use super::connection::{Answer, Connection, in_order};
use super::failure::Failure;
use crate::codec::RowEncode;
use crate::codec::identity_link::IdentityLinkRow;
use crate::work::LocatedBy;

const OF_PROCESS_INSTANCE: &str = "SELECT root_process_instance_id FROM process_instance WHERE id = $1";
const OF_EXECUTION: &str = "SELECT p.root_process_instance_id FROM execution e JOIN process_instance p \
     ON p.id = ANY (ARRAY[e.process_instance_id]) WHERE e.id = $1";
const OF_EXTERNAL_TASK: &str = "SELECT root_process_instance_id FROM external_task WHERE id = $1";
const OF_TASK: &str = "SELECT root_process_instance_id FROM task WHERE id = $1";
const OF_JOB: &str = "SELECT root_process_instance_id FROM job WHERE id = $1";
#[cfg(test)]
pub const LOCATIONS: [&str; 5] = [OF_PROCESS_INSTANCE, OF_EXECUTION, OF_EXTERNAL_TASK, OF_TASK, OF_JOB];

/// By one point read.
pub async fn locate(connection: &mut Connection, by: LocatedBy) -> Result<Option<ProcessInstanceId>, Failure> {
    let text = match by {
        LocatedBy::ProcessInstance(_) => OF_PROCESS_INSTANCE,
        LocatedBy::Execution(_) => OF_EXECUTION,
        LocatedBy::ExternalTask(_) => OF_EXTERNAL_TASK,
        LocatedBy::Task(_) => OF_TASK,
        LocatedBy::Job(_) => OF_JOB,
    };
    let statement = connection.prepare_one(text).await?;
    let row = connection.client().query_opt(&statement, &[&Id(by.uuid())]).await?;
    let root = row.map(|row| row.try_get::<_, Option<Id>>(0)).transpose()?.flatten();
    Ok(root.map(|Id(id)| ProcessInstanceId(id)))
}

/// All rows of an aggregate as of one moment, in one round trip.
pub async fn load(connection: &mut Connection, root: ProcessInstanceId) -> Result<Option<Snapshot>, Failure> {
    let prepared = connection.prepare(TEXTS.iter().map(String::as_str)).await?;
    let id = Id(root.0);
    let bound: [&(dyn ToSql + Sync); 1] = [&id];
    let plain = |text| -> Answer<'_, Vec<Row>> {
        let connection = &*connection;
        Box::pin(async move { connection.plain(text).await.map(|()| Vec::new()) })
    };
    let mut pipeline = vec![plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")];
    pipeline.extend(prepared.iter().map(|statement| connection.query(statement, &bound)));
    pipeline.push(plain("COMMIT"));
    let answers: Result<Vec<Vec<Row>>, _> = in_order(pipeline).await.into_iter().collect();
    let answers = answers?;
    let [_, instances, executions, external_tasks, tasks, links, variables, jobs, subscriptions, incidents, _] =
        answers.as_slice()
    else {
        return Err(Failure::Failed("an aggregate was answered with something else".to_owned()));
    };
    let mut process_instances: Vec<ProcessInstance> = decode_all(instances)?;
    match process_instances.iter().position(|instance| instance.id == root) {
        Some(at) => process_instances.swap(0, at),
        // Tasks may stand alone.
        None if tasks.is_empty() => return Ok(None),
        None => process_instances.clear(),
    }
    let mut snapshot = Snapshot {
        process_instances,
        executions: decode_all(executions)?,
        external_tasks: decode_all(external_tasks)?,
        tasks: decode_all(tasks)?,
        variables: decode_all(variables)?,
        jobs: decode_all(jobs)?,
        event_subscriptions: decode_all(subscriptions)?,
        incidents: decode_all(incidents)?,
    };
    let links: Vec<IdentityLinkRow> = decode_all(links)?;
    for task in &mut snapshot.tasks {
        let own = links.iter().filter(|row| row.task_id == task.id);
        task.identity_links = own.map(|row| row.link.clone()).collect();
    }
    Ok(Some(snapshot))
}

/// In the order in which `load` takes their answers; each takes the root. What a table has of an instance is looked up behind
/// `OFFSET 0`, so that the planner never begins with a walk through all of the table (see `texts`).
pub static TEXTS: LazyLock<[String; 9]> = LazyLock::new(|| {
    let (tasks, links) = (columns_of(Task::TABLE), columns_of(IdentityLinkRow::TABLE));
    let (instances, variables) = (columns_of(ProcessInstance::TABLE), columns_of(VariableInstance::TABLE));
    [
        format!(
            "SELECT {instances} FROM {INSTANCES} JOIN process_instance AS t ON t.id = ANY (ARRAY[p.id]) ORDER BY p.id"
        ),
        of_instances::<Execution>(),
        of_instances::<ExternalTask>(),
        format!("SELECT {tasks} FROM {} JOIN task AS t ON t.id = ANY (ARRAY[o.id]) ORDER BY o.id", *TASKS),
        format!(
            "SELECT {links} FROM {} JOIN identity_link AS t ON t.task_id = ANY (ARRAY[o.id]) ORDER BY o.id, t.position",
            *TASKS
        ),
        format!(
            "SELECT * FROM (SELECT t.* FROM {INSTANCES} CROSS JOIN LATERAL (SELECT {variables} FROM variable AS t \
             WHERE {OF_INSTANCE} OFFSET 0) AS t UNION ALL \
             SELECT t.* FROM {TASKS_ALONE} CROSS JOIN LATERAL (SELECT {variables} FROM variable AS t \
             WHERE t.task_id = o.id OFFSET 0) AS t) AS t ORDER BY id"
        ),
        of_instances::<Job>(),
        of_instances::<EventSubscription>(),
        of_instances::<Incident>(),
    ]
});

/// The instances of the aggregate.
const INSTANCES: &str = "(SELECT id FROM process_instance WHERE id = $1 AND root_process_instance_id = $1 UNION ALL \
     SELECT id FROM process_instance WHERE root_process_instance_id = $1 AND root_process_instance_id <> id) AS p";

/// The rows of an instance lie in its range of ids.
const OF_INSTANCE: &str = "t.id BETWEEN p.id AND (left(p.id::text, 28) || 'ffffffff')::uuid \
     AND t.process_instance_id = p.id";

/// Tasks without a process.
const TASKS_ALONE: &str =
    "(SELECT id FROM task WHERE root_process_instance_id = $1 AND process_instance_id IS NULL OFFSET 0) AS o";

/// The tasks of the aggregate.
static TASKS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "(SELECT t.id FROM {INSTANCES} CROSS JOIN LATERAL (SELECT id FROM task AS t WHERE {OF_INSTANCE} OFFSET 0) AS t \
         UNION ALL SELECT id FROM {TASKS_ALONE}) AS o"
    )
});

/// In the order of ids, as SQLite's tables are.
fn of_instances<R: RowEncode>() -> String {
    let (table, columns) = (R::TABLE, columns_of(R::TABLE));
    format!(
        "SELECT t.* FROM {INSTANCES} CROSS JOIN LATERAL (SELECT {columns} FROM {} AS t WHERE {OF_INSTANCE} OFFSET 0) AS t \
         ORDER BY t.id",
        table.name
    )
}

fn columns_of(table: &Table) -> String {
    table.columns.iter().map(|column| format!("t.{}", column.name)).collect::<Vec<_>>().join(", ")
}
