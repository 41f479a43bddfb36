//! Forms as they are shown: which one it is, and its fields with their labels and values.

use std::sync::Arc;

use bpmn::form::{FieldType, Form, FormBinding, FormField, FormProperty, FormPropertyPlace, FormReference, Rule};
use expression::{Context, EvaluationError, Expression, Value};
use types::{TaskId, Timestamp, VariableValue};

use crate::definition::ProcessDefinition;
use crate::evaluate;
use crate::instance::ScopeKey;
use crate::rejection::{Rejection, RejectionKind};
use crate::surroundings::{Subject, host_function};
use crate::turn::Turn;
use crate::variables;

use super::conversion;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShownForm {
    /// `camunda:formKey`.
    pub key: Option<Arc<str>>,
    /// `camunda:formRef`; never beside a key.
    pub deployed: Option<DeployedForm>,
    pub fields: Vec<ShownField>,
    /// Fields of the older kind, which have no variables of their own in a form.
    pub properties: Vec<ShownField>,
}

/// A Camunda form, by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedForm {
    pub key: Arc<str>,
    pub binding: DeployedFormBinding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeployedFormBinding {
    Latest,
    /// The one that was deployed with the process.
    Deployment,
    Version(i32),
}

#[derive(Clone, Debug, PartialEq)]
pub struct ShownField {
    pub id: Arc<str>,
    pub label: Option<Arc<str>>,
    pub field_type: FieldType,
    pub default_value: Option<Arc<str>>,
    /// That of the variable, or the default.
    pub value: VariableValue,
    pub constraints: Vec<ShownConstraint>,
    pub is_business_key: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownConstraint {
    /// For example `maxlength`.
    pub name: &'static str,
    pub config: Option<Arc<str>>,
}

/// How much of a task's form is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskFormPart {
    /// Which form it is. Nothing of its fields is evaluated.
    Reference,
    Whole,
}

/// Evaluates what a form says, and knows the variables that its fields stand for.
trait Viewpoint {
    fn evaluate(&mut self, expression: &Expression) -> Result<Value, Rejection>;

    fn variable(&self, name: &str) -> Option<VariableValue>;

    fn now(&self) -> Timestamp;
}

/// Which form the tasks of a user task have, where that is the same for all of them; `None` where it is to be evaluated.
///
/// # Errors
/// The version of a Camunda form is no number.
pub fn fixed_task_form(definition: &ProcessDefinition, activity_id: &str) -> Result<Option<ShownForm>, Rejection> {
    let Some(form) = super::of_user_task(definition, activity_id) else { return Ok(Some(ShownForm::default())) };
    let mut shown = ShownForm::default();
    match &form.reference {
        None => {}
        Some(FormReference::Key(key)) if key.is_literal() => shown.key = Some(key.text().into()),
        Some(FormReference::Deployed { key, binding }) if key.is_literal() => {
            let version = match binding {
                FormBinding::Version(version) if !version.is_literal() => return Ok(None),
                FormBinding::Version(version) => Some(version.text()),
                FormBinding::Latest | FormBinding::Deployment => None,
            };
            let binding = shown_binding(binding, version)?;
            shown.deployed = Some(DeployedForm { key: key.text().into(), binding });
        }
        Some(FormReference::Key(_) | FormReference::Deployed { .. }) => return Ok(None),
    }
    Ok(Some(shown))
}

/// Which form a task has.
pub(crate) fn shown_reference(turn: &mut Turn<'_, '_>, task: TaskId, form: &Form) -> Result<ShownForm, Rejection> {
    let mut shown = ShownForm::default();
    match &form.reference {
        None => {}
        Some(FormReference::Key(key)) => shown.key = text_for_task(turn, task, key)?,
        Some(FormReference::Deployed { key, binding }) => {
            if let Some(key) = text_for_task(turn, task, key)? {
                let version = match binding {
                    FormBinding::Version(version) => text_for_task(turn, task, version)?,
                    FormBinding::Latest | FormBinding::Deployment => None,
                };
                shown.deployed = Some(DeployedForm { key, binding: shown_binding(binding, version.as_deref())? });
            }
        }
    }
    Ok(shown)
}

