//! Deployed definitions in memory: parsed models within a budget, and what is needed of their rows to start one.
//!
//! A row's part is forgotten whenever definitions are deployed, deleted or suspended; an answer that was read before
//! that is not kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard};

use bpmn::ProcessModel;
use engine::definition::JobDefinition;
use engine::{DefinitionReference, ProcessDefinition};
use query::{Condition, Direction, Select, tables};
use types::{DeploymentId, ProcessDefinitionId};

use crate::aside::aside;
use crate::called_definition::CalledDefinitions;
use crate::error::Error;
use crate::request::{DefinitionRow, DefinitionSelector, TenantChoice};
use crate::row::Cells;
use crate::shared::Shared;

/// Rows that are remembered; reaching it forgets all of them.
const ROWS_MAX: usize = 10_000;

#[derive(Debug)]
pub(crate) struct DefinitionCache {
    state: Mutex<State>,
    /// Definitions that are about to be deleted. A start holds this for reading while it is decided and submitted.
    retired: RwLock<BTreeSet<ProcessDefinitionId>>,
    budget_bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    models: HashMap<ProcessDefinitionId, Model>,
    /// The longest unused first.
    by_use: BTreeMap<u64, ProcessDefinitionId>,
    bytes: usize,
    uses: u64,
    rows: HashMap<DefinitionSelector, Option<Arc<DefinitionRow>>>,
    /// What call activities mean. Forgotten with `rows`.
    called: Arc<CalledDefinitions>,
    /// Counts how often `rows` was forgotten.
    epoch: u64,
    /// What the database counts of changes, when it was looked at last.
    generation: Option<i64>,
}

#[derive(Debug)]
struct Model {
    definition: Arc<ProcessDefinition>,
    bytes: usize,
    used: u64,
}

impl DefinitionCache {
    pub(crate) fn new(budget_bytes: usize) -> DefinitionCache {
        DefinitionCache { state: Mutex::default(), retired: RwLock::default(), budget_bytes }
    }

    /// No start of these is decided from now on.
    pub(crate) fn retire(&self, ids: impl Iterator<Item = ProcessDefinitionId>) {
        self.retired.write().expect("no holder of this lock panics").extend(ids);
    }

