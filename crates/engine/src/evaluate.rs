//! Expressions, as executions see them: which names and beans there are, and what types results must have.

use std::sync::Arc;

use expression::{Bean, Context, EvaluationError, Expression, Value, unknown_bean_method, unknown_bean_property};
use types::{ExecutionId, ExternalTaskId, Timestamp, Uuid, VariableValue};

use crate::instance::ScopeKey;
use crate::record::ExternalTask;
use crate::rejection::{Rejection, RejectionKind};
use crate::turn::Turn;
use crate::variables;

const EXECUTION: &str = "execution";
const EXTERNAL_TASK: &str = "externalTask";

/// What an expression evaluated for an execution can reach.
struct Surroundings<'t, 'a, 'e> {
    turn: &'t Turn<'a, 'e>,
    execution: ExecutionId,
}

/// # Errors
/// `Expression`: it cannot be evaluated.
pub(crate) fn value(turn: &Turn<'_, '_>, execution: ExecutionId, expression: &Expression) -> Result<Value, Rejection> {
    expression.evaluate(&Surroundings { turn, execution }).map_err(|error| refused(&error))
}

pub(crate) fn to_variable(value: &Value) -> Result<VariableValue, Rejection> {
    value.to_variable().map_err(|error| refused(&error))
}

/// Camunda: a condition must give a Boolean; nothing is coerced.
pub(crate) fn condition(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    expression: &Expression,
) -> Result<bool, Rejection> {
    match value(turn, execution, expression)? {
        Value::Boolean(truth) => Ok(truth),
        other => {
            let message = format!(
                "condition expression `{}` gives {} instead of java.lang.Boolean",
                expression.text(),
                other.type_name()
            );
            Err(Rejection::new(RejectionKind::ProcessEngine, message))
        }
    }
}

/// A text, or nothing where the expression gives null.
pub(crate) fn text(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    expression: &Expression,
) -> Result<Option<Arc<str>>, Rejection> {
    match value(turn, execution, expression)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(wrong_type(expression, &other, "a String")),
    }
}

pub(crate) fn optional_text(
    turn: &Turn<'_, '_>,
    execution: ExecutionId,
    expression: Option<&Expression>,
) -> Result<Option<Arc<str>>, Rejection> {
    match expression {
        Some(expression) => text(turn, execution, expression),
        None => Ok(None),
    }
}

pub(crate) fn wrong_type(expression: &Expression, value: &Value, expected: &str) -> Rejection {
    let message = format!("expression `{}` gives {} instead of {expected}", expression.text(), value.type_name());
    Rejection::new(RejectionKind::InvalidValue, message)
}

fn refused(error: &EvaluationError) -> Rejection {
    Rejection::new(RejectionKind::Expression, error.to_string())
}

impl Context for Surroundings<'_, '_, '_> {
    fn resolve(&self, name: &str) -> Result<Option<Value>, EvaluationError> {
        if name == EXECUTION {
            return Ok(Some(bean(EXECUTION, self.execution.0)));
        }
        if name == EXTERNAL_TASK
            && let Some(task) = self.turn.aggregate.external_tasks.by_key(self.execution).next()
        {
            return Ok(Some(bean(EXTERNAL_TASK, task.id.0)));
        }
        let found = variables::lookup(self.turn, ScopeKey::Execution(self.execution), name);
        match found {
            Some(value) => Ok(Some(Value::from(&value))),
            None if name == "authenticatedUserId" => Ok(Some(Value::Null)),
            None => Ok(None),
        }
    }

    fn property(&self, bean: &Bean, name: &str) -> Result<Value, EvaluationError> {
        let found = match bean.kind {
            EXECUTION => self.execution_property(ExecutionId(Uuid(bean.id)), name),
            _ => self.external_task(bean).and_then(|task| external_task_property(task, name)),
        };
        found.ok_or_else(|| unknown_bean_property(bean, name))
    }

    fn call(&self, bean: &Bean, method: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        if bean.kind == EXECUTION
            && let Some(value) = self.execution_call(ExecutionId(Uuid(bean.id)), method, arguments)?
        {
            return Ok(value);
        }
        match (getter(method), arguments) {
            (Some(property), []) => {
                self.property(bean, &property).map_err(|_| unknown_bean_method(bean, method, arguments))
            }
            _ => Err(unknown_bean_method(bean, method, arguments)),
        }
    }

    fn function(&self, prefix: Option<&str>, name: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        match (prefix, name) {
            (None, "now") => Ok(Value::Date(self.turn.env.now)),
            (None, "dateTime") => Ok(Value::DateTime(self.turn.env.now)),
            (None, "currentUser" | "currentUserGroups") => Ok(Value::Null),
            _ => {
                Err(EvaluationError::unknown_method(format!("no function `{name}` with {} arguments", arguments.len())))
            }
        }
    }
}

