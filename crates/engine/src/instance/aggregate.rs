//! One tree of process instances in memory: a tracked table per kind of row, and ways through them.

use std::sync::Arc;

use types::{
    EventSubscriptionId, ExecutionId, ExternalTaskId, IncidentId, JobId, ProcessInstanceId, TaskId, VariableInstanceId,
    VariableValue,
};

use crate::change::{ChangeSet, RevisionCheck};
use crate::record::{
    EventSubscription, Execution, ExecutionKind, ExternalTask, Incident, Job, ProcessInstance, Record, Task,
    VariableInstance,
};
use crate::snapshot::Snapshot;

use super::index::{ExecutionKey, ScopeKey, TaskKey, VariableKey};
use super::invariant::{self, BrokenInvariant};
use super::tracked::Tracked;

/// All instances under one root. Empty before its start and after its end.
#[derive(Debug, Default)]
pub struct Aggregate {
    /// Counts the committed changes.
    pub(crate) revision: u64,
    pub(crate) process_instances: Tracked<ProcessInstance>,
    pub(crate) executions: Tracked<Execution>,
    pub(crate) external_tasks: Tracked<ExternalTask>,
    pub(crate) tasks: Tracked<Task>,
    pub(crate) variables: Tracked<VariableInstance>,
    pub(crate) jobs: Tracked<Job>,
    pub(crate) event_subscriptions: Tracked<EventSubscription>,
    pub(crate) incidents: Tracked<Incident>,
}

impl Aggregate {
    /// For `StartProcessInstance`.
    pub fn empty() -> Self {
        Aggregate::default()
    }

    /// # Errors
    /// The rows do not make a tree that the engine could have written.
    pub fn from_snapshot(snapshot: Snapshot) -> Result<Self, BrokenInvariant> {
        let mut aggregate = Aggregate {
            revision: 0,
            process_instances: Tracked::from_rows(snapshot.process_instances),
            executions: Tracked::from_rows(snapshot.executions),
            external_tasks: Tracked::from_rows(snapshot.external_tasks),
            tasks: Tracked::from_rows(snapshot.tasks),
            variables: Tracked::from_rows(snapshot.variables),
            jobs: Tracked::from_rows(snapshot.jobs),
            event_subscriptions: Tracked::from_rows(snapshot.event_subscriptions),
            incidents: Tracked::from_rows(snapshot.incidents),
        };
        let of_process = aggregate.root().map(|root| root.revision);
        aggregate.revision = of_process.or(aggregate.root_task().map(|task| task.revision)).unwrap_or(0);
        invariant::check(&aggregate)?;
        Ok(aggregate)
    }

    /// All rows as they are now.
    pub fn to_snapshot(&self) -> Snapshot {
        Snapshot {
            process_instances: self.process_instances.iter().cloned().collect(),
            executions: self.executions.iter().cloned().collect(),
            external_tasks: self.external_tasks.iter().cloned().collect(),
            tasks: self.tasks.iter().cloned().collect(),
            variables: self.variables.iter().cloned().collect(),
            jobs: self.jobs.iter().cloned().collect(),
            event_subscriptions: self.event_subscriptions.iter().cloned().collect(),
            incidents: self.incidents.iter().cloned().collect(),
        }
    }

    /// The topmost caller.
    pub fn root(&self) -> Option<&ProcessInstance> {
        self.process_instances.iter().find(|instance| instance.root_process_instance_id == instance.id)
    }

    /// The task that an aggregate without a process is named after.
    pub fn root_task(&self) -> Option<&Task> {
        self.tasks.iter().find(|task| task.is_root())
    }

    /// What the aggregate is named after.
    pub fn root_id(&self) -> Option<ProcessInstanceId> {
        let of_process = self.root().map(|root| root.id);
        of_process.or_else(|| self.root_task().map(|task| task.root_process_instance_id))
    }

    /// Nothing of it runs (any more).
    pub fn is_ended(&self) -> bool {
        self.process_instances.is_empty() && self.tasks.is_empty()
    }

    /// How many rows it has, in all tables.
    pub fn row_count(&self) -> usize {
        self.process_instances.len()
            + self.executions.len()
            + self.external_tasks.len()
            + self.tasks.len()
            + self.variables.len()
            + self.jobs.len()
            + self.event_subscriptions.len()
            + self.incidents.len()
    }

