//! Where a BPMN error goes: outwards, to the first scope with an error event that catches it.

use std::sync::Arc;

use bpmn::model::{BoundaryTrigger, CatchingEvent, ElementIndex, ElementKind, ProcessModel};
use types::{ExecutionId, VariableMap, VariableValue};

use crate::agenda::{BpmnError, Step};
use crate::behavior::call_activity;
use crate::command::VariableReach;
use crate::instance::ScopeKey;
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::variables;

pub(crate) fn throw(turn: &mut Turn<'_, '_>, execution: ExecutionId, error: &BpmnError) -> Result<(), Rejection> {
    let thrower = turn.element_at(execution)?;
    if is_caught(turn, execution, thrower, error)? {
        return Ok(());
    }
    match &error.failure {
        Some(failure) => Err(failure.rejection.clone()),
        // Camunda: an error that nothing catches ends the path like a none end event.
        None => {
            turn.agenda.push(Step::End { execution });
            Ok(())
        }
    }
}

/// Puts the event that catches the error on the agenda; false if there is none.
pub(crate) fn is_caught(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    thrower: ElementIndex,
    error: &BpmnError,
) -> Result<bool, Rejection> {
    let throwing = turn.definition_of(execution)?;
    let mut next = Some(execution);
    while let Some(id) = next {
        let definition = turn.definition_of(id)?;
        // Camunda: an event sub-process catches what comes out of a process that is called in it.
        let thrower = (definition.id == throwing.id).then_some(thrower);
        let host = turn.aggregate.scope_execution_of(id);
        let scope = turn.scope_element(host)?;
        next = turn.execution(host).parent_id;
        if let Some(event) = catching_event(&definition.model, scope, thrower, error) {
            set_error_variables(turn, host, event.trigger, error)?;
            let (event, variables) = (event.handler, VariableMap::new());
            turn.agenda.push(Step::FireEvent { execution: host, event, variables });
            return Ok(true);
        }
        if next.is_none()
            && let Some(caller) = turn.instance_of(host).super_execution_id
        {
            // Camunda: what comes back from a called instance comes back with an error, too.
            call_activity::pass_outputs(turn, host, caller)?;
            next = Some(caller);
        }
    }
    Ok(false)
}

/// Event sub-processes come before boundary events, and among each those with an error code before those that catch
/// every error.
fn catching_event<'m>(
    model: &'m ProcessModel,
    scope: Option<ElementIndex>,
    thrower: Option<ElementIndex>,
    error: &BpmnError,
) -> Option<CatchingEvent<'m>> {
    let mut best: Option<(u8, CatchingEvent<'m>)> = None;
    for event in model.catching_events(scope) {
        let BoundaryTrigger::Error { error_code, .. } = event.trigger else { continue };
        let is_boundary_event = matches!(model.element(event.handler).kind, ElementKind::BoundaryEvent(_));
        let is_own = !is_boundary_event && thrower.is_some_and(|thrower| is_within(model, thrower, event.handler));
        if is_own || !error.is_caught_by(error_code.as_ref()) {
            continue;
        }
        let rank = u8::from(is_boundary_event) * 2 + u8::from(error_code.is_none());
        if best.as_ref().is_none_or(|(best, _)| rank < *best) {
            best = Some((rank, event));
        }
    }
    best.map(|(_, event)| event)
}

/// An event sub-process does not catch what is thrown within itself.
fn is_within(model: &ProcessModel, element: ElementIndex, enclosing: ElementIndex) -> bool {
    std::iter::successors(model.element(element).parent, |parent| model.element(*parent).parent)
        .any(|parent| parent == enclosing)
}

/// Written from inside the scope that is about to be cancelled: to the nearest scope that has the variable.
fn set_error_variables(
    turn: &mut Turn<'_, '_>,
    host: ExecutionId,
    trigger: &BoundaryTrigger,
    error: &BpmnError,
) -> Result<(), Rejection> {
    let BoundaryTrigger::Error { error_code_variable, error_message_variable, .. } = trigger else {
        return Ok(());
    };
    for (name, text) in [(error_code_variable, &error.code), (error_message_variable, &error.message)] {
        if let Some(name) = name {
            let value =
                text.as_ref().map_or(VariableValue::Null, |text: &Arc<str>| VariableValue::String(text.clone()));
            let scope = ScopeKey::Execution(host);
            variables::set(turn, scope, VariableReach::Nearest, name, variables::lasting(value))?;
        }
    }
    Ok(())
}
