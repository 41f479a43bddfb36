//! The writer's statements, each prepared once.

use engine::history::{ExternalTaskLogEntry, HistoricActivityInstance, HistoricIncident, HistoricProcessInstance};
use engine::history::{HistoricDetail, HistoricTask, HistoricVariableInstance, IdentityLinkLogEntry, JobLogEntry};
use engine::record::VariableInstance;
use engine::record::{EventSubscription, Execution, ExternalTask, Incident, Job, ProcessInstance, Task};
use query::Dialect;
use rusqlite::{Connection, PrepFlags, Statement};
use types::Uuid;

use super::claim_jobs::JobClaimStatements;
use super::row::{BoundRow, bind_uuid};
use crate::StoreError;
use crate::codec::historic_detail::insert_first_values;
use crate::codec::identity_link::IdentityLinkRow;
use crate::codec::sql::{self, ColumnSet};
use crate::codec::{RowEncode, sql::update_columns};

/// What is prepared once at open.
pub struct Statements<'c> {
    pub aggregate: AggregateStatements<'c>,
    pub process_instances: RowStatements<'c>,
    pub executions: TableStatements<'c>,
    pub external_tasks: TableStatements<'c>,
    pub tasks: TableStatements<'c>,
    pub identity_links: IdentityLinkStatements<'c>,
    pub variables: TableStatements<'c>,
    pub variable_in_place: Statement<'c>,
    /// Deletes by task.
    pub variables_of_task: Statement<'c>,
    pub jobs: TableStatements<'c>,
    pub event_subscriptions: TableStatements<'c>,
    pub incidents: TableStatements<'c>,
    pub history: HistoryStatements<'c>,
    pub claim: ClaimStatements<'c>,
    pub job_claim: JobClaimStatements<'c>,
}

/// Checks before a change set is applied.
pub struct AggregateStatements<'c> {
    /// epoch by id
    pub lock_epoch: Statement<'c>,
    /// Whether it is suspended, by id.
    pub definition: Statement<'c>,
    /// owner by id
    pub job_owner: Statement<'c>,
    /// id, expected revision, next number
    pub bump: Statement<'c>,
    /// The same of the task that an aggregate is named after.
    pub bump_task: Statement<'c>,
    /// id, expected revision
    pub end: Statement<'c>,
}

/// What every table of an aggregate has.
pub struct RowStatements<'c> {
    insert: Statement<'c>,
    update: Statement<'c>,
    update_columns: ColumnSet,
    delete: Statement<'c>,
}

/// What a table has besides whose rows belong to process instances.
pub struct TableStatements<'c> {
    rows: RowStatements<'c>,
    /// By process instance, the last id of its range.
    delete_all: Statement<'c>,
}

pub struct IdentityLinkStatements<'c> {
    pub insert: Statement<'c>,
    /// By task.
    pub delete: Statement<'c>,
}

/// One for each kind of `HistoryChange`.
pub struct HistoryStatements<'c> {
    pub process_instance: Statement<'c>,
    pub process_instance_ended: Statement<'c>,
    pub process_instance_suspended: Statement<'c>,
    pub process_instance_detached: Statement<'c>,
    pub activity: Statement<'c>,
    pub activity_ended: Statement<'c>,
    pub activity_updated: Statement<'c>,
    pub task: Statement<'c>,
    pub task_changed: Statement<'c>,
    pub identity_link_log: Statement<'c>,
    pub variable: Statement<'c>,
    pub variable_updated: Statement<'c>,
    /// Writes out the detail that a variable stands for: id.
    pub first_detail: Statement<'c>,
    pub variable_deleted: Statement<'c>,
    pub detail: Statement<'c>,
    pub external_task_log: Statement<'c>,
    pub incident: Statement<'c>,
    pub incident_ended: Statement<'c>,
    pub incident_annotated: Statement<'c>,
    pub job_log: Statement<'c>,
}

pub struct ClaimStatements<'c> {
    /// Whether anything has run out: now.
    pub any_expired: Statement<'c>,
    /// Makes fetchable what has run out, topics of those: now, most.
    pub release: Statement<'c>,
    /// When the next one runs out.
    pub next_expiry: Statement<'c>,
    /// Locks a task and answers its row: id, worker, expiration, the same as `available_at`.
    pub lock: Statement<'c>,
}

impl<'c> Statements<'c> {
    pub fn prepare(connection: &'c Connection) -> Result<Self, StoreError> {
        Ok(Statements {
            aggregate: AggregateStatements::prepare(connection)?,
            process_instances: RowStatements::prepare::<ProcessInstance>(connection)?,
            executions: TableStatements::prepare::<Execution>(connection)?,
            external_tasks: TableStatements::prepare::<ExternalTask>(connection)?,
            tasks: TableStatements::prepare::<Task>(connection)?,
            identity_links: IdentityLinkStatements::prepare(connection)?,
            variables: TableStatements::prepare::<VariableInstance>(connection)?,
            variable_in_place: prepare(connection, VARIABLE_IN_PLACE)?,
            variables_of_task: prepare(
                connection,
                &sql::delete_by(VariableInstance::TABLE, "task_id", Dialect::Sqlite),
            )?,
            jobs: TableStatements::prepare::<Job>(connection)?,
            event_subscriptions: TableStatements::prepare::<EventSubscription>(connection)?,
            incidents: TableStatements::prepare::<Incident>(connection)?,
            history: HistoryStatements::prepare(connection)?,
            claim: ClaimStatements::prepare(connection)?,
            job_claim: JobClaimStatements::prepare(connection)?,
        })
    }
}

