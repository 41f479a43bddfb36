//! The place where the commands of one aggregate are decided, one after another.
//!
//! A command is decided on the state in memory and its change set is put in the store's queue under one short lock,
//! so that the next command builds on it while it is still on its way to the disk. Nothing is waited for under the
//! lock. If a change set is not applied, the state in memory is dropped; those that were built on it fail too, because
//! the store finds other revisions and epochs than they expect, and are decided again on what is stored.
//!
//! Changes that go past the lanes (claims, suspension of many) move revisions and epochs by `FOREIGN_STEP`, so that a
//! chain of changes in memory can never arrive by chance at the number that such a change has left.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};

use engine::instance::Aggregate;
use engine::record::ExternalTask;
use engine::{
    ChangeSet, Command, DefinitionReference, Effect, Env, Outcome, ProcessDefinition, Rejection, Reply, TableChange,
    TaskTree, ThrownSignal, Unfinished,
};
use store::{ClaimVariables, LocatedBy};
use tokio::sync::Notify;
use types::{ExternalTaskId, JobId, ProcessDefinitionId, ProcessInstanceId, VariableValue};

use crate::called_definition::{CalledDefinitions, Freshness, KnownDefinitions};
use crate::error::Error;

/// How far a change that goes past the lanes moves a revision or a lock epoch.
pub(crate) const FOREIGN_STEP: i64 = ExternalTask::FOREIGN_EPOCH_STEP as i64;

/// A row in memory takes about this much, its values apart.
const ROW_BYTES: usize = 400;

#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) root: ProcessInstanceId,
    state: Mutex<LaneState>,
    /// A commit was settled or a load has ended.
    moved: Notify,
}

#[derive(Debug)]
pub(crate) struct LaneState {
    held: Held,
    /// Counts how often the state in memory was dropped.
    generation: u64,
    /// The generation in which the load under way began; its result counts only in that one.
    loading_generation: u64,
    /// Counts the loads that have begun.
    loads: u64,
    next_commit: u64,
    /// Commits under way, the oldest first: few at a time.
    outstanding: Vec<u64>,
    value_bytes: usize,
}

#[derive(Debug)]
enum Held {
    Nothing,
    Loading,
    State { aggregate: Box<Aggregate>, definitions: Pinned },
}

/// The definitions of the instances of one aggregate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pinned(pub(crate) Vec<Arc<ProcessDefinition>>);

/// What is asked of a lane.
#[derive(Clone, Debug)]
pub(crate) enum LaneWork {
    Command(Command),
    /// A start, with the definition that the new aggregate needs.
    Start {
        command: Command,
        definition: Arc<ProcessDefinition>,
    },
    /// What the executor does about a job that it has claimed.
    ClaimedJob {
        id: JobId,
        command: Command,
    },
    /// Unlocks a task if it is still locked by that one.
    Unlock {
        id: ExternalTaskId,
        holder: Holder,
    },
}

/// Who may have a lock that is to be given up.
#[derive(Clone, Debug)]
pub(crate) enum Holder {
    /// A claim whose answer never arrived, by the epoch that it has left.
    Claim { lock_epoch: u64 },
    /// A worker that has gone.
    Worker(Arc<str>),
}

impl Holder {
    fn has(&self, task: &ExternalTask) -> bool {
        match self {
            Holder::Claim { lock_epoch } => task.lock_epoch == *lock_epoch,
            Holder::Worker(worker_id) => task.worker_id.as_ref() == Some(worker_id),
        }
    }
}

/// What a decision sees of definitions besides those of its own instances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    pub(crate) called: &'a CalledDefinitions,
    pub(crate) retired: &'a BTreeSet<ProcessDefinitionId>,
    pub(crate) freshness: Freshness,
}

/// Where in its lane's history a decision was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    generation: u64,
    /// Commits before this one were submitted before the decision.
    next_commit: u64,
}