impl Surroundings<'_, '_, '_> {
    fn external_task(&self, bean: &Bean) -> Option<&ExternalTask> {
        self.turn.aggregate.external_task(ExternalTaskId(Uuid(bean.id)))
    }

    fn execution_property(&self, id: ExecutionId, name: &str) -> Option<Value> {
        let execution = self.turn.aggregate.execution(id)?;
        let instance = self.turn.instance_of(id);
        let visit = execution.at.as_ref();
        Some(match name {
            "id" => uuid(id.0),
            "processInstanceId" => uuid(instance.id.0),
            "rootProcessInstanceId" => uuid(instance.root_process_instance_id.0),
            "businessKey" | "processBusinessKey" => optional(instance.business_key.as_ref()),
            "processDefinitionId" => Value::string(instance.definition_id.as_str()),
            "tenantId" => optional(instance.tenant_id.as_ref()),
            "parentId" => execution.parent_id.map_or(Value::Null, |parent| uuid(parent.0)),
            "superExecution" | "eventName" | "currentTransitionId" => Value::Null,
            "activityInstanceId" => Value::string(
                visit
                    .map_or_else(|| self.turn.enclosing_activity_instance(id), |v| v.activity_instance_id.clone())
                    .to_string(),
            ),
            "parentActivityInstanceId" => Value::string(self.turn.enclosing_activity_instance(id).to_string()),
            "currentActivityId" => optional(visit.map(|visit| &visit.activity_id)),
            "currentActivityName" => {
                let element = visit.and_then(|visit| self.turn.element_named(id, &visit.activity_id).ok());
                let definition = self.turn.definition_of(id).ok()?;
                optional(element.and_then(|element| definition.model.element(element).name.as_ref()))
            }
            "canceled" | "suspended" => Value::Boolean(false),
            "variables" => self.visible(ScopeKey::Execution(id)),
            "variablesLocal" => map_of(variables::all_local(self.turn, ScopeKey::Execution(id))),
            _ => return None,
        })
    }

    fn visible(&self, from: ScopeKey) -> Value {
        let mut found = std::collections::BTreeMap::new();
        let mut next = Some(from);
        while let Some(scope) = next {
            for (name, value) in variables::all_local(self.turn, scope) {
                found.entry(name).or_insert(value);
            }
            next = self.turn.aggregate.enclosing_scope(scope);
        }
        map_of(found)
    }

    fn execution_call(
        &self,
        id: ExecutionId,
        method: &str,
        arguments: &[Value],
    ) -> Result<Option<Value>, EvaluationError> {
        let [Value::String(name)] = arguments else { return Ok(None) };
        let scope = ScopeKey::Execution(id);
        let local = || variables::local(self.turn, scope, name);
        let visible = || variables::lookup(self.turn, scope, name);
        let read = |value: Option<VariableValue>| value.map_or(Value::Null, |value| Value::from(&value));
        Ok(Some(match method {
            "getVariable" => read(visible()),
            "getVariableLocal" => read(local()),
            "hasVariable" => Value::Boolean(visible().is_some()),
            "hasVariableLocal" => Value::Boolean(local().is_some()),
            _ => return Ok(None),
        }))
    }
}

fn external_task_property(task: &ExternalTask, name: &str) -> Option<Value> {
    Some(match name {
        "id" => uuid(task.id.0),
        "topicName" => Value::String(task.topic.clone()),
        "workerId" => optional(task.worker_id.as_ref()),
        "lockExpirationTime" => date(task.lock_expiration),
        "createTime" => Value::Date(task.create_time),
        "retries" => task.retries.map_or(Value::Null, Value::Integer),
        "errorMessage" => optional(task.error_message.as_ref()),
        "errorDetails" => optional(task.error_details.as_ref()),
        "priority" => Value::Long(task.priority),
        "executionId" => uuid(task.execution_id.0),
        "processInstanceId" => uuid(task.process_instance_id.0),
        "processDefinitionId" => Value::string(task.definition_id.as_str()),
        "processDefinitionKey" => Value::String(task.definition_key.clone()),
        "processDefinitionVersionTag" => optional(task.definition_version_tag.as_ref()),
        "activityId" => Value::String(task.activity_id.clone()),
        "activityInstanceId" => Value::string(task.activity_instance_id.to_string()),
        "businessKey" => optional(task.business_key.as_ref()),
        "tenantId" => optional(task.tenant_id.as_ref()),
        "suspended" => Value::Boolean(task.is_suspended),
        _ => return None,
    })
}

/// `getErrorDetails` reads `errorDetails`, `isSuspended` reads `suspended`.
fn getter(method: &str) -> Option<String> {
    let name = method.strip_prefix("get").or_else(|| method.strip_prefix("is"))?;
    let mut letters = name.chars();
    let first = letters.next()?;
    first.is_ascii_uppercase().then(|| format!("{}{}", first.to_ascii_lowercase(), letters.as_str()))
}

fn bean(kind: &'static str, id: Uuid) -> Value {
    Value::Bean(Bean { kind, id: id.0 })
}

fn uuid(id: Uuid) -> Value {
    Value::string(id.to_string())
}

fn optional(text: Option<&Arc<str>>) -> Value {
    text.map_or(Value::Null, |text| Value::String(text.clone()))
}

fn date(instant: Option<Timestamp>) -> Value {
    instant.map_or(Value::Null, Value::Date)
}

fn map_of(variables: impl IntoIterator<Item = (Arc<str>, VariableValue)>) -> Value {
    Value::map(variables.into_iter().map(|(name, value)| (name, Value::from(&value))).collect())
}
