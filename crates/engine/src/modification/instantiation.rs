//! Starts a path in the middle of a process: enters the scopes around its beginning that are not there yet.

use std::sync::Arc;

use bpmn::model::{
    BoundaryEvent, BoundaryTrigger, Element, ElementIndex, ElementKind, FlowIndex, IntermediateCatchEvent,
    ProcessModel, SubProcessForm,
};
use types::{ActivityInstanceId, ExecutionId};

use super::{Instantiation, Place, cancellation};
use crate::agenda::{self, Step};
use crate::behavior::multi_instance_body;
use crate::command::VariableReach;
use crate::instance::ScopeKey;
use crate::listener::{self, Heard};
use crate::record::ExecutionKind;
use crate::rejection::{Rejection, RejectionKind};
use crate::tree::{self, CancelledAs};
use crate::turn::Turn;
use crate::variables;

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
    let beginning = Beginning::of(turn, root, (model, target), &missing)?;
    let mut path = make_way(turn, root, execution, beginning)?;
    if let Some(progress) = &mut turn.modification {
        progress.ended_at = None;
    }
    for scope in missing {
        path = tree::enter_activity(turn, path, scope)?;
        if agenda::notify(turn, path, listener::activity_started)? == Heard::Thrown {
            return Ok(());
        }
        if let ElementKind::MultiInstanceBody(body) = &model.element(scope).kind {
            path = multi_instance_body::begin_one(turn, path, body)?;
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

/// What becomes of what runs already where a path begins.
#[derive(Clone, Copy, Debug)]
enum Beginning {
    /// It runs on.
    Beside,
    /// One more instance of an activity that runs several times at once.
    AnotherInstance,
    /// The event begins in place of what it is attached to, or of the gateway before it.
    InPlaceOf(ExecutionId),
    /// All of that scope is cancelled.
    Interrupting(ExecutionId),
}

impl Beginning {
    fn of(
        turn: &Turn<'_, '_>,
        root: ExecutionId,
        (model, target): (&ProcessModel, Target),
        missing: &[ElementIndex],
    ) -> Result<Beginning, Rejection> {
        let element = match target {
            Target::Element(element) => Some(element),
            Target::Flow(_) => None,
        };
        let outermost = missing.first().copied().or(element);
        let scope = outermost.map_or_else(|| around(model, target), |element| model.element(element).parent);
        if let Some(ElementKind::MultiInstanceBody(body)) = scope.map(|scope| &model.element(scope).kind) {
            if body.is_sequential {
                let id = scope.map(|scope| model.element(scope).id.clone()).unwrap_or_default();
                let message = format!("no other activity can be started in `{id}`: its instances run one by one");
                return Err(Rejection::new(RejectionKind::ProcessEngine, message));
            }
            return Ok(Beginning::AnotherInstance);
        }
        let Some(outermost) = outermost else { return Ok(Beginning::Beside) };
        match &model.element(outermost).kind {
            ElementKind::BoundaryEvent(event) if event.is_interrupting => {
                Ok(only_scope_of(turn, root, model.element(event.host))?
                    .map_or(Beginning::Beside, Beginning::InPlaceOf))
            }
            ElementKind::IntermediateCatchEvent(IntermediateCatchEvent { gateway: Some(gateway), .. }) => {
                Ok(only_scope_of(turn, root, model.element(*gateway))?.map_or(Beginning::Beside, Beginning::InPlaceOf))
            }
            // Camunda: only with its start event does an event sub-process interrupt.
            ElementKind::SubProcess { start_event, form: SubProcessForm::Event }
                if missing.is_empty() || missing.get(1).copied().or(element) == *start_event =>
            {
                let is_interrupting = model.catching_event(outermost).is_some_and(|event| event.is_interrupting);
                let scope = match scope.filter(|_| is_interrupting) {
                    Some(scope) => only_scope_of(turn, root, model.element(scope))?,
                    None => Some(root).filter(|_| is_interrupting),
                };
                Ok(scope.map_or(Beginning::Beside, Beginning::Interrupting))
            }
            _ => Ok(Beginning::Beside),
        }
    }
}

/// Answers the path that begins.
fn make_way(
    turn: &mut Turn<'_, '_>,
    root: ExecutionId,
    scope: ExecutionId,
    beginning: Beginning,
) -> Result<ExecutionId, Rejection> {
    match beginning {
        Beginning::Beside if super::is_empty(turn, scope) => Ok(scope),
        Beginning::Beside => tree::create_concurrent(turn, scope),
        Beginning::AnotherInstance => multi_instance_body::add_instance(turn, scope),
        Beginning::InPlaceOf(host) => {
            let parent = turn.execution(host).parent_id.expect("the scope of an activity has a parent");
            tree::cancel(turn, host)?;
            Ok(parent)
        }
        Beginning::Interrupting(scope) if scope == root => {
            // Camunda: what else the process waits for it still waits for.
            tree::empty(turn, root, &CancelledAs::internal("Interrupted by a modification."))?;
            Ok(root)
        }
        Beginning::Interrupting(scope) => {
            tree::interrupt(turn, scope)?;
            Ok(scope)
        }
    }
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
        Place::Before(id) => {
            let index = model.element_by_id(id).ok_or_else(|| unknown(id))?;
            if let ElementKind::BoundaryEvent(BoundaryEvent { trigger: BoundaryTrigger::Compensation, .. }) =
                model.element(index).kind
            {
                let message = format!("cannot start before `{id}`: it is a compensation boundary event");
                return Err(Rejection::new(RejectionKind::ProcessEngine, message));
            }
            Ok(Target::Element(index))
        }
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
    let scope_of_it = turn.execution(execution).scope.as_ref();
    if scope_of_it.is_none_or(|id| id.to_string() != ancestor) {
        return not_valid("is none of a scope");
    }
    let activity_id = scope_of_it.and_then(|id: &ActivityInstanceId| id.activity_id.clone());
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

/// The executions in which an activity runs that is a scope; two of them are enough to know that there are several.
fn scopes_of(turn: &Turn<'_, '_>, root: ExecutionId, element: &Element) -> Vec<ExecutionId> {
    let instance = turn.execution(root).process_instance_id;
    let is_scope_of = |scope: &ActivityInstanceId| scope.activity_id.as_ref() == Some(&element.id);
    let of_instance = turn.aggregate.executions().filter(|row| row.process_instance_id == instance);
    let running = of_instance.filter(|row| row.kind != ExecutionKind::EventScope);
    running.filter(|row| row.scope.as_ref().is_some_and(is_scope_of)).map(|row| row.id).take(2).collect()
}

fn only_scope_of(turn: &Turn<'_, '_>, root: ExecutionId, element: &Element) -> Result<Option<ExecutionId>, Rejection> {
    match scopes_of(turn, root, element)[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        _ => Err(ambiguous(element)),
    }
}

fn ambiguous(element: &Element) -> Rejection {
    let message = format!("there are several instances of `{}`: name the one to start in", element.id);
    Rejection::new(RejectionKind::ProcessEngine, message)
}
