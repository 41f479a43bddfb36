//! The texts of the set-wise statements, each made once from the declaration of its table.
//!
//! A row that is given by its id is found by `t.id = ANY (ARRAY[u.id])`. What is found by `t.id = u.id` can be merged along
//! the key as well: to the planner a walk through all of it costs nothing while it takes the table to be empty, as it does
//! until a table that was analyzed when it was new is analyzed again. Of rows that are to be locked in the order of ids it is the
//! given ids that are sorted, for the same reason.

use std::fmt::Write;
use std::sync::LazyLock;

use engine::history::{ExternalTaskLogEntry, HistoricActivityInstance, HistoricIncident, HistoricProcessInstance};
use engine::history::{HistoricDetail, HistoricTask, HistoricVariableInstance, IdentityLinkLogEntry, JobLogEntry};
use engine::record::VariableInstance;
use engine::record::{EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Task};
use query::{ColumnKind, Dialect, Table};

use super::array::array_type;
use crate::codec::RowEncode;
use crate::codec::historic_detail::insert_first_values;
use crate::codec::identity_link::IdentityLinkRow;
use crate::codec::sql::{ColumnSet, column_list, update_columns};

/// What a table of an aggregate has.
#[derive(Debug)]
pub struct TableTexts {
    /// An array for each column.
    pub insert: String,
    /// An array for each column in `update_columns`.
    pub update: String,
    pub update_columns: ColumnSet,
    /// Ids.
    pub delete: String,
}

/// Sets some cells of historic rows: an array of ids, and one for each column.
#[derive(Debug)]
pub struct CellTexts {
    pub update: String,
    pub kinds: Vec<ColumnKind>,
}

#[derive(Debug)]
pub struct Texts {
    /// Ids and revisions of roots, locked.
    pub lock_revisions: &'static str,
    /// Fails unless all these roots have these revisions; locks them.
    pub check_revisions: String,
    pub check_task_revisions: String,
    /// The same of lock epochs of external tasks.
    pub check_epochs: String,
    /// The same of jobs that nobody has locked, or the owner named beside it.
    pub check_jobs: &'static str,
    /// Ids and lock epochs of external tasks, locked.
    pub lock_epochs: &'static str,
    /// Ids and revisions of tasks that aggregates without a process are named after, locked.
    pub lock_task_revisions: &'static str,
    /// Fails unless all definitions of the first array are there, and not suspended unless they are in the second one,
    /// too. Keeps them as they are until the end of the transaction.
    pub keep_definitions: &'static str,
    /// Ids of jobs that nobody has locked, or the owner named beside it, locked.
    pub lock_jobs: &'static str,
    pub bump: &'static str,
    pub bump_task: &'static str,
    pub process_instances: TableTexts,
    pub executions: TableTexts,
    pub external_tasks: TableTexts,
    pub tasks: TableTexts,
    pub identity_link_insert: String,
    /// Of tasks.
    pub identity_link_delete: &'static str,
    pub variables: TableTexts,
    pub jobs: TableTexts,
    pub event_subscriptions: TableTexts,
    pub incidents: TableTexts,
    pub history: HistoryTexts,
}

#[derive(Debug)]
pub struct HistoryTexts {
    pub process_instance: String,
    pub process_instance_ended: CellTexts,
    pub process_instance_suspended: CellTexts,
    pub process_instance_detached: CellTexts,
    pub activity: String,
    pub activity_ended: CellTexts,
    pub activity_updated: CellTexts,
    pub task: String,
    pub task_changed: String,
    pub identity_link_log: String,
    pub variable: String,
    pub variable_updated: CellTexts,
    /// Writes out the details that variables stand for: ids.
    pub first_detail: String,
    pub variable_deleted: CellTexts,
    pub detail: String,
    pub external_task_log: String,
    pub incident: String,
    pub incident_ended: CellTexts,
    pub incident_annotated: CellTexts,
    pub job_log: String,
}

