//! One aggregate with its clock, ids and definition, and what goes in and out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bpmn::{ParseOptions, ProcessModel};
use engine::{
    Aggregate, Command, DefinitionReference, Definitions, DelegateRegistry, Env, HistoryLevel, IdSource, JobDefinition,
    JobSettings, Limits, Outcome, ProcessDefinition, Rejection, RemovalTimeStrategy, Resolution, Unfinished,
};
use script::JavaScript;
use types::{DeploymentId, JobDefinitionId, ProcessDefinitionId, ProcessInstanceId, Timestamp, Uuid};

use crate::sqlite_rows::SqliteRows;
use crate::tables::Tables;

pub const INSTANCE: ProcessInstanceId = ProcessInstanceId(Uuid(1 << 32));
/// 2026-01-31T10:00:00Z
pub const START: Timestamp = Timestamp(1_769_853_600_000);

/// Whether the aggregate stays in memory between commands or is built from rows again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    InMemory,
    /// From plain rows.
    Reloaded,
    /// From a database.
    Sqlite,
}

/// One aggregate and everything that a command on it takes.
#[derive(Debug)]
pub struct World {
    definition: Arc<ProcessDefinition>,
    definitions: Known,
    pub aggregate: Aggregate,
    pub tables: Tables,
    pub now: Timestamp,
    pub limits: Limits,
    pub history_level: HistoryLevel,
    pub delegates: DelegateRegistry,
    ids: Counter,
    source: Source,
}

/// Where the aggregate comes from before each command.
#[derive(Debug)]
enum Source {
    Memory,
    Tables,
    Sqlite(SqliteRows),
}

#[derive(Clone, Debug, Default)]
struct Known {
    definitions: BTreeMap<ProcessDefinitionId, Arc<ProcessDefinition>>,
    /// What commands have asked for; a definition that nobody has asked for is not loaded.
    looked_up: BTreeSet<DefinitionReference>,
}

impl Definitions for Known {
    fn by_id(&self, id: &ProcessDefinitionId) -> Option<&Arc<ProcessDefinition>> {
        self.definitions.get(id)
    }

    fn resolve(&self, reference: &DefinitionReference) -> Resolution {
        match self.definitions.values().find(|definition| definition.key == reference.key) {
            None => Resolution::Nothing,
            Some(definition) if self.looked_up.contains(reference) => Resolution::Definition(definition.clone()),
            Some(_) => Resolution::NotLoaded,
        }
    }
}

#[derive(Clone, Debug)]
struct Counter(u128);

impl IdSource for Counter {
    fn next(&mut self) -> Uuid {
        self.0 += 1;
        Uuid(self.0 << 32)
    }
}

impl World {
    /// Of the process that is started.
    pub fn model(&self) -> &ProcessModel {
        &self.definition.model
    }

    pub fn new(model: ProcessModel, keeping: Keeping) -> World {
        World::with_called(model, Vec::new(), keeping)
    }

    /// A process with those that it may call.
    pub fn with_called(model: ProcessModel, called: Vec<ProcessModel>, keeping: Keeping) -> World {
        let definition = definition_of(model, Uuid(2));
        let called = called.into_iter().zip(1_000..).map(|(model, id)| definition_of(model, Uuid(id)));
        let mut definitions = Known::default();
        for definition in std::iter::once(definition.clone()).chain(called) {
            definitions.definitions.insert(definition.id.clone(), definition);
        }
        World {
            definition,
            definitions,
            aggregate: Aggregate::empty(),
            tables: Tables::default(),
            now: START,
            limits: Limits::default(),
            history_level: HistoryLevel::Full,
            delegates: DelegateRegistry::default(),
            ids: Counter(100),
            source: match keeping {
                Keeping::InMemory => Source::Memory,
                Keeping::Reloaded => Source::Tables,
                Keeping::Sqlite => Source::Sqlite(SqliteRows::open()),
            },
        }
    }

    /// The same once more, built from its rows, which are plain ones from now on.
    pub fn fork(&self) -> World {
        World {
            definition: self.definition.clone(),
            definitions: self.definitions.clone(),
            aggregate: Aggregate::from_snapshot(self.tables.snapshot()).expect("rows make an aggregate"),
            tables: self.tables.clone(),
            now: self.now,
            limits: self.limits,
            history_level: self.history_level,
            delegates: self.delegates.clone(),
            ids: self.ids.clone(),
            source: Source::Memory,
        }
    }

    pub fn definition(&self) -> &Arc<ProcessDefinition> {
        &self.definition
    }

