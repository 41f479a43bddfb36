//! Begin and end of process instances.

use std::sync::Arc;

use bpmn::model::ExecutionEvent;
use types::{ExecutionId, ProcessInstanceId, Timestamp};

use crate::command::OutputMappings;
use crate::history::{EndState, ProcessInstanceEnd};
use crate::instance::ScopeKey;
use crate::listener::{self, Manner};
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::{behavior, modification, tree, variables};

const MILLISECONDS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// The last path of the process has ended at `last_activity`.
pub(crate) fn complete(turn: &mut Turn<'_, '_>, root: ExecutionId, last_activity: Arc<str>) -> Result<(), Rejection> {
    if modification::keeps(turn, root, &last_activity) {
        return Ok(());
    }
    listener::process(turn, root, ExecutionEvent::End, Manner::Regular, Some(last_activity.clone()))?;
    let end = InstanceEnd { state: EndState::Completed, activity_id: Some(last_activity), delete_reason: None };
    finish(turn, root, end);
    Ok(())
}

/// Cancels whatever still runs and ends the instance from outside.
pub(crate) fn terminate(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    delete_reason: Option<Arc<str>>,
    output_mappings: OutputMappings,
) -> Result<(), Rejection> {
    let root = ExecutionId::from(id);
    turn.task_delete_reason = delete_reason.clone();
    // Camunda: the tasks of the whole instance are deleted before anything else ends.
    let tasks = turn.aggregate.tasks.iter().filter(|task| task.process_instance_id == id);
    let executions: Vec<ExecutionId> = tasks.map(|task| task.execution_id).collect();
    for execution in executions {
        behavior::user_task::cancel(turn, execution)?;
    }
    tree::cancel(turn, root, output_mappings)?;
    listener::process(turn, root, ExecutionEvent::End, Manner::Cancelled, None)?;
    finish(turn, root, InstanceEnd { state: EndState::ExternallyTerminated, activity_id: None, delete_reason });
    Ok(())
}

/// Ends an instance in which nothing runs.
pub(crate) fn terminate_as(turn: &mut Turn<'_, '_>, root: ExecutionId, state: EndState) -> Result<(), Rejection> {
    listener::process(turn, root, ExecutionEvent::End, Manner::Cancelled, None)?;
    finish(turn, root, InstanceEnd { state, activity_id: None, delete_reason: None });
    Ok(())
}

struct InstanceEnd {
    state: EndState,
    activity_id: Option<Arc<str>>,
    delete_reason: Option<Arc<str>>,
}

fn finish(turn: &mut Turn<'_, '_>, root: ExecutionId, end: InstanceEnd) {
    let id = ProcessInstanceId::from(root);
    let end_time = turn.env.now;
    let variables = variables::all_local(turn, ScopeKey::Execution(root));
    turn.final_variables.insert(id, variables);
    let removal_time = removal_time(turn, root, end_time);
    tree::remove(turn, root);
    turn.aggregate.process_instances.remove(id);
    turn.history.process_instance_ended(ProcessInstanceEnd {
        id,
        end_time,
        end_activity_id: end.activity_id,
        state: end.state,
        delete_reason: end.delete_reason,
        removal_time,
    });
}

/// Only the root's history has one of its own.
fn removal_time(turn: &Turn<'_, '_>, root: ExecutionId, end_time: Timestamp) -> Option<Timestamp> {
    let instance = turn.instance_of(root);
    if instance.root_process_instance_id != instance.id {
        return None;
    }
    let definition = turn.definitions.by_id(&instance.definition_id)?;
    let days = definition.history_time_to_live_days?;
    Some(end_time.plus_ms(i64::from(days) * MILLISECONDS_PER_DAY))
}
