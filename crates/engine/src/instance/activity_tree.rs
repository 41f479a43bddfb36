//! The activities that a process instance is in, as a tree: what Camunda calls activity instances.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bpmn::model::{Element, ProcessModel};
use types::{ActivityInstanceId, ExecutionId, IncidentId, ProcessInstanceId};

use super::Aggregate;
use crate::record::{Execution, ExecutionKind};

/// One visit of an activity, or of the process itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityNode {
    pub id: ActivityInstanceId,
    /// `None` of the process.
    pub parent: Option<ActivityInstanceId>,
    pub execution_ids: Vec<ExecutionId>,
    /// With the activities that they happened in.
    pub incidents: Vec<(IncidentId, Option<Arc<str>>)>,
}

/// An activity that a job is about to enter, or has still to go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionNode {
    pub execution_id: ExecutionId,
    pub activity_id: Arc<str>,
    /// The activity instance around it.
    pub parent: ActivityInstanceId,
    /// With the activities that they happened in.
    pub incidents: Vec<(IncidentId, Option<Arc<str>>)>,
}

type IncidentsByExecution = BTreeMap<ExecutionId, Vec<(IncidentId, Option<Arc<str>>)>>;

impl Aggregate {
    /// Parents come before their children. The model is that of the instance. `None` if the instance is not in this tree.
    pub fn activity_tree(&self, id: ProcessInstanceId, model: &ProcessModel) -> Option<Vec<ActivityNode>> {
        let root = self.execution(ExecutionId::from(id))?;
        let mut incidents = IncidentsByExecution::new();
        for incident in self.incidents() {
            if let Some(execution) = incident.execution_id {
                incidents.entry(execution).or_default().push((incident.id, incident.activity_id.clone()));
            }
        }
        let mut nodes = Vec::new();
        let mut undone = Undone { aggregate: self, model, shown: BTreeMap::new() };
        let mut shown = BTreeSet::new();
        let mut open = VecDeque::from([(root, None)]);
        while let Some((execution, parent)) = open.pop_front() {
            let inside = match undone.scope_of(execution) {
                Some(scope) if execution.scope.as_ref() != Some(&scope) || !shown.insert(scope.clone()) => {
                    self.add_visit(execution, Some(scope.clone()), &incidents, &mut nodes);
                    Some(scope)
                }
                _ => self.add_nodes(execution, parent, &incidents, &mut nodes),
            };
            open.extend(self.children(execution.id).map(|child| match child.kind {
                // Camunda: what undoes something stands where that stood, beside the event that has thrown compensation.
                ExecutionKind::Compensating => (child, Some(undone.around(child))),
                _ => (child, inside.clone()),
            }));
        }
        Some(nodes)
    }

    /// The scope in which an activity undoes something: the nearest one that the model says is around it.
    fn scope_around(&self, execution: &Execution, element: &Element, model: &ProcessModel) -> Option<&Execution> {
        let enclosing = std::iter::successors(element.parent, |index| model.element(*index).parent);
        let names = enclosing.map(|index| Some(&model.element(index).id)).chain([None]);
        names.into_iter().find_map(|name| {
            let outwards =
                std::iter::successors(execution.parent_id, |id| self.execution(*id).and_then(|row| row.parent_id));
            let mut rows = outwards.filter_map(|id| self.execution(id));
            rows.find(|row| row.scope.as_ref().is_some_and(|scope| scope.activity_id.as_ref() == name))
        })
    }

    /// The activity instance of that scope.
    pub(crate) fn activity_instance_around(
        &self,
        execution: &Execution,
        element: &Element,
        model: &ProcessModel,
    ) -> ActivityInstanceId {
        let found = self.scope_around(execution, element, model).and_then(|row| row.scope.clone());
        found.unwrap_or_else(|| ActivityInstanceId::of_process(execution.process_instance_id))
    }

