//! Records to store, with ids that count up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use engine::history::{ActivityEnd, EndState, ExternalTaskLogEntry, ExternalTaskLogKind, HistoricActivityInstance};
use engine::history::{
    HistoricPlace, HistoricProcessInstance, HistoricVariableInstance, HistoryChange, ProcessInstanceEnd,
};
use engine::record::{Execution, ExecutionKind, ExternalTask, ProcessInstance, VariableInstance, VariablePlace, Visit};
use engine::{ChangeSet, ExternalTaskGuard, RevisionCheck, Snapshot, TableChange};
use query::{SqlValue, Statement};
use types::{ActivityInstanceId, ExecutionId, ExternalTaskId, ProcessDefinitionId, ProcessInstanceId, Timestamp, Uuid};
use types::{HistoryId, VariableInstanceId, VariableValue};

use crate::work::{ClaimOrder, ClaimRequest, ClaimTenants, ClaimTopic, ClaimVariables, ClaimWanted, Remembered};
use crate::work::{LockedExternalTask, Work, WorkDone};
use crate::{Store, StoreError};

/// When everything in the suite happens.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A new id, later than all before. Shaped like a UUIDv7 of `NOW`.
pub fn id() -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
    Uuid((NOW.0 as u128) << 80 | 0x7 << 76 | 0x8 << 60 | count << 32)
}

/// A new id of something in an instance.
pub fn id_in(instance: ProcessInstanceId) -> Uuid {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    instance.0.numbered(COUNT.fetch_add(1, Ordering::Relaxed))
}

pub fn text(value: &str) -> Arc<str> {
    value.into()
}

/// An instance that waits at one external task.
#[derive(Clone, Debug)]
pub struct WaitingInstance {
    pub instance: ProcessInstance,
    pub root: Execution,
    pub scope: Execution,
    pub task: ExternalTask,
    pub variables: Vec<VariableInstance>,
}

impl WaitingInstance {
    pub fn new(topic: &str) -> WaitingInstance {
        let instance_id = ProcessInstanceId(id());
        let scope_id = ExecutionId(id_in(instance_id));
        let activity_instance_id = ActivityInstanceId::of_activity(text("pay"), id_in(instance_id));
        let instance = process_instance(instance_id);
        let root = Execution {
            id: instance_id.into(),
            process_instance_id: instance_id,
            parent_id: None,
            kind: ExecutionKind::ProcessInstance,
            scope: Some(ActivityInstanceId::of_process(instance_id)),
            at: None,
            continuation: None,
        };
        let scope = Execution {
            id: scope_id,
            process_instance_id: instance_id,
            parent_id: Some(root.id),
            kind: ExecutionKind::Scope,
            scope: Some(activity_instance_id.clone()),
            at: Some(Visit {
                activity_id: text("pay"),
                activity_instance_id: activity_instance_id.clone(),
                is_active: true,
            }),
            continuation: None,
        };
        let task = ExternalTask {
            id: ExternalTaskId(id_in(instance_id)),
            execution_id: scope_id,
            process_instance_id: instance_id,
            root_process_instance_id: instance_id,
            definition_id: instance.definition_id.clone(),
            definition_key: instance.definition_key.clone(),
            definition_version_tag: None,
            business_key: None,
            tenant_id: None,
            activity_id: text("pay"),
            activity_instance_id,
            topic: text(topic),
            priority: 0,
            create_time: NOW,
            is_suspended: false,
            worker_id: None,
            lock_expiration: None,
            lock_epoch: 0,
            retries: None,
            error_message: None,
            error_details: None,
        };
        WaitingInstance { instance, root, scope, task, variables: Vec::new() }
    }

    pub fn id(&self) -> ProcessInstanceId {
        self.instance.id
    }

    /// A variable of the instance.
    pub fn with_variable(self, name: &str, value: VariableValue) -> WaitingInstance {
        let scope = self.root.id;
        self.with_variable_in(scope, name, value)
    }

    pub fn with_variable_in(mut self, scope: ExecutionId, name: &str, value: VariableValue) -> WaitingInstance {
        let id = id_in(self.id());
        self.variables.push(VariableInstance {
            id: VariableInstanceId(if scope == self.root.id { id } else { id.in_upper_half() }),
            place: Some(VariablePlace { process_instance_id: self.id(), execution_id: scope }),
            task_id: None,
            activity_instance_id: Some(ActivityInstanceId::of_process(self.id())),
            tenant_id: None,
            name: text(name),
            value,
            revision: 0,
            create_time: NOW,
        });
        self
    }

