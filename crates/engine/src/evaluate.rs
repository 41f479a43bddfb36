//! Expressions, as executions and tasks see them, and what types results must have.

use std::sync::Arc;

use bpmn::model::{Action, Condition, Delegate, Script, ScriptSource};
use expression::{EvaluationError, EvaluationProblem, Expression, ScriptFailure, Value};
use types::{ExecutionId, TaskId, VariableValue};

use crate::agenda::BpmnError;
use crate::delegate::{DelegateError, DelegateExecution};
use crate::java_exception::JavaException;
use crate::rejection::{Rejection, RejectionKind};
use crate::surroundings::{Subject, Surroundings};
use crate::turn::Turn;

/// # Errors
/// `Expression`: it cannot be evaluated.
pub(crate) fn value(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    expression: &Expression,
) -> Result<Value, Rejection> {
    of_subject(turn, Subject::Execution(execution), expression)
}

/// What the expression gives where it sees only the variables that the execution itself has.
pub(crate) fn local_value(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    expression: &Expression,
) -> Result<Value, Rejection> {
    of_subject(turn, Subject::LocalVariables(execution), expression)
}

/// Why something that the model says to run has given no value.
#[derive(Debug)]
pub(crate) enum Interruption {
    /// An error that the model may catch.
    Thrown(BpmnError),
    Refused(Rejection),
}

impl From<Rejection> for Interruption {
    fn from(rejection: Rejection) -> Self {
        Interruption::Refused(rejection)
    }
}

impl Interruption {
    /// What Java would throw as an exception, which the model may catch by its class.
    fn failed(rejection: Rejection, exception: JavaException) -> Interruption {
        Interruption::Thrown(BpmnError::of_exception(rejection, exception))
    }

    /// Where the model has no way to catch an error.
    pub fn into_rejection(self) -> Rejection {
        match self {
            Interruption::Refused(rejection) => rejection,
            Interruption::Thrown(BpmnError { failure: Some(failure), .. }) => failure.rejection,
            Interruption::Thrown(error) => {
                let code = error.code.as_deref().unwrap_or("null").to_owned();
                let message = error.message.as_deref().unwrap_or_default();
                Rejection::new(RejectionKind::ProcessEngine, format!("BPMN error '{code}': {message}"))
            }
        }
    }
}

/// Runs what a service task or an execution listener says.
pub(crate) fn action(turn: &mut Turn<'_, '_>, execution: ExecutionId, action: &Action) -> Result<Value, Interruption> {
    run_action(turn, Subject::Execution(execution), action)
}

/// Runs what a task listener says.
pub(crate) fn action_of_task(turn: &mut Turn<'_, '_>, task: TaskId, action: &Action) -> Result<Value, Interruption> {
    run_action(turn, Subject::Task(task), action)
}

pub(crate) fn script(turn: &mut Turn<'_, '_>, execution: ExecutionId, script: &Script) -> Result<Value, Interruption> {
    run_script(turn, Subject::Execution(execution), script)
}

/// The Java code that hands over variables of a call. An expression that gives null stands for none.
pub(crate) fn variable_mapping(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    delegate: &Delegate,
) -> Result<(), Rejection> {
    match delegate {
        Delegate::Class(class) => Err(class_not_found(class)),
        Delegate::Expression(expression) => match value(turn, execution, expression)? {
            Value::Null => Ok(()),
            other => {
                let message = format!("{} is no delegate that maps variables", other.type_name());
                Err(Rejection::new(RejectionKind::ProcessEngine, message))
            }
        },
    }
}

fn class_not_found(class: &str) -> Rejection {
    let message = format!("Exception while instantiating class '{class}': no Java code can be loaded");
    Rejection::new(RejectionKind::ProcessEngine, message)
}

fn run_action(turn: &mut Turn<'_, '_>, subject: Subject, action: &Action) -> Result<Value, Interruption> {
    match action {
        Action::Expression(expression) => evaluated(turn, subject, expression),
        Action::Script(script) => run_script(turn, subject, script),
        Action::Delegate(delegate) => run_delegate(turn, subject, delegate),
        Action::Connector(id) => {
            let message = format!("no connector with id '{id}' is there");
            Err(Rejection::new(RejectionKind::ProcessEngine, message).into())
        }
    }
}

fn run_delegate(turn: &mut Turn<'_, '_>, subject: Subject, delegate: &Delegate) -> Result<Value, Interruption> {
    let registry = turn.env.delegates;
    let registered = match delegate {
        Delegate::Class(class) => registry.get(class),
        Delegate::Expression(expression) => registry.get(expression.text()),
    };
    if let Some(code) = registered {
        let surroundings = Surroundings::of(turn, subject);
        let result = code.execute(&mut DelegateExecution::of(&surroundings));
        return result.map(|()| Value::Null).map_err(|error| match error {
            DelegateError::BpmnError { code, message } => {
                Interruption::Thrown(BpmnError::modelled(Some(code), message))
            }
            DelegateError::Failed(message) => {
                let rejection = Rejection::new(RejectionKind::ProcessEngine, message);
                Interruption::failed(rejection, JavaException::Delegate)
            }
        });
    }
    match delegate {
        Delegate::Class(class) => Err(Interruption::failed(class_not_found(class), JavaException::ClassNotFound)),
        Delegate::Expression(expression) => {
            let value = evaluated(turn, subject, expression)?;
            Err(no_java_code(expression, &value).into())
        }
    }
}

/// Why Java code is not run.
pub(crate) fn java_code(turn: &mut Turn<'_, '_>, subject: Subject, delegate: &Delegate) -> Rejection {
    match delegate {
        Delegate::Class(class) => class_not_found(class),
        Delegate::Expression(expression) => match of_subject(turn, subject, expression) {
            Ok(value) => no_java_code(expression, &value),
            Err(rejection) => rejection,
        },
    }
}