    /// Where REST shows the variables of a remembered scope: what the scope around it is at. `None` while a job is
    /// about to go on there.
    pub(crate) fn activity_instance_at(&self, scope: &Execution, model: &ProcessModel) -> Option<ActivityInstanceId> {
        if let Some(visit) = &scope.at {
            return Some(visit.activity_instance_id.clone());
        }
        if scope.continuation.is_some() {
            return None;
        }
        if let Some(undone) = self.undone_scope_in(scope.id, model) {
            return Some(undone);
        }
        let inner = self.children(scope.id).next().filter(|child| match child.kind {
            ExecutionKind::Scope => {
                let at = child.at.as_ref().map(|visit| &visit.activity_instance_id);
                at != child.scope.as_ref() && !is_left_scope(child)
            }
            ExecutionKind::ProcessInstance
            | ExecutionKind::Concurrent
            | ExecutionKind::EventScope
            | ExecutionKind::Compensating => false,
        });
        inner.unwrap_or(scope).scope.clone()
    }

    /// What an event undoes by an execution that is the scope of what is in there.
    pub(crate) fn undone_scopes_in(
        &self,
        thrower: ExecutionId,
        model: &ProcessModel,
    ) -> impl Iterator<Item = &Execution> {
        self.children(thrower).filter(|child| is_undone_scope(child, model))
    }

    /// Camunda: scopes that are undone by one event, and sub-processes that undo something for it, are one activity
    /// instance: of the activity that was begun first.
    pub(crate) fn undone_scope_in(&self, thrower: ExecutionId, model: &ProcessModel) -> Option<ActivityInstanceId> {
        let mut scopes = self.undone_scopes_in(thrower, model);
        let first = scopes.next()?;
        if scopes.all(|other| other.scope == first.scope) {
            return first.scope.clone();
        }
        let scopes = self.undone_scopes_in(thrower, model);
        let begun_first = scopes.min_by_key(|child| self.leaves(child.id).into_iter().min());
        begun_first.and_then(|child| child.scope.clone())
    }

    /// The transitions of an instance in progress.
    pub fn transitions(&self, id: ProcessInstanceId) -> Vec<TransitionNode> {
        let of_instance = self.executions().filter(|execution| execution.process_instance_id == id);
        of_instance.filter_map(|execution| self.transition(execution)).collect()
    }

    fn transition(&self, execution: &Execution) -> Option<TransitionNode> {
        let activity_id = execution.continuation.clone()?;
        let inside = match execution.parent_id {
            Some(parent) if execution.kind == ExecutionKind::Concurrent || is_left_scope(execution) => parent,
            _ => execution.id,
        };
        let parent = self.execution(self.scope_execution_of(inside))?.scope.clone()?;
        let own = self.incidents().filter(|incident| incident.execution_id == Some(execution.id));
        let incidents = own.map(|incident| (incident.id, incident.activity_id.clone())).collect();
        Some(TransitionNode { execution_id: execution.id, activity_id, parent, incidents })
    }

    /// Adds the scope that an execution is, and the activity that it is at. Answers the scope that its children are in.
    fn add_nodes(
        &self,
        execution: &Execution,
        parent: Option<ActivityInstanceId>,
        incidents: &IncidentsByExecution,
        nodes: &mut Vec<ActivityNode>,
    ) -> Option<ActivityInstanceId> {
        let scope = match execution.kind {
            ExecutionKind::ProcessInstance => {
                Some(ActivityInstanceId::of_process(ProcessInstanceId::from(execution.id)))
            }
            ExecutionKind::Scope | ExecutionKind::Compensating => execution.scope.clone(),
            ExecutionKind::Concurrent | ExecutionKind::EventScope => None,
        };
        let at = execution.at.as_ref().map(|visit| &visit.activity_instance_id);
        let of = |id: ExecutionId| incidents.get(&id).cloned().unwrap_or_default();
        if let Some(scope) = &scope
            && at != Some(scope)
            && !is_left_scope(execution)
        {
            let between: Vec<ExecutionId> =
                self.children(execution.id).filter(|child| is_between(child)).map(|c| c.id).collect();
            // Incidents of an execution that is at an activity inside of its scope belong to that activity.
            let own = if at.is_none() && execution.continuation.is_none() { of(execution.id) } else { Vec::new() };
            nodes.push(ActivityNode {
                id: scope.clone(),
                parent: parent.clone(),
                incidents: own.into_iter().chain(between.iter().flat_map(|id| of(*id))).collect(),
                execution_ids: std::iter::once(execution.id).chain(between).collect(),
            });
        }
        let enclosing = if scope.as_ref() == at { parent.clone() } else { scope.clone().or(parent.clone()) };
        self.add_visit(execution, enclosing, incidents, nodes);
        scope.or(parent)
    }