/// A task's form with its fields.
pub(crate) fn shown_task_form(turn: &mut Turn<'_, '_>, task: TaskId, form: &Form) -> Result<ShownForm, Rejection> {
    let reference = shown_reference(turn, task, form)?;
    let mut viewpoint = TaskViewpoint { turn, task };
    let properties = form.properties.iter().filter(|property| property.is_readable);
    // Camunda: with an instance the default counts only where there is no variable.
    let properties = properties
        .map(|property| {
            let value = property_value(&mut viewpoint, property)?;
            shown_property(property, &value)
        })
        .collect::<Result<_, Rejection>>()?;
    Ok(ShownForm { fields: shown_fields(&mut viewpoint, form)?, properties, ..reference })
}

/// The form that starts a process; `None` where the process does not say where it starts.
///
/// # Errors
/// Something cannot be evaluated or is no value for its field.
pub fn shown_start_form(definition: &ProcessDefinition, now: Timestamp) -> Result<Option<ShownForm>, Rejection> {
    let Some(form) = &definition.model.start_form else { return Ok(None) };
    let mut shown = ShownForm::default();
    match &form.reference {
        None => {}
        // Camunda: these are not evaluated, as there is no instance.
        Some(FormReference::Key(key)) => shown.key = Some(key.text().into()),
        Some(FormReference::Deployed { key, binding }) => {
            let version = match binding {
                FormBinding::Version(version) => Some(version.text()),
                FormBinding::Latest | FormBinding::Deployment => None,
            };
            let binding = shown_binding(binding, version)?;
            shown.deployed = Some(DeployedForm { key: key.text().into(), binding });
        }
    }
    let mut viewpoint = StartViewpoint { now };
    for property in form.properties.iter().filter(|property| property.is_readable) {
        let value = match &property.default_value {
            Some(default) => viewpoint.evaluate(default)?,
            None => Value::Null,
        };
        shown.properties.push(shown_property(property, &value)?);
    }
    shown.fields = shown_fields(&mut viewpoint, form)?;
    Ok(Some(shown))
}

fn text_for_task(
    turn: &mut Turn<'_, '_>,
    task: TaskId,
    expression: &Expression,
) -> Result<Option<Arc<str>>, Rejection> {
    match evaluate::of_subject(turn, Subject::Task(task), expression)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(evaluate::wrong_type(expression, &other, "a String")),
    }
}

fn shown_binding(binding: &FormBinding, version: Option<&str>) -> Result<DeployedFormBinding, Rejection> {
    Ok(match binding {
        FormBinding::Latest => DeployedFormBinding::Latest,
        FormBinding::Deployment => DeployedFormBinding::Deployment,
        FormBinding::Version(_) => {
            let version = version.unwrap_or("null");
            DeployedFormBinding::Version(
                version.parse().map_err(|_| {
                    Rejection::new(RejectionKind::NumberFormat, format!("For input string: \"{version}\""))
                })?,
            )
        }
    })
}

fn shown_fields(viewpoint: &mut dyn Viewpoint, form: &Form) -> Result<Vec<ShownField>, Rejection> {
    form.fields.iter().map(|field| shown_field(viewpoint, field)).collect()
}