fn no_java_code(expression: &Expression, value: &Value) -> Rejection {
    let message = format!("Delegate expression {expression} did not resolve to Java code but to {}", value.type_name());
    Rejection::new(RejectionKind::ProcessEngine, message)
}

fn run_script(turn: &mut Turn<'_, '_>, subject: Subject, script: &Script) -> Result<Value, Interruption> {
    let source: Arc<str> = match &script.source {
        ScriptSource::Text(text) => text.clone(),
        ScriptSource::TextOf(expression) => text_of_subject(turn, subject, expression)?,
        ScriptSource::Resource(resource) => script_resource(turn, subject, resource)?,
        ScriptSource::ResourceOf(expression) => {
            let resource = text_of_subject(turn, subject, expression)?;
            script_resource(turn, subject, &resource)?
        }
    };
    if script.is_juel() {
        let expression =
            Expression::parse(&source).map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))?;
        return evaluated(turn, subject, &expression);
    }
    let scripts = turn.env.scripts;
    let result = scripts.run(&script.language, &source, &Surroundings::of(turn, subject));
    result.map_err(|failure| match failure {
        ScriptFailure::BpmnError { code, message } => Interruption::Thrown(BpmnError::modelled(code, message)),
        ScriptFailure::Failed(message) => {
            let message = format!("Unable to evaluate script: {message}");
            let rejection = Rejection::new(RejectionKind::ProcessEngine, message);
            if script.is_java_script() {
                Interruption::failed(rejection, JavaException::Script)
            } else {
                rejection.into()
            }
        }
    })
}

/// What an expression gives that stands for something to do: where it fails, the model may catch what Java would throw.
fn evaluated(turn: &mut Turn<'_, '_>, subject: Subject, expression: &Expression) -> Result<Value, Interruption> {
    expression.evaluate(&Surroundings::of(turn, subject)).map_err(|error| {
        let exception = match error.problem {
            EvaluationProblem::UnknownProperty => JavaException::PropertyNotFound,
            EvaluationProblem::UnknownMethod => JavaException::MethodNotFound,
            EvaluationProblem::Coercion | EvaluationProblem::Failed => JavaException::Expression,
            EvaluationProblem::Limit => return refused(&error).into(),
        };
        Interruption::failed(refused(&error), exception)
    })
}

/// A resource of the deployment that the definition came with.
fn script_resource(turn: &Turn<'_, '_>, subject: Subject, resource: &str) -> Result<Arc<str>, Rejection> {
    let definition = turn.definition_of(subject.execution(turn))?;
    let name = resource.strip_prefix(Script::DEPLOYMENT);
    let found = name.and_then(|name| definition.script_resources.get(name));
    found.cloned().ok_or_else(|| {
        Rejection::new(RejectionKind::NotFound, format!("Unable to find the script resource '{resource}'"))
    })
}

pub(crate) fn of_subject(
    turn: &mut Turn<'_, '_>,
    subject: Subject,
    expression: &Expression,
) -> Result<Value, Rejection> {
    expression.evaluate(&Surroundings::of(turn, subject)).map_err(|error| refused(&error))
}

fn text_of_subject(turn: &mut Turn<'_, '_>, subject: Subject, expression: &Expression) -> Result<Arc<str>, Rejection> {
    of_subject(turn, subject, expression)?.to_text().map_err(|error| refused(&error))
}

pub(crate) fn to_variable(value: &Value) -> Result<VariableValue, Rejection> {
    value.to_variable().map_err(|error| refused(&error))
}

/// Camunda: a condition must give a Boolean; nothing is coerced.
pub(crate) fn condition(
    turn: &mut Turn<'_, '_>,
    execution: ExecutionId,
    condition: &Condition,
) -> Result<bool, Rejection> {
    let (result, text) = match condition {
        Condition::Expression(expression) => (value(turn, execution, expression)?, expression.text()),
        Condition::Script(condition) => {
            (script(turn, execution, condition).map_err(Interruption::into_rejection)?, &*condition.language)
        }
    };
    truth(text, &result)
}

fn truth(condition: &str, result: &Value) -> Result<bool, Rejection> {
    if let Value::Boolean(truth) = result {
        return Ok(*truth);
    }
    let message = format!("condition `{condition}` gives {} instead of java.lang.Boolean", result.type_name());
    Err(Rejection::new(RejectionKind::ProcessEngine, message))
}

/// Whether the condition of an event holds. One that names a variable that is not there, or a script that fails, does not.
pub(crate) fn holds(turn: &mut Turn<'_, '_>, execution: ExecutionId, condition: &Condition) -> Result<bool, Rejection> {
    match condition {
        Condition::Expression(expression) => {
            match expression.evaluate(&Surroundings::of(turn, Subject::Execution(execution))) {
                Ok(result) => truth(expression.text(), &result),
                Err(error) if error.problem == EvaluationProblem::UnknownProperty => Ok(false),
                Err(error) => Err(refused(&error)),
            }
        }
        Condition::Script(condition) => match script(turn, execution, condition) {
            Ok(Value::Boolean(truth)) => Ok(truth),
            Err(Interruption::Refused(rejection)) if rejection.kind == RejectionKind::LimitReached => Err(rejection),
            Ok(_) | Err(_) => Ok(false),
        },
    }
}

/// A text, or nothing where the expression gives null.
pub(crate) fn text(
    turn: &mut Turn<'_, '_>,
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
    turn: &mut Turn<'_, '_>,
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
