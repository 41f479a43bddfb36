//! Body of a multi-instance activity.
//!
//! `enter`: counts the instances; none is its leaving. In parallel, each gets a path of its own, all of which enter the
//! activity one after another; in sequence the body's execution enters it again and again. `resume`: the instance of a
//! sequence has ended; next is another one or its leaving. `instance_ended` is the same of parallel ones: a path that
//! has ended stays until the last one or the completion condition takes all of them away. `cancel`: nothing is left to
//! do.

use std::sync::Arc;

use bpmn::model::{Collection, ElementKind, MultiInstance};
use expression::Value;
use types::{ExecutionId, VariableValue};

use crate::agenda::Step;
use crate::command::VariableReach;
use crate::instance::ScopeKey;
use crate::record::ExecutionKind;
use crate::rejection::{Rejection, RejectionKind};
use crate::tree::CancelledAs;
use crate::turn::Turn;
use crate::{conditional, evaluate, tree, variables};

use super::Next;

const INSTANCES: &str = "nrOfInstances";
const ACTIVE_INSTANCES: &str = "nrOfActiveInstances";
const COMPLETED_INSTANCES: &str = "nrOfCompletedInstances";
/// What history says of called instances that end with the body.
const IS_COMPLETE: &str = "Multi instance completion condition satisfied.";
const LOOP_COUNTER: &str = "loopCounter";

pub(crate) fn enter(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &MultiInstance,
) -> Result<Next, Rejection> {
    let instances = number_of_instances(turn, execution, element)?;
    if instances == 0 {
        return Ok(Next::Leave);
    }
    if instances < 0 {
        let message = format!("the number of instances must not be negative but is {instances}");
        return Err(Rejection::new(RejectionKind::ProcessEngine, message));
    }
    let elements = elements(turn, execution, element)?;
    set_counter(turn, execution, INSTANCES, instances)?;
    set_counter(turn, execution, COMPLETED_INSTANCES, 0)?;
    if element.is_sequential {
        set_counter(turn, execution, ACTIVE_INSTANCES, 1)?;
        set_loop_variables(turn, execution, element, 0, elements.as_deref())?;
        return Ok(Next::EnterInner(element.inner));
    }
    set_counter(turn, execution, ACTIVE_INSTANCES, instances)?;
    turn.aggregate.executions.update(execution, |row| row.at = None);
    let mut paths = Vec::new();
    for loop_counter in 0..instances {
        let path = tree::create_child(turn, execution, ExecutionKind::Concurrent, None)?;
        set_loop_variables(turn, path, element, loop_counter, elements.as_deref())?;
        paths.push(path);
    }
    paths.reverse();
    Ok(Next::EnterInstances { element: element.inner, paths })
}

pub(crate) fn resume(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &MultiInstance,
) -> Result<Next, Rejection> {
    let loop_counter = counter(turn, execution, LOOP_COUNTER)? + 1;
    let instances = counter(turn, execution, INSTANCES)?;
    let completed = counter(turn, execution, COMPLETED_INSTANCES)? + 1;
    set_counter(turn, execution, COMPLETED_INSTANCES, completed)?;
    if loop_counter == instances || completion_condition_holds(turn, execution, element)? {
        // Camunda: the last change of the counters counts for nothing where the instances are no scopes.
        if !turn.definition_of(execution)?.model.element(element.inner).is_scope {
            conditional::forget_changes_of(turn, execution);
        }
        return Ok(Next::Leave);
    }
    let elements = elements(turn, execution, element)?;
    set_loop_variables(turn, execution, element, loop_counter, elements.as_deref())?;
    Ok(Next::EnterInner(element.inner))
}

/// The activity of one of several paths has ended. The body is left when it was the last or the condition holds.
pub(crate) fn instance_ended(
    turn: &mut Turn<'_, '_>,
    body: ExecutionId,
    path: ExecutionId,
    element: &MultiInstance,
    activity_id: Arc<str>,
) -> Result<(), Rejection> {
    let completed = counter(turn, body, COMPLETED_INSTANCES)? + 1;
    set_counter(turn, body, COMPLETED_INSTANCES, completed)?;
    let active = counter(turn, body, ACTIVE_INSTANCES)? - 1;
    set_counter(turn, body, ACTIVE_INSTANCES, active)?;
    turn.aggregate.executions.update(path, |row| row.continuation = Some(activity_id));
    let is_complete = completion_condition_holds(turn, path, element)? || (active <= 0 && all_have_ended(turn, body));
    if is_complete {
        remove_instances(turn, body)?;
        turn.agenda.push(Step::Leave { execution: body });
        return Ok(());
    }
    // Camunda: the changes of the counters are looked at though nothing follows.
    conditional::look_at_changes(turn)
}

/// Begins a body from outside, with one instance. Answers the path of that.
pub(crate) fn begin_one(
    turn: &mut Turn<'_, '_>,
    body: ExecutionId,
    element: &MultiInstance,
) -> Result<ExecutionId, Rejection> {
    set_counter(turn, body, INSTANCES, 1)?;
    set_counter(turn, body, COMPLETED_INSTANCES, 0)?;
    set_counter(turn, body, ACTIVE_INSTANCES, 1)?;
    let path = if element.is_sequential {
        body
    } else {
        turn.aggregate.executions.update(body, |row| row.at = None);
        tree::create_child(turn, body, ExecutionKind::Concurrent, None)?
    };
    set_counter(turn, path, LOOP_COUNTER, 0)?;
    Ok(path)
}

