//! A runtime with a store whose work can be held back or made to fail, and what most tests do with it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use engine::{Command, Snapshot};
use query::{Condition, Select, SqlValue, Statement, Table, tables};
use runtime::{
    ClaimTenants, ClaimTopic, ClaimVariables, DefinitionSelector, Deployed, DuplicateFiltering, Error,
    ExtensionProperties, FetchRequest, FetchTopic, JobExecutor, LocatedBy, NewDeployment, NewResource, Runtime,
    Settings, StoreError, TenantChoice,
};
use store::{Pending, SqliteStore, Store, Work, WorkDone};
use tokio::sync::watch;
use types::{ExternalTaskId, ProcessInstanceId, VariableMap, VariableValue, VariableWrite};

/// Hands everything on, unless told otherwise.
pub struct Staged {
    inner: SqliteStore,
    is_open: watch::Sender<bool>,
    /// What the next units fail with, one each.
    failures: Mutex<VecDeque<StoreError>>,
    /// The same for claims.
    claim_failures: Mutex<VecDeque<StoreError>>,
    pub claims: AtomicUsize,
    pub loads: AtomicUsize,
    /// Steps of searches for what filters want.
    pub search_steps: AtomicUsize,
}

impl Staged {
    pub fn memory() -> Arc<Staged> {
        let inner = SqliteStore::open("sqlite::memory:").expect("opens");
        Arc::new(Staged {
            inner,
            is_open: watch::channel(true).0,
            failures: Mutex::default(),
            claim_failures: Mutex::default(),
            claims: AtomicUsize::new(0),
            loads: AtomicUsize::new(0),
            search_steps: AtomicUsize::new(0),
        })
    }

    /// Units that are submitted from now on wait.
    pub fn hold(&self) {
        self.is_open.send_replace(false);
    }

    pub fn release(&self) {
        self.is_open.send_replace(true);
    }

    pub fn fail_next(&self, failures: impl IntoIterator<Item = StoreError>) {
        self.failures.lock().expect("not poisoned").extend(failures);
    }

    pub fn fail_next_claims(&self, failures: impl IntoIterator<Item = StoreError>) {
        self.claim_failures.lock().expect("not poisoned").extend(failures);
    }
}

/// The same store for one more runtime.
#[derive(Clone)]
pub struct SharedStore(pub Arc<Staged>);

impl Store for SharedStore {
    fn locate(&self, by: LocatedBy) -> Pending<'_, Option<ProcessInstanceId>> {
        self.0.inner.locate(by)
    }

    fn load(&self, root: ProcessInstanceId) -> Pending<'_, Option<Snapshot>> {
        self.0.loads.fetch_add(1, Ordering::SeqCst);
        self.0.inner.load(root)
    }

    fn select(&self, statement: Statement) -> Pending<'_, Vec<Vec<SqlValue>>> {
        if statement.text.starts_with("WITH step") {
            self.0.search_steps.fetch_add(1, Ordering::SeqCst);
        }
        self.0.inner.select(statement)
    }

    fn submit(&self, work: Work) -> Pending<'static, WorkDone> {
        let mut failure = None;
        if matches!(work, Work::Claim(_)) {
            self.0.claims.fetch_add(1, Ordering::SeqCst);
            failure = self.0.claim_failures.lock().expect("not poisoned").pop_front();
        }
        let failure = failure.or_else(|| self.0.failures.lock().expect("not poisoned").pop_front());
        if *self.0.is_open.borrow() {
            return match failure {
                Some(failure) => Box::pin(async { Err(failure) }),
                None => self.0.inner.submit(work),
            };
        }
        let staged = self.0.clone();
        Box::pin(async move {
            let mut is_open = staged.is_open.subscribe();
            let _ = is_open.wait_for(|is_open| *is_open).await;
            match failure {
                Some(failure) => Err(failure),
                None => staged.inner.submit(work).await,
            }
        })
    }
}

pub fn settings() -> Settings {
    Settings { job_executor: JobExecutor::Off, ..Settings::default() }
}

pub async fn runtime_on(staged: &Arc<Staged>, settings: Settings) -> Runtime {
    Runtime::open(Arc::new(SharedStore(staged.clone())), settings).await.expect("opens")
}

pub async fn runtime() -> Runtime {
    runtime_on(&Staged::memory(), settings()).await
}

/// A process around `body`.
pub fn model(key: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="definitions" targetNamespace="http://runtime.test">
  <bpmn:message id="message" name="cancel"/><bpmn:signal id="signal" name="signal"/>
  <bpmn:process id="{key}" isExecutable="true">{body}</bpmn:process>
</bpmn:definitions>"#
    )
}

/// One external task between start and end, with `further` elements.
pub fn external_task_model(key: &str, topic: &str, further: &str) -> String {
    let body = format!(
        r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="task"/>
    <bpmn:serviceTask id="task" camunda:type="external" camunda:topic="{topic}"><bpmn:extensionElements>
      <camunda:properties><camunda:property name="color" value="red"/></camunda:properties>
    </bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:sequenceFlow id="f2" sourceRef="task" targetRef="end"/><bpmn:endEvent id="end"/>{further}"#
    );
    model(key, &body)
}