pub static TEXTS: LazyLock<Texts> = LazyLock::new(|| Texts {
    // In the order of ids, so that two transactions never wait for each other.
    lock_revisions: "SELECT id, revision FROM process_instance WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE",
    lock_epochs: "SELECT id, lock_epoch FROM external_task WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE",
    check_revisions: check("process_instance", "revision"),
    check_task_revisions: check("task", "revision"),
    check_epochs: check("external_task", "lock_epoch"),
    check_jobs: "SELECT 1 / CASE WHEN count(*) = cardinality($1::uuid[]) THEN 1 ELSE 0 END FROM (\
           SELECT t.id FROM UNNEST($1::uuid[], $2::text[]) AS u (id, owner) JOIN job AS t \
           ON t.id = ANY (ARRAY[u.id]) WHERE t.lock_owner IS NULL OR t.lock_owner = u.owner ORDER BY u.id FOR UPDATE OF t) AS kept",
    keep_definitions: "SELECT 1 / CASE WHEN count(*) = cardinality($1::text[]) THEN 1 ELSE 0 END FROM (\
           SELECT id FROM process_definition WHERE id = ANY ($1::text[]) \
           AND (is_suspended = 0 OR id = ANY ($2::text[])) ORDER BY id FOR SHARE) AS kept",
    lock_jobs: "SELECT t.id, 0::bigint FROM UNNEST($1::uuid[], $2::text[]) AS u (id, owner) JOIN job AS t \
           ON t.id = ANY (ARRAY[u.id]) WHERE t.lock_owner IS NULL OR t.lock_owner = u.owner ORDER BY u.id FOR UPDATE OF t",
    bump: "UPDATE process_instance AS t SET revision = u.revision, next_number = GREATEST(t.next_number, u.next_number) \
           FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[]) AS u (id, revision, next_number) WHERE t.id = ANY (ARRAY[u.id])",
    lock_task_revisions: "SELECT id, revision FROM task WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE",
    bump_task: "UPDATE task AS t SET revision = u.revision \
                FROM UNNEST($1::uuid[], $2::bigint[]) AS u (id, revision) WHERE t.id = ANY (ARRAY[u.id])",
    process_instances: table::<ProcessInstance>(),
    executions: table::<Execution>(),
    external_tasks: table::<ExternalTask>(),
    tasks: table::<Task>(),
    identity_link_insert: insert(IdentityLinkRow::TABLE),
    identity_link_delete: "DELETE FROM identity_link WHERE task_id = ANY ($1::uuid[])",
    variables: table::<VariableInstance>(),
    jobs: table::<Job>(),
    event_subscriptions: table::<EventSubscription>(),
    incidents: table::<Incident>(),
    history: history(),
});

fn history() -> HistoryTexts {
    let instances = HistoricProcessInstance::TABLE;
    let activities = HistoricActivityInstance::TABLE;
    let tasks = HistoricTask::TABLE;
    let variables = HistoricVariableInstance::TABLE;
    let incidents = HistoricIncident::TABLE;
    let mut variable_updated =
        cells(variables, &["value_type", "text_value", "integer_value", "real_value", "bytes_value", "value_info"]);
    variable_updated.update = variable_updated.update.replacen(" SET ", " SET first_write = NULL, ", 1);
    let mut process_instance_suspended = cells(instances, &["state"]);
    process_instance_suspended.update.push_str(" AND t.end_time IS NULL");
    let mut process_instance_ended =
        cells(instances, &["end_time", "end_activity_id", "state", "delete_reason", "removal_time"]);
    // One that does not follow from the end stays.
    process_instance_ended.update = process_instance_ended
        .update
        .replace("removal_time = u.removal_time", "removal_time = coalesce(u.removal_time, t.removal_time)");
    HistoryTexts {
        process_instance: insert(instances),
        process_instance_ended,
        process_instance_suspended,
        process_instance_detached: cells(instances, &["super_process_instance_id"]),
        activity: insert(activities),
        activity_ended: cells(activities, &["end_time", "is_canceled", "is_complete_scope"]),
        activity_updated: cells(activities, &["execution_id", "assignee"]),
        task: insert(tasks),
        task_changed: update(tasks, update_columns(tasks, HistoricTask::FIXED)),
        identity_link_log: insert(IdentityLinkLogEntry::TABLE),
        variable: insert(variables),
        variable_updated,
        first_detail: insert_first_values("id = ANY ($1::uuid[])", Dialect::Postgres),
        variable_deleted: cells(variables, &["state"]),
        detail: insert(HistoricDetail::TABLE),
        external_task_log: insert(ExternalTaskLogEntry::TABLE),
        incident: insert(incidents),
        incident_ended: cells(incidents, &["end_time", "state"]),
        incident_annotated: cells(incidents, &["annotation"]),
        job_log: insert(JobLogEntry::TABLE),
    }
}

