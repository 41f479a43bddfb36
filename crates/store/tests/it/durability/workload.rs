//! Instances of a small process, worked by several tasks at once over one store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::record::ExternalTask;
use engine::{
    Aggregate, ChangeSet, Command, DefinitionReference, Definitions, DelegateRegistry, Env, HistoryLevel, IdSource,
    JobDefinition, JobSettings, Limits, NoScripts, ProcessDefinition, RemovalTimeStrategy, Resolution, Skipped,
    Snapshot,
};
use query::{SqlValue, Statement};
use recording_vfs::Recorder;
use store::work::{ClaimWanted, ExpectedStatement, Remembered};
use store::{ClaimOrder, ClaimRequest, ClaimTenants, ClaimTopic, ClaimVariables, NamedValues, RememberedVariables};
use store::{Store, Work, WorkDone};
use types::{DeploymentId, ExternalTaskId, JobDefinitionId, ProcessDefinitionId, ProcessInstanceId, Timestamp, Uuid};
use types::{VariableMap, VariableValue, VariableWrite};

use super::account::{Account, rows_of};

/// Tasks that work at once, each on its own topics.
pub const WORKERS: u8 = 4;
const INSTANCES_PER_WORKER: u8 = 6;
/// Of one variable of each instance: pages enough for checkpoints on the way.
const FILLING_BYTES: usize = 20_000;
const NOW: Timestamp = Timestamp(1_800_000_000_000);

const MODEL: &str = r#"
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="test">
  <message id="message" name="changed"/>
  <process id="order" isExecutable="true">
    <startEvent id="start"/>
    <serviceTask id="pay" camunda:type="external" camunda:topic="pay-${worker}" camunda:taskPriority="${amount}">
      <extensionElements>
        <camunda:inputOutput><camunda:inputParameter name="net">${amount * 2}</camunda:inputParameter></camunda:inputOutput>
      </extensionElements>
    </serviceTask>
    <parallelGateway id="fork"/>
    <userTask id="check"/>
    <boundaryEvent id="changed" attachedToRef="check"><messageEventDefinition messageRef="message"/></boundaryEvent>
    <boundaryEvent id="late" attachedToRef="check" cancelActivity="false">
      <timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>
    </boundaryEvent>
    <serviceTask id="ship" camunda:type="external" camunda:topic="ship-${worker}" camunda:taskPriority="${amount}"/>
    <parallelGateway id="join"/>
    <endEvent id="end"/>
    <endEvent id="changed-end"/>
    <endEvent id="late-end"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="pay"/>
    <sequenceFlow id="f2" sourceRef="pay" targetRef="fork"/>
    <sequenceFlow id="f3" sourceRef="fork" targetRef="check"/>
    <sequenceFlow id="f4" sourceRef="fork" targetRef="ship"/>
    <sequenceFlow id="f5" sourceRef="check" targetRef="join"/>
    <sequenceFlow id="f6" sourceRef="ship" targetRef="join"/>
    <sequenceFlow id="f7" sourceRef="join" targetRef="end"/>
    <sequenceFlow id="f8" sourceRef="changed" targetRef="changed-end"/>
    <sequenceFlow id="f9" sourceRef="late" targetRef="late-end"/>
  </process>
</definitions>"#;

/// One task of the test, with the aggregates that it works on.
pub struct Worker {
    number: u8,
    store: Arc<dyn Store>,
    recorder: Arc<Recorder>,
    account: Arc<Account>,
    definition: OneDefinition,
    ids: Counter,
    aggregates: BTreeMap<ProcessInstanceId, Aggregate>,
}

struct OneDefinition(Arc<ProcessDefinition>);

impl Definitions for OneDefinition {
    fn by_id(&self, id: &ProcessDefinitionId) -> Option<&Arc<ProcessDefinition>> {
        Some(&self.0).filter(|definition| definition.id == *id)
    }

    fn resolve(&self, _reference: &DefinitionReference) -> Resolution {
        Resolution::Nothing
    }
}

/// Ids of one worker, later ones greater.
struct Counter(u128);

impl IdSource for Counter {
    fn next(&mut self) -> Uuid {
        self.0 += 1 << 32;
        Uuid(self.0)
    }
}

impl Worker {
    pub fn new(number: u8, store: Arc<dyn Store>, recorder: Arc<Recorder>, account: Arc<Account>) -> Worker {
        Worker {
            number,
            store,
            recorder,
            account,
            definition: OneDefinition(Arc::new(definition())),
            ids: Counter(u128::from(number + 1) << 64),
            aggregates: BTreeMap::new(),
        }
    }

