//! One command's turn on an aggregate: all that it works with, and how it becomes an outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bpmn::model::{ElementIndex, TaskEvent};
use types::{ActivityInstanceId, ExecutionId, IncidentId, ProcessInstanceId, TaskId, Uuid, VariableValue};

use crate::agenda::Agenda;
use crate::change::{ChangeSet, ExternalTaskGuard, RevisionCheck};
use crate::command::{Reply, TaskTree};
use crate::conditional::VariableChange;
use crate::definition::{DefinitionReference, Definitions, ProcessDefinition};
use crate::effect::Effect;
use crate::env::Env;
use crate::history::TaskEnd;
use crate::instance::{Aggregate, OrderedMap, ScopeKey};
use crate::listener::Notified;
use crate::modification::{Progress, Skipped};
use crate::outcome::{Outcome, ThrownSignal};
use crate::record::{Execution, ProcessInstance, Task, Visit};
use crate::recorder::Recorder;
use crate::rejection::{Rejection, RejectionKind};
use crate::{compensation, task_history};

pub(crate) struct Turn<'a, 'e> {
    pub definitions: &'a dyn Definitions,
    pub aggregate: &'a mut Aggregate,
    pub env: &'a mut Env<'e>,
    pub agenda: Agenda,
    /// Whether a refusal says at which activity: a job that fails keeps that.
    pub names_failed_activity: bool,
    pub history: Recorder,
    /// What the listener that runs is told of.
    pub notified: Option<Notified>,
    /// Activities whose listeners have thrown when they were told of the end.
    pub failed_end_listeners: BTreeSet<ActivityInstanceId>,
    /// Tasks that the command ended, as they were then.
    pub ended_tasks: Vec<(Task, TaskEnd)>,
    /// False where tasks only go from one aggregate to another.
    pub keeps_task_history: bool,
    /// Tasks that leave the aggregate for another one.
    pub moved_tasks: Option<Box<TaskTree>>,
    /// Why tasks that are cancelled are deleted, where there is a reason.
    pub task_delete_reason: Option<Arc<str>>,
    /// The event of the task listener that runs.
    pub task_event: Option<TaskEvent>,
    /// What of the models the command leaves out.
    pub skipped: Skipped,
    /// The instance that has been made and starts by a job.
    pub starts_later: Option<ExecutionId>,
    /// Incidents about the job that runs, which has succeeded if the command does.
    pub resolving: Vec<IncidentId>,
    /// The sub-process whose input parameters are being evaluated, and what encloses it.
    pub input_scope: Option<(ExecutionId, ActivityInstanceId)>,
    /// Called instances that have lost their callers: what makes each an aggregate of its own.
    pub detached: Vec<ChangeSet>,
    /// The modification in progress.
    pub modification: Option<Progress>,
    /// Variables that live until the command ends.
    pub transient_variables: BTreeMap<(ScopeKey, Arc<str>), VariableValue>,
    /// The variables of the process's scope that instances ended with.
    pub final_variables: BTreeMap<ProcessInstanceId, Vec<(Arc<str>, VariableValue)>>,
    /// The definition for lack of which the command ends.
    pub needed_definition: Option<DefinitionReference>,
    /// Order of the newest activity start.
    sequence: u64,
    /// Of instances in which the command makes something: the number of the next.
    next_numbers: OrderedMap<ProcessInstanceId, u32>,
    pub thrown_signals: Vec<ThrownSignal>,
    /// Something has been undone.
    pub has_undone: bool,
    /// What conditional events have still to look at.
    pub variable_changes: Vec<VariableChange>,
}

/// Whether a command decides on more than the row of one external task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Aggregate,
    ExternalTaskRow,
}

impl<'a, 'e> Turn<'a, 'e> {
    pub fn new(definitions: &'a dyn Definitions, aggregate: &'a mut Aggregate, env: &'a mut Env<'e>) -> Self {
        let history = Recorder::new(env.history_level);
        let sequence = first_sequence(aggregate);
        Turn {
            definitions,
            aggregate,
            env,
            agenda: Agenda::default(),
            names_failed_activity: false,
            history,
            notified: None,
            failed_end_listeners: BTreeSet::new(),
            ended_tasks: Vec::new(),
            keeps_task_history: true,
            moved_tasks: None,
            task_delete_reason: None,
            task_event: None,
            skipped: Skipped::default(),
            starts_later: None,
            resolving: Vec::new(),
            input_scope: None,
            detached: Vec::new(),
            modification: None,
            transient_variables: BTreeMap::new(),
            final_variables: BTreeMap::new(),
            needed_definition: None,
            sequence,
            next_numbers: OrderedMap::default(),
            thrown_signals: Vec::new(),
            has_undone: false,
            variable_changes: Vec::new(),
        }
    }

    /// Of something that belongs to no instance, or is one.
    pub fn new_id<I: From<Uuid>>(&mut self) -> I {
        self.env.ids.next().into()
    }