    /// How many changes were committed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub fn process_instance(&self, id: ProcessInstanceId) -> Option<&ProcessInstance> {
        self.process_instances.get(id)
    }

    pub fn process_instances(&self) -> impl Iterator<Item = &ProcessInstance> {
        self.process_instances.iter()
    }

    /// What the call activity that an execution is at has called.
    pub fn called_by(&self, execution: ExecutionId) -> impl Iterator<Item = &ProcessInstance> {
        self.process_instances.by_key(execution)
    }

    pub fn execution(&self, id: ExecutionId) -> Option<&Execution> {
        self.executions.get(id)
    }

    pub fn executions(&self) -> impl Iterator<Item = &Execution> {
        self.executions.iter()
    }

    pub fn external_task(&self, id: ExternalTaskId) -> Option<&ExternalTask> {
        self.external_tasks.get(id)
    }

    pub fn external_tasks(&self) -> impl Iterator<Item = &ExternalTask> {
        self.external_tasks.iter()
    }

    /// The tasks that stand alone and are parts of another one.
    pub fn parts_of(&self, id: TaskId) -> impl Iterator<Item = &Task> {
        self.tasks.by_key(TaskKey::PartOf(id))
    }

    /// The user tasks that an execution is at.
    pub fn tasks_at(&self, id: ExecutionId) -> impl Iterator<Item = &Task> {
        self.tasks.by_key(TaskKey::Execution(id))
    }

    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id)
    }

    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter()
    }

    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(id)
    }

    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter()
    }

    pub fn event_subscription(&self, id: EventSubscriptionId) -> Option<&EventSubscription> {
        self.event_subscriptions.get(id)
    }

    pub fn event_subscriptions(&self) -> impl Iterator<Item = &EventSubscription> {
        self.event_subscriptions.iter()
    }

    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.get(id)
    }

    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.iter()
    }

    pub fn variable(&self, id: VariableInstanceId) -> Option<&VariableInstance> {
        self.variables.get(id)
    }

    pub fn variables(&self) -> impl Iterator<Item = &VariableInstance> {
        self.variables.iter()
    }

    /// What an execution sees: the nearest variable of each name, in the order of names.
    pub fn variables_visible_from(&self, execution: ExecutionId) -> Vec<(Arc<str>, VariableValue)> {
        self.visible(ScopeKey::Execution(execution))
    }

    /// The variables of an execution's own scope, in the order of names.
    pub fn variables_local_to(&self, execution: ExecutionId) -> Vec<(Arc<str>, VariableValue)> {
        let own = self.variables_of(ScopeKey::Execution(execution));
        own.map(|variable| (variable.name.clone(), variable.value.clone())).collect()
    }

    /// What a user task sees: its own variables before those of its execution.
    pub fn variables_visible_from_task(&self, task: TaskId) -> Vec<(Arc<str>, VariableValue)> {
        self.visible(ScopeKey::Task(task))
    }

    /// The variables of one scope, in the order of names.
    pub fn variables_of(&self, scope: ScopeKey) -> impl Iterator<Item = &VariableInstance> {
        self.variables
            .from_key(VariableKey { scope, name: None })
            .take_while(move |variable| variable.scope_key() == scope)
    }

    pub fn variable_named(&self, scope: ScopeKey, name: &Arc<str>) -> Option<&VariableInstance> {
        self.variables.by_key(VariableKey { scope, name: Some(name.clone()) }).next()
    }

    /// The scope around a scope; `None` around the process.
    pub fn enclosing_scope(&self, scope: ScopeKey) -> Option<ScopeKey> {
        match scope {
            ScopeKey::Task(task) => {
                let task = self.tasks.get(task)?;
                match &task.place {
                    Some(place) => Some(ScopeKey::Execution(place.execution_id)),
                    None => task.parent_task_id.filter(|parent| self.tasks.get(*parent).is_some()).map(ScopeKey::Task),
                }
            }
            ScopeKey::Execution(id) => self.executions.get(id)?.parent_id.map(ScopeKey::Execution),
        }
    }

    pub fn children(&self, parent: ExecutionId) -> impl Iterator<Item = &Execution> {
        self.executions.by_key(ExecutionKey::ChildOf(parent))
    }

    /// The executions without children at or below one.
    pub(crate) fn leaves(&self, top: ExecutionId) -> Vec<ExecutionId> {
        let (mut leaves, mut open) = (Vec::new(), vec![top]);
        while let Some(id) = open.pop() {
            let before = open.len();
            open.extend(self.children(id).map(|child| child.id));
            if open.len() == before {
                leaves.push(id);
            }
        }
        leaves
    }

    /// The ended scopes that a scope remembers.
    pub fn event_scopes(&self, scope: ExecutionId) -> impl Iterator<Item = &Execution> {
        self.executions.by_key(ExecutionKey::EventScopeOf(scope))
    }

    /// Those that have arrived at a joining gateway and wait there.
    pub(crate) fn waiting_at(&self, parent: ExecutionId, activity_id: &Arc<str>) -> impl Iterator<Item = &Execution> {
        self.executions.by_key(ExecutionKey::WaitingIn(parent, activity_id.clone()))
    }

    /// The execution itself if it is a scope, else the one it runs in.
    pub(crate) fn scope_execution_of(&self, id: ExecutionId) -> ExecutionId {
        let execution = self.executions.get(id).expect("asked for executions of the tree only");
        match execution.kind {
            ExecutionKind::ProcessInstance
            | ExecutionKind::Scope
            | ExecutionKind::EventScope
            | ExecutionKind::Compensating => id,
            ExecutionKind::Concurrent => execution.parent_id.expect("a concurrent execution has a parent"),
        }
    }

    pub fn check_invariants(&self) -> Result<(), BrokenInvariant> {
        invariant::check(self)
    }

    /// For debug builds, and only where it costs little.
    #[cfg(debug_assertions)]
    pub(crate) fn assert_invariants(&self) {
        const EXECUTIONS_CHECKED_MAX: usize = 500;
        if self.executions.len() <= EXECUTIONS_CHECKED_MAX {
            assert_eq!(self.check_invariants(), Ok(()), "a command left the aggregate in a state of its own");
        }
    }

    pub(crate) fn roll_back(&mut self) {
        self.process_instances.roll_back();
        self.executions.roll_back();
        self.external_tasks.roll_back();
        self.tasks.roll_back();
        self.variables.roll_back();
        self.jobs.roll_back();
        self.event_subscriptions.roll_back();
        self.incidents.roll_back();
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.external_tasks.has_changed() || self.has_changed_beside_external_tasks()
    }

    pub(crate) fn has_changed_beside_external_tasks(&self) -> bool {
        self.process_instances.has_changed()
            || self.executions.has_changed()
            || self.tasks.has_changed()
            || self.variables.has_changed()
            || self.jobs.has_changed()
            || self.event_subscriptions.has_changed()
            || self.incidents.has_changed()
    }

    /// Moves what changed into `change_set` and counts the revision.
    pub(crate) fn take_changes(&mut self, change_set: &mut ChangeSet) {
        if let RevisionCheck::Bump { expected } | RevisionCheck::BumpTask { expected } = change_set.revision {
            debug_assert_eq!(expected, self.revision, "a change set is decided on the newest revision");
            self.revision = expected + 1;
            let revision = self.revision;
            match change_set.revision {
                RevisionCheck::BumpTask { .. } => {
                    self.tasks.amend(TaskId(change_set.root_process_instance_id.0), |root| root.revision = revision);
                }
                _ => self.process_instances.amend(change_set.root_process_instance_id, |root| {
                    root.revision = revision;
                    root.next_number = change_set.next_number.unwrap_or(root.next_number);
                }),
            }
        }
        change_set.process_instances = self.process_instances.take_changes();
        change_set.executions = self.executions.take_changes();
        change_set.external_tasks = self.external_tasks.take_changes();
        change_set.tasks = self.tasks.take_changes();
        change_set.variables = self.variables.take_changes();
        change_set.jobs = self.jobs.take_changes();
        change_set.event_subscriptions = self.event_subscriptions.take_changes();
        change_set.incidents = self.incidents.take_changes();
    }

    /// Replaces one external task by what a store says it is, for claims that went past the engine.
    pub fn refresh_external_task(&mut self, task: ExternalTask) {
        if self.external_tasks.get(task.id()).is_some() {
            self.external_tasks.amend(task.id, |row| *row = task);
        }
    }

    fn visible(&self, from: ScopeKey) -> Vec<(Arc<str>, VariableValue)> {
        let mut found = std::collections::BTreeMap::new();
        let mut next = Some(from);
        while let Some(scope) = next {
            for variable in self.variables_of(scope) {
                found.entry(variable.name.clone()).or_insert_with(|| variable.value.clone());
            }
            next = self.enclosing_scope(scope);
        }
        found.into_iter().collect()
    }
}
