//! The changes of history in a batch as one set of statements. A row that is not there, because it was removed or never
//! kept, stays away.

use std::collections::{BTreeMap, BTreeSet};

use engine::history::{
    ActivityEnd, ExternalTaskLogEntry, HistoricActivityInstance, HistoricDetail, HistoricIncident,
    HistoricProcessInstance, HistoricTask, HistoricVariableInstance, HistoryChange, IdentityLinkLogEntry, JobLogEntry,
    ProcessInstanceEnd,
};
use types::{Timestamp, Uuid, VariableValue};

use super::array::ArrayRows;
use super::plan::{SetStatement, push_ids, push_insertion};
use super::texts::{CellTexts, TEXTS};
use crate::codec::sql::update_columns;
use crate::codec::value::encode_value;
use crate::codec::{RowEncode, RowSink, historic_incident, historic_process_instance, historic_variable};

/// Of several settings of the same cells the last one counts.
#[derive(Debug, Default)]
pub struct HistoryPlan<'a> {
    process_instances: Vec<&'a HistoricProcessInstance>,
    process_instances_ended: BTreeMap<Uuid, &'a ProcessInstanceEnd>,
    process_instances_suspended: BTreeMap<Uuid, bool>,
    process_instances_detached: BTreeMap<Uuid, ()>,
    activities: Vec<&'a HistoricActivityInstance>,
    activities_ended: BTreeMap<Uuid, ActivityEnd>,
    activities_updated: BTreeMap<Uuid, (Uuid, Option<&'a str>)>,
    tasks: Vec<&'a HistoricTask>,
    tasks_changed: BTreeMap<Uuid, &'a HistoricTask>,
    identity_link_log: Vec<&'a IdentityLinkLogEntry>,
    variables: Vec<&'a HistoricVariableInstance>,
    variables_updated: BTreeMap<Uuid, &'a VariableValue>,
    first_values_replaced: BTreeSet<Uuid>,
    variables_deleted: BTreeMap<Uuid, ()>,
    details: Vec<&'a HistoricDetail>,
    external_task_log: Vec<&'a ExternalTaskLogEntry>,
    incidents: Vec<&'a HistoricIncident>,
    incidents_ended: BTreeMap<Uuid, (Timestamp, bool)>,
    incidents_annotated: BTreeMap<Uuid, Option<&'a str>>,
    job_log: Vec<&'a JobLogEntry>,
}

impl<'a> HistoryPlan<'a> {
    pub fn add(&mut self, change: &'a HistoryChange) {
        match change {
            HistoryChange::ProcessInstanceStarted(record) => self.process_instances.push(record),
            HistoryChange::ProcessInstanceEnded(end) => {
                self.process_instances_ended.insert(end.id.0, end);
            }
            HistoryChange::ProcessInstanceSuspended { id, is_suspended } => {
                self.process_instances_suspended.insert(id.0, *is_suspended);
            }
            HistoryChange::ProcessInstanceDetached { id } => {
                self.process_instances_detached.insert(id.0, ());
            }
            HistoryChange::ActivityStarted(record) => self.activities.push(record),
            HistoryChange::ActivityEnded { id, end } => {
                self.activities_ended.insert(id.uuid, *end);
            }
            HistoryChange::ActivityUpdated { id, execution_id, assignee } => {
                self.activities_updated.insert(id.uuid, (execution_id.0, assignee.as_deref()));
            }
            HistoryChange::TaskCreated(record) => self.tasks.push(record),
            HistoryChange::TaskChanged(record) => {
                self.tasks_changed.insert(record.task.id.0, record);
            }
            HistoryChange::IdentityLinkLogged(record) => self.identity_link_log.push(record),
            HistoryChange::VariableCreated(record) => self.variables.push(record),
            HistoryChange::VariableUpdated { id, value, replaces_first } => {
                if *replaces_first {
                    self.first_values_replaced.insert(id.0);
                }
                self.variables_updated.insert(id.0, value);
            }
            HistoryChange::VariableDeleted { id } => {
                self.variables_deleted.insert(id.0, ());
            }
            HistoryChange::DetailLogged(record) => self.details.push(record),
            HistoryChange::ExternalTaskLogged(record) => self.external_task_log.push(record),
            HistoryChange::JobLogged(record) => self.job_log.push(record),
            HistoryChange::IncidentCreated(record) => self.incidents.push(record),
            HistoryChange::IncidentAnnotated { id, annotation } => {
                self.incidents_annotated.insert(id.0, annotation.as_deref());
            }
            HistoryChange::IncidentEnded { id, end_time, is_deleted } => {
                self.incidents_ended.insert(id.0, (*end_time, *is_deleted));
            }
        }
    }