/// Sets the value of a variable that is still in the scope it was in, which leaves its indexes alone.
const VARIABLE_IN_PLACE: &str = "UPDATE variable SET value_type = ?10, text_value = ?11, integer_value = ?12, \
     real_value = ?13, bytes_value = ?14, value_info = ?15, revision = ?16 WHERE id = ?1 AND execution_id = ?3 \
     AND activity_instance_id = ?6";

/// The parameters of `VARIABLE_IN_PLACE`.
pub const VARIABLE_IN_PLACE_COLUMNS: ColumnSet = 0b1111_1110_0010_0101;

impl<'c> AggregateStatements<'c> {
    fn prepare(connection: &'c Connection) -> Result<Self, StoreError> {
        Ok(AggregateStatements {
            lock_epoch: prepare(connection, "SELECT lock_epoch FROM external_task WHERE id = ?1")?,
            definition: prepare(connection, "SELECT is_suspended FROM process_definition WHERE id = ?1")?,
            job_owner: prepare(connection, "SELECT lock_owner FROM job WHERE id = ?1")?,
            bump: prepare(
                connection,
                "UPDATE process_instance SET revision = ?2 + 1, next_number = max(next_number, ?3) \
                 WHERE id = ?1 AND revision = ?2",
            )?,
            bump_task: prepare(connection, "UPDATE task SET revision = ?2 + 1 WHERE id = ?1 AND revision = ?2")?,
            end: prepare(connection, "DELETE FROM process_instance WHERE id = ?1 AND revision = ?2")?,
        })
    }
}

impl<'c> TableStatements<'c> {
    fn prepare<R: RowEncode>(connection: &'c Connection) -> Result<Self, StoreError> {
        Ok(TableStatements {
            rows: RowStatements::prepare::<R>(connection)?,
            delete_all: prepare(connection, &sql::delete_of_instance(R::TABLE, Dialect::Sqlite))?,
        })
    }

    pub fn insert<R: RowEncode>(&mut self, record: &R) -> Result<(), StoreError> {
        self.rows.insert(record)
    }

    pub fn update<R: RowEncode>(&mut self, record: &R) -> Result<(), StoreError> {
        self.rows.update(record)
    }

    pub fn delete(&mut self, id: Uuid) -> Result<(), StoreError> {
        self.rows.delete(id)
    }

    /// All rows of a process instance.
    pub fn delete_all(&mut self, process_instance_id: Uuid) -> Result<(), StoreError> {
        bind_uuid(&mut self.delete_all, 2, process_instance_id.range_end())?;
        execute_by_id(&mut self.delete_all, process_instance_id)
    }
}

impl<'c> RowStatements<'c> {
    fn prepare<R: RowEncode>(connection: &'c Connection) -> Result<Self, StoreError> {
        let table = R::TABLE;
        Ok(RowStatements {
            insert: insert::<R>(connection)?,
            update: prepare(connection, &sql::update(table, R::FIXED, Dialect::Sqlite))?,
            update_columns: update_columns(table, R::FIXED),
            delete: prepare(connection, &sql::delete_by(table, "id", Dialect::Sqlite))?,
        })
    }

    pub fn insert<R: RowEncode>(&mut self, record: &R) -> Result<(), StoreError> {
        insert_row(&mut self.insert, record)
    }

    /// The row must be there: the checks before have seen to that.
    pub fn update<R: RowEncode>(&mut self, record: &R) -> Result<(), StoreError> {
        let mut row = BoundRow::new(&mut self.update, self.update_columns);
        record.encode(&mut row);
        match row.execute()? {
            0 => Err(StoreError::Failed(format!("a row of {} to change is missing", R::TABLE.name))),
            _ => Ok(()),
        }
    }

    pub fn delete(&mut self, id: Uuid) -> Result<(), StoreError> {
        execute_by_id(&mut self.delete, id)
    }
}

impl<'c> IdentityLinkStatements<'c> {
    fn prepare(connection: &'c Connection) -> Result<Self, StoreError> {
        let by_task = sql::delete_by(IdentityLinkRow::TABLE, "task_id", Dialect::Sqlite);
        Ok(IdentityLinkStatements {
            insert: insert::<IdentityLinkRow>(connection)?,
            delete: prepare(connection, &by_task)?,
        })
    }
}