fn shown_field(viewpoint: &mut dyn Viewpoint, field: &FormField) -> Result<ShownField, Rejection> {
    let now = viewpoint.now();
    let label = match &field.label {
        Some(label) => match viewpoint.evaluate(label)? {
            Value::Null => None,
            label => {
                Some(label.to_text().map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))?)
            }
        },
        None => None,
    };
    let default = match &field.default_value {
        Some(default) => viewpoint.evaluate(default)?,
        None => Value::Null,
    };
    let default_value = conversion::shown_default(&field.field_type, &default, now)?;
    let value = match viewpoint.variable(&field.id) {
        Some(value) => conversion::to_shown(&field.field_type, &value, now)
            .map_err(|_| Rejection::new(RejectionKind::FormField, format!("failed to convert '{}'", field.id)))?,
        None => {
            let value = conversion::to_model(&field.field_type, &evaluate::to_variable(&default)?, now)?;
            conversion::to_shown(&field.field_type, &value, now)?
        }
    };
    // What Java code would check is nothing that a form can.
    let checked = field.constraints.iter().filter(|constraint| !matches!(constraint.rule, Rule::Delegate(_)));
    let constraints =
        checked.map(|constraint| ShownConstraint { name: constraint.rule.name(), config: constraint.config.clone() });
    Ok(ShownField {
        id: field.id.clone(),
        label,
        field_type: field.field_type.clone(),
        default_value,
        value,
        constraints: constraints.collect(),
        is_business_key: field.is_business_key,
    })
}

fn property_value(viewpoint: &mut TaskViewpoint<'_, '_, '_>, property: &FormProperty) -> Result<Value, Rejection> {
    let name = match &property.place {
        FormPropertyPlace::Expression(expression) => return viewpoint.evaluate(expression),
        FormPropertyPlace::OwnVariable => &property.id,
        FormPropertyPlace::Variable(name) => name,
    };
    match (viewpoint.variable(name), &property.default_value) {
        (Some(value), _) => Ok(Value::from(&value)),
        (None, Some(default)) => viewpoint.evaluate(default),
        (None, None) => Ok(Value::Null),
    }
}

fn shown_property(property: &FormProperty, value: &Value) -> Result<ShownField, Rejection> {
    let value = conversion::shown_of_property(property, value)?;
    let constraint = |name, is_there: bool| is_there.then_some(ShownConstraint { name, config: None });
    let constraints = [
        constraint(Rule::Required.name(), property.is_required),
        constraint(Rule::ReadOnly.name(), !property.is_writable),
    ];
    Ok(ShownField {
        id: property.id.clone(),
        label: property.name.clone(),
        // One without a type is a text.
        field_type: property.field_type.clone().unwrap_or(FieldType::String),
        default_value: value.clone(),
        value: value.map_or(VariableValue::Null, VariableValue::String),
        constraints: constraints.into_iter().flatten().collect(),
        is_business_key: false,
    })
}

/// Fields of a task's form see what the execution sees that waits for the task, not the task's own variables.
struct TaskViewpoint<'t, 'a, 'e> {
    turn: &'t mut Turn<'a, 'e>,
    task: TaskId,
}

impl TaskViewpoint<'_, '_, '_> {
    fn execution(&self) -> types::ExecutionId {
        Subject::Task(self.task).execution(self.turn)
    }
}

impl Viewpoint for TaskViewpoint<'_, '_, '_> {
    fn evaluate(&mut self, expression: &Expression) -> Result<Value, Rejection> {
        let execution = self.execution();
        evaluate::value(self.turn, execution, expression)
    }

    fn variable(&self, name: &str) -> Option<VariableValue> {
        variables::lookup(self.turn, ScopeKey::Execution(self.execution()), name)
    }

    fn now(&self) -> Timestamp {
        self.turn.env.now
    }
}

/// No instance is there yet, and so nothing but the clock.
struct StartViewpoint {
    now: Timestamp,
}

impl Viewpoint for StartViewpoint {
    fn evaluate(&mut self, expression: &Expression) -> Result<Value, Rejection> {
        let value = expression.evaluate(self);
        value.map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))
    }

    fn variable(&self, _: &str) -> Option<VariableValue> {
        None
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}

impl Context for StartViewpoint {
    fn resolve(&self, name: &str) -> Result<Option<Value>, EvaluationError> {
        Ok((name == "authenticatedUserId").then_some(Value::Null))
    }

    fn function(&self, prefix: Option<&str>, name: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        host_function(self.now, (prefix, name), arguments)
    }
}