    /// What is inserted comes before what is set; the end of an instance after its suspension, which leaves ended ones.
    pub fn push_statements(self, statements: &mut Vec<SetStatement>) {
        let texts = &TEXTS.history;
        push_insertion(&texts.process_instance, self.process_instances.into_iter(), statements);
        push_insertion(&texts.activity, self.activities.into_iter(), statements);
        push_insertion(&texts.task, self.tasks.into_iter(), statements);
        push_insertion(&texts.identity_link_log, self.identity_link_log.into_iter(), statements);
        push_insertion(&texts.variable, self.variables.into_iter(), statements);
        push_insertion(&texts.detail, self.details.into_iter(), statements);
        push_insertion(&texts.external_task_log, self.external_task_log.into_iter(), statements);
        push_insertion(&texts.incident, self.incidents.into_iter(), statements);
        push_insertion(&texts.job_log, self.job_log.into_iter(), statements);
        set(&texts.process_instance_suspended, self.process_instances_suspended, statements, |suspended, row| {
            row.text(match suspended {
                true => historic_process_instance::SUSPENDED,
                false => historic_process_instance::ACTIVE,
            });
        });
        set(&texts.process_instance_detached, self.process_instances_detached, statements, |(), row| row.null());
        set(&texts.process_instance_ended, self.process_instances_ended, statements, |end, row| {
            row.time(end.end_time);
            row.optional_text(end.end_activity_id.as_deref());
            row.text(end.state.name());
            row.optional_text(end.delete_reason.as_deref());
            row.optional_time(end.removal_time);
        });
        set(&texts.activity_updated, self.activities_updated, statements, |(execution_id, assignee), row| {
            row.uuid(execution_id);
            row.optional_text(assignee);
        });
        set(&texts.activity_ended, self.activities_ended, statements, |end, row| {
            row.time(end.end_time);
            row.boolean(end.is_canceled);
            row.boolean(end.is_complete_scope);
        });
        change_tasks(&texts.task_changed, &self.tasks_changed, statements);
        push_ids(&texts.first_detail, self.first_values_replaced.into_iter(), statements);
        set(&texts.variable_updated, self.variables_updated, statements, encode_value);
        set(&texts.variable_deleted, self.variables_deleted, statements, |(), row| {
            row.text(historic_variable::DELETED);
        });
        set(&texts.incident_annotated, self.incidents_annotated, statements, |text, row| row.optional_text(text));
        set(&texts.incident_ended, self.incidents_ended, statements, |(end_time, is_deleted), row| {
            row.time(end_time);
            row.integer(if is_deleted { historic_incident::DELETED } else { historic_incident::RESOLVED });
        });
    }
}

fn set<T>(
    texts: &'static CellTexts,
    cells: BTreeMap<Uuid, T>,
    statements: &mut Vec<SetStatement>,
    mut encode: impl FnMut(T, &mut ArrayRows),
) {
    if cells.is_empty() {
        return;
    }
    let mut rows = ArrayRows::of_kinds(texts.kinds.iter().copied().map(Some));
    for (id, value) in cells {
        rows.begin_row();
        rows.uuid(id);
        encode(value, &mut rows);
    }
    statements.push(SetStatement { text: &texts.update, columns: rows.into_columns(), rows_expected: None });
}

fn change_tasks(text: &'static str, tasks: &BTreeMap<Uuid, &HistoricTask>, statements: &mut Vec<SetStatement>) {
    if tasks.is_empty() {
        return;
    }
    let columns = update_columns(HistoricTask::TABLE, HistoricTask::FIXED);
    let mut rows = ArrayRows::of_table(HistoricTask::TABLE, columns);
    for task in tasks.values() {
        rows.begin_row();
        task.encode(&mut rows);
    }
    statements.push(SetStatement { text, columns: rows.into_columns(), rows_expected: None });
}