    /// What its start writes, history included.
    pub fn started(&self) -> ChangeSet {
        let mut changes = ChangeSet::new(self.id(), RevisionCheck::New);
        changes.process_instances.push(TableChange::Insert(self.instance.clone().into()));
        changes.executions.push(TableChange::Insert(self.root.clone().into()));
        changes.executions.push(TableChange::Insert(self.scope.clone().into()));
        changes.external_tasks.push(TableChange::Insert(self.task.clone().into()));
        changes.variables.extend(self.variables.iter().cloned().map(|row| TableChange::Insert(row.into())));
        changes.history.push(HistoryChange::ProcessInstanceStarted(self.historic_instance().into()));
        let start = ActivityEnd { end_time: NOW, is_canceled: false, is_complete_scope: false };
        changes.history.push(HistoryChange::ActivityStarted(self.historic_activity("startEvent", Some(start)).into()));
        changes.history.push(HistoryChange::ActivityStarted(self.historic_activity("serviceTask", None).into()));
        let variables = self.variables.iter().map(|variable| self.historic_variable(variable));
        changes.history.extend(variables.map(|row| HistoryChange::VariableCreated(row.into())));
        changes.history.push(HistoryChange::ExternalTaskLogged(self.log_entry(ExternalTaskLogKind::Created).into()));
        changes
    }

    /// What the completion of its task writes, which ends it. One variable comes from the worker.
    pub fn completed(&self, revision: u64, lock_epoch: u64) -> ChangeSet {
        let mut changes = ChangeSet::new(self.id(), RevisionCheck::Bump { expected: revision });
        changes.guards.push(ExternalTaskGuard { id: self.task.id, lock_epoch });
        changes.process_instances.push(TableChange::Delete(self.id()));
        changes.executions.push(TableChange::Delete(self.root.id));
        changes.executions.push(TableChange::Delete(self.scope.id));
        changes.external_tasks.push(TableChange::Delete(self.task.id));
        changes.variables.extend(self.variables.iter().map(|variable| TableChange::Delete(variable.id)));
        changes.history.push(HistoryChange::ExternalTaskLogged(self.log_entry(ExternalTaskLogKind::Succeeded).into()));
        let end = ActivityEnd { end_time: NOW, is_canceled: false, is_complete_scope: false };
        let id = self.task.activity_instance_id.clone();
        changes.history.push(HistoryChange::ActivityEnded { id, end });
        let end = ActivityEnd { is_complete_scope: true, ..end };
        changes.history.push(HistoryChange::ActivityStarted(self.historic_activity("noneEndEvent", Some(end)).into()));
        let result = self.clone().with_variable("result", VariableValue::String(text("paid")));
        let result = result.variables.last().expect("it was just added");
        changes.history.push(HistoryChange::VariableCreated(self.historic_variable(result).into()));
        changes.history.push(HistoryChange::ProcessInstanceEnded(ProcessInstanceEnd {
            id: self.id(),
            end_time: NOW,
            end_activity_id: Some(text("end")),
            state: EndState::Completed,
            delete_reason: None,
            removal_time: None,
        }));
        changes
    }

    fn historic_instance(&self) -> HistoricProcessInstance {
        HistoricProcessInstance {
            id: self.id(),
            root_process_instance_id: self.id(),
            super_process_instance_id: None,
            restarted_process_instance_id: None,
            definition_id: self.instance.definition_id.clone(),
            definition_key: self.instance.definition_key.clone(),
            business_key: self.instance.business_key.clone(),
            case_instance_id: self.instance.case_instance_id.clone(),
            tenant_id: None,
            start_time: NOW,
            start_activity_id: text("start"),
            is_suspended: false,
            removal_time: None,
            end: None,
        }
    }

    fn historic_activity(&self, activity_type: &'static str, end: Option<ActivityEnd>) -> HistoricActivityInstance {
        let is_task = activity_type == "serviceTask";
        let new = || ActivityInstanceId::of_activity(text(activity_type), id_in(self.id()));
        HistoricActivityInstance {
            id: if is_task { self.task.activity_instance_id.clone() } else { new() },
            parent: ActivityInstanceId::of_process(self.id()),
            process_instance_id: self.id(),
            root_process_instance_id: self.id(),
            execution_id: if is_task { self.scope.id } else { self.root.id },
            definition_id: self.instance.definition_id.clone(),
            definition_key: self.instance.definition_key.clone(),
            activity_name: Some(text("Pay the bill")),
            activity_type,
            tenant_id: None,
            task_id: None,
            assignee: None,
            called_process_instance_id: None,
            start_time: NOW,
            sequence: 1,
            end,
        }
    }

    fn historic_variable(&self, variable: &VariableInstance) -> HistoricVariableInstance {
        HistoricVariableInstance {
            id: variable.id,
            name: variable.name.clone(),
            value: variable.value.clone(),
            place: variable.place.as_ref().map(|place| HistoricPlace {
                process_instance_id: self.id(),
                root_process_instance_id: self.id(),
                execution_id: place.execution_id,
                activity_instance_id: ActivityInstanceId::of_process(self.id()),
                definition_id: self.instance.definition_id.clone(),
                definition_key: self.instance.definition_key.clone(),
            }),
            task_id: None,
            tenant_id: None,
            create_time: NOW,
            first_write: None,
        }
    }