    pub(crate) fn end_retirement<'a>(&self, ids: impl Iterator<Item = &'a ProcessDefinitionId>) {
        let mut retired = self.retired.write().expect("no holder of this lock panics");
        for id in ids {
            retired.remove(id);
        }
    }

    pub(crate) fn retired(&self) -> RwLockReadGuard<'_, BTreeSet<ProcessDefinitionId>> {
        self.retired.read().expect("no holder of this lock panics")
    }

    /// Definitions were deployed, deleted or suspended.
    pub(crate) fn forget_rows(&self) {
        self.lock().forget_rows();
    }

    /// Whether something has changed since the database was looked at last; all is forgotten then.
    pub(crate) fn is_outdated(&self, generation: i64) -> bool {
        let mut state = self.lock();
        let known = state.generation.replace(generation);
        let is_outdated = known != Some(generation);
        if is_outdated {
            state.models.clear();
            state.by_use.clear();
            state.bytes = 0;
            state.forget_rows();
        }
        is_outdated
    }

    pub(crate) fn forget(&self, id: &ProcessDefinitionId) {
        let mut state = self.lock();
        if let Some(model) = state.models.remove(id) {
            state.by_use.remove(&model.used);
            state.bytes -= model.bytes;
        }
        state.forget_rows();
    }

    /// `bytes` is the size of its document, which stands for that of the model.
    pub(crate) fn keep(&self, definition: &Arc<ProcessDefinition>, bytes: usize) {
        let mut state = self.lock();
        state.uses += 1;
        let used = state.uses;
        if let Some(old) =
            state.models.insert(definition.id.clone(), Model { definition: definition.clone(), bytes, used })
        {
            state.by_use.remove(&old.used);
            state.bytes -= old.bytes;
        }
        state.by_use.insert(used, definition.id.clone());
        state.bytes += bytes;
        while state.bytes > self.budget_bytes
            && state.by_use.len() > 1
            && let Some((_, id)) = state.by_use.pop_first()
        {
            let bytes = state.models.remove(&id).map_or(0, |model| model.bytes);
            state.bytes -= bytes;
        }
    }

    fn get(&self, id: &ProcessDefinitionId) -> Option<Arc<ProcessDefinition>> {
        let mut state = self.lock();
        state.uses += 1;
        let now = state.uses;
        let model = state.models.get_mut(id)?;
        let before = std::mem::replace(&mut model.used, now);
        let definition = model.definition.clone();
        state.by_use.remove(&before);
        state.by_use.insert(now, id.clone());
        Some(definition)
    }

    pub(crate) async fn by_id(
        &self,
        shared: &Shared,
        id: &ProcessDefinitionId,
    ) -> Result<Option<Arc<ProcessDefinition>>, Error> {
        match self.get(id) {
            Some(definition) => Ok(Some(definition)),
            None => Box::pin(self.read(shared, id)).await,
        }
    }

    async fn read(&self, shared: &Shared, id: &ProcessDefinitionId) -> Result<Option<Arc<ProcessDefinition>>, Error> {
        let Some(row) = self.row(shared, &DefinitionSelector::ById(id.clone())).await? else { return Ok(None) };
        let contents = resource(shared, row.deployment_id, &row.resource_name).await?.ok_or_else(|| {
            Error::Defect(format!("the resource `{}` of the definition {id} is gone", row.resource_name))
        })?;
        let bytes = contents.len();
        let options = shared.parse_options();
        let document = aside(move || bpmn::parse(&contents, &options)).await;
        let document = document.map_err(|_| Error::Defect("the parser broke an invariant".to_owned()))?;
        let document = document.map_err(|failure| Error::Parse { resource: row.resource_name.clone(), failure })?;
        let model = document.processes.into_iter().find(|process| process.key == row.key).ok_or_else(|| {
            Error::Defect(format!("the resource `{}` has no process `{}`", row.resource_name, row.key))
        })?;
        let job_definitions = job_definitions(shared, id).await?;
        let mut script_resources = BTreeMap::new();
        for name in &model.script_resources {
            // One that is not there fails when the script is reached.
            if let Some(contents) = resource(shared, row.deployment_id, name).await? {
                script_resources.insert(name.clone(), String::from_utf8_lossy(&contents).into());
            }
        }
        let definition = Arc::new(definition_of(&row, Arc::new(model), job_definitions, script_resources));
        self.keep(&definition, bytes);
        Ok(Some(definition))
    }

    /// `TenantChoice::Any` gives the one of the only tenant that has the key.
    pub(crate) async fn row(
        &self,
        shared: &Shared,
        which: &DefinitionSelector,
    ) -> Result<Option<Arc<DefinitionRow>>, Error> {
        shared.notice_changed_definitions().await?;
        let epoch = {
            let state = self.lock();
            if let Some(row) = state.rows.get(which) {
                return Ok(row.clone());
            }
            state.epoch
        };
        let mut rows = Box::pin(definition_rows(shared, condition(which))).await?;
        if rows.len() > 1 {
            let message = format!("several tenants have a definition for {which}: name one");
            return Err(Error::rejected(engine::RejectionKind::ProcessEngine, message));
        }
        let row = rows.pop().map(Arc::new);
        let mut state = self.lock();
        if state.epoch == epoch {
            if state.rows.len() >= ROWS_MAX {
                state.rows.clear();
            }
            state.rows.insert(which.clone(), row.clone());
        }
        Ok(row)
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    pub(crate) fn called(&self) -> Arc<CalledDefinitions> {
        self.lock().called.clone()
    }

    /// Unless definitions have changed since `epoch`.
    pub(crate) fn keep_called(
        &self,
        epoch: u64,
        reference: DefinitionReference,
        definition: Option<Arc<ProcessDefinition>>,
    ) {
        let mut state = self.lock();
        if state.epoch == epoch {
            Arc::make_mut(&mut state.called).keep(reference, definition);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl State {
    fn forget_rows(&mut self) {
        self.rows.clear();
        self.called = Arc::default();
        self.epoch += 1;
    }
}

pub(crate) fn definition_of(
    row: &DefinitionRow,
    model: Arc<ProcessModel>,
    job_definitions: Vec<JobDefinition>,
    script_resources: BTreeMap<Arc<str>, Arc<str>>,
) -> ProcessDefinition {
    ProcessDefinition {
        id: row.id.clone(),
        key: row.key.clone(),
        version: row.version,
        deployment_id: row.deployment_id,
        resource_name: row.resource_name.clone(),
        tenant_id: row.tenant_id.clone(),
        model,
        history_time_to_live_days: row.history_time_to_live_days,
        job_definitions,
        script_resources,
    }
}

fn condition(which: &DefinitionSelector) -> Condition {
    let table = &tables::PROCESS_DEFINITION;
    match which {
        DefinitionSelector::ById(id) => Condition::equal(table.col("id"), id.as_str()),
        DefinitionSelector::Latest { key, tenant } => Condition::equal(table.col("key"), key.as_ref())
            .and(Condition::equal(table.col("is_latest"), 1))
            .and(tenant.condition(table.col("tenant_id"))),
    }
}

impl TenantChoice {
    pub(crate) fn condition(&self, column: query::ColumnRef) -> Condition {
        match self {
            TenantChoice::Any => Condition::EVERYTHING,
            TenantChoice::None => Condition::is_null(column),
            TenantChoice::Of(tenant) => Condition::equal(column, tenant.as_ref()),
        }
    }
}

impl std::fmt::Display for DefinitionSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DefinitionSelector::ById(id) => write!(f, "the id `{id}`"),
            DefinitionSelector::Latest { key, tenant: TenantChoice::Any } => write!(f, "the key `{key}`"),
            DefinitionSelector::Latest { key, tenant: TenantChoice::None } => {
                write!(f, "the key `{key}` without a tenant")
            }
            DefinitionSelector::Latest { key, tenant: TenantChoice::Of(tenant) } => {
                write!(f, "the key `{key}` of the tenant `{tenant}`")
            }
        }
    }
}

