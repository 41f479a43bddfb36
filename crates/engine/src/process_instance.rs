//! Begin and end of process instances.

use std::sync::Arc;

use bpmn::model::{ElementIndex, ElementKind, EventStartEvent, ExecutionEvent};
use types::{ActivityInstanceId, ExecutionId, ProcessInstanceId, Timestamp, VariableMap, VariableValue};

use crate::agenda::Step;
use crate::command::{InstanceKeys, VariableReach};
use crate::definition::ProcessDefinition;
use crate::env::RemovalTimeStrategy;
use crate::form::{self, Destination};
use crate::history::{EndState, HistoricProcessInstance, ProcessInstanceEnd};
use crate::instance::ScopeKey;
use crate::listener::{self, Manner};
use crate::record::{Execution, ExecutionKind, ProcessInstance};
use crate::rejection::{Rejection, RejectionKind};
use crate::tree::CancelledAs;
use crate::turn::Turn;
use crate::{behavior, detachment, modification, subscription, timer, tree, variables};

const MILLISECONDS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// What an instance is to be.
pub(crate) struct NewInstance {
    pub id: ProcessInstanceId,
    pub definition: Arc<ProcessDefinition>,
    pub keys: InstanceKeys,
    /// Says who the initiator is.
    pub start_event: Option<ElementIndex>,
    /// Where it will begin.
    pub start_activity_id: Arc<str>,
    /// The start event that it begins at waits for a job.
    pub starts_later: bool,
    /// The execution at the call activity that calls it.
    pub super_execution_id: Option<ExecutionId>,
    /// The instance that starts once more by this.
    pub restarted: Option<ProcessInstanceId>,
}