/// One more path, from outside. It has no element of the collection.
pub(crate) fn add_instance(turn: &mut Turn<'_, '_>, body: ExecutionId) -> Result<ExecutionId, Rejection> {
    let path = tree::create_child(turn, body, ExecutionKind::Concurrent, None)?;
    let instances = counter(turn, body, INSTANCES)?;
    set_counter(turn, body, INSTANCES, instances + 1)?;
    let active = counter(turn, body, ACTIVE_INSTANCES)?;
    set_counter(turn, body, ACTIVE_INSTANCES, active + 1)?;
    set_counter(turn, path, LOOP_COUNTER, instances)?;
    Ok(path)
}

/// One of several paths was cancelled from outside.
pub(crate) fn instance_removed(turn: &mut Turn<'_, '_>, body: ExecutionId) -> Result<(), Rejection> {
    let active = counter(turn, body, ACTIVE_INSTANCES)? - 1;
    set_counter(turn, body, ACTIVE_INSTANCES, active)
}

/// Only asked once the counter says so, as it looks at all of them.
fn all_have_ended(turn: &Turn<'_, '_>, body: ExecutionId) -> bool {
    turn.aggregate.children(body).all(|path| path.continuation.is_some())
}

fn remove_instances(turn: &mut Turn<'_, '_>, body: ExecutionId) -> Result<(), Rejection> {
    let paths: Vec<ExecutionId> = turn.aggregate.children(body).map(|path| path.id).collect();
    for path in paths {
        tree::cancel_as(turn, path, &CancelledAs::internal(IS_COMPLETE))?;
    }
    Ok(())
}

fn completion_condition_holds(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &MultiInstance,
) -> Result<bool, Rejection> {
    match &element.completion_condition {
        Some(condition) => evaluate::condition(turn, execution, condition),
        None => Ok(false),
    }
}

fn number_of_instances(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &MultiInstance,
) -> Result<i32, Rejection> {
    if let Some(cardinality) = &element.cardinality {
        return match evaluate::value(turn, execution, cardinality)? {
            Value::String(text) => text.parse().map_err(|_| {
                let message = format!("loopCardinality `{}` gives `{text}`, which is no number", cardinality.text());
                Rejection::new(RejectionKind::NumberFormat, message)
            }),
            // Camunda: numbers of all types are cut to whole ones of 32 bits.
            Value::Short(number) => Ok(i32::from(number)),
            Value::Integer(number) => Ok(number),
            Value::Long(number) => Ok(number as i32),
            Value::Double(number) => Ok(number as i32),
            other => other.to_integer().map_err(|_| {
                let message = format!("loopCardinality `{}` gives no number", cardinality.text());
                Rejection::new(RejectionKind::ProcessEngine, message)
            }),
        };
    }
    let length = collection(turn, execution, element)?.len();
    i32::try_from(length).map_err(|_| Rejection::new(RejectionKind::LimitReached, "the collection is too long"))
}

/// What the element variable takes, one after another; `None` where there is no such variable.
fn elements(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &MultiInstance,
) -> Result<Option<Vec<Value>>, Rejection> {
    match (&element.collection, &element.element_variable) {
        (Some(_), Some(_)) => collection(turn, execution, element).map(Some),
        _ => Ok(None),
    }
}

fn collection(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &MultiInstance,
) -> Result<Vec<Value>, Rejection> {
    let (value, name) = match &element.collection {
        Some(Collection::Expression(expression)) => (evaluate::value(turn, execution, expression)?, expression.text()),
        Some(Collection::Variable(name)) => {
            let value = variables::lookup(turn, ScopeKey::Execution(execution), name);
            (value.map_or(Value::Null, |value| Value::from(&value)), &**name)
        }
        None => (Value::Null, ""),
    };
    match value {
        Value::List(list) => Ok(list.items.clone()),
        other => {
            let message = format!("`{name}` gives {} instead of a collection", other.type_name());
            Err(Rejection::new(RejectionKind::ProcessEngine, message))
        }
    }
}

fn set_loop_variables(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    element: &MultiInstance,
    loop_counter: i32,
    elements: Option<&[Value]>,
) -> Result<(), Rejection> {
    set_counter(turn, execution, LOOP_COUNTER, loop_counter)?;
    let (Some(name), Some(elements)) = (&element.element_variable, elements) else { return Ok(()) };
    let value = usize::try_from(loop_counter).ok().and_then(|at| elements.get(at)).ok_or_else(|| {
        let message = format!("the collection has no element {loop_counter} for `{name}`");
        Rejection::new(RejectionKind::ProcessEngine, message)
    })?;
    let value = variables::lasting(evaluate::to_variable(value)?);
    variables::set(turn, ScopeKey::Execution(execution), VariableReach::Local, name, value)
}

fn set_counter(turn: &mut Turn<'_, '_>, execution: ExecutionId, name: &str, count: i32) -> Result<(), Rejection> {
    let value = variables::lasting(VariableValue::Integer(count));
    variables::set(turn, ScopeKey::Execution(execution), VariableReach::Local, &Arc::from(name), value)
}

/// Camunda: the counters are variables that anybody may change.
fn counter(turn: &Turn<'_, '_>, execution: ExecutionId, name: &str) -> Result<i32, Rejection> {
    match variables::local(turn, ScopeKey::Execution(execution), &Arc::from(name)) {
        Some(VariableValue::Integer(count)) => Ok(count),
        _ => {
            let message = format!("the variable `{name}` of execution {execution} is no Integer any more");
            Err(Rejection::new(RejectionKind::ProcessEngine, message))
        }
    }
}

/// The multi-instance characteristics of a body.
pub(crate) fn characteristics(kind: &ElementKind) -> Option<&MultiInstance> {
    match kind {
        ElementKind::MultiInstanceBody(element) => Some(element),
        _ => None,
    }
}
