//! Collects the history of one command.
//!
//! Knows the history level. What begins and ends within one command leaves one row, already ended.

use std::sync::Arc;

use types::{
    ActivityInstanceId, ExecutionId, IncidentId, ProcessInstanceId, TaskId, VariableInstanceId, VariableValue,
};

use crate::env::HistoryLevel;
use crate::history::{
    ActivityEnd, ExternalTaskLogEntry, HistoricActivityInstance, HistoricDetail, HistoricIncident,
    HistoricProcessInstance, HistoricVariableInstance, HistoryChange, IdentityLinkLogEntry, JobLogEntry,
    ProcessInstanceEnd,
};
use crate::instance::OrderedMap;

#[derive(Debug)]
pub(crate) struct Recorder {
    level: HistoryLevel,
    changes: Vec<HistoryChange>,
    /// Places in `changes` of what began in this command.
    instances: OrderedMap<ProcessInstanceId, usize>,
    activities: OrderedMap<ActivityInstanceId, usize>,
    variables: OrderedMap<VariableInstanceId, usize>,
}

impl Recorder {
    pub fn new(level: HistoryLevel) -> Self {
        Recorder {
            level,
            changes: Vec::new(),
            instances: OrderedMap::default(),
            activities: OrderedMap::default(),
            variables: OrderedMap::default(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub fn into_changes(self) -> Vec<HistoryChange> {
        self.changes
    }

    pub fn process_instance_started(&mut self, row: HistoricProcessInstance) {
        if self.level >= HistoryLevel::Activity {
            self.instances.insert(row.id, self.changes.len());
            self.changes.push(HistoryChange::ProcessInstanceStarted(Box::new(row)));
        }
    }

    pub fn process_instance_ended(&mut self, end: ProcessInstanceEnd) {
        if self.level < HistoryLevel::Activity {
            return;
        }
        let place = self.instances.get(&end.id).copied();
        match place.and_then(|place| self.changes.get_mut(place)) {
            Some(HistoryChange::ProcessInstanceStarted(row)) => row.end = Some(end),
            _ => self.changes.push(HistoryChange::ProcessInstanceEnded(end)),
        }
    }

    pub fn process_instance_suspended(&mut self, id: ProcessInstanceId, is_suspended: bool) {
        if self.level >= HistoryLevel::Activity {
            self.changes.push(HistoryChange::ProcessInstanceSuspended { id, is_suspended });
        }
    }

    pub fn process_instance_detached(&mut self, id: ProcessInstanceId) {
        if self.level >= HistoryLevel::Activity {
            self.changes.push(HistoryChange::ProcessInstanceDetached { id });
        }
    }

    pub fn activity_started(&mut self, row: HistoricActivityInstance) {
        if self.level >= HistoryLevel::Activity {
            self.activities.insert(row.id.clone(), self.changes.len());
            self.changes.push(HistoryChange::ActivityStarted(Box::new(row)));
        }
    }

    pub fn activity_ended(&mut self, id: &ActivityInstanceId, end: ActivityEnd) {
        if self.level < HistoryLevel::Activity {
            return;
        }
        match self.started_activity(id) {
            Some(row) => row.end = Some(end),
            None => self.changes.push(HistoryChange::ActivityEnded { id: id.clone(), end }),
        }
    }

    /// The execution at an activity that goes on is another one now.
    pub fn activity_moved(&mut self, id: &ActivityInstanceId, execution_id: ExecutionId, assignee: Option<Arc<str>>) {
        if self.level < HistoryLevel::Activity {
            return;
        }
        match self.started_activity(id) {
            Some(row) => row.execution_id = execution_id,
            None => self.changes.push(HistoryChange::ActivityUpdated { id: id.clone(), execution_id, assignee }),
        }
    }

    /// The user task of an activity that began in this command.
    pub fn activity_has_task(&mut self, id: &ActivityInstanceId, task_id: TaskId, assignee: Option<Arc<str>>) {
        if let Some(row) = self.started_activity(id) {
            row.task_id = Some(task_id);
            row.assignee = assignee;
        }
    }

    /// A task is new or different; nothing but its newest state is kept.
    pub fn task(&mut self, change: HistoryChange) {
        if self.level >= HistoryLevel::Activity {
            self.changes.push(change);
        }
    }

    pub fn identity_link_logged(&mut self, entry: IdentityLinkLogEntry) {
        if self.level >= HistoryLevel::Full {
            self.changes.push(HistoryChange::IdentityLinkLogged(Box::new(entry)));
        }
    }

    /// The instance that an activity that began in this command calls.
    pub fn activity_calls(&mut self, id: &ActivityInstanceId, called: ProcessInstanceId) {
        if let Some(row) = self.started_activity(id) {
            row.called_process_instance_id = Some(called);
        }
    }

    pub fn variable_created(&mut self, row: HistoricVariableInstance) {
        if self.level >= HistoryLevel::Audit {
            self.variables.insert(row.id, self.changes.len());
            self.changes.push(HistoryChange::VariableCreated(Box::new(row)));
        }
    }

    /// `revision` is that of the variable with the value.
    pub fn variable_updated(&mut self, id: VariableInstanceId, value: VariableValue, revision: u32) {
        if self.level < HistoryLevel::Audit {
            return;
        }
        let place = self.variables.get(&id).copied();
        match place.and_then(|place| self.changes.get_mut(place)) {
            Some(HistoryChange::VariableCreated(row)) => {
                let first = row.first_write.take().map(|write| row.first_detail(write));
                row.value = value;
                self.changes.extend(first.map(|detail| HistoryChange::DetailLogged(Box::new(detail))));
            }
            Some(HistoryChange::VariableUpdated { value: newest, .. }) => *newest = value,
            _ => {
                self.variables.insert(id, self.changes.len());
                self.changes.push(HistoryChange::VariableUpdated { id, value, replaces_first: revision <= 1 });
            }
        }
    }

    /// The variable was removed. One that only went with its scope stays in the history as it was.
    pub fn variable_deleted(&mut self, id: VariableInstanceId) {
        if self.level >= HistoryLevel::Audit {
            self.changes.push(HistoryChange::VariableDeleted { id });
        }
    }

    /// A write of a variable.
    pub fn detail_logged(&mut self, variable: VariableInstanceId, detail: HistoricDetail) {
        if !self.keeps_details() {
            return;
        }
        let place = self.variables.get(&variable).copied();
        let detail = match place.and_then(|place| self.changes.get_mut(place)) {
            Some(HistoryChange::VariableCreated(row)) => row.take_first_detail(detail),
            _ => Some(detail),
        };
        self.changes.extend(detail.map(|detail| HistoryChange::DetailLogged(Box::new(detail))));
    }

    pub fn form_field_logged(&mut self, detail: HistoricDetail) {
        if self.keeps_form_fields() {
            self.changes.push(HistoryChange::DetailLogged(Box::new(detail)));
        }
    }

    pub fn keeps_form_fields(&self) -> bool {
        self.level >= HistoryLevel::Audit
    }

    pub fn keeps_details(&self) -> bool {
        self.level >= HistoryLevel::Full
    }

    /// Of tasks and jobs.
    pub fn keeps_logs(&self) -> bool {
        self.level >= HistoryLevel::Full
    }

    pub fn external_task_logged(&mut self, entry: ExternalTaskLogEntry) {
        if self.level >= HistoryLevel::Full {
            self.changes.push(HistoryChange::ExternalTaskLogged(Box::new(entry)));
        }
    }

    pub fn job_logged(&mut self, entry: JobLogEntry) {
        if self.level >= HistoryLevel::Full {
            self.changes.push(HistoryChange::JobLogged(Box::new(entry)));
        }
    }

    pub fn incident_annotated(&mut self, id: IncidentId, annotation: Option<Arc<str>>) {
        if self.level >= HistoryLevel::Full {
            self.changes.push(HistoryChange::IncidentAnnotated { id, annotation });
        }
    }

    pub fn incident_created(&mut self, row: HistoricIncident) {
        if self.level >= HistoryLevel::Full {
            self.changes.push(HistoryChange::IncidentCreated(Box::new(row)));
        }
    }

    pub fn incident_ended(&mut self, id: types::IncidentId, end_time: types::Timestamp, is_deleted: bool) {
        if self.level >= HistoryLevel::Full {
            self.changes.push(HistoryChange::IncidentEnded { id, end_time, is_deleted });
        }
    }

    fn started_activity(&mut self, id: &ActivityInstanceId) -> Option<&mut HistoricActivityInstance> {
        let place = self.activities.get(id).copied()?;
        match self.changes.get_mut(place) {
            Some(HistoryChange::ActivityStarted(row)) => Some(row),
            _ => None,
        }
    }
}
