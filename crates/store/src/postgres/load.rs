//! Reading aggregates: whole ones, and which one something belongs to.

use std::sync::LazyLock;

use engine::Snapshot;
use engine::record::VariableInstance;
use engine::record::{EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Task};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use types::ProcessInstanceId;

use super::cell::{Id, decode_all};
use super::connection::{Answer, Connection, in_order};
use super::failure::Failure;
use crate::codec::RowEncode;
use crate::codec::identity_link::IdentityLinkRow;
use crate::codec::sql::column_list;
use crate::work::LocatedBy;

/// By one point read.
pub async fn locate(connection: &mut Connection, by: LocatedBy) -> Result<Option<ProcessInstanceId>, Failure> {
    let text = match by {
        LocatedBy::ProcessInstance(_) => "SELECT root_process_instance_id FROM process_instance WHERE id = $1",
        LocatedBy::Execution(_) => {
            "SELECT p.root_process_instance_id FROM execution e JOIN process_instance p \
             ON p.id = e.process_instance_id WHERE e.id = $1"
        }
        LocatedBy::ExternalTask(_) => "SELECT root_process_instance_id FROM external_task WHERE id = $1",
        LocatedBy::Task(_) => "SELECT root_process_instance_id FROM task WHERE id = $1",
        LocatedBy::Job(_) => "SELECT root_process_instance_id FROM job WHERE id = $1",
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

/// In the order in which `load` takes their answers; each takes the root.
static TEXTS: LazyLock<[String; 9]> = LazyLock::new(|| {
    let instances = column_list(ProcessInstance::TABLE);
    let (tasks, links) = (column_list(Task::TABLE), column_list(IdentityLinkRow::TABLE));
    let variables = column_list(VariableInstance::TABLE);
    [
        format!("SELECT {instances} FROM process_instance WHERE root_process_instance_id = $1 ORDER BY id"),
        of_instances::<Execution>(),
        of_instances::<ExternalTask>(),
        format!("SELECT {tasks} FROM task {OF_INSTANCES} UNION ALL SELECT {tasks} FROM task {ALONE} ORDER BY id"),
        format!(
            "SELECT {links} FROM identity_link WHERE task_id IN (SELECT id FROM task {OF_INSTANCES} UNION ALL \
             SELECT id FROM task {ALONE}) ORDER BY task_id, position"
        ),
        format!(
            "SELECT {variables} FROM variable {OF_INSTANCES} UNION ALL SELECT {variables} FROM variable \
             WHERE task_id IN (SELECT id FROM task {ALONE}) ORDER BY id"
        ),
        of_instances::<Job>(),
        of_instances::<EventSubscription>(),
        of_instances::<Incident>(),
    ]
});

const OF_INSTANCES: &str =
    "WHERE process_instance_id IN (SELECT id FROM process_instance WHERE root_process_instance_id = $1)";

/// Tasks without a process.
const ALONE: &str = "WHERE root_process_instance_id = $1 AND process_instance_id IS NULL";

/// In the order of ids, as SQLite's tables are.
fn of_instances<R: RowEncode>() -> String {
    let table = R::TABLE;
    let columns = column_list(table);
    format!("SELECT {columns} FROM {} {OF_INSTANCES} ORDER BY id", table.name)
}
