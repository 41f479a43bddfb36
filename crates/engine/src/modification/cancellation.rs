//! Cancels activity instances, and every scope that nothing else runs in.

use std::sync::Arc;

use types::{ActivityInstanceId, ExecutionId, ProcessInstanceId};

use super::{Cancellation, ModificationInstruction};
use crate::history::EndState;
use crate::instance::ActivityNode;
use crate::rejection::{Rejection, RejectionKind};
use crate::tree::{self, CancelledAs};
use crate::turn::Turn;

/// The instruction, or what it means before the first one is carried out.
pub(super) fn fixed(
    turn: &Turn<'_, '_>,
    id: ProcessInstanceId,
    instruction: &ModificationInstruction,
) -> Vec<ModificationInstruction> {
    let ModificationInstruction::Cancel(Cancellation::ActivityAtFirst(activity_id)) = instruction else {
        return vec![instruction.clone()];
    };
    instances_of(turn, id, activity_id).into_iter().map(ModificationInstruction::Cancel).collect()
}

pub(super) fn cancel(turn: &mut Turn<'_, '_>, root: ExecutionId, cancellation: &Cancellation) -> Result<(), Rejection> {
    let execution = match cancellation {
        Cancellation::Activity(activity_id) | Cancellation::ActivityAtFirst(activity_id) => {
            for instance in instances_of(turn, ProcessInstanceId::from(root), activity_id) {
                cancel(turn, root, &instance)?;
            }
            return Ok(());
        }
        Cancellation::ActivityInstance(id) => execution_in(turn, root, id),
        Cancellation::TransitionInstance(id) => {
            let execution = id.parse().ok().and_then(|id: ExecutionId| turn.aggregate.execution(id));
            let waiting = execution.filter(|row| row.continuation.is_some());
            waiting.filter(|row| ExecutionId::from(row.process_instance_id) == root).map(|row| row.id)
        }
    };
    let execution = execution.ok_or_else(|| {
        let (Cancellation::Activity(id)
        | Cancellation::ActivityAtFirst(id)
        | Cancellation::ActivityInstance(id)
        | Cancellation::TransitionInstance(id)) = cancellation;
        Rejection::new(RejectionKind::NotValid, format!("cannot cancel `{id}`: there is no such instance"))
    })?;
    // Camunda: with this letter missing.
    let reason: Arc<str> = "Cancellation due to process instance modifcation".into();
    // Camunda: history tells the reason of a task alone in its process; others are just deleted.
    turn.task_delete_reason = (execution == root).then(|| Arc::clone(&reason));
    let state = turn.modification.as_ref().map_or(EndState::ExternallyTerminated, |progress| progress.emptied_as);
    let how = CancelledAs { state, reason: Some(reason) };
    cancel_from(turn, root, execution, &how)
}

/// The instances of an activity, and the jobs that are about to enter it or go on after it.
fn instances_of(turn: &Turn<'_, '_>, id: ProcessInstanceId, activity_id: &Arc<str>) -> Vec<Cancellation> {
    let nodes = tree_of(turn, id).unwrap_or_default();
    let inside = nodes.iter().filter(|node| node.id.activity_id.as_ref() == Some(activity_id));
    let transitions = turn.aggregate.transitions(id).into_iter().filter(|node| node.activity_id == *activity_id);
    inside
        .map(|node| Cancellation::ActivityInstance(node.id.to_string().into()))
        .chain(transitions.map(|node| Cancellation::TransitionInstance(node.execution_id.to_string().into())))
        .collect()
}

fn tree_of(turn: &Turn<'_, '_>, id: ProcessInstanceId) -> Option<Vec<ActivityNode>> {
    let definition = turn.definition_of(ExecutionId::from(id)).ok()?;
    turn.aggregate.activity_tree(id, &definition.model)
}

/// The execution that is the scope of an activity instance, or at it.
pub(super) fn execution_in(turn: &Turn<'_, '_>, root: ExecutionId, id: &str) -> Option<ExecutionId> {
    let id: ActivityInstanceId = id.parse().ok()?;
    let instance = ProcessInstanceId::from(root);
    if tree_of(turn, instance)?.iter().all(|node| node.id != id) {
        return None;
    }
    let mut of_instance = turn.aggregate.executions().filter(|row| row.process_instance_id == instance);
    let found = of_instance.find(|row| {
        row.scope.as_ref() == Some(&id) || row.at.as_ref().is_some_and(|visit| visit.activity_instance_id == id)
    });
    found.map(|row| row.id)
}

/// Cancels the outermost scope around the execution that nothing else runs in.
fn cancel_from(
    turn: &mut Turn<'_, '_>,
    root: ExecutionId,
    execution: ExecutionId,
    how: &CancelledAs,
) -> Result<(), Rejection> {
    let mut top = execution;
    while top != root {
        let parent = turn.execution(top).parent_id.expect("only the root has no parent");
        let scope = turn.aggregate.scope_execution_of(parent);
        if turn.aggregate.children(scope).nth(1).is_some() {
            break;
        }
        top = scope;
    }
    if top == root {
        if let Some(progress) = &mut turn.modification {
            progress.ended_at = None;
        }
        return tree::empty(turn, root, how);
    }
    tree::cancel_path(turn, top, how)
}