    /// Of something that belongs to an instance, whose id it carries (ADR 0020).
    pub fn new_id_in<I: From<Uuid>>(&mut self, instance: ProcessInstanceId) -> I {
        let number = self.next_numbers.get(&instance).copied().unwrap_or_else(|| {
            let instances = &self.aggregate.process_instances;
            let row = instances.get(instance).or_else(|| instances.before(instance));
            row.map_or(ProcessInstance::FIRST_NUMBER, |row| row.next_number)
        });
        self.next_numbers.insert(instance, number.saturating_add(1));
        instance.0.numbered(number).into()
    }

    /// The same of something that belongs to the instance of an execution.
    pub fn new_id_at<I: From<Uuid>>(&mut self, execution: ExecutionId) -> I {
        self.new_id_in(self.execution(execution).process_instance_id)
    }

    /// The place of an activity start in the order of all starts of the aggregate.
    pub fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub fn execution(&self, id: ExecutionId) -> &Execution {
        self.aggregate.execution(id).expect("steps of removed executions are void")
    }

    pub fn instance_of(&self, id: ExecutionId) -> &ProcessInstance {
        let instance = self.execution(id).process_instance_id;
        self.aggregate.process_instance(instance).expect("an execution belongs to an instance")
    }

    pub fn definition_of(&self, id: ExecutionId) -> Result<&'a Arc<ProcessDefinition>, Rejection> {
        let definition_id = &self.instance_of(id).definition_id;
        let definition = self.definitions.by_id(definition_id);
        definition.ok_or_else(|| {
            let message = format!("the definition {definition_id} of a running instance is not at hand");
            Rejection::new(RejectionKind::ProcessEngine, message)
        })
    }

    /// The activity that an execution is at, or that it is the scope of.
    pub fn visit_of(&self, id: ExecutionId) -> Visit {
        let execution = self.execution(id);
        if let Some(visit) = &execution.at {
            return visit.clone();
        }
        let scope = execution.scope.clone().expect("a leaf or a scope is at an activity");
        let activity_id = scope.activity_id.clone().expect("steps never lead to the process itself");
        Visit { activity_id, activity_instance_id: scope, is_active: true }
    }

    pub fn element_at(&self, id: ExecutionId) -> Result<ElementIndex, Rejection> {
        self.element_named(id, &self.visit_of(id).activity_id)
    }

    /// The activity that an execution is the scope of; `None` is the process.
    pub fn scope_element(&self, id: ExecutionId) -> Result<Option<ElementIndex>, Rejection> {
        let activity_id = self.execution(id).scope.as_ref().and_then(|scope| scope.activity_id.as_ref());
        activity_id.map(|activity_id| self.element_named(id, activity_id)).transpose()
    }

    pub fn element_named(&self, id: ExecutionId, activity_id: &str) -> Result<ElementIndex, Rejection> {
        let definition = self.definition_of(id)?;
        definition.model.element_by_id(activity_id).ok_or_else(|| {
            let message = format!("the definition {} has no element `{activity_id}`", definition.id);
            Rejection::new(RejectionKind::ProcessEngine, message)
        })
    }

    /// The activity instance that encloses what an execution is at or enters.
    pub fn enclosing_activity_instance(&self, id: ExecutionId) -> ActivityInstanceId {
        let scope = self.aggregate.scope_execution_of(id);
        self.execution(scope).scope.clone().expect("a scope names its activity instance")
    }

    /// What the command has done, as data.
    pub fn finish(mut self, reach: Reach, root: ProcessInstanceId, reply: Reply) -> Result<Outcome, Rejection> {
        self.check_limits()?;
        compensation::follow_scopes(&mut self);
        task_history::record(&mut self);
        if !self.aggregate.has_changed() && self.history.is_empty() {
            let signals = self.thrown_signals;
            let detached = Vec::new();
            let moved_tasks = None;
            return Ok(Outcome { change_set: None, detached, effects: Vec::new(), signals, moved_tasks, reply });
        }
        let guards = self.guard_external_tasks();
        self.keep_numbers(root);
        let effects = self.effects();
        let revision = self.revision_check(reach, root);
        let signals = std::mem::take(&mut self.thrown_signals);
        let detached = std::mem::take(&mut self.detached);
        let moved_tasks = self.moved_tasks.take();
        let mut change_set = ChangeSet::new(root, revision);
        change_set.guards = guards;
        change_set.next_number = self.next_numbers.get(&root).copied();
        self.aggregate.take_changes(&mut change_set);
        change_set.history = self.history.into_changes();
        #[cfg(debug_assertions)]
        self.aggregate.assert_invariants();
        Ok(Outcome { change_set: Some(change_set), detached, effects, signals, moved_tasks, reply })
    }

    /// Before instances leave the aggregate.
    pub fn keep_numbers_of_called(&mut self) {
        for (instance, next) in self.next_numbers.iter() {
            let is_called = |row: &ProcessInstance| row.root_process_instance_id != row.id;
            if self.aggregate.process_instance(*instance).is_some_and(is_called) {
                self.aggregate.process_instances.update(*instance, |row| row.next_number = *next);
            }
        }
    }

    /// That of the root goes along with its revision, unless the root is new.
    fn keep_numbers(&mut self, root: ProcessInstanceId) {
        for (instance, next) in self.next_numbers.iter() {
            if *instance != root || self.aggregate.process_instances.before(root).is_none() {
                self.aggregate.process_instances.update(*instance, |row| row.next_number = *next);
            }
        }
    }

    fn check_limits(&self) -> Result<(), Rejection> {
        if let Some((instance, _)) = self.next_numbers.iter().find(|(_, next)| **next > ProcessInstance::NUMBER_MAX) {
            let message = format!("process instance {instance} has used up its ids: it has to be started anew");
            return Err(Rejection::new(RejectionKind::LimitReached, message));
        }
        let limits = self.env.limits;
        let executions = self.aggregate.executions.len();
        if executions > limits.executions_max as usize {
            let message =
                format!("{executions} executions in one instance: at most {} are allowed", limits.executions_max);
            return Err(Rejection::new(RejectionKind::LimitReached, message));
        }
        let inserted = self.aggregate.variables.changed().filter(|(before, _)| before.is_none());
        let mut scopes: Vec<ScopeKey> = inserted.filter_map(|(_, after)| Some(after?.scope_key())).collect();
        scopes.sort_unstable();
        scopes.dedup();
        for scope in scopes {
            let variables = self.aggregate.variables_of(scope).count();
            if variables > limits.variables_per_scope_max as usize {
                let message = format!(
                    "{variables} variables in one scope: at most {} are allowed",
                    limits.variables_per_scope_max
                );
                return Err(Rejection::new(RejectionKind::LimitReached, message));
            }
        }
        Ok(())
    }

    /// Counts the epoch of every external task that changed; what was decided on an older epoch must not be stored.
    fn guard_external_tasks(&mut self) -> Vec<ExternalTaskGuard> {
        let guards: Vec<ExternalTaskGuard> = self
            .aggregate
            .external_tasks
            .changed()
            .filter_map(|(before, _)| before.map(|task| ExternalTaskGuard { id: task.id, lock_epoch: task.lock_epoch }))
            .collect();
        for guard in &guards {
            self.aggregate.external_tasks.update(guard.id, |task| task.lock_epoch = guard.lock_epoch + 1);
        }
        guards
    }

    fn revision_check(&self, reach: Reach, root: ProcessInstanceId) -> RevisionCheck {
        let mut changed = self.aggregate.process_instances.changed();
        let is_new = changed.any(|(before, after)| before.is_none() && after.is_some_and(|row| row.id == root));
        if is_new {
            return RevisionCheck::New;
        }
        if self.aggregate.process_instances.is_empty() && !self.aggregate.process_instances.has_changed() {
            return self.revision_check_without_process(TaskId(root.0));
        }
        let is_row_alone = !self.aggregate.has_changed_beside_external_tasks() && self.next_numbers.is_empty();
        if reach == Reach::ExternalTaskRow && is_row_alone {
            return RevisionCheck::Untouched;
        }
        RevisionCheck::Bump { expected: self.aggregate.revision() }
    }

    /// Of an aggregate that is named after a task, or of an instance that ran through within its first command.
    fn revision_check_without_process(&self, root: TaskId) -> RevisionCheck {
        match self.aggregate.tasks.before(root) {
            Some(_) => RevisionCheck::BumpTask { expected: self.aggregate.revision() },
            None => RevisionCheck::New,
        }
    }

    fn effects(&self) -> Vec<Effect> {
        let tasks = self.aggregate.external_tasks.changed().filter_map(|(before, after)| {
            let task = after?;
            let from = task.fetchable_from()?;
            let was_fetchable_from = before.and_then(|task| task.fetchable_from());
            (was_fetchable_from != Some(from))
                .then(|| Effect::ExternalTaskFetchable { topic: task.topic.clone(), from })
        });
        let jobs = self.aggregate.jobs.changed().filter_map(|(before, after)| {
            let job = after?;
            let at = job.executable_from()?;
            let was_at = before.and_then(|job| job.executable_from());
            (was_at != Some(at)).then_some(Effect::JobDue { at })
        });
        tasks.chain(jobs).collect()
    }
}

/// Where the order of activity starts goes on: beyond all that earlier commands can have used.
fn first_sequence(aggregate: &Aggregate) -> u64 {
    const STARTS_PER_COMMAND_BITS: u32 = 20;
    let commands_before = if aggregate.is_ended() { 0 } else { aggregate.revision() + 1 };
    commands_before << STARTS_PER_COMMAND_BITS
}
