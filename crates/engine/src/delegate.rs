//! Code in Rust for what models name by a Java class or a delegate expression.
//!
//! It runs within the command, like a script: what it sets is stored with the command or not at all. A command that
//! is decided once more, because its instance has changed meanwhile, runs it once more.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use expression::{Context, EvaluationError, Value};
use types::{TaskId, VariableValue};

use crate::bean::BeanKind;
use crate::surroundings::Surroundings;

/// What a service task, an execution listener or a task listener does. It must not wait for anything: the instance
/// stands still meanwhile. Closures of this shape are delegates.
pub trait Delegate: Send + Sync {
    /// # Errors
    /// `BpmnError` is thrown at the element, where the model may catch it. `Failed` refuses the command, or fails the
    /// job that it runs in.
    fn execute(&self, execution: &mut DelegateExecution<'_>) -> Result<(), DelegateError>;
}

impl<F> Delegate for F
where
    F: Fn(&mut DelegateExecution<'_>) -> Result<(), DelegateError> + Send + Sync,
{
    fn execute(&self, execution: &mut DelegateExecution<'_>) -> Result<(), DelegateError> {
        self(execution)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DelegateError {
    #[error("BPMN error `{code}`")]
    BpmnError { code: Arc<str>, message: Option<Arc<str>> },
    #[error("{0}")]
    Failed(String),
}

impl DelegateError {
    pub fn bpmn_error(code: impl Into<Arc<str>>) -> DelegateError {
        DelegateError::BpmnError { code: code.into(), message: None }
    }

    pub fn failed(message: impl Into<String>) -> DelegateError {
        DelegateError::Failed(message.into())
    }
}

impl From<EvaluationError> for DelegateError {
    fn from(error: EvaluationError) -> Self {
        DelegateError::Failed(error.to_string())
    }
}

/// Delegates by what models call them: the name of a class, or the whole text of a delegate expression.
#[derive(Clone, Default)]
pub struct DelegateRegistry {
    by_name: BTreeMap<Arc<str>, Arc<dyn Delegate>>,
}

impl DelegateRegistry {
    /// The last one under a name counts.
    pub fn register(&mut self, name: impl Into<Arc<str>>, delegate: impl Delegate + 'static) {
        self.by_name.insert(name.into(), Arc::new(delegate));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&dyn Delegate> {
        self.by_name.get(name).map(Arc::as_ref)
    }
}

impl fmt::Debug for DelegateRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_name.keys()).finish()
    }
}

/// What a delegate sees of where it runs, and what it can change.
pub struct DelegateExecution<'x> {
    context: &'x dyn Context,
    execution: Value,
    task: Option<(TaskId, Value)>,
}

impl fmt::Debug for DelegateExecution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelegateExecution").field("execution", &self.execution).finish_non_exhaustive()
    }
}

impl<'x> DelegateExecution<'x> {
    pub(crate) fn of(surroundings: &'x Surroundings<'_, '_, '_>) -> Self {
        DelegateExecution {
            context: surroundings,
            execution: BeanKind::Execution.value(surroundings.execution_id().0),
            task: surroundings.task_id().map(|task| (task, BeanKind::Task.value(task.0))),
        }
    }

    /// The nearest variable of the name.
    ///
    /// # Errors
    /// It has no value that a variable can have.
    pub fn variable(&self, name: &str) -> Result<Option<VariableValue>, DelegateError> {
        self.read("hasVariable", "getVariable", name)
    }

    /// The variable of the innermost scope alone.
    ///
    /// # Errors
    /// It has no value that a variable can have.
    pub fn variable_local(&self, name: &str) -> Result<Option<VariableValue>, DelegateError> {
        self.read("hasVariableLocal", "getVariableLocal", name)
    }

    /// Where a variable of the name is found first, else in the scope of the process.
    ///
    /// # Errors
    /// The engine refuses the name or the value.
    pub fn set_variable(&mut self, name: &str, value: &VariableValue) -> Result<(), DelegateError> {
        self.call("setVariable", &[Value::from(name), Value::from(value)]).map(drop)
    }

    /// # Errors
    /// The engine refuses the name or the value.
    pub fn set_variable_local(&mut self, name: &str, value: &VariableValue) -> Result<(), DelegateError> {
        self.call("setVariableLocal", &[Value::from(name), Value::from(value)]).map(drop)
    }

    /// # Errors
    /// The engine refuses the name.
    pub fn remove_variable(&mut self, name: &str) -> Result<(), DelegateError> {
        self.call("removeVariable", &[Value::from(name)]).map(drop)
    }

    pub fn id(&self) -> Option<Arc<str>> {
        self.text("id")
    }

    pub fn process_instance_id(&self) -> Option<Arc<str>> {
        self.text("processInstanceId")
    }

    pub fn process_definition_id(&self) -> Option<Arc<str>> {
        self.text("processDefinitionId")
    }

    pub fn business_key(&self) -> Option<Arc<str>> {
        self.text("businessKey")
    }

    pub fn tenant_id(&self) -> Option<Arc<str>> {
        self.text("tenantId")
    }

    pub fn current_activity_id(&self) -> Option<Arc<str>> {
        self.text("currentActivityId")
    }

    pub fn activity_instance_id(&self) -> Option<Arc<str>> {
        self.text("activityInstanceId")
    }

    /// Of an execution listener.
    pub fn event_name(&self) -> Option<Arc<str>> {
        self.text("eventName")
    }

    /// Of a task listener.
    pub fn task_id(&self) -> Option<TaskId> {
        self.task.as_ref().map(|(id, _)| *id)
    }

    fn read(&self, has: &str, get: &str, name: &str) -> Result<Option<VariableValue>, DelegateError> {
        let name = [Value::from(name)];
        match self.call(has, &name)? {
            Value::Boolean(true) => Ok(Some(self.call(get, &name)?.to_variable()?)),
            _ => Ok(None),
        }
    }

    /// A task listener works on the variables of its task.
    fn call(&self, method: &str, arguments: &[Value]) -> Result<Value, DelegateError> {
        let target = self.task.as_ref().map_or(&self.execution, |(_, task)| task);
        let Value::Bean(bean) = target else { return Ok(Value::Null) };
        Ok(self.context.call(bean, method, arguments)?)
    }

    fn text(&self, property: &str) -> Option<Arc<str>> {
        let Value::Bean(bean) = &self.execution else { return None };
        match self.context.property(bean, property) {
            Ok(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}
