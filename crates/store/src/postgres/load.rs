//! Reading aggregates: whole ones, many at a time, and which one something belongs to.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use engine::Snapshot;
use engine::record::VariableInstance;
use engine::record::{EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Record, Task};
use query::Table;
use types::{ProcessInstanceId, Uuid};

use super::array::ArrayColumn;
use super::cell::{Id, decode_all};
use super::connection::{Connection, parameters};
use super::failure::Failure;
use super::wire::{Answer, Call, Prepared, Wire};
use crate::codec::identity_link::IdentityLinkRow;
use crate::codec::{RowDecode, RowEncode};
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

/// As of one moment, and nearly always in one round trip.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const COMMIT: &str = "COMMIT";

/// Whole aggregates; what is not there is left out.
pub async fn load(wire: &mut Wire, roots: &BTreeSet<Uuid>) -> Result<HashMap<Uuid, Snapshot>, Failure> {
    let loaded = match load_uncalled(wire, roots).await {
        // What called instances have was not asked for.
        Ok(None) => load_with_called(wire, roots).await,
        Ok(Some(rows)) => Ok(rows),
        Err(failure) => Err(failure),
    };
    if loaded.is_err() {
        wire.roll_back().await;
    }
    Ok(loaded?.into_snapshots(roots))
}

/// As if none of them has called another instance; `None` if one has.
async fn load_uncalled(wire: &mut Wire, roots: &BTreeSet<Uuid>) -> Result<Option<Rows>, Failure> {
    let texts = [BEGIN].into_iter().chain(TEXTS.iter().map(String::as_str)).chain([COMMIT]);
    let prepared = wire.prepare(texts).await?;
    let values = Values::of(roots, roots);
    let calls: Vec<Call<'_>> =
        prepared.iter().map(|statement| Call { statement, values: values.of_statement(statement) }).collect();
    let answers = wire.run(&calls).await?;
    let instances: Vec<ProcessInstance> = decode_all(&prepared[1], &answers[1])?;
    match instances.iter().all(|instance| roots.contains(&instance.id.0)) {
        true => Rows::read(instances, &prepared[2..], &answers[2..]).map(Some),
        false => Ok(None),
    }
}

/// One round trip for the instances, and one for what they have.
async fn load_with_called(wire: &mut Wire, roots: &BTreeSet<Uuid>) -> Result<Rows, Failure> {
    let texts = [BEGIN].into_iter().chain(TEXTS.iter().map(String::as_str)).chain([COMMIT]);
    let prepared = wire.prepare(texts).await?;
    let (first, rest) = prepared.split_at(2);
    let values = Values::of(roots, roots);
    let calls: Vec<Call<'_>> =
        first.iter().map(|statement| Call { statement, values: values.of_statement(statement) }).collect();
    let answers = wire.run(&calls).await?;
    let instances: Vec<ProcessInstance> = decode_all(&first[1], &answers[1])?;
    let ids: BTreeSet<Uuid> = instances.iter().map(|instance| instance.id.0).chain(roots.iter().copied()).collect();
    let values = Values::of(roots, &ids);
    let calls: Vec<Call<'_>> =
        rest.iter().map(|statement| Call { statement, values: values.of_statement(statement) }).collect();
    let answers = wire.run(&calls).await?;
    Rows::read(instances, rest, &answers)
}

/// What the statements take: roots, or instances with the ends of their ranges, and roots besides.
struct Values {
    roots: [ArrayColumn; 1],
    of_instances: [ArrayColumn; 2],
    both: [ArrayColumn; 3],
}

impl Values {
    fn of(roots: &BTreeSet<Uuid>, instances: &BTreeSet<Uuid>) -> Values {
        let roots = || ArrayColumn::of_ids(roots.iter().copied());
        let ids = || ArrayColumn::of_ids(instances.iter().copied());
        let ends = || ArrayColumn::of_ids(instances.iter().map(|id| id.range_end()));
        Values { roots: [roots()], of_instances: [ids(), ends()], both: [ids(), ends(), roots()] }
    }

