//! What is sent in for a form: values are checked, brought to the types of their fields and set as variables.

use std::sync::Arc;

use bpmn::form::{Form, FormField, FormProperty, FormPropertyPlace};
use expression::Expression;
use types::{ExecutionId, TaskId, VariableMap, VariableValue, VariableWrite};

use crate::command::VariableReach;
use crate::evaluate;
use crate::history::{HistoricDetail, HistoricDetailKind};
use crate::instance::ScopeKey;
use crate::rejection::Rejection;
use crate::surroundings::Subject;
use crate::turn::Turn;
use crate::variables;

use super::conversion::{self, refused};
use super::validation;

/// Where the values go, and for whom expressions are evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination {
    pub subject: Subject,
    pub scope: ScopeKey,
}

impl Destination {
    pub fn of_task(task: TaskId) -> Destination {
        Destination { subject: Subject::Task(task), scope: ScopeKey::Task(task) }
    }

    pub fn of_start(root: ExecutionId) -> Destination {
        Destination { subject: Subject::Execution(root), scope: ScopeKey::Execution(root) }
    }
}

/// Values that belong to no field become variables as they are.
///
/// # Errors
/// A value breaks a constraint or is none for its field; expressions of the form that cannot be evaluated.
pub(crate) fn submit(
    turn: &mut Turn<'_, '_>,
    to: Destination,
    form: Option<&Form>,
    sent: &VariableMap,
) -> Result<(), Rejection> {
    let mut rest = sent.clone();
    for property in form.iter().flat_map(|form| &form.properties) {
        submit_property(turn, to, property, &mut rest)?;
    }
    let fields = form.iter().flat_map(|form| &form.fields);
    // Camunda: nothing is checked of what is the business key, and it becomes a variable as it is.
    for field in fields.filter(|field| !field.is_business_key) {
        submit_field(turn, to, field, &mut rest)?;
    }
    variables::set_all(turn, to.scope, VariableReach::Nearest, &rest)?;
    for (name, write) in sent {
        log(turn, to, name, &write.value);
    }
    Ok(())
}

fn submit_field(
    turn: &mut Turn<'_, '_>,
    to: Destination,
    field: &FormField,
    rest: &mut VariableMap,
) -> Result<(), Rejection> {
    let sent = rest.remove(&field.id);
    validation::check(turn, to, field, sent.as_ref().map(|write| &write.value))?;
    let given = match (sent, &field.default_value) {
        (Some(write), _) => write,
        (None, Some(default)) => {
            let value = evaluate::of_subject(turn, to.subject, default)?;
            variables::lasting(evaluate::to_variable(&value)?)
        }
        (None, None) => return Ok(()),
    };
    let value = conversion::to_model(&field.field_type, &given.value, turn.env.now)?;
    variables::set(turn, to.scope, VariableReach::Nearest, &field.id, VariableWrite { value, ..given })
}

fn submit_property(
    turn: &mut Turn<'_, '_>,
    to: Destination,
    property: &FormProperty,
    rest: &mut VariableMap,
) -> Result<(), Rejection> {
    let id = &property.id;
    let sent = rest.remove(id);
    if sent.is_some() && !property.is_writable {
        return Err(refused(format!("form property '{id}' is not writable")));
    }
    let now = turn.env.now;
    let value = match (sent, &property.default_value) {
        (Some(write), _) => conversion::property_to_model(property.field_type.as_ref(), &write.value, now)?,
        (None, Some(default)) => {
            let value = evaluate::of_subject(turn, to.subject, default)?;
            if value.is_null() && property.is_required {
                return Err(refused(format!("form property '{id}' is required")));
            }
            let text = conversion::default_text(&value)?;
            conversion::property_to_model(property.field_type.as_ref(), &text, now)?
        }
        (None, None) if property.is_required => return Err(refused(format!("form property '{id}' is required"))),
        (None, None) => None,
    };
    let Some(value) = value else { return Ok(()) };
    let name = match &property.place {
        FormPropertyPlace::OwnVariable => id.clone(),
        FormPropertyPlace::Variable(name) => name.clone(),
        FormPropertyPlace::Expression(expression) => assigned_variable(turn, to, expression)?,
    };
    variables::set(turn, to.scope, VariableReach::Nearest, &name, variables::lasting(value))
}

/// The variable that an expression such as `${price}` stands for; it has to be there.
fn assigned_variable(turn: &Turn<'_, '_>, to: Destination, expression: &Expression) -> Result<Arc<str>, Rejection> {
    let text = expression.text().trim();
    let inner = text.strip_prefix("${").or_else(|| text.strip_prefix("#{")).and_then(|text| text.strip_suffix('}'));
    let name = inner.map(str::trim).filter(|name| expression.identifiers().eq([*name]));
    match name {
        Some(name) if variables::lookup(turn, to.scope, name).is_some() => Ok(name.into()),
        _ => Err(refused(format!("the expression '{text}' of a form property stands for nothing that can be set"))),
    }
}

/// Camunda: only texts are kept, as they were sent in.
fn log(turn: &mut Turn<'_, '_>, to: Destination, name: &Arc<str>, value: &VariableValue) {
    if !matches!(value, VariableValue::String(_)) || !turn.history.keeps_form_fields() {
        return;
    }
    let execution_id = to.subject.execution(turn);
    let activity_instance_id = match &turn.execution(execution_id).at {
        Some(visit) => visit.activity_instance_id.clone(),
        None => turn.enclosing_activity_instance(execution_id),
    };
    let task_id = match to.subject {
        Subject::Task(task) => Some(task),
        Subject::Execution(_) | Subject::LocalVariables(_) => None,
    };
    let id = turn.new_id_at(execution_id);
    let tenant_id = turn.instance_of(execution_id).tenant_id.clone();
    let detail = HistoricDetail {
        id,
        kind: HistoricDetailKind::FormField,
        time: turn.env.now,
        name: name.clone(),
        value: value.clone(),
        place: Some(variables::historic_place(turn, execution_id, activity_instance_id)),
        task_id,
        tenant_id,
    };
    turn.history.form_field_logged(detail);
}