/// What came of a decision.
pub(crate) enum Decision {
    /// The state is not in memory.
    NotLoaded,
    /// A definition has to be looked up before this can be decided.
    NeedsDefinition(DefinitionReference),
    Refused(Rejection),
    /// Nothing to store.
    Unchanged(Reply),
    Changed {
        change_set: Option<Box<ChangeSet>>,
        /// Of aggregates that were split off.
        detached: Vec<ChangeSet>,
        effects: Vec<Effect>,
        /// To be delivered in the same unit of work.
        signals: Vec<ThrownSignal>,
        /// To be taken in by another lane in the same unit of work.
        moved_tasks: Option<Box<TaskTree>>,
        reply: Reply,
    },
    Defect(String),
}

/// Whether a lane has to be loaded and who does it.
pub(crate) enum Readiness {
    Ready,
    /// The caller loads, and then calls `loaded` or `load_failed`.
    ToLoad,
    /// Something is under way; wait and look again.
    Busy,
}

impl LaneWork {
    /// Under another id.
    pub(crate) fn start_as(&mut self, new_id: ProcessInstanceId) {
        if let LaneWork::Start { command, .. } = self
            && let Command::StartProcessInstance { id, .. }
            | Command::StartProcessInstanceAt { id, .. }
            | Command::SubmitStartForm { id, .. } = command
        {
            *id = new_id;
        }
    }
}

impl Pinned {
    /// Those of called instances that have begun.
    fn pin_called(&mut self, change_set: &ChangeSet, called: &CalledDefinitions) {
        for change in &change_set.process_instances {
            let TableChange::Insert(instance) = change else { continue };
            if !self.0.iter().any(|known| known.id == instance.definition_id) {
                self.0.extend(called.by_id(&instance.definition_id).cloned());
            }
        }
    }
}

impl Lane {
    pub(crate) fn new(root: ProcessInstanceId) -> Lane {
        let state = LaneState {
            held: Held::Nothing,
            generation: 0,
            loading_generation: 0,
            loads: 0,
            next_commit: 0,
            outstanding: Vec::new(),
            value_bytes: 0,
        };
        Lane { root, state: Mutex::new(state), moved: Notify::new() }
    }