    /// A deployment, then instances of which some end, some wait, and one is deleted.
    pub async fn work(mut self) {
        self.deploy().await;
        for amount in 0..INSTANCES_PER_WORKER {
            self.start(amount).await;
        }
        let paid = self.claim("pay", INSTANCES_PER_WORKER - 1).await;
        for (place, (instance, task)) in paid.iter().enumerate() {
            if place == 1 {
                self.execute(*instance, self.failure(*task)).await;
                self.execute(*instance, Command::SetExternalTaskRetries { id: *task, retries: 3 }).await;
                self.execute(*instance, self.lock(*task)).await;
            }
            self.execute(*instance, self.completion(*task, place)).await;
        }
        for (place, (instance, task)) in self.claim("ship", 3).await.into_iter().enumerate() {
            self.execute(instance, self.completion(task, place)).await;
        }
        for (place, (instance, _)) in paid.into_iter().enumerate() {
            let aggregate = &self.aggregates[&instance];
            let check = aggregate.tasks().next().map(|task| task.id).expect("the check waits");
            let timer = aggregate.jobs().next().map(|job| job.id).expect("so does its timer");
            match place {
                0 | 1 => self.execute(instance, Command::CompleteTask { id: check, variables: variables(place) }).await,
                2 => self.execute(instance, Command::ExecuteJob { id: timer }).await,
                3 => self.execute(instance, deletion(instance)).await,
                _ => {}
            }
        }
    }

    async fn deploy(&mut self) {
        let id = self.ids.next();
        let statement = Statement {
            text: "INSERT INTO deployment (id, name, deploy_time) VALUES (?, ?, ?)".to_owned(),
            binds: vec![SqlValue::Uuid(id), SqlValue::Text("orders".into()), SqlValue::Integer(NOW.0)],
        };
        let mark = self.account.next_step(id);
        let work = Work::Run(vec![ExpectedStatement { statement, rows_affected: Some(1) }]);
        self.store.submit(work).await.expect("a deployment can be stored");
        self.acknowledge(id, mark).await;
    }

    async fn start(&mut self, amount: u8) {
        let id = ProcessInstanceId(self.ids.next());
        self.aggregates.insert(id, Aggregate::empty());
        let definition_id = self.definition.0.id.clone();
        let mut variables = variables(usize::from(amount));
        variables.insert("worker".into(), written(VariableValue::Integer(self.number.into())));
        variables.insert("amount".into(), written(VariableValue::Integer(amount.into())));
        variables.insert("filling".into(), written(VariableValue::Bytes(vec![amount; FILLING_BYTES].into())));
        self.execute(
            id,
            Command::StartProcessInstance { id, definition_id, start_event_id: None, keys: None.into(), variables },
        )
        .await;
    }

    fn lock(&self, id: ExternalTaskId) -> Command {
        Command::LockExternalTask { id, worker_id: self.worker_id(), lock_duration_ms: Some(90_000) }
    }

    fn completion(&self, id: ExternalTaskId, place: usize) -> Command {
        let (variables, local_variables) = (variables(place), VariableMap::new());
        Command::CompleteExternalTask { id, worker_id: self.worker_id(), variables, local_variables }
    }

    /// Leaves an incident.
    fn failure(&self, id: ExternalTaskId) -> Command {
        Command::FailExternalTask {
            id,
            worker_id: self.worker_id(),
            error_message: Some("no money".into()),
            error_details: Some("at line 1".into()),
            retries: 0,
            // Not over before the end: a claim, of whatever topic, touches rows whose timeout is over.
            retry_timeout_ms: 60_000,
            variables: VariableMap::new(),
            local_variables: VariableMap::new(),
        }
    }

    fn worker_id(&self) -> Option<Arc<str>> {
        Some(format!("worker-{}", self.number).into())
    }

    async fn execute(&mut self, instance: ProcessInstanceId, command: Command) {
        let change_set = self.decide(instance, &command);
        let mark = self.account.next_step(instance.0);
        self.store.submit(Work::Apply(vec![change_set])).await.expect("it can be stored");
        self.acknowledge(instance.0, mark).await;
    }

