//! What an expression can reach: variables, and the beans `execution`, `task` and `externalTask`.
//!
//! An expression may change what it reaches (`execution.setVariable(…)`), so the turn is borrowed for each call alone.

use std::cell::RefCell;

use expression::{Bean, Context, EvaluationError, Value, unknown_bean_method, unknown_bean_property};
use types::{ExecutionId, ExternalTaskId, TaskId, Timestamp, Uuid};

use crate::bean::{self, BeanKind};
use crate::instance::ScopeKey;
use crate::record::Task;
use crate::turn::Turn;
use crate::variables;

/// What an expression or script is evaluated for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    Execution(ExecutionId),
    /// A task listener's.
    Task(TaskId),
    /// The variables that an execution itself has; neither those around it nor any bean.
    LocalVariables(ExecutionId),
}

impl Subject {
    pub fn execution(self, turn: &Turn<'_, '_>) -> ExecutionId {
        match self {
            Subject::Execution(execution) | Subject::LocalVariables(execution) => execution,
            Subject::Task(task) => {
                let task = turn.aggregate.task(task).and_then(Task::execution_id);
                task.expect("listeners run for tasks of a process that exist")
            }
        }
    }
}

pub(crate) struct Surroundings<'t, 'a, 'e> {
    turn: RefCell<&'t mut Turn<'a, 'e>>,
    execution: ExecutionId,
    task: Option<TaskId>,
    sees_local_variables_alone: bool,
}

impl<'t, 'a, 'e> Surroundings<'t, 'a, 'e> {
    pub fn of(turn: &'t mut Turn<'a, 'e>, subject: Subject) -> Self {
        let execution = subject.execution(turn);
        let task = match subject {
            Subject::Execution(_) | Subject::LocalVariables(_) => None,
            Subject::Task(task) => Some(task),
        };
        let sees_local_variables_alone = matches!(subject, Subject::LocalVariables(_));
        Surroundings { turn: RefCell::new(turn), execution, task, sees_local_variables_alone }
    }

    pub fn execution_id(&self) -> ExecutionId {
        self.execution
    }

    pub fn task_id(&self) -> Option<TaskId> {
        self.task
    }

    fn scope(&self) -> ScopeKey {
        self.task.map_or(ScopeKey::Execution(self.execution), ScopeKey::Task)
    }
}

impl Context for Surroundings<'_, '_, '_> {
    fn resolve(&self, name: &str) -> Result<Option<Value>, EvaluationError> {
        let turn = self.turn.borrow();
        if self.sees_local_variables_alone {
            let found = variables::local(&turn, ScopeKey::Execution(self.execution), &name.into());
            return Ok(found.map(|value| Value::from(&value)).or_else(|| nobody(name)));
        }
        match (BeanKind::from_name(name), self.task) {
            (Some(BeanKind::Execution), _) => return Ok(Some(BeanKind::Execution.value(self.execution.0))),
            (Some(BeanKind::Task), Some(task)) => return Ok(Some(BeanKind::Task.value(task.0))),
            (Some(BeanKind::ExternalTask), _) => {
                if let Some(task) = turn.aggregate.external_tasks.by_key(self.execution).next() {
                    return Ok(Some(BeanKind::ExternalTask.value(task.id.0)));
                }
            }
            (Some(BeanKind::Task | BeanKind::ProcessDefinition | BeanKind::ModelElement), _) | (None, _) => {}
        }
        let found = variables::lookup(&turn, self.scope(), name);
        Ok(found.map(|value| Value::from(&value)).or_else(|| nobody(name)))
    }

    fn property(&self, bean: &Bean, name: &str) -> Result<Value, EvaluationError> {
        let turn = self.turn.borrow();
        let found = match BeanKind::from_name(bean.kind) {
            Some(BeanKind::Execution) => bean::execution::property(&turn, ExecutionId(Uuid(bean.id)), name),
            Some(BeanKind::Task) => bean::task::property(&turn, TaskId(Uuid(bean.id)), name),
            Some(BeanKind::ExternalTask) => bean::external_task::property(&turn, ExternalTaskId(Uuid(bean.id)), name),
            Some(BeanKind::ProcessDefinition) => {
                bean::process_definition::property(&turn, ExecutionId(Uuid(bean.id)), name)
            }
            Some(BeanKind::ModelElement) => bean::model_element::property(&turn, ExecutionId(Uuid(bean.id)), name),
            None => None,
        };
        found.ok_or_else(|| unknown_bean_property(bean, name))
    }

    fn call(&self, bean: &Bean, method: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        let called = {
            let mut turn = self.turn.borrow_mut();
            match BeanKind::from_name(bean.kind) {
                Some(BeanKind::Execution) => {
                    bean::execution::call(&mut turn, ExecutionId(Uuid(bean.id)), method, arguments)?
                }
                Some(BeanKind::Task) => bean::task::call(&mut turn, TaskId(Uuid(bean.id)), method, arguments)?,
                Some(BeanKind::ExternalTask | BeanKind::ProcessDefinition | BeanKind::ModelElement) | None => None,
            }
        };
        if let Some(value) = called {
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
        host_function(self.turn.borrow().env.now, (prefix, name), arguments)
    }
}

/// The functions that depend on when and for whom they are called.
pub(crate) fn host_function(
    now: Timestamp,
    (prefix, name): (Option<&str>, &str),
    arguments: &[Value],
) -> Result<Value, EvaluationError> {
    match (prefix, name) {
        (None, "now") => Ok(Value::Date(now)),
        (None, "dateTime") => Ok(Value::DateTime(now)),
        (None, "currentUser" | "currentUserGroups") => Ok(Value::Null),
        _ => Err(EvaluationError::unknown_method(format!("no function `{name}` with {} arguments", arguments.len()))),
    }
}

/// Who is signed in, by the name for it.
fn nobody(name: &str) -> Option<Value> {
    (name == "authenticatedUserId").then_some(Value::Null)
}

/// `getErrorDetails` reads `errorDetails`, `isSuspended` reads `suspended`.
fn getter(method: &str) -> Option<String> {
    let name = method.strip_prefix("get").or_else(|| method.strip_prefix("is"))?;
    let mut letters = name.chars();
    let first = letters.next()?;
    first.is_ascii_uppercase().then(|| format!("{}{}", first.to_ascii_lowercase(), letters.as_str()))
}
