//! What an expression can reach: variables, and the beans `execution`, `task` and `externalTask`.
//!
//! An expression may change what it reaches (`execution.setVariable(…)`), so the turn is borrowed for each call alone.

use std::cell::RefCell;

use expression::{Bean, Context, EvaluationError, Value, unknown_bean_method, unknown_bean_property};
use types::{ExecutionId, ExternalTaskId, TaskId, Uuid};

use crate::bean::{self, BeanKind};
use crate::instance::ScopeKey;
use crate::turn::Turn;
use crate::variables;

/// What an expression or script is evaluated for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    Execution(ExecutionId),
    /// A task listener's.
    Task(TaskId),
}

impl Subject {
    pub fn execution(self, turn: &Turn<'_, '_>) -> ExecutionId {
        match self {
            Subject::Execution(execution) => execution,
            Subject::Task(task) => turn.aggregate.task(task).expect("listeners run for tasks that exist").execution_id,
        }
    }
}

pub(crate) struct Surroundings<'t, 'a, 'e> {
    turn: RefCell<&'t mut Turn<'a, 'e>>,
    execution: ExecutionId,
    task: Option<TaskId>,
}

impl<'t, 'a, 'e> Surroundings<'t, 'a, 'e> {
    pub fn of(turn: &'t mut Turn<'a, 'e>, subject: Subject) -> Self {
        let execution = subject.execution(turn);
        let task = match subject {
            Subject::Execution(_) => None,
            Subject::Task(task) => Some(task),
        };
        Surroundings { turn: RefCell::new(turn), execution, task }
    }

    fn scope(&self) -> ScopeKey {
        self.task.map_or(ScopeKey::Execution(self.execution), ScopeKey::Task)
    }
}

impl Context for Surroundings<'_, '_, '_> {
    fn resolve(&self, name: &str) -> Result<Option<Value>, EvaluationError> {
        let turn = self.turn.borrow();
        match (BeanKind::from_name(name), self.task) {
            (Some(BeanKind::Execution), _) => return Ok(Some(BeanKind::Execution.value(self.execution.0))),
            (Some(BeanKind::Task), Some(task)) => return Ok(Some(BeanKind::Task.value(task.0))),
            (Some(BeanKind::ExternalTask), _) => {
                if let Some(task) = turn.aggregate.external_tasks.by_key(self.execution).next() {
                    return Ok(Some(BeanKind::ExternalTask.value(task.id.0)));
                }
            }
            (Some(BeanKind::Task), None) | (None, _) => {}
        }
        match variables::lookup(&turn, self.scope(), name) {
            Some(value) => Ok(Some(Value::from(&value))),
            None if name == "authenticatedUserId" => Ok(Some(Value::Null)),
            None => Ok(None),
        }
    }

    fn property(&self, bean: &Bean, name: &str) -> Result<Value, EvaluationError> {
        let turn = self.turn.borrow();
        let found = match BeanKind::from_name(bean.kind) {
            Some(BeanKind::Execution) => bean::execution::property(&turn, ExecutionId(Uuid(bean.id)), name),
            Some(BeanKind::Task) => bean::task::property(&turn, TaskId(Uuid(bean.id)), name),
            Some(BeanKind::ExternalTask) => bean::external_task::property(&turn, ExternalTaskId(Uuid(bean.id)), name),
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
                Some(BeanKind::ExternalTask) | None => None,
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
        let now = self.turn.borrow().env.now;
        match (prefix, name) {
            (None, "now") => Ok(Value::Date(now)),
            (None, "dateTime") => Ok(Value::DateTime(now)),
            (None, "currentUser" | "currentUserGroups") => Ok(Value::Null),
            _ => {
                Err(EvaluationError::unknown_method(format!("no function `{name}` with {} arguments", arguments.len())))
            }
        }
    }
}

/// `getErrorDetails` reads `errorDetails`, `isSuspended` reads `suspended`.
fn getter(method: &str) -> Option<String> {
    let name = method.strip_prefix("get").or_else(|| method.strip_prefix("is"))?;
    let mut letters = name.chars();
    let first = letters.next()?;
    first.is_ascii_uppercase().then(|| format!("{}{}", first.to_ascii_lowercase(), letters.as_str()))
}
