//! Where a BPMN error goes: outwards, to the first activity with an error event that catches it.

use bpmn::model::{BoundaryTrigger, Element, ElementIndex, ElementKind, ProcessModel};
use types::{ExecutionId, VariableMap, VariableValue};

use std::sync::Arc;

use crate::agenda::{BpmnError, Step};
use crate::command::VariableReach;
use crate::instance::ScopeKey;
use crate::rejection::Rejection;
use crate::turn::Turn;
use crate::variables;

pub(crate) fn throw(turn: &mut Turn<'_, '_>, execution: ExecutionId, error: &BpmnError) -> Result<(), Rejection> {
    if is_caught(turn, execution, error)? {
        return Ok(());
    }
    // Camunda: an error that nothing catches ends the path like a none end event.
    turn.agenda.push(Step::End { execution });
    Ok(())
}

/// Puts the event that catches the error on the agenda; false if there is none.
pub(crate) fn is_caught(turn: &mut Turn<'_, '_>, execution: ExecutionId, error: &BpmnError) -> Result<bool, Rejection> {
    let definition = turn.definition_of(execution)?;
    let mut next = Some(execution);
    while let Some(id) = next {
        let host = turn.aggregate.scope_execution_of(id);
        let row = turn.execution(host);
        let activity_id = row.scope.as_ref().and_then(|scope| scope.activity_id.clone());
        next = row.parent_id;
        let Some(activity_id) = activity_id else { break };
        let element = turn.element_named(host, &activity_id)?;
        if let Some(event) = catching_event(&definition.model, definition.model.element(element), error) {
            set_error_variables(turn, host, definition.model.element(event), error)?;
            turn.agenda.push(Step::FireEvent { execution: host, event, variables: VariableMap::new() });
            return Ok(true);
        }
    }
    Ok(false)
}

/// Events with an error code come before those that catch every error.
fn catching_event(model: &ProcessModel, host: &Element, error: &BpmnError) -> Option<ElementIndex> {
    let mut catches_all = None;
    for index in &host.boundary_events {
        let ElementKind::BoundaryEvent(event) = &model.element(*index).kind else { continue };
        let BoundaryTrigger::Error { error_code, .. } = &event.trigger else { continue };
        match error_code {
            Some(code) if Some(code) == error.code.as_ref() => return Some(*index),
            None if catches_all.is_none() => catches_all = Some(*index),
            Some(_) | None => {}
        }
    }
    catches_all
}

/// Written from inside the activity that is about to be cancelled: to the nearest scope that has the variable.
fn set_error_variables(
    turn: &mut Turn<'_, '_>,
    host: ExecutionId,
    event: &Element,
    error: &BpmnError,
) -> Result<(), Rejection> {
    let ElementKind::BoundaryEvent(event) = &event.kind else { return Ok(()) };
    let BoundaryTrigger::Error { error_code_variable, error_message_variable, .. } = &event.trigger else {
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