/// A failed statement takes the commit back that is on its way behind it.
fn check(table: &str, number: &str) -> String {
    format!(
        "SELECT 1 / CASE WHEN count(*) = cardinality($1::uuid[]) THEN 1 ELSE 0 END FROM (\
         SELECT t.id FROM UNNEST($1::uuid[], $2::bigint[]) AS u (id, number) JOIN {table} AS t ON t.id = ANY (ARRAY[u.id]) \
         WHERE t.{number} = u.number ORDER BY u.id FOR UPDATE OF t) AS kept"
    )
}

fn table<R: RowEncode>() -> TableTexts {
    let columns = update_columns(R::TABLE, R::FIXED);
    TableTexts {
        insert: insert(R::TABLE),
        update: update(R::TABLE, columns),
        update_columns: columns,
        delete: format!("DELETE FROM {} WHERE id = ANY ($1::uuid[])", R::TABLE.name),
    }
}

fn insert(table: &Table) -> String {
    let kinds = table.columns.iter().map(|column| column.kind);
    format!("INSERT INTO {} ({}) SELECT {}", table.name, column_list(table), unnest(kinds))
}

/// Sets the columns in a set but the first one, which is the key.
fn update(table: &Table, set: ColumnSet) -> String {
    let chosen: Vec<_> = table.columns.iter().enumerate().filter(|(n, _)| set >> n & 1 == 1).map(|(_, c)| c).collect();
    let names: Vec<&str> = chosen.iter().map(|column| column.name).collect();
    joined_update(table, &names, &unnest(chosen.iter().map(|column| column.kind)))
}

fn cells(table: &Table, names: &[&'static str]) -> CellTexts {
    let with_key: Vec<&str> = std::iter::once("id").chain(names.iter().copied()).collect();
    let kind = |name: &&str| {
        let column = table.columns.iter().find(|column| column.name == *name);
        column.map(|column| column.kind).expect("a column of the table")
    };
    let kinds: Vec<ColumnKind> = with_key.iter().map(kind).collect();
    CellTexts { update: joined_update(table, &with_key, &unnest(kinds.iter().copied())), kinds }
}

fn joined_update(table: &Table, names: &[&str], unnest: &str) -> String {
    let assignments: Vec<String> = names[1..].iter().map(|name| format!("{name} = u.{name}")).collect();
    format!(
        "UPDATE {} AS t SET {} FROM (SELECT {unnest}) AS u ({}) WHERE t.id = ANY (ARRAY[u.id])",
        table.name,
        assignments.join(", "),
        names.join(", ")
    )
}

fn unnest(kinds: impl Iterator<Item = ColumnKind>) -> String {
    let mut text = String::new();
    for (n, kind) in kinds.enumerate() {
        let _ = write!(text, "{}UNNEST(${}::{})", if n == 0 { "" } else { ", " }, n + 1, array_type(kind));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_follow_from_declarations() {
        let insert = &TEXTS.executions.insert;
        assert!(insert.starts_with("INSERT INTO execution (id, process_instance_id, parent_id, kind, "), "{insert}");
        assert!(
            insert.contains("SELECT UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::uuid[]), UNNEST($4::bigint[])"),
            "{insert}"
        );
        assert!(
            TEXTS.executions.update.starts_with("UPDATE execution AS t SET parent_id = u.parent_id, kind = u.kind")
        );
        assert!(TEXTS.executions.update.ends_with("WHERE t.id = ANY (ARRAY[u.id])"));
        assert_eq!(
            TEXTS.history.incident_ended.update,
            "UPDATE historic_incident AS t SET end_time = u.end_time, state = u.state \
             FROM (SELECT UNNEST($1::uuid[]), UNNEST($2::bigint[]), UNNEST($3::bigint[])) AS u (id, end_time, state) \
             WHERE t.id = ANY (ARRAY[u.id])"
        );
    }
}
