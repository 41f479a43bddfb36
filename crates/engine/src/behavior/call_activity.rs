//! Call activity.
//!
//! `enter`: begins an instance of the called process in the same tree of instances; next is its start event, while the
//! execution waits. `resume`: that instance has ended and has passed its variables back; next is the leaving. `cancel`:
//! the called instance has been cancelled before, nothing is left to do.

use std::sync::Arc;

use bpmn::model::{CallActivity, CallBinding, CallForm, ElementKind};
use expression::{Expression, Value};
use types::{ExecutionId, ProcessInstanceId};

use crate::command::{InstanceKeys, VariableReach};
use crate::definition::{DefinitionBinding, DefinitionReference, ProcessDefinition, Resolution};
use crate::instance::ScopeKey;
use crate::process_instance::{self, Given, NewInstance};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::{evaluate, passing, variables};

use super::Next;

pub(crate) fn enter(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    call: &CallActivity,
    caller: &ProcessDefinition,
) -> Result<Next, Rejection> {
    let variables = passing::collect(turn, execution, &call.inputs)?;
    map_by_delegate(turn, execution, call)?;
    let business_key = evaluate::optional_text(turn, execution, call.business_key.as_ref())?;
    let keys = InstanceKeys { business_key, case_instance_id: turn.instance_of(execution).case_instance_id.clone() };
    let reference = reference(turn, execution, call, caller)?;
    if call.form == CallForm::Case {
        // Camunda: as where no case is deployed; there never is one here.
        let message = format!("no case definition is deployed with {reference}");
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    }
    let definition = resolve(turn, reference)?;
    let Some(start) = definition.model.initial else {
        let message = format!("process definition {} does not say where to start", definition.id);
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    };
    let id: ProcessInstanceId = turn.new_id();
    let visit = turn.visit_of(execution);
    turn.history.activity_calls(&visit.activity_instance_id, id);
    let new = NewInstance {
        id,
        keys,
        start_event: Some(start),
        starts_later: definition.model.element(start).asynchronous.before,
        start_activity_id: definition.model.element(start).id.clone(),
        definition,
        super_execution_id: Some(execution),
        restarted: None,
    };
    process_instance::begin(turn, &new, Given::Variables(&variables))?;
    Ok(Next::EnterCalled { root: ExecutionId::from(id), element: start })
}

pub(crate) fn resume() -> Next {
    Next::Leave
}

/// Sets what comes back from a called instance around the activity and in its scope.
pub(crate) fn pass_outputs(
    turn: &mut Turn<'_, '_>,
    called: ExecutionId,
    execution: ExecutionId,
) -> Result<(), Rejection> {
    let definition = turn.definition_of(execution)?;
    let element = definition.model.element(turn.element_at(execution)?);
    let ElementKind::CallActivity(call) = &element.kind else { return Ok(()) };
    let scope = ScopeKey::Execution(execution);
    let outputs = passing::collect(turn, called, &call.outputs)?;
    let local_outputs = passing::collect(turn, called, &call.local_outputs)?;
    variables::set_all(turn, scope, VariableReach::Nearest, &outputs)?;
    variables::set_all(turn, scope, VariableReach::Local, &local_outputs)?;
    map_by_delegate(turn, execution, call)
}

/// What the Java code would do that the model names for this; without any, nothing.
fn map_by_delegate(turn: &mut Turn<'_, '_>, execution: ExecutionId, call: &CallActivity) -> Result<(), Rejection> {
    match &call.variable_mapping {
        Some(delegate) => evaluate::variable_mapping(turn, execution, delegate),
        None => Ok(()),
    }
}

fn reference(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    call: &CallActivity,
    caller: &ProcessDefinition,
) -> Result<DefinitionReference, Rejection> {
    let key = needed_text(turn, execution, &call.called_element)?;
    let tenant_id = match &call.tenant_id {
        Some(expression) => evaluate::text(turn, execution, expression)?,
        None => caller.tenant_id.clone(),
    };
    let binding = match &call.binding {
        CallBinding::Latest => DefinitionBinding::Latest,
        CallBinding::Deployment => DefinitionBinding::Deployment(caller.deployment_id),
        CallBinding::Version(expression) => DefinitionBinding::Version(version(turn, execution, expression)?),
        CallBinding::VersionTag(expression) => DefinitionBinding::VersionTag(needed_text(turn, execution, expression)?),
    };
    Ok(DefinitionReference { key, tenant_id, binding })
}

fn needed_text(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    expression: &Expression,
) -> Result<Arc<str>, Rejection> {
    let text = evaluate::text(turn, execution, expression)?;
    text.ok_or_else(|| evaluate::wrong_type(expression, &Value::Null, "a String"))
}

fn version(turn: &mut Turn<'_, '_>, execution: ExecutionId, expression: &Expression) -> Result<i32, Rejection> {
    match evaluate::value(turn, execution, expression)? {
        Value::Integer(version) => Ok(version),
        Value::String(text) => text.parse().map_err(|_| {
            let message = format!("the version `{}` gives `{text}`, which is no number", expression.text());
            Rejection::new(RejectionKind::NumberFormat, message)
        }),
        other => Err(evaluate::wrong_type(expression, &other, "a version")),
    }
}

fn resolve(turn: &mut Turn<'_, '_>, reference: DefinitionReference) -> Result<Arc<ProcessDefinition>, Rejection> {
    match turn.definitions.resolve(&reference) {
        Resolution::Definition(definition) => Ok(definition),
        Resolution::Nothing => {
            let message = format!("no process definition is deployed with {reference}");
            Err(Rejection::new(RejectionKind::ProcessEngine, message))
        }
        Resolution::NotLoaded => {
            let message = format!("the process definition with {reference} is not loaded");
            turn.needed_definition = Some(reference);
            Err(Rejection::new(RejectionKind::ProcessEngine, message))
        }
    }
}