    /// Executes a command and checks what holds for every one: a refusal changes nothing, and rows and aggregate stay
    /// equal.
    pub fn execute(&mut self, command: &Command) -> Result<Outcome, Rejection> {
        let before = self.aggregate.to_snapshot();
        let revision = self.aggregate.revision();
        let limits = self.limits;
        let result = loop {
            let mut env = Env {
                now: self.now,
                ids: &mut self.ids,
                history_level: self.history_level,
                limits: &limits,
                jobs: &JobSettings::default(),
                scripts: &JavaScript::default(),
                delegates: &self.delegates,
                removal_times: RemovalTimeStrategy::End,
                host_name: "host",
            };
            match engine::execute(&self.definitions, &mut self.aggregate, command, &mut env) {
                Ok(outcome) => break Ok(outcome),
                Err(Unfinished::Rejected(rejection)) => break Err(rejection),
                Err(Unfinished::NeedsDefinition(reference)) => {
                    assert_eq!(self.aggregate.to_snapshot(), before, "a command that needs something changes nothing");
                    assert!(self.definitions.looked_up.insert(reference), "a definition is asked for once");
                }
            }
        };
        match &result {
            Ok(outcome) => {
                if let Some(change_set) = &outcome.change_set {
                    self.tables.apply(change_set);
                    if let Source::Sqlite(rows) = &self.source {
                        rows.apply(change_set);
                    }
                }
                self.check_detached(outcome);
            }
            Err(_) => {
                assert_eq!(self.aggregate.to_snapshot(), before, "a refusal changes nothing");
                assert_eq!(self.aggregate.revision(), revision, "a refusal counts no revision");
            }
        }
        assert_eq!(self.aggregate.to_snapshot(), self.tables.snapshot(), "rows and aggregate after {command:?}");
        assert_eq!(self.aggregate.check_invariants(), Ok(()), "after {command:?}");
        self.reload();
        result
    }

    /// What goes on alone is whole, and is stored as such.
    fn check_detached(&self, outcome: &Outcome) {
        for alone in &outcome.detached {
            let mut tables = Tables::default();
            tables.apply(alone);
            let aggregate = Aggregate::from_snapshot(tables.snapshot()).expect("rows make an aggregate");
            if let Source::Sqlite(rows) = &self.source {
                rows.apply(alone);
                let stored = Aggregate::from_snapshot(rows.snapshot(alone.root_process_instance_id));
                let stored = stored.expect("rows make an aggregate");
                assert_eq!(stored.to_snapshot(), aggregate.to_snapshot(), "what was written comes back");
            }
        }
    }

    fn reload(&mut self) {
        let rows = match &self.source {
            Source::Memory => return,
            Source::Tables => self.tables.snapshot(),
            Source::Sqlite(rows) => rows.snapshot(INSTANCE),
        };
        self.aggregate = Aggregate::from_snapshot(rows).expect("rows make an aggregate");
        assert_eq!(self.aggregate.to_snapshot(), self.tables.snapshot(), "what was written comes back");
    }
}

fn definition_of(model: ProcessModel, id: Uuid) -> Arc<ProcessDefinition> {
    Arc::new(ProcessDefinition {
        id: ProcessDefinitionId::new(&model.key, 1, id),
        key: model.key.clone(),
        version: 1,
        deployment_id: DeploymentId(Uuid(3)),
        resource_name: "model.bpmn".into(),
        tenant_id: None,
        job_definitions: job_definitions(&model),
        history_time_to_live_days: model.history_time_to_live_days,
        model: Arc::new(model),
        script_resources: BTreeMap::new(),
    })
}

fn job_definitions(model: &ProcessModel) -> Vec<JobDefinition> {
    let timers = model.elements.iter().filter(|element| element.activity_type() == "boundaryTimer");
    let timers = timers.map(|element| (element, "timer-transition", ""));
    let before = model.elements.iter().filter(|element| element.asynchronous.before);
    let before = before.map(|element| (element, JobDefinition::ASYNC_CONTINUATION, JobDefinition::ASYNC_BEFORE));
    let after = model.elements.iter().filter(|element| element.asynchronous.after);
    let after = after.map(|element| (element, JobDefinition::ASYNC_CONTINUATION, JobDefinition::ASYNC_AFTER));
    timers
        .chain(before)
        .chain(after)
        .enumerate()
        .map(|(number, (element, job_type, configuration))| JobDefinition {
            id: JobDefinitionId(Uuid(10 + number as u128)),
            activity_id: element.id.clone(),
            job_type,
            configuration: configuration.to_owned(),
            is_suspended: false,
            override_priority: None,
        })
        .collect()
}

/// The first process of a document.
pub fn parse(xml: &str) -> ProcessModel {
    parse_all(xml).into_iter().next().expect("the document has a process")
}

pub fn parse_all(xml: &str) -> Vec<ProcessModel> {
    let parsed = bpmn::parse(xml.as_bytes(), &ParseOptions::default());
    let document = parsed.unwrap_or_else(|failure| panic!("{failure:#?}\n{xml}"));
    document.processes
}