    fn log_entry(&self, kind: ExternalTaskLogKind) -> ExternalTaskLogEntry {
        ExternalTaskLogEntry {
            id: HistoryId(id_in(self.id())),
            kind,
            timestamp: NOW,
            external_task_id: self.task.id,
            topic: self.task.topic.clone(),
            worker_id: None,
            priority: self.task.priority,
            retries: self.task.retries,
            error_message: None,
            error_details: None,
            activity_id: self.task.activity_id.clone(),
            activity_instance_id: self.task.activity_instance_id.clone(),
            execution_id: self.task.execution_id,
            process_instance_id: self.id(),
            root_process_instance_id: self.id(),
            definition_id: self.task.definition_id.clone(),
            definition_key: self.task.definition_key.clone(),
            tenant_id: None,
        }
    }
}

pub fn process_instance(id: ProcessInstanceId) -> ProcessInstance {
    ProcessInstance {
        id,
        root_process_instance_id: id,
        super_execution_id: None,
        definition_id: ProcessDefinitionId::from("order:1:0"),
        definition_key: text("order"),
        business_key: None,
        case_instance_id: None,
        tenant_id: None,
        is_suspended: false,
        start_time: NOW,
        revision: 1,
        next_number: 1,
    }
}

pub async fn apply(store: &dyn Store, change_sets: Vec<ChangeSet>) -> Result<(), StoreError> {
    match store.submit(Work::Apply(change_sets)).await? {
        WorkDone::Applied => Ok(()),
        other => panic!("an applied unit answers so, not {other:?}"),
    }
}

pub async fn start(store: &dyn Store, instance: &WaitingInstance) {
    apply(store, vec![instance.started()]).await.expect("a new instance can be stored");
}

pub async fn load(store: &dyn Store, root: ProcessInstanceId) -> Option<Snapshot> {
    store.load(root).await.expect("an aggregate can be loaded")
}

/// Cells of a query. Ids are blobs, whatever they are to the database.
pub async fn rows(store: &dyn Store, text: &str, binds: Vec<SqlValue>) -> Vec<Vec<SqlValue>> {
    let mut rows = store.select(Statement { text: text.to_owned(), binds }).await.expect("the query is valid");
    for cell in rows.iter_mut().flatten() {
        if let SqlValue::Uuid(id) = cell {
            *cell = SqlValue::Blob(id.to_bytes().as_slice().into());
        }
    }
    rows
}

/// The rows of a table.
pub async fn count(store: &dyn Store, table: &str) -> i64 {
    match rows(store, &format!("SELECT count(*) FROM {table}"), Vec::new()).await[0][0] {
        SqlValue::Integer(count) => count,
        ref other => panic!("a count is a number, not {other:?}"),
    }
}

pub fn topic(name: &str) -> ClaimTopic {
    ClaimTopic {
        name: text(name),
        lock_duration_ms: 60_000,
        business_key: None,
        definition_ids: Vec::new(),
        definition_keys: Vec::new(),
        definition_version_tag: None,
        tenants: ClaimTenants::Any,
        process_variables: Vec::new(),
        variables: ClaimVariables { names: None, is_local_only: false },
    }
}

pub fn claim_request(tasks_max: u32, order: &[ClaimOrder], topics: Vec<ClaimTopic>) -> ClaimRequest {
    ClaimRequest {
        now: NOW,
        worker_id: text("worker"),
        tasks_max,
        order: order.to_vec(),
        topics,
        candidates: Vec::new(),
        is_wanted: ClaimWanted(Arc::new(AtomicBool::new(true))),
        remembered: Remembered::default(),
    }
}

pub async fn claim(store: &dyn Store, request: ClaimRequest) -> Vec<LockedExternalTask> {
    match store.submit(Work::Claim(request)).await.expect("a claim can be made") {
        WorkDone::Claimed(tasks) => tasks,
        other => panic!("a claim answers tasks, not {other:?}"),
    }
}

/// Claims from one topic, in no special order.
pub async fn claim_from(store: &dyn Store, name: &str, tasks_max: u32) -> Vec<LockedExternalTask> {
    claim(store, claim_request(tasks_max, &[], vec![topic(name)])).await
}

/// The topics that a release tells of, and when the next one is due.
pub async fn release(store: &dyn Store, now: Timestamp) -> (Vec<Arc<str>>, Option<Timestamp>) {
    match store.submit(Work::ReleaseExpired { now, limit: 100 }).await.expect("a release can be made") {
        WorkDone::Released { topics, next } => (topics, next),
        other => panic!("a release answers topics, not {other:?}"),
    }
}
