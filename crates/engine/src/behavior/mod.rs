//! What elements do: one file per kind.
//!
//! Every kind answers three verbs. `enter`: an execution has arrived (the activity instance exists, inputs are mapped).
//! `resume`: what it waited for has happened. `cancel`: it is taken away. The answer to the first two says what is
//! next; a behaviour never runs another one. The module doc of a kind says what each verb does and what may come next.

pub(crate) mod boundary_event;
pub(crate) mod call_activity;
pub(crate) mod cancel_end_event;
pub(crate) mod catching_event;
pub(crate) mod compensation_throw_event;
pub(crate) mod error_end_event;
pub(crate) mod escalation_throw_event;
pub(crate) mod event_based_gateway;
pub(crate) mod event_sub_process_start_event;
pub(crate) mod exclusive_gateway;
pub(crate) mod external_task;
pub(crate) mod inclusive_gateway;
pub(crate) mod multi_instance_body;
pub(crate) mod none_end_event;
pub(crate) mod none_start_event;
pub(crate) mod outgoing;
pub(crate) mod parallel_gateway;
pub(crate) mod pass_through;
pub(crate) mod script_task;
pub(crate) mod service_task;
pub(crate) mod signal_throw_event;
pub(crate) mod sub_process;
pub(crate) mod terminate_end_event;
pub(crate) mod user_task;

use std::sync::Arc;

use bpmn::model::{ElementIndex, ElementKind, FlowIndex};
use types::ExecutionId;

use crate::agenda::BpmnError;
use crate::evaluate::Interruption;
use crate::event::Delivery;
use crate::rejection::Rejection;
use crate::turn::Turn;

/// What happens to the execution after a verb.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// It stays until something from outside resumes or cancels it.
    Wait,
    /// It leaves by the flows that its conditions choose.
    Leave,
    /// Its path ends here.
    End,
    /// It begins what the element encloses.
    EnterInner(ElementIndex),
    /// A called instance begins at the element, while the execution waits.
    EnterCalled { root: ExecutionId, element: ElementIndex },
    /// Each of these paths begins what the element encloses, the last of them first.
    EnterInstances { element: ElementIndex, paths: Vec<ExecutionId> },
    /// A BPMN error looks for someone to catch it.
    Throw(BpmnError),
    /// An event that it waits for has happened already.
    Receive(Delivery),
    /// All that wait for its event take it first; then it leaves, if it is still there.
    LeaveAfter(Vec<Delivery>),
    /// An escalation looks for someone to catch it; the execution goes on unless it is interrupted.
    Escalate(Arc<str>),
    /// Those that wait at this gateway and the execution go on as one.
    Join,
}

pub(crate) fn enter(turn: &mut Turn<'_, '_>, execution: ExecutionId, index: ElementIndex) -> Result<Next, Rejection> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(index);
    match &element.kind {
        ElementKind::NoneStartEvent { .. } | ElementKind::EventStartEvent(_) => Ok(none_start_event::enter()),
        ElementKind::NoneEndEvent => Ok(none_end_event::enter()),
        ElementKind::ErrorEndEvent { error } => error_end_event::enter(turn, execution, error),
        ElementKind::EscalationThrowEvent(event) => Ok(escalation_throw_event::enter(event)),
        ElementKind::CompensationThrowEvent(event) => compensation_throw_event::enter(turn, execution, event),
        ElementKind::CancelEndEvent => cancel_end_event::enter(turn, execution, index),
        ElementKind::ExclusiveGateway => Ok(exclusive_gateway::enter()),
        ElementKind::ParallelGateway => Ok(parallel_gateway::enter(turn, execution, element)),
        ElementKind::TerminateEndEvent => Ok(terminate_end_event::enter()),
        ElementKind::InclusiveGateway => Ok(inclusive_gateway::enter(turn, execution, index, &definition.model)?),
        ElementKind::EventBasedGateway { .. } => event_based_gateway::enter(turn, execution),
        ElementKind::PassThrough { .. } | ElementKind::LinkCatchEvent => Ok(pass_through::enter()),
        ElementKind::ReceiveTask { .. } => Ok(catching_event::enter()),
        ElementKind::IntermediateCatchEvent(event) if event.gateway.is_some() => {
            Ok(catching_event::enter_from_gateway())
        }
        ElementKind::IntermediateCatchEvent(event) => catching_event::enter_event(turn, execution, &event.trigger),
        ElementKind::SignalThrowEvent(event) => signal_throw_event::enter(turn, execution, event),
        ElementKind::UserTask(task) => user_task::enter(turn, execution, task),
        ElementKind::ExternalTask(task) => external_task::enter(turn, execution, task, definition),
        ElementKind::ServiceTask(task) => or_thrown(service_task::enter(turn, execution, task)),
        ElementKind::ScriptTask(task) => or_thrown(script_task::enter(turn, execution, task)),
        ElementKind::SubProcess { start_event, .. } => sub_process::enter(*start_event),
        ElementKind::EventSubProcessStartEvent(_) => Ok(event_sub_process_start_event::enter()),
        ElementKind::MultiInstanceBody(body) => multi_instance_body::enter(turn, execution, body),
        ElementKind::CallActivity(call) => call_activity::enter(turn, execution, call, definition),
        ElementKind::BoundaryEvent(_) => Ok(boundary_event::enter()),
    }
}