    /// For a new aggregate: there is nothing to load.
    pub(crate) fn new_empty(root: ProcessInstanceId) -> Lane {
        let lane = Lane::new(root);
        lane.lock().held = Held::State { aggregate: Box::new(Aggregate::empty()), definitions: Pinned::default() };
        lane
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, LaneState> {
        self.state.lock().expect("no holder of a lane's lock panics")
    }

    /// Of the process instance that some work is about, as far as it is in memory.
    pub(crate) fn business_key(&self, work: &LaneWork) -> Option<Arc<str>> {
        if let LaneWork::Start {
            command: Command::StartProcessInstance { keys, .. } | Command::StartProcessInstanceAt { keys, .. },
            ..
        } = work
        {
            return keys.business_key.clone();
        }
        let state = self.lock();
        let root = state.aggregate()?.process_instances().find(|instance| instance.id == self.root)?;
        root.business_key.clone()
    }

    /// Whether something is in its aggregate, as far as that is in memory.
    pub(crate) fn has(&self, by: LocatedBy) -> bool {
        let state = self.lock();
        state.aggregate().is_some_and(|aggregate| match by {
            LocatedBy::ProcessInstance(id) => aggregate.process_instance(id).is_some(),
            LocatedBy::Execution(id) => aggregate.execution(id).is_some(),
            LocatedBy::ExternalTask(id) => aggregate.external_task(id).is_some(),
            LocatedBy::Task(id) => aggregate.task(id).is_some(),
            LocatedBy::Job(id) => aggregate.job(id).is_some(),
        })
    }

    /// Claims the load where the state has to be loaded: never while commits are under way, so that what is loaded
    /// holds all of them.
    pub(crate) fn readiness(&self) -> Readiness {
        let mut state = self.lock();
        match state.held {
            Held::State { .. } => Readiness::Ready,
            Held::Nothing if state.outstanding.is_empty() => {
                state.held = Held::Loading;
                state.loading_generation = state.generation;
                state.loads += 1;
                Readiness::ToLoad
            }
            Held::Nothing | Held::Loading => Readiness::Busy,
        }
    }

    pub(crate) fn loaded(&self, aggregate: Aggregate, definitions: Pinned) {
        let mut state = self.lock();
        if state.generation == state.loading_generation {
            state.value_bytes = aggregate.variables().map(|variable| value_bytes(&variable.value)).sum();
            state.held = Held::State { aggregate: Box::new(aggregate), definitions };
        } else {
            state.held = Held::Nothing;
        }
        drop(state);
        self.moved.notify_waiters();
    }

    pub(crate) fn load_failed(&self) {
        self.lock().held = Held::Nothing;
        self.moved.notify_waiters();
    }

    /// Waits until `is_reached` holds; it is asked again whenever something has moved.
    pub(crate) async fn wait_until(&self, mut is_reached: impl FnMut(&LaneState) -> bool) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if is_reached(&self.lock()) {
                return;
            }
            moved.await;
        }
    }

    /// Waits for the commits that a decision was built on. False if one of them failed, and with it the decision.
    pub(crate) async fn holds(&self, standing: Standing) -> bool {
        let mut holds = true;
        self.wait_until(|state| {
            holds = state.generation == standing.generation;
            !holds || state.outstanding.first().is_none_or(|first| *first >= standing.next_commit)
        })
        .await;
        holds
    }

    /// A commit has ended.
    pub(crate) fn settle(&self, commit: u64, standing: Standing, is_applied: bool) {
        let mut state = self.lock();
        if let Ok(at) = state.outstanding.binary_search(&commit) {
            state.outstanding.remove(at);
        }
        if !is_applied && state.generation == standing.generation {
            state.forget();
        }
        drop(state);
        self.moved.notify_waiters();
    }

    /// How many loads have begun.
    pub(crate) fn loads(&self) -> u64 {
        self.lock().loads
    }

    /// The stored state has changed past this lane.
    pub(crate) fn mark_stale(&self) {
        self.lock().forget();
        self.moved.notify_waiters();
    }

    /// Takes over what a claim has made of a task. A load that is under way may have read the task as it was.
    pub(crate) fn refresh(&self, task: &ExternalTask) {
        let mut state = self.lock();
        match &mut state.held {
            Held::State { aggregate, .. } => {
                if aggregate.external_task(task.id).is_some_and(|known| known.lock_epoch < task.lock_epoch) {
                    aggregate.refresh_external_task(task.clone());
                }
            }
            Held::Loading => state.forget(),
            Held::Nothing => {}
        }
    }

    /// What comes with a task; `None` while the state in memory is not, or not certainly, what is stored.
    pub(crate) fn stored_variables(
        &self,
        task: &ExternalTask,
        wanted: &ClaimVariables,
    ) -> Option<Vec<(Arc<str>, VariableValue)>> {
        let state = self.lock();
        let aggregate = state.aggregate().filter(|_| state.is_quiet())?;
        variables_of(aggregate, task, wanted)
    }
}

/// What comes with a task that is among those of an aggregate.
pub(crate) fn variables_of(
    aggregate: &Aggregate,
    task: &ExternalTask,
    wanted: &ClaimVariables,
) -> Option<Vec<(Arc<str>, VariableValue)>> {
    let execution = aggregate.external_task(task.id)?.execution_id;
    let mut variables = match wanted.is_local_only {
        true => aggregate.variables_local_to(execution),
        false => aggregate.variables_visible_from(execution),
    };
    if let Some(names) = &wanted.names {
        variables.retain(|(name, _)| names.contains(name));
    }
    Some(variables)
}

impl LaneState {
    /// Whether the state was read since so many loads had begun, and so holds what other nodes had done by then.
    pub(crate) fn was_loaded_after(&self, loads: u64) -> bool {
        self.loads > loads
    }

    pub(crate) fn is_loaded(&self) -> bool {
        matches!(self.held, Held::State { .. })
    }

    pub(crate) fn is_loading(&self) -> bool {
        matches!(self.held, Held::Loading)
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.outstanding.is_empty()
    }