impl<'c> HistoryStatements<'c> {
    fn prepare(connection: &'c Connection) -> Result<Self, StoreError> {
        Ok(HistoryStatements {
            process_instance: insert::<HistoricProcessInstance>(connection)?,
            process_instance_ended: prepare(
                connection,
                "UPDATE historic_process_instance SET end_time = ?2, end_activity_id = ?3, state = ?4, \
                 delete_reason = ?5, removal_time = coalesce(?6, removal_time) WHERE id = ?1",
            )?,
            process_instance_suspended: prepare(
                connection,
                "UPDATE historic_process_instance SET state = ?2 WHERE id = ?1 AND end_time IS NULL",
            )?,
            process_instance_detached: prepare(
                connection,
                "UPDATE historic_process_instance SET super_process_instance_id = ?2 WHERE id = ?1",
            )?,
            activity: insert::<HistoricActivityInstance>(connection)?,
            activity_ended: prepare(
                connection,
                "UPDATE historic_activity_instance SET end_time = ?2, is_canceled = ?3, is_complete_scope = ?4 \
                 WHERE id = ?1",
            )?,
            activity_updated: prepare(
                connection,
                "UPDATE historic_activity_instance SET execution_id = ?2, assignee = ?3 WHERE id = ?1",
            )?,
            task: insert::<HistoricTask>(connection)?,
            task_changed: prepare(connection, &sql::update(HistoricTask::TABLE, HistoricTask::FIXED, Dialect::Sqlite))?,
            identity_link_log: insert::<IdentityLinkLogEntry>(connection)?,
            variable: insert::<HistoricVariableInstance>(connection)?,
            variable_updated: prepare(
                connection,
                "UPDATE historic_variable SET value_type = ?2, text_value = ?3, integer_value = ?4, real_value = ?5, \
                 bytes_value = ?6, value_info = ?7, first_write = NULL WHERE id = ?1",
            )?,
            first_detail: prepare(connection, &insert_first_values("id = ?1", Dialect::Sqlite))?,
            variable_deleted: prepare(connection, "UPDATE historic_variable SET state = ?2 WHERE id = ?1")?,
            detail: insert::<HistoricDetail>(connection)?,
            external_task_log: insert::<ExternalTaskLogEntry>(connection)?,
            incident: insert::<HistoricIncident>(connection)?,
            incident_ended: prepare(
                connection,
                "UPDATE historic_incident SET end_time = ?2, state = ?3 WHERE id = ?1",
            )?,
            incident_annotated: prepare(connection, "UPDATE historic_incident SET annotation = ?2 WHERE id = ?1")?,
            job_log: insert::<JobLogEntry>(connection)?,
        })
    }
}

impl<'c> ClaimStatements<'c> {
    fn prepare(connection: &'c Connection) -> Result<Self, StoreError> {
        let columns = sql::column_list(ExternalTask::TABLE);
        Ok(ClaimStatements {
            any_expired: prepare(
                connection,
                "SELECT 1 FROM external_task INDEXED BY external_task_next_available \
                 WHERE available_at > 0 AND available_at <= ?1 LIMIT 1",
            )?,
            release: prepare(
                connection,
                "UPDATE external_task SET available_at = 0 WHERE id IN (\
                 SELECT id FROM external_task INDEXED BY external_task_next_available \
                 WHERE available_at > 0 AND available_at <= ?1 ORDER BY available_at LIMIT ?2) RETURNING topic, worker_id IS NOT NULL",
            )?,
            next_expiry: prepare(
                connection,
                "SELECT available_at FROM external_task INDEXED BY external_task_next_available \
                 WHERE available_at > 0 ORDER BY available_at LIMIT 1",
            )?,
            lock: prepare(
                connection,
                &format!(
                    "UPDATE external_task SET worker_id = ?2, lock_expiration = ?3, available_at = ?4, \
                 lock_epoch = lock_epoch + {} WHERE id = ?1 RETURNING {columns}",
                    ExternalTask::FOREIGN_EPOCH_STEP
                ),
            )?,
        })
    }
}

pub fn insert_row<R: RowEncode>(statement: &mut Statement<'_>, record: &R) -> Result<(), StoreError> {
    let mut row = BoundRow::new(statement, ColumnSet::MAX);
    record.encode(&mut row);
    row.execute().map(|_| ())
}

pub fn execute_by_id(statement: &mut Statement<'_>, id: Uuid) -> Result<(), StoreError> {
    bind_uuid(statement, 1, id)?;
    statement.raw_execute()?;
    Ok(())
}

fn insert<'c, R: RowEncode>(connection: &'c Connection) -> Result<Statement<'c>, StoreError> {
    prepare(connection, &sql::insert(R::TABLE, Dialect::Sqlite))
}

/// For a statement that is kept: it leaves SQLite's small fast memory to what comes and goes.
pub fn prepare<'c>(connection: &'c Connection, text: &str) -> Result<Statement<'c>, StoreError> {
    Ok(connection.prepare_with_flags(text, PrepFlags::SQLITE_PREPARE_PERSISTENT)?)
}