    fn decide(&mut self, instance: ProcessInstanceId, command: &Command) -> ChangeSet {
        let aggregate = self.aggregates.get_mut(&instance).expect("the instance is known");
        let limits = Limits::default();
        let mut env = Env {
            now: NOW,
            ids: &mut self.ids,
            history_level: HistoryLevel::Full,
            limits: &limits,
            jobs: &JobSettings::default(),
            scripts: &NoScripts,
            delegates: &DelegateRegistry::default(),
            removal_times: RemovalTimeStrategy::End,
            host_name: "host",
        };
        let outcome = engine::execute(&self.definition, aggregate, command, &mut env);
        let outcome = outcome.unwrap_or_else(|rejection| panic!("{command:?} is refused: {rejection:?}"));
        outcome.change_set.expect("every command here changes something")
    }

    /// Fetches and locks; the instances with their tasks.
    async fn claim(&mut self, topic: &str, tasks_max: u8) -> Vec<(ProcessInstanceId, ExternalTaskId)> {
        let request = self.claim_request(format!("{topic}-{}", self.number), tasks_max);
        let done = self.store.submit(Work::Claim(request)).await.expect("a claim can be made");
        let WorkDone::Claimed(locked) = done else { panic!("a claim answers tasks, not {done:?}") };
        assert_eq!(locked.len(), usize::from(tasks_max), "nobody else works on these");
        let mut claimed = Vec::new();
        for task in locked.into_iter().map(|locked| locked.task) {
            let instance = task.process_instance_id;
            claimed.push((instance, task.id));
            let mark = self.account.next_step(instance.0);
            self.aggregates.get_mut(&instance).expect("the instance is known").refresh_external_task(task);
            self.acknowledge(instance.0, mark).await;
        }
        claimed
    }

    fn claim_request(&self, topic: String, tasks_max: u8) -> ClaimRequest {
        ClaimRequest {
            now: NOW,
            worker_id: self.worker_id().expect("it has one"),
            tasks_max: tasks_max.into(),
            order: vec![ClaimOrder::PriorityDescending],
            topics: vec![ClaimTopic {
                name: topic.into(),
                lock_duration_ms: 60_000,
                business_key: None,
                definition_ids: Vec::new(),
                definition_keys: Vec::new(),
                definition_version_tag: None,
                tenants: ClaimTenants::Any,
                process_variables: Vec::new(),
                variables: ClaimVariables { names: None, is_local_only: false },
            }],
            candidates: Vec::new(),
            is_wanted: ClaimWanted(Arc::new(AtomicBool::new(true))),
            // Those of every other worker are answered without a read.
            remembered: Remembered(self.number.is_multiple_of(2).then(|| Arc::new(KnowsAll) as _)),
        }
    }

    /// Tells the recorder first: from here on a loss is a loss.
    async fn acknowledge(&self, id: Uuid, mark: u64) {
        self.recorder.acknowledge(mark);
        let rows = rows_of(&*self.store, id).await.expect("rows can be read");
        self.account.finish_step(id, rows);
    }
}

/// Remembers variables that nobody here looks at.
struct KnowsAll;

impl RememberedVariables for KnowsAll {
    fn of(&self, _: &ExternalTask, _: &ClaimVariables) -> Option<NamedValues> {
        Some(Vec::new())
    }

    fn begin_reading(&self, _: &ExternalTask) -> Option<ProcessInstanceId> {
        None
    }

    fn keep(&self, _: ProcessInstanceId, _: Snapshot) {}
}

fn deletion(id: ProcessInstanceId) -> Command {
    Command::DeleteProcessInstance { id, delete_reason: None, skipped: Skipped::default() }
}

fn written(value: VariableValue) -> VariableWrite {
    VariableWrite { value, transient: false }
}

fn variables(place: usize) -> VariableMap {
    let text = VariableValue::String(format!("from place {place}").into());
    VariableMap::from([("note".into(), written(text)), ("date".into(), written(VariableValue::Date(NOW)))])
}

fn definition() -> ProcessDefinition {
    let parsed = bpmn::parse(MODEL.as_bytes(), &bpmn::ParseOptions::default()).expect("the model is valid");
    let model = parsed.processes.into_iter().next().expect("there is one process");
    ProcessDefinition {
        id: ProcessDefinitionId::new(&model.key, 1, Uuid(2)),
        key: model.key.clone(),
        version: 1,
        deployment_id: DeploymentId(Uuid(3)),
        resource_name: "order.bpmn".into(),
        tenant_id: None,
        job_definitions: vec![JobDefinition {
            id: JobDefinitionId(Uuid(4)),
            activity_id: "late".into(),
            job_type: "timer-transition",
            configuration: "DURATION: PT1H".to_owned(),
            is_suspended: false,
            override_priority: None,
        }],
        history_time_to_live_days: model.history_time_to_live_days,
        model: Arc::new(model),
        script_resources: BTreeMap::new(),
    }
}
