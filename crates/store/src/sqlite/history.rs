//! Applying changes of history: a row is inserted, or some of its cells are set. A row that is not there, because it
//! was removed or never kept, stays away.

use engine::history::{ActivityEnd, HistoricTask, HistoryChange, ProcessInstanceEnd};
use rusqlite::Statement;
use types::Uuid;

use super::row::BoundRow;
use super::statements::{HistoryStatements, execute_by_id, insert_row};
use crate::StoreError;
use crate::codec::sql::{ColumnSet, update_columns};
use crate::codec::value::encode_value;
use crate::codec::{RowEncode, RowSink, historic_incident, historic_process_instance, historic_variable};

impl HistoryStatements<'_> {
    pub fn apply(&mut self, change: &HistoryChange) -> Result<(), StoreError> {
        match change {
            HistoryChange::ProcessInstanceStarted(record) => insert_row(&mut self.process_instance, record),
            HistoryChange::ProcessInstanceEnded(end) => end_process_instance(&mut self.process_instance_ended, end),
            HistoryChange::ProcessInstanceSuspended { id, is_suspended } => {
                let state = match is_suspended {
                    true => historic_process_instance::SUSPENDED,
                    false => historic_process_instance::ACTIVE,
                };
                set(&mut self.process_instance_suspended, id.0, |row| row.text(state))
            }
            HistoryChange::ProcessInstanceDetached { id } => {
                set(&mut self.process_instance_detached, id.0, |row| row.optional_uuid(None))
            }
            HistoryChange::ActivityStarted(record) => insert_row(&mut self.activity, record),
            HistoryChange::ActivityEnded { id, end } => end_activity(&mut self.activity_ended, id.uuid, *end),
            HistoryChange::ActivityUpdated { id, execution_id, assignee } => {
                set(&mut self.activity_updated, id.uuid, |row| {
                    row.uuid(execution_id.0);
                    row.optional_text(assignee.as_deref());
                })
            }
            HistoryChange::TaskCreated(record) => insert_row(&mut self.task, &**record),
            HistoryChange::TaskChanged(record) => change_task(&mut self.task_changed, record),
            HistoryChange::IdentityLinkLogged(record) => insert_row(&mut self.identity_link_log, &**record),
            HistoryChange::VariableCreated(record) => insert_row(&mut self.variable, record),
            HistoryChange::VariableUpdated { id, value, replaces_first } => {
                if *replaces_first {
                    execute_by_id(&mut self.first_detail, id.0)?;
                }
                set(&mut self.variable_updated, id.0, |row| encode_value(value, row))
            }
            HistoryChange::VariableDeleted { id } => {
                set(&mut self.variable_deleted, id.0, |row| row.text(historic_variable::DELETED))
            }
            HistoryChange::DetailLogged(record) => insert_row(&mut self.detail, &**record),
            HistoryChange::ExternalTaskLogged(record) => insert_row(&mut self.external_task_log, record),
            HistoryChange::JobLogged(record) => insert_row(&mut self.job_log, record),
            HistoryChange::IncidentCreated(record) => insert_row(&mut self.incident, record),
            HistoryChange::IncidentAnnotated { id, annotation } => {
                set(&mut self.incident_annotated, id.0, |row| row.optional_text(annotation.as_deref()))
            }
            HistoryChange::IncidentEnded { id, end_time, is_deleted } => set(&mut self.incident_ended, id.0, |row| {
                row.time(*end_time);
                row.integer(if *is_deleted { historic_incident::DELETED } else { historic_incident::RESOLVED });
            }),
        }
    }
}

fn end_process_instance(statement: &mut Statement<'_>, end: &ProcessInstanceEnd) -> Result<(), StoreError> {
    set(statement, end.id.0, |row| {
        row.time(end.end_time);
        row.optional_text(end.end_activity_id.as_deref());
        row.text(end.state.name());
        row.optional_text(end.delete_reason.as_deref());
        row.optional_time(end.removal_time);
    })
}

fn end_activity(statement: &mut Statement<'_>, id: Uuid, end: ActivityEnd) -> Result<(), StoreError> {
    set(statement, id, |row| {
        row.time(end.end_time);
        row.boolean(end.is_canceled);
        row.boolean(end.is_complete_scope);
    })
}

fn change_task(statement: &mut Statement<'_>, record: &HistoricTask) -> Result<(), StoreError> {
    let columns = update_columns(HistoricTask::TABLE, HistoricTask::FIXED);
    let mut row = BoundRow::new(statement, columns);
    record.encode(&mut row);
    row.execute().map(|_| ())
}

fn set<'a, 'c>(
    statement: &'a mut Statement<'c>,
    id: Uuid,
    cells: impl FnOnce(&mut BoundRow<'a, 'c>),
) -> Result<(), StoreError> {
    let mut row = BoundRow::new(statement, ColumnSet::MAX);
    row.uuid(id);
    cells(&mut row);
    row.execute().map(|_| ())
}