/// In order of keys and versions.
pub(crate) async fn definition_rows(shared: &Shared, condition: Condition) -> Result<Vec<DefinitionRow>, Error> {
    let table = &tables::PROCESS_DEFINITION;
    let select = Select::all(table.source())
        .filter(condition)
        .order_by(table.col("key"), Direction::Ascending)
        .order_by(table.col("version"), Direction::Ascending);
    let rows = shared.rows(&select).await?;
    rows.into_iter().map(|row| definition_row(Cells::of(row))).collect()
}

fn definition_row(mut cells: Cells) -> Result<DefinitionRow, Error> {
    let row = DefinitionRow {
        id: ProcessDefinitionId(cells.text()?),
        key: cells.text()?,
        version: cells.count()?,
        name: cells.optional_text()?,
        category: cells.optional_text()?,
        description: cells.optional_text()?,
        version_tag: cells.optional_text()?,
        deployment_id: cells.id()?,
        resource_name: cells.text()?,
        diagram_resource_name: cells.optional_text()?,
        tenant_id: cells.optional_text()?,
        is_suspended: cells.boolean()?,
        history_time_to_live_days: cells.optional_integer()?.and_then(|days| u32::try_from(days).ok()),
        is_startable_in_tasklist: cells.boolean()?,
    };
    Ok(row)
}

pub(crate) async fn resource(
    shared: &Shared,
    deployment: DeploymentId,
    name: &str,
) -> Result<Option<Arc<[u8]>>, Error> {
    let table = &tables::DEPLOYMENT_RESOURCE;
    let mut select = Select::all(table.source()).filter(
        Condition::equal(table.col("deployment_id"), crate::row::id(deployment.0))
            .and(Condition::equal(table.col("name"), name)),
    );
    select.columns = vec![table.col("contents").into()];
    let row = shared.rows(&select).await?.pop();
    row.map(|row| Cells::of(row).bytes()).transpose()
}

async fn job_definitions(shared: &Shared, id: &ProcessDefinitionId) -> Result<Vec<JobDefinition>, Error> {
    let table = &tables::JOB_DEFINITION;
    let mut select =
        Select::all(table.source()).filter(Condition::equal(table.col("process_definition_id"), id.as_str()));
    select.columns = ["id", "activity_id", "job_type", "configuration", "is_suspended", "override_priority"]
        .map(|name| table.col(name).into())
        .to_vec();
    let rows = shared.rows(&select).await?;
    rows.into_iter()
        .map(|row| {
            let mut cells = Cells::of(row);
            Ok(JobDefinition {
                id: cells.id()?,
                activity_id: cells.optional_text()?.unwrap_or_default(),
                job_type: job_type(&cells.text()?),
                configuration: cells.optional_text()?.unwrap_or_default().to_string(),
                is_suspended: cells.boolean()?,
                override_priority: cells.optional_integer()?,
            })
        })
        .collect()
}

/// Handlers of elements; others stand on no definition's rows.
fn job_type(name: &str) -> &'static str {
    const KNOWN: [&str; 6] = [
        "timer-transition",
        "timer-start-event-subprocess",
        "timer-intermediate-transition",
        "timer-start-event",
        JobDefinition::TIMER_TASK_LISTENER,
        JobDefinition::ASYNC_CONTINUATION,
    ];
    let known = KNOWN.into_iter().find(|known| *known == name);
    debug_assert!(known.is_some(), "`{name}` is no kind of job");
    known.unwrap_or(KNOWN[0])
}