    fn of_statement(&self, statement: &Prepared) -> Vec<&(dyn tokio_postgres::types::ToSql + Sync)> {
        match statement.parameters.len() {
            0 => Vec::new(),
            1 => parameters(&self.roots),
            2 => parameters(&self.of_instances),
            _ => parameters(&self.both),
        }
    }
}

/// Of all aggregates that were asked for.
struct Rows {
    process_instances: Vec<ProcessInstance>,
    executions: Vec<Execution>,
    external_tasks: Vec<ExternalTask>,
    tasks: Vec<Task>,
    variables: Vec<VariableInstance>,
    jobs: Vec<Job>,
    event_subscriptions: Vec<EventSubscription>,
    incidents: Vec<Incident>,
}

impl Rows {
    /// `answers`: behind that of the instances.
    fn read(
        process_instances: Vec<ProcessInstance>,
        statements: &[std::sync::Arc<Prepared>],
        answers: &[Answer],
    ) -> Result<Rows, Failure> {
        let ([s1, s2, s3, s4, s5, s6, s7, s8, _], [a1, a2, a3, a4, a5, a6, a7, a8, _]) = (statements, answers) else {
            return Err(Failure::Failed("aggregates were answered with something else".to_owned()));
        };
        let mut tasks: Vec<Task> = sorted(s3, a3)?;
        let mut links: Vec<IdentityLinkRow> = decode_all(s4, a4)?;
        links.sort_by_key(|row| (row.task_id, row.position));
        for task in &mut tasks {
            let own = links.iter().filter(|row| row.task_id == task.id);
            task.identity_links = own.map(|row| row.link.clone()).collect();
        }
        Ok(Rows {
            process_instances: by_id(process_instances),
            executions: sorted(s1, a1)?,
            external_tasks: sorted(s2, a2)?,
            tasks,
            variables: sorted(s5, a5)?,
            jobs: sorted(s6, a6)?,
            event_subscriptions: sorted(s7, a7)?,
            incidents: sorted(s8, a8)?,
        })
    }

    /// Each row goes to the root of its instance, or of the task that stands alone.
    fn into_snapshots(self, roots: &BTreeSet<Uuid>) -> HashMap<Uuid, Snapshot> {
        let instances = self.process_instances.iter().map(|one| (one.id.0, one.root_process_instance_id.0));
        let alone = self.tasks.iter().filter(|task| task.place.is_none());
        let alone = alone.map(|task| (task.id.0, task.root_process_instance_id.0));
        let roots_of: HashMap<Uuid, Uuid> = instances.chain(alone).collect();
        let root_of = |id: Option<Uuid>| id.and_then(|id| roots_of.get(&id).copied());
        let mut found: HashMap<Uuid, Snapshot> = HashMap::new();
        for row in self.process_instances {
            let root = row.root_process_instance_id;
            let own = &mut found.entry(root.0).or_default().process_instances;
            own.push(row);
            let last = own.len() - 1;
            if own[last].id == root {
                own.swap(0, last);
            }
        }
        for row in self.tasks {
            found.entry(row.root_process_instance_id.0).or_default().tasks.push(row);
        }
        let of_variable = |row: &VariableInstance| match &row.place {
            Some(place) => Some(place.process_instance_id.0),
            None => row.task_id.map(|id| id.0),
        };
        let found = &mut found;
        hand_out(self.executions, |row| root_of(Some(row.process_instance_id.0)), found, |own| &mut own.executions);
        hand_out(
            self.external_tasks,
            |row| root_of(Some(row.process_instance_id.0)),
            found,
            |own| &mut own.external_tasks,
        );
        hand_out(self.variables, |row| root_of(of_variable(row)), found, |own| &mut own.variables);
        hand_out(self.jobs, |row| root_of(row.process_instance_id.map(|id| id.0)), found, |own| &mut own.jobs);
        hand_out(
            self.event_subscriptions,
            |row| root_of(Some(row.process_instance_id.0)),
            found,
            |own| &mut own.event_subscriptions,
        );
        hand_out(
            self.incidents,
            |row| root_of(row.process_instance_id.map(|id| id.0)),
            found,
            |own| &mut own.incidents,
        );
        found.retain(|root, _| roots.contains(root));
        std::mem::take(found)
    }
}