pub fn resource(name: &str, contents: &str) -> NewResource {
    NewResource { name: name.into(), contents: contents.as_bytes().into() }
}

pub fn deployment(name: &str, resources: Vec<NewResource>) -> NewDeployment {
    NewDeployment {
        name: Some(name.into()),
        source: None,
        tenant_id: None,
        resources,
        duplicate_filtering: DuplicateFiltering::Off,
        activate_at: None,
    }
}

pub async fn deploy(runtime: &Runtime, model: &str) -> Deployed {
    runtime.deploy(deployment("test", vec![resource("model.bpmn", model)])).await.expect("can be deployed")
}

pub fn latest(key: &str) -> DefinitionSelector {
    DefinitionSelector::Latest { key: key.into(), tenant: TenantChoice::None }
}

pub async fn start(runtime: &Runtime, key: &str) -> ProcessInstanceId {
    start_with(runtime, key, VariableMap::new()).await
}

pub async fn start_with(runtime: &Runtime, key: &str, variables: VariableMap) -> ProcessInstanceId {
    runtime.start_process_instance(latest(key), None, variables).await.expect("can be started").id
}

pub fn variables(values: &[(&str, VariableValue)]) -> VariableMap {
    values
        .iter()
        .map(|(name, value)| ((*name).into(), VariableWrite { value: value.clone(), transient: false }))
        .collect()
}

pub fn fetch(worker: &str, topic: &str) -> FetchRequest {
    FetchRequest {
        worker_id: worker.into(),
        tasks_max: 10,
        order: Vec::new(),
        topics: vec![FetchTopic {
            claim: ClaimTopic {
                name: topic.into(),
                lock_duration_ms: 3_600_000,
                business_key: None,
                definition_ids: Vec::new(),
                definition_keys: Vec::new(),
                definition_version_tag: None,
                tenants: ClaimTenants::Any,
                process_variables: Vec::new(),
                variables: ClaimVariables { names: None, is_local_only: false },
            },
            extension_properties: ExtensionProperties::Left,
        }],
        async_response_timeout_ms: 0,
    }
}

/// A poll that waits longer than any test runs.
pub fn poll(worker: &str, topic: &str) -> FetchRequest {
    FetchRequest { async_response_timeout_ms: 1_800_000, ..fetch(worker, topic) }
}

pub async fn fetch_ids(runtime: &Runtime, worker: &str, topic: &str) -> Vec<ExternalTaskId> {
    let fetched = runtime.fetch_and_lock(fetch(worker, topic)).await.expect("can be fetched");
    fetched.delivered().iter().map(|task| task.locked.task.id).collect()
}

pub fn complete(id: ExternalTaskId, worker: &str) -> Command {
    Command::CompleteExternalTask {
        id,
        worker_id: Some(worker.into()),
        variables: VariableMap::new(),
        local_variables: VariableMap::new(),
    }
}

pub fn unlock(id: ExternalTaskId) -> Command {
    Command::UnlockExternalTask { id }
}

/// Until so many polls wait.
pub async fn parked(runtime: &Runtime, count: usize) {
    while runtime.parked_polls() != count {
        tokio::task::yield_now().await;
    }
}

pub async fn rows(runtime: &Runtime, select: Select) -> Vec<Vec<SqlValue>> {
    runtime.select(select.render(runtime.dialect())).await.expect("can be read")
}

pub async fn column(runtime: &Runtime, table: &'static Table, name: &'static str) -> Vec<SqlValue> {
    let mut select = Select::all(table.source());
    select.columns = vec![table.col(name).into()];
    rows(runtime, select).await.into_iter().flatten().collect()
}

pub async fn count(runtime: &Runtime, table: &'static Table) -> usize {
    rows(runtime, Select::all(table.source())).await.len()
}

/// As a store reads it.
pub fn id_of(cell: SqlValue) -> types::Uuid {
    match cell {
        SqlValue::Uuid(id) => id,
        SqlValue::Blob(bytes) => types::Uuid::from_bytes(bytes.as_ref().try_into().expect("16 bytes")),
        other => panic!("{other:?} is no id"),
    }
}

pub async fn task_of(runtime: &Runtime, instance: ProcessInstanceId) -> ExternalTaskId {
    let table = &tables::EXTERNAL_TASK;
    let mut select = Select::all(table.source())
        .filter(Condition::equal(table.col("process_instance_id"), SqlValue::Uuid(instance.0)));
    select.columns = vec![table.col("id").into()];
    let found = rows(runtime, select).await.pop().and_then(|mut row| row.pop());
    id_of(found.expect("the instance has a task")).into()
}

pub fn is_refused<T>(result: &Result<T, Error>, kind: engine::RejectionKind) -> bool {
    matches!(result, Err(Error::Rejected(rejection)) if rejection.kind == kind)
}