    pub(crate) fn aggregate(&self) -> Option<&Aggregate> {
        match &self.held {
            Held::State { aggregate, .. } => Some(aggregate),
            Held::Nothing | Held::Loading => None,
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing { generation: self.generation, next_commit: self.next_commit }
    }

    /// About how much memory the state takes; `None` if there is nothing worth keeping.
    pub(crate) fn weight(&self) -> Option<usize> {
        let aggregate = self.aggregate().filter(|aggregate| !aggregate.is_ended())?;
        Some(aggregate.row_count() * ROW_BYTES + self.value_bytes)
    }

    /// Drops the state in memory, or what the load under way is going to bring.
    pub(crate) fn forget(&mut self) {
        if self.is_loaded() {
            self.held = Held::Nothing;
        }
        self.generation += 1;
    }

    /// Runs the core. On a refusal the state is as before; a panic in the core drops it.
    pub(crate) fn decide(&mut self, work: &LaneWork, around: Around<'_>, env: &mut Env<'_>) -> Decision {
        let Held::State { aggregate, definitions } = &mut self.held else { return Decision::NotLoaded };
        let Around { called, retired, freshness } = around;
        let unlock;
        let command = match work {
            LaneWork::Command(command) | LaneWork::ClaimedJob { command, .. } => command,
            LaneWork::Start { command, definition } => {
                *definitions = Pinned(vec![definition.clone()]);
                command
            }
            LaneWork::Unlock { id, holder } => {
                if aggregate.external_task(*id).is_none_or(|task| !holder.has(task)) {
                    return Decision::Unchanged(Reply::Done);
                }
                unlock = Command::UnlockExternalTask { id: *id };
                &unlock
            }
        };
        let known = KnownDefinitions { pinned: definitions, called, retired, freshness };
        match catch_unwind(AssertUnwindSafe(|| engine::execute(&known, aggregate, command, env))) {
            Ok(Ok(Outcome { change_set: None, signals, reply, .. })) if signals.is_empty() => {
                Decision::Unchanged(reply)
            }
            Ok(Ok(Outcome { change_set, detached, effects, signals, moved_tasks, reply })) => {
                self.value_bytes += change_set.as_ref().map_or(0, written_bytes);
                if let Some(change_set) = &change_set {
                    definitions.pin_called(change_set, called);
                }
                let change_set = change_set.map(Box::new);
                Decision::Changed { change_set, detached, effects, signals, moved_tasks, reply }
            }
            Ok(Err(Unfinished::Rejected(rejection))) => Decision::Refused(rejection),
            Ok(Err(Unfinished::NeedsDefinition(reference))) => Decision::NeedsDefinition(reference),
            Err(panic) => {
                self.forget();
                Decision::Defect(panic_text(panic.as_ref()))
            }
        }
    }

    /// Notes that a change set is on its way. Called under the lock under which it was decided and submitted.
    pub(crate) fn submitted(&mut self) -> u64 {
        let commit = self.next_commit;
        self.next_commit += 1;
        self.outstanding.push(commit);
        commit
    }
}

impl From<Decision> for Error {
    /// Only of decisions that ended a command.
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Refused(rejection) => Error::Rejected(rejection),
            Decision::Defect(text) => Error::Defect(text),
            Decision::NotLoaded | Decision::NeedsDefinition(_) | Decision::Unchanged(_) | Decision::Changed { .. } => {
                Error::Defect("a decision that is no error was taken for one".to_owned())
            }
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    tracing::error!(panic = text.as_deref().unwrap_or("unknown"), "a command broke an invariant; nothing was changed");
    "a command broke an invariant".to_owned()
}

fn written_bytes(change_set: &ChangeSet) -> usize {
    let written = change_set.variables.iter().map(|change| match change {
        TableChange::Insert(variable) | TableChange::Update(variable) => value_bytes(&variable.value),
        TableChange::Delete(_) => 0,
    });
    written.sum()
}

fn value_bytes(value: &VariableValue) -> usize {
    match value {
        VariableValue::Null
        | VariableValue::TypedNull(_)
        | VariableValue::Boolean(_)
        | VariableValue::Short(_)
        | VariableValue::Integer(_)
        | VariableValue::Long(_)
        | VariableValue::Double(_)
        | VariableValue::Date(_) => 0,
        VariableValue::String(text) | VariableValue::Json(text) | VariableValue::Xml(text) => text.len(),
        VariableValue::Bytes(bytes) => bytes.len(),
        VariableValue::File(file) => file.contents.len(),
        VariableValue::Object(object) => object.serialized.as_ref().map_or(0, String::len),
    }
}