    /// Adds the activity that an execution is at.
    fn add_visit(
        &self,
        execution: &Execution,
        enclosing: Option<ActivityInstanceId>,
        incidents: &IncidentsByExecution,
        nodes: &mut Vec<ActivityNode>,
    ) {
        let Some(visit) = &execution.at else { return };
        nodes.push(ActivityNode {
            id: visit.activity_instance_id.clone(),
            parent: enclosing,
            execution_ids: vec![execution.id],
            incidents: incidents.get(&execution.id).cloned().unwrap_or_default(),
        });
    }
}

/// What of a tree is undone, and as which activity instances that is shown.
struct Undone<'a> {
    aggregate: &'a Aggregate,
    model: &'a ProcessModel,
    /// By the execution that undoes them.
    shown: BTreeMap<ExecutionId, Option<ActivityInstanceId>>,
}

impl Undone<'_> {
    /// The activity instance that an execution is shown as which undoes a scope; `None` for all others.
    fn scope_of(&mut self, execution: &Execution) -> Option<ActivityInstanceId> {
        let thrower = execution.parent_id.filter(|_| is_undone_scope(execution, self.model))?;
        let (aggregate, model) = (self.aggregate, self.model);
        self.shown.entry(thrower).or_insert_with(|| aggregate.undone_scope_in(thrower, model)).clone()
    }

    /// The activity instance in which an execution undoes something: of the scope that the model says is around it.
    fn around(&mut self, execution: &Execution) -> ActivityInstanceId {
        let activity_id = execution.scope.as_ref().and_then(|scope| scope.activity_id.as_ref());
        let element = activity_id.and_then(|id| self.model.element_by_id(id)).map(|index| self.model.element(index));
        match element.and_then(|element| self.aggregate.scope_around(execution, element, self.model)) {
            Some(row) => self.scope_of(row).or_else(|| row.scope.clone()),
            None => None,
        }
        .unwrap_or_else(|| ActivityInstanceId::of_process(execution.process_instance_id))
    }
}

/// Whether an execution undoes what is in a scope, or by what is in one.
fn is_undone_scope(execution: &Execution, model: &ProcessModel) -> bool {
    let activity_id = execution.scope.as_ref().and_then(|scope| scope.activity_id.as_ref());
    let index = activity_id.filter(|_| execution.kind == ExecutionKind::Compensating);
    let index = index.and_then(|id| model.element_by_id(id));
    index.is_some_and(|index| model.element(index).kind.encloses_elements())
}

/// A path that is not at an activity itself, only executions below it are.
fn is_between(execution: &Execution) -> bool {
    execution.kind == ExecutionKind::Concurrent && execution.at.is_none() && execution.continuation.is_none()
}

/// The activity that it is the scope of has ended already, and a job will take it away.
fn is_left_scope(execution: &Execution) -> bool {
    let scope = execution.scope.as_ref().and_then(|scope| scope.activity_id.as_ref());
    scope.is_some() && execution.continuation.as_ref() == scope
}