/// An error that the model may catch is what happens next.
fn or_thrown(entered: Result<Next, Interruption>) -> Result<Next, Rejection> {
    match entered {
        Ok(next) => Ok(next),
        Err(Interruption::Thrown(error)) => Ok(Next::Throw(error)),
        Err(Interruption::Refused(rejection)) => Err(rejection),
    }
}

pub(crate) fn resume(turn: &mut Turn<'_, '_>, execution: ExecutionId, index: ElementIndex) -> Result<Next, Rejection> {
    let definition = turn.definition_of(execution)?;
    match &definition.model.element(index).kind {
        ElementKind::UserTask(_) => Ok(user_task::resume()),
        ElementKind::ExternalTask(_) => Ok(external_task::resume()),
        ElementKind::SubProcess { .. } => Ok(sub_process::resume()),
        ElementKind::CompensationThrowEvent(_) => Ok(compensation_throw_event::resume()),
        ElementKind::CancelEndEvent => cancel_end_event::resume(turn, execution, index),
        ElementKind::MultiInstanceBody(body) => multi_instance_body::resume(turn, execution, body),
        ElementKind::CallActivity(_) => Ok(call_activity::resume()),
        ElementKind::ReceiveTask { .. } | ElementKind::IntermediateCatchEvent(_) => Ok(catching_event::resume()),
        ElementKind::NoneStartEvent { .. }
        | ElementKind::EventStartEvent(_)
        | ElementKind::NoneEndEvent
        | ElementKind::TerminateEndEvent
        | ElementKind::InclusiveGateway
        | ElementKind::EventBasedGateway { .. }
        | ElementKind::PassThrough { .. }
        | ElementKind::LinkCatchEvent
        | ElementKind::SignalThrowEvent(_)
        | ElementKind::ErrorEndEvent { .. }
        | ElementKind::EscalationThrowEvent(_)
        | ElementKind::EventSubProcessStartEvent(_)
        | ElementKind::ExclusiveGateway
        | ElementKind::ParallelGateway
        | ElementKind::ServiceTask(_)
        | ElementKind::ScriptTask(_)
        | ElementKind::BoundaryEvent(_) => unreachable!("only what waits for something from outside is resumed"),
    }
}

pub(crate) fn cancel(turn: &mut Turn<'_, '_>, execution: ExecutionId, index: ElementIndex) -> Result<(), Rejection> {
    let definition = turn.definition_of(execution)?;
    match &definition.model.element(index).kind {
        ElementKind::UserTask(_) => user_task::cancel(turn, execution)?,
        ElementKind::ExternalTask(_) => external_task::cancel(turn, execution),
        ElementKind::NoneStartEvent { .. }
        | ElementKind::EventStartEvent(_)
        | ElementKind::TerminateEndEvent
        | ElementKind::InclusiveGateway
        | ElementKind::EventBasedGateway { .. }
        | ElementKind::PassThrough { .. }
        | ElementKind::LinkCatchEvent
        | ElementKind::ReceiveTask { .. }
        | ElementKind::IntermediateCatchEvent(_)
        | ElementKind::SignalThrowEvent(_)
        | ElementKind::NoneEndEvent
        | ElementKind::ErrorEndEvent { .. }
        | ElementKind::EscalationThrowEvent(_)
        | ElementKind::CompensationThrowEvent(_)
        | ElementKind::CancelEndEvent
        | ElementKind::EventSubProcessStartEvent(_)
        | ElementKind::ExclusiveGateway
        | ElementKind::ParallelGateway
        | ElementKind::ServiceTask(_)
        | ElementKind::ScriptTask(_)
        | ElementKind::SubProcess { .. }
        | ElementKind::MultiInstanceBody(_)
        | ElementKind::CallActivity(_)
        | ElementKind::BoundaryEvent(_) => {}
    }
    Ok(())
}

/// Which flows an execution leaves an element by; none ends its path.
pub(crate) fn flows_to_take(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    index: ElementIndex,
) -> Result<Vec<FlowIndex>, Rejection> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(index);
    match &element.kind {
        ElementKind::ExclusiveGateway => exclusive_gateway::flows(turn, execution, &definition.model, element),
        ElementKind::ParallelGateway => Ok(parallel_gateway::flows(element)),
        ElementKind::InclusiveGateway => inclusive_gateway::flows(turn, execution, &definition.model, element),
        ElementKind::NoneStartEvent { .. }
        | ElementKind::EventStartEvent(_)
        | ElementKind::NoneEndEvent
        | ElementKind::ErrorEndEvent { .. }
        | ElementKind::EscalationThrowEvent(_)
        | ElementKind::CompensationThrowEvent(_)
        | ElementKind::CancelEndEvent
        | ElementKind::EventSubProcessStartEvent(_)
        | ElementKind::TerminateEndEvent
        | ElementKind::EventBasedGateway { .. }
        | ElementKind::PassThrough { .. }
        | ElementKind::LinkCatchEvent
        | ElementKind::ReceiveTask { .. }
        | ElementKind::IntermediateCatchEvent(_)
        | ElementKind::SignalThrowEvent(_)
        | ElementKind::UserTask(_)
        | ElementKind::ExternalTask(_)
        | ElementKind::ServiceTask(_)
        | ElementKind::ScriptTask(_)
        | ElementKind::SubProcess { .. }
        | ElementKind::MultiInstanceBody(_)
        | ElementKind::CallActivity(_)
        | ElementKind::BoundaryEvent(_) => outgoing::flows(turn, execution, &definition.model, element),
    }
}
