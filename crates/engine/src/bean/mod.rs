//! The engine's objects in expressions and scripts: what can be read of them, and what can be done with them.
//!
//! Names are those of the interfaces that Camunda documents: `DelegateExecution`, `DelegateTask`, `ExternalTask`, and
//! what these lead to.

pub(crate) mod execution;
pub(crate) mod external_task;
pub(crate) mod model_element;
pub(crate) mod process_definition;
pub(crate) mod task;
mod variable_scope;

use std::sync::Arc;

use expression::{Bean, EvaluationError, Value};
use types::{Timestamp, Uuid, VariableValue};

use crate::rejection::Rejection;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BeanKind {
    Execution,
    Task,
    ExternalTask,
    /// That of an execution, which is its id.
    ProcessDefinition,
    /// The element that an execution is at, which is its id.
    ModelElement,
}

impl BeanKind {
    const ALL: [BeanKind; 5] = [
        BeanKind::Execution,
        BeanKind::Task,
        BeanKind::ExternalTask,
        BeanKind::ProcessDefinition,
        BeanKind::ModelElement,
    ];

    /// The identifier that stands for it.
    fn name(self) -> &'static str {
        match self {
            BeanKind::Execution => "execution",
            BeanKind::Task => "task",
            BeanKind::ExternalTask => "externalTask",
            BeanKind::ProcessDefinition => "processDefinition",
            BeanKind::ModelElement => "bpmnModelElementInstance",
        }
    }

    pub fn from_name(name: &str) -> Option<BeanKind> {
        BeanKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn value(self, id: Uuid) -> Value {
        Value::Bean(Bean { kind: self.name(), id: id.0 })
    }
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

/// What the engine refuses ends the evaluation.
fn failed(rejection: &Rejection) -> EvaluationError {
    EvaluationError::failed(rejection.message.clone())
}

/// An argument that is a text or null.
fn text(value: &Value) -> Result<Option<Arc<str>>, EvaluationError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(EvaluationError::failed(format!("{} instead of java.lang.String", other.type_name()))),
    }
}

/// An argument that is a list of texts.
fn texts(value: &Value) -> Result<Vec<Arc<str>>, EvaluationError> {
    match value {
        Value::List(list) => list.items.iter().map(text).filter_map(Result::transpose).collect(),
        other => Err(EvaluationError::failed(format!("{} instead of a list of texts", other.type_name()))),
    }
}
