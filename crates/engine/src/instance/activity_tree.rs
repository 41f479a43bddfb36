//! The activities that a process instance is in, as a tree: what Camunda calls activity instances.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

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

type IncidentsByExecution = BTreeMap<ExecutionId, Vec<(IncidentId, Option<Arc<str>>)>>;

impl Aggregate {
    /// Parents come before their children. `None` if the instance is not in this tree.
    pub fn activity_tree(&self, id: ProcessInstanceId) -> Option<Vec<ActivityNode>> {
        let root = self.execution(ExecutionId::from(id))?;
        let mut incidents = IncidentsByExecution::new();
        for incident in self.incidents() {
            if let Some(execution) = incident.execution_id {
                incidents.entry(execution).or_default().push((incident.id, incident.activity_id.clone()));
            }
        }
        let mut nodes = Vec::new();
        let mut open = VecDeque::from([(root, None)]);
        while let Some((execution, parent)) = open.pop_front() {
            let inside = self.add_nodes(execution, parent, &incidents, &mut nodes);
            open.extend(self.children(execution.id).map(|child| (child, inside.clone())));
        }
        Some(nodes)
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
            ExecutionKind::Scope => execution.scope.clone(),
            ExecutionKind::Concurrent => None,
        };
        let at = execution.at.as_ref().map(|visit| &visit.activity_instance_id);
        let of = |id: ExecutionId| incidents.get(&id).cloned().unwrap_or_default();
        if let Some(scope) = &scope
            && at != Some(scope)
        {
            let between: Vec<ExecutionId> =
                self.children(execution.id).filter(|child| is_between(child)).map(|c| c.id).collect();
            // Incidents of an execution that is at an activity inside of its scope belong to that activity.
            let own = if at.is_none() { of(execution.id) } else { Vec::new() };
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
    execution.kind == ExecutionKind::Concurrent && execution.at.is_none()
}