fn hand_out<R>(
    rows: Vec<R>,
    root_of: impl Fn(&R) -> Option<Uuid>,
    found: &mut HashMap<Uuid, Snapshot>,
    place: impl Fn(&mut Snapshot) -> &mut Vec<R>,
) {
    for row in rows {
        if let Some(own) = root_of(&row).and_then(|root| found.get_mut(&root)) {
            place(own).push(row);
        }
    }
}

/// In the order of ids, as SQLite's tables are.
fn sorted<R: RowDecode + Record>(statement: &Prepared, answer: &Answer) -> Result<Vec<R>, Failure> {
    Ok(by_id(decode_all(statement, answer)?))
}

fn by_id<R: Record>(mut rows: Vec<R>) -> Vec<R> {
    rows.sort_by_key(R::id);
    rows
}

/// In the order in which `Rows` takes their answers, that of the instances first: it takes the roots, each other one what
/// `Values` has for as many. What a table has of an instance is looked up behind `OFFSET 0`, so that the planner never begins
/// with a walk through all of the table (see `texts`).
pub static TEXTS: LazyLock<[String; 9]> = LazyLock::new(|| {
    let (tasks, links) = (columns_of(Task::TABLE), columns_of(IdentityLinkRow::TABLE));
    let (instances, variables) = (columns_of(ProcessInstance::TABLE), columns_of(VariableInstance::TABLE));
    [
        format!(
            "SELECT {instances} FROM process_instance AS t WHERE id = ANY ($1::uuid[]) AND root_process_instance_id = id \
             UNION ALL SELECT {instances} FROM process_instance AS t \
             WHERE root_process_instance_id = ANY ($1::uuid[]) AND root_process_instance_id <> id"
        ),
        of_instances::<Execution>(),
        of_instances::<ExternalTask>(),
        format!("SELECT {tasks} FROM ({OF_INSTANCES}{TASKS_ALONE}) AS o JOIN task AS t ON t.id = ANY (ARRAY[o.id])"),
        format!(
            "SELECT {links} FROM ({OF_INSTANCES}{TASKS_ALONE}) AS o JOIN identity_link AS t \
             ON t.task_id = ANY (ARRAY[o.id])"
        ),
        format!(
            "SELECT t.* FROM {INSTANCES} CROSS JOIN LATERAL (SELECT {variables} FROM variable AS t \
             WHERE {OF_INSTANCE} OFFSET 0) AS t UNION ALL SELECT t.* FROM ({TASKS_ALONE}) AS o \
             CROSS JOIN LATERAL (SELECT {variables} FROM variable AS t WHERE t.task_id = o.id OFFSET 0) AS t"
        ),
        of_instances::<Job>(),
        of_instances::<EventSubscription>(),
        of_instances::<Incident>(),
    ]
});

/// With the ends of their ranges of ids.
const INSTANCES: &str = "UNNEST($1::uuid[], $2::uuid[]) AS p (id, range_end)";

/// The rows of an instance lie in its range of ids.
const OF_INSTANCE: &str = "t.id BETWEEN p.id AND p.range_end AND t.process_instance_id = p.id";

/// Tasks within processes, and behind them those that stand alone.
const OF_INSTANCES: &str = "SELECT t.id FROM UNNEST($1::uuid[], $2::uuid[]) AS p (id, range_end) CROSS JOIN LATERAL (\
     SELECT id FROM task AS t WHERE t.id BETWEEN p.id AND p.range_end AND t.process_instance_id = p.id OFFSET 0) AS t \
     UNION ALL ";

const TASKS_ALONE: &str =
    "SELECT id FROM task WHERE root_process_instance_id = ANY ($3::uuid[]) AND process_instance_id IS NULL OFFSET 0";

fn of_instances<R: RowEncode>() -> String {
    let (table, columns) = (R::TABLE, columns_of(R::TABLE));
    format!(
        "SELECT t.* FROM {INSTANCES} CROSS JOIN LATERAL (SELECT {columns} FROM {} AS t WHERE {OF_INSTANCE} OFFSET 0) AS t",
        table.name
    )
}

fn columns_of(table: &Table) -> String {
    table.columns.iter().map(|column| format!("t.{}", column.name)).collect::<Vec<_>>().join(", ")
}