/// What an instance begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given<'c> {
    Variables(&'c VariableMap),
    /// Sent in for the form of its start event.
    StartForm(&'c VariableMap),
}

/// Makes the instance with its variables; nothing runs in it yet.
pub(crate) fn begin(turn: &mut Turn<'_, '_>, new: &NewInstance, given: Given<'_>) -> Result<(), Rejection> {
    let definition = &new.definition;
    insert(turn, new);
    let root = ExecutionId::from(new.id);
    subscription::create(turn, root, None, &definition.model)?;
    record_start(turn, new);
    let scope = ScopeKey::Execution(root);
    let start = new.start_event.map(|start| &definition.model.element(start).kind);
    if let Some(
        ElementKind::NoneStartEvent { initiator: Some(initiator) }
        | ElementKind::EventStartEvent(EventStartEvent { initiator: Some(initiator), .. }),
    ) = start
    {
        let nobody = variables::lasting(VariableValue::Null);
        variables::set(turn, scope, VariableReach::Local, initiator, nobody)?;
    }
    match given {
        Given::Variables(variables) => variables::set_all(turn, scope, VariableReach::Local, variables)?,
        Given::StartForm(sent) => {
            form::submit(turn, Destination::of_start(root), definition.model.start_form.as_ref(), sent)?;
        }
    }
    timer::create_jobs(turn, root, None, definition)?;
    // Camunda: where the start event waits for a job, the listeners of the process hear of its start by that.
    if new.starts_later {
        turn.starts_later = Some(root);
        return Ok(());
    }
    listener::process(turn, root, ExecutionEvent::Start, Manner::Regular, Some(new.start_activity_id.clone()))
}

/// The last path of the process has ended at `last_activity`. Its caller goes on.
pub(crate) fn complete(turn: &mut Turn<'_, '_>, root: ExecutionId, last_activity: Arc<str>) -> Result<(), Rejection> {
    if modification::keeps(turn, root, &last_activity) {
        return Ok(());
    }
    listener::process(turn, root, ExecutionEvent::End, Manner::Regular, Some(last_activity.clone()))?;
    refuse_outputs(turn, root, &last_activity)?;
    let caller = turn.instance_of(root).super_execution_id;
    if let Some(caller) = caller {
        let instance = turn.instance_of(caller);
        if instance.is_suspended {
            let message = format!("process instance {}, which called {root}, is suspended", instance.id);
            return Err(Rejection::new(RejectionKind::Suspended, message));
        }
        behavior::call_activity::pass_outputs(turn, root, caller)?;
    }
    let end = InstanceEnd { state: EndState::Completed, activity_id: Some(last_activity), delete_reason: None };
    finish(turn, root, end);
    if let Some(caller) = caller {
        turn.agenda.push(Step::Resume { execution: caller });
    }
    Ok(())
}

/// Camunda: the outputs of the last activity are mapped once more out of the process, and there is nothing outside.
fn refuse_outputs(turn: &Turn<'_, '_>, root: ExecutionId, last_activity: &Arc<str>) -> Result<(), Rejection> {
    let model = &turn.definition_of(root)?.model;
    let has_outputs = |index: ElementIndex| !model.element(index).outputs.is_empty();
    if turn.skipped.io_mappings || !model.element_by_id(last_activity).is_some_and(has_outputs) {
        return Ok(());
    }
    let message = format!("the process cannot end at `{last_activity}`: outputs need something around the activity");
    Err(Rejection::new(RejectionKind::ProcessEngine, message))
}

/// Ends an instance from outside.
pub(crate) fn delete(
    turn: &mut Turn<'_, '_>,
    id: ProcessInstanceId,
    delete_reason: Option<Arc<str>>,
) -> Result<(), Rejection> {
    let how = CancelledAs { state: EndState::ExternallyTerminated, reason: delete_reason };
    terminate_with_callers(turn, id, &how)
}

/// Ends an instance in which nothing runs.
pub(crate) fn terminate_as(turn: &mut Turn<'_, '_>, root: ExecutionId, state: EndState) -> Result<(), Rejection> {
    let how = CancelledAs { state, reason: None };
    terminate_with_callers(turn, ProcessInstanceId::from(root), &how)
}

/// Cancels whatever still runs in an instance and ends it. Of a caller ends the activity that has called it, and all
/// around it that would be left without any.
fn terminate_with_callers(turn: &mut Turn<'_, '_>, id: ProcessInstanceId, how: &CancelledAs) -> Result<(), Rejection> {
    let mut next = Some(id);
    while let Some(id) = next {
        let caller = turn.instance_of(ExecutionId::from(id)).super_execution_id;
        terminate(turn, id, how)?;
        next = match caller {
            Some(caller) => tree::cancel_branch(turn, caller, how)?,
            None => None,
        };
    }
    Ok(())
}

fn terminate(turn: &mut Turn<'_, '_>, id: ProcessInstanceId, how: &CancelledAs) -> Result<(), Rejection> {
    let root = ExecutionId::from(id);
    if turn.skipped.called_instances {
        detachment::detach_called(turn, id);
    }
    turn.task_delete_reason = how.reason.clone();
    // Camunda: the tasks of the whole instance are deleted before anything else ends.
    let tasks = turn.aggregate.tasks.iter().filter_map(|task| task.place.as_ref());
    let of_instance = tasks.filter(|place| place.process_instance_id == id);
    let executions: Vec<ExecutionId> = of_instance.map(|place| place.execution_id).collect();
    for execution in executions {
        behavior::user_task::cancel(turn, execution)?;
    }
    tree::cancel_as(turn, root, how)?;
    end_cancelled(turn, root, how)
}

/// All that ran in the instance has been cancelled.
pub(crate) fn end_cancelled(turn: &mut Turn<'_, '_>, root: ExecutionId, how: &CancelledAs) -> Result<(), Rejection> {
    listener::process(turn, root, ExecutionEvent::End, Manner::Cancelled, None)?;
    let delete_reason = how.reason.clone();
    finish(turn, root, InstanceEnd { state: how.state, activity_id: None, delete_reason });
    Ok(())
}

fn insert(turn: &mut Turn<'_, '_>, new: &NewInstance) {
    let NewInstance { id, definition, keys, super_execution_id, .. } = new;
    let caller = super_execution_id.map(|execution| turn.instance_of(execution));
    let root_process_instance_id = caller.map_or(*id, |caller| caller.root_process_instance_id);
    turn.aggregate.process_instances.insert(ProcessInstance {
        id: *id,
        root_process_instance_id,
        super_execution_id: *super_execution_id,
        definition_id: definition.id.clone(),
        definition_key: definition.key.clone(),
        business_key: keys.business_key.clone(),
        case_instance_id: keys.case_instance_id.clone(),
        tenant_id: definition.tenant_id.clone(),
        is_suspended: false,
        start_time: turn.env.now,
        revision: 0,
        next_number: ProcessInstance::FIRST_NUMBER,
    });
    turn.aggregate.executions.insert(Execution {
        id: ExecutionId::from(*id),
        process_instance_id: *id,
        parent_id: None,
        kind: ExecutionKind::ProcessInstance,
        scope: Some(ActivityInstanceId::of_process(*id)),
        at: None,
        continuation: None,
    });
}

fn record_start(turn: &mut Turn<'_, '_>, new: &NewInstance) {
    let instance = turn.instance_of(ExecutionId::from(new.id)).clone();
    let super_process_instance_id = instance.super_execution_id.map(|caller| turn.instance_of(caller).id);
    let removal_time = removal_time(turn, &instance, RemovalTimeStrategy::Start);
    turn.history.process_instance_started(HistoricProcessInstance {
        id: instance.id,
        root_process_instance_id: instance.root_process_instance_id,
        super_process_instance_id,
        restarted_process_instance_id: new.restarted,
        definition_id: instance.definition_id,
        definition_key: instance.definition_key,
        business_key: instance.business_key,
        case_instance_id: instance.case_instance_id,
        tenant_id: instance.tenant_id,
        start_time: instance.start_time,
        start_activity_id: new.start_activity_id.clone(),
        is_suspended: false,
        removal_time,
        end: None,
    });
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
    let removal_time = removal_time(turn, turn.instance_of(root), RemovalTimeStrategy::End);
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

/// Where the time to live counts from now. Other instances than roots follow them.
fn removal_time(
    turn: &Turn<'_, '_>,
    instance: &ProcessInstance,
    counts_from: RemovalTimeStrategy,
) -> Option<Timestamp> {
    if turn.env.removal_times != counts_from || instance.root_process_instance_id != instance.id {
        return None;
    }
    let definition = turn.definitions.by_id(&instance.definition_id)?;
    let days = definition.history_time_to_live_days?;
    Some(turn.env.now.plus_ms(i64::from(days) * MILLISECONDS_PER_DAY))
}
