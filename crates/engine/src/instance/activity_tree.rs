//! The activities that a process instance is in, as a tree: what Camunda calls activity instances.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bpmn::model::ProcessModel;
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
        let mut open = VecDeque::from([(root, None)]);
        let mut undone = BTreeSet::new();
        while let Some((execution, parent)) = open.pop_front() {
            let inside = match execution.kind {
                ExecutionKind::Compensating if !undone.insert(execution.scope.clone()) => execution.scope.clone(),
                _ => self.add_nodes(execution, parent, &incidents, &mut nodes),
            };
            open.extend(self.children(execution.id).map(|child| match child.kind {
                // Camunda: what undoes something stands where that stood, beside the event that has thrown compensation.
                ExecutionKind::Compensating => (child, Some(self.activity_instance_around(child, model))),
                _ => (child, inside.clone()),
            }));
        }
        Some(nodes)
    }

    /// The activity instance in which an execution undoes something: of the scope that the model says is around it.
    fn activity_instance_around(&self, execution: &Execution, model: &ProcessModel) -> ActivityInstanceId {
        let activity_id = execution.scope.as_ref().and_then(|scope| scope.activity_id.as_ref());
        let index = activity_id.and_then(|id| model.element_by_id(id));
        let around = index.and_then(|index| model.element(index).parent);
        self.activity_instance_of(execution, around.map(|around| &model.element(around).id))
    }

    /// The nearest instance of an activity around an execution; `None` is the process.
    pub(crate) fn activity_instance_of(
        &self,
        execution: &Execution,
        activity: Option<&Arc<str>>,
    ) -> ActivityInstanceId {
        let is_wanted =
            |row: &Execution| row.scope.as_ref().is_some_and(|scope| scope.activity_id.as_ref() == activity);
        let outwards =
            std::iter::successors(execution.parent_id, |id| self.execution(*id).and_then(|row| row.parent_id));
        let mut rows = outwards.filter_map(|id| self.execution(id));
        let found = rows.find(|row| is_wanted(row)).and_then(|row| row.scope.clone());
        found.unwrap_or_else(|| ActivityInstanceId::of_process(execution.process_instance_id))
    }

    /// Where REST shows the variables of a remembered scope: what the scope around it is at. `None` while a job is
    /// about to go on there.
    pub(crate) fn activity_instance_at(&self, scope: &Execution) -> Option<ActivityInstanceId> {
        if let Some(visit) = &scope.at {
            return Some(visit.activity_instance_id.clone());
        }
        if scope.continuation.is_some() {
            return None;
        }
        let inner = self.children(scope.id).next().filter(|child| match child.kind {
            ExecutionKind::Compensating => true,
            ExecutionKind::Scope => {
                let at = child.at.as_ref().map(|visit| &visit.activity_instance_id);
                at != child.scope.as_ref() && !is_left_scope(child)
            }
            ExecutionKind::ProcessInstance | ExecutionKind::Concurrent | ExecutionKind::EventScope => false,
        });
        inner.unwrap_or(scope).scope.clone()
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
        if let Some(at) = at {
            let enclosing = if scope.as_ref() == Some(at) { parent.clone() } else { scope.clone().or(parent.clone()) };
            nodes.push(ActivityNode {
                id: at.clone(),
                parent: enclosing,
                execution_ids: vec![execution.id],
                incidents: of(execution.id),
            });
        }
        scope.or(parent)
    }
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
