//! Starts a path in the middle of a process: enters the scopes around its beginning that are not there yet.

use std::sync::Arc;

use bpmn::model::{Element, ElementIndex, ElementKind, FlowIndex, ProcessModel};
use types::{ActivityInstanceId, ExecutionId};

use super::{Instantiation, Place, cancellation};
use crate::agenda::{self, Step};
use crate::command::{OutputMappings, VariableReach};
use crate::instance::ScopeKey;
use crate::listener::{self, Heard};
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::{tree, variables};

/// What a path begins with.
#[derive(Clone, Copy, Debug)]
enum Target {
    Element(ElementIndex),
    Flow(FlowIndex),
}

pub(super) fn start(
    turn: &mut Turn<'_, '_>,
    root: ExecutionId,
    instantiation: &Instantiation,
) -> Result<(), Rejection> {
    let definition = turn.definition_of(root)?;
    let model = &definition.model;
    let target = target(model, &instantiation.place)?;
    let scope = around(model, target);
    let (execution, missing) = match &instantiation.ancestor_activity_instance_id {
        Some(ancestor) => inside_of(turn, root, (model, scope), ancestor)?,
        None => innermost(turn, root, (model, scope))?,
    };
    let mut path = match interrupted_host(turn, model, target, &missing)? {
        Some(host) => {
            let parent = turn.execution(host).parent_id.expect("the scope of an activity has a parent");
            tree::cancel(turn, host, OutputMappings::Evaluate)?;
            parent
        }
        None if super::is_empty(turn, execution) => execution,
        None => tree::create_concurrent(turn, execution)?,
    };
    if let Some(progress) = &mut turn.modification {
        progress.ended_at = None;
    }
    for scope in missing {
        path = tree::enter_activity(turn, path, scope)?;
        if agenda::notify(turn, path, listener::activity_started)? == Heard::Thrown {
            return Ok(());
        }
    }
    let key = ScopeKey::Execution(path);
    variables::set_all(turn, key, VariableReach::Nearest, &instantiation.variables)?;
    variables::set_all(turn, key, VariableReach::Local, &instantiation.local_variables)?;
    turn.agenda.push(match target {
        Target::Element(element) => Step::Enter { execution: path, element },
        Target::Flow(flow) => Step::Take { execution: path, flow },
    });
    Ok(())
}

/// The activity that an instance is said to start at.
pub(crate) fn first_activity(model: &ProcessModel, place: &Place) -> Result<Arc<str>, Rejection> {
    let element = match target(model, place)? {
        Target::Element(element) => element,
        Target::Flow(flow) => model.flow(flow).target,
    };
    Ok(model.element(element).id.clone())
}

fn target(model: &ProcessModel, place: &Place) -> Result<Target, Rejection> {
    match place {
        Place::Before(id) => model.element_by_id(id).map(Target::Element).ok_or_else(|| unknown(id)),
        Place::After(id) => {
            let element = model.element(model.element_by_id(id).ok_or_else(|| unknown(id))?);
            match element.outgoing[..] {
                [flow] => Ok(Target::Flow(flow)),
                _ => {
                    let count = element.outgoing.len();
                    let message = format!("cannot start after `{id}`: it has {count} outgoing flows and not one");
                    Err(Rejection::new(RejectionKind::ProcessEngine, message))
                }
            }
        }
        Place::Transition(id) => {
            let found = model.flows.iter().position(|flow| flow.id == *id).and_then(|at| u32::try_from(at).ok());
            found.map(|at| Target::Flow(FlowIndex(at))).ok_or_else(|| unknown(id))
        }
    }
}

fn unknown(id: &str) -> Rejection {
    Rejection::new(RejectionKind::NotValid, format!("cannot start at `{id}`: the process has no such element"))
}

fn around(model: &ProcessModel, target: Target) -> Option<ElementIndex> {
    match target {
        Target::Element(element) => model.element(element).parent,
        Target::Flow(flow) => model.element(model.flow(flow).source).parent,
    }
}

/// The innermost scope around the target that is there, and those inside of it that are not, outermost first.
fn innermost(
    turn: &Turn<'_, '_>,
    root: ExecutionId,
    (model, mut scope): (&ProcessModel, Option<ElementIndex>),
) -> Result<(ExecutionId, Vec<ElementIndex>), Rejection> {
    let mut missing = Vec::new();
    while let Some(index) = scope {
        let element = model.element(index);
        match scopes_of(turn, root, element)[..] {
            [] => missing.push(index),
            [execution] => {
                missing.reverse();
                return Ok((execution, missing));
            }
            _ => return Err(ambiguous(element)),
        }
        scope = element.parent;
    }
    missing.reverse();
    Ok((root, missing))
}

/// The same below an activity instance that was named.
fn inside_of(
    turn: &Turn<'_, '_>,
    root: ExecutionId,
    (model, mut scope): (&ProcessModel, Option<ElementIndex>),
    ancestor: &str,
) -> Result<(ExecutionId, Vec<ElementIndex>), Rejection> {
    let not_valid =
        |what: &str| Err(Rejection::new(RejectionKind::NotValid, format!("the activity instance `{ancestor}` {what}")));
    let Some(execution) = cancellation::execution_in(turn, root, ancestor) else { return not_valid("is not there") };
    let activity_id =
        turn.execution(execution).scope.as_ref().and_then(|id: &ActivityInstanceId| id.activity_id.clone());
    let mut missing = Vec::new();
    while let Some(index) = scope {
        let element = model.element(index);
        if activity_id.as_ref() == Some(&element.id) {
            break;
        }
        missing.push(index);
        scope = element.parent;
    }
    let is_found = scope.is_some() || execution == root;
    if !is_found {
        return not_valid("does not enclose what is to be started");
    }
    missing.reverse();
    Ok((execution, missing))
}

fn scopes_of(turn: &Turn<'_, '_>, root: ExecutionId, element: &Element) -> Vec<ExecutionId> {
    let instance = turn.execution(root).process_instance_id;
    let is_scope_of = |scope: &ActivityInstanceId| scope.activity_id.as_ref() == Some(&element.id);
    let of_instance = turn.aggregate.executions().filter(|row| row.process_instance_id == instance);
    of_instance.filter(|row| row.scope.as_ref().is_some_and(is_scope_of)).map(|row| row.id).take(2).collect()
}

fn ambiguous(element: &Element) -> Rejection {
    let message = format!("there are several instances of `{}`: name the one to start in", element.id);
    Rejection::new(RejectionKind::ProcessEngine, message)
}

/// The scope of the activity that the start of an interrupting boundary event cancels.
fn interrupted_host(
    turn: &Turn<'_, '_>,
    model: &ProcessModel,
    target: Target,
    missing: &[ElementIndex],
) -> Result<Option<ExecutionId>, Rejection> {
    let Target::Element(index) = target else { return Ok(None) };
    let ElementKind::BoundaryEvent(event) = &model.element(index).kind else { return Ok(None) };
    if !event.is_interrupting || !missing.is_empty() {
        return Ok(None);
    }
    let host = model.element(event.host);
    let is_scope_of = |scope: &ActivityInstanceId| scope.activity_id.as_ref() == Some(&host.id);
    let mut found = turn.aggregate.executions().filter(|row| row.scope.as_ref().is_some_and(is_scope_of));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(ambiguous(host)),
        (only, _) => Ok(only.map(|row| row.id)),
    }
}
