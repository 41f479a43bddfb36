//! What start events wait for while there is no instance: names, due dates and priorities that follow from the model
//! alone.

use std::sync::Arc;

use bpmn::model::{Condition, ConditionalTrigger, Element, ProcessModel, Script, ScriptSource, TimerDefinition};
use expression::{
    Bean, Context, EvaluationError, EvaluationProblem, Expression, ScriptEngine, Value, unknown_bean_method,
};
use types::{Timestamp, VariableMap};

use crate::definition::ProcessDefinition;
use crate::env::JobSettings;
use crate::rejection::{Rejection, RejectionKind};
use crate::retry_cycle::RetryCycle;
use crate::{due_date, evaluate, job, timer};

/// When a timer is due, and how its cycle goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartTimer {
    pub due_date: Option<Timestamp>,
    /// The rest of a cycle (`R2/PT10M`).
    pub repeat: Option<Arc<str>>,
}

/// The execution that there would be, of which only the variables are known.
const EXECUTION: &str = "execution";

/// Nothing but the clock, and at most the variables that an instance would begin with.
struct Nothing<'v> {
    now: Timestamp,
    variables: Option<&'v VariableMap>,
}

/// The name of a message or signal; none where the expression gives null.
///
/// # Errors
/// It cannot be evaluated without variables, or gives no text.
pub fn event_name(name: &Expression, now: Timestamp) -> Result<Option<Arc<str>>, Rejection> {
    match value(name, now)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(evaluate::wrong_type(name, &other, "a String")),
    }
}

/// # Errors
/// The time cannot be evaluated without variables, or is none.
pub fn timer(definition: &TimerDefinition, now: Timestamp) -> Result<StartTimer, Rejection> {
    let (due_date, repeat) = timer::due(definition, &value(&definition.expression, now)?, now)?;
    Ok(StartTimer { due_date, repeat })
}

/// When a cycle is due next; `None` after its last time.
///
/// # Errors
/// It is no cycle.
pub fn next_due(repeat: &str, now: Timestamp) -> Result<Option<Timestamp>, Rejection> {
    due_date::next_of_cycle(repeat, now).map_err(|error| timer::refused(&error))
}

/// The priority of the job of a start event.
///
/// # Errors
/// It cannot be evaluated without variables, or is no whole number.
pub fn job_priority(element: &Element, model: &ProcessModel, now: Timestamp) -> Result<i64, Rejection> {
    let Some(expression) = element.job_priority.as_ref().or(model.job_priority.as_ref()) else { return Ok(0) };
    job::priority_of(expression, &value(expression, now)?)
}

/// How often the job of a start event is tried.
pub fn retries(element: &Element, jobs: &JobSettings, now: Timestamp) -> i32 {
    retry_cycle(element, jobs, now).map_or(jobs.retries, |cycle| cycle.retries_of_new())
}

/// The retries that are left to the job of a start event after a failure, and when it is due again where that changes.
pub fn after_failure(
    element: &Element,
    jobs: &JobSettings,
    retries: i32,
    is_first: bool,
    now: Timestamp,
) -> (i32, Option<Timestamp>) {
    match retry_cycle(element, jobs, now) {
        Some(cycle) => cycle.after_failure(retries, is_first, now),
        None => (retries.saturating_sub(1).max(0), None),
    }
}

fn retry_cycle(element: &Element, jobs: &JobSettings, now: Timestamp) -> Option<RetryCycle> {
    match &element.retry_cycle {
        Some(expression) => RetryCycle::of_value(value(expression, now), now),
        None => RetryCycle::parse(jobs.retry_cycle.as_ref()?, now),
    }
}

/// Whether the condition of a start event of the definition holds for variables that an instance would begin with. A script that fails, or gives no Boolean, says no.
///
/// # Errors
/// It cannot be evaluated, but for variables that are not there, or gives no Boolean.
pub fn holds(
    trigger: &ConditionalTrigger,
    definition: &ProcessDefinition,
    variables: &VariableMap,
    now: Timestamp,
    scripts: &dyn ScriptEngine,
) -> Result<bool, Rejection> {
    if trigger.variable_name.as_ref().is_some_and(|name| !variables.contains_key(name)) {
        return Ok(false);
    }
    let context = Nothing { now, variables: Some(variables) };
    let condition = match &trigger.condition {
        Condition::Expression(condition) => condition,
        Condition::Script(script) => return Ok(script_holds(script, definition, &context, scripts)),
    };
    match condition.evaluate(&context) {
        Ok(Value::Boolean(truth)) => Ok(truth),
        Ok(other) => Err(evaluate::wrong_type(condition, &other, "a Boolean")),
        Err(error) if error.problem == EvaluationProblem::UnknownProperty => Ok(false),
        Err(error) => Err(Rejection::new(RejectionKind::Expression, error.to_string())),
    }
}

fn script_holds(
    script: &Script,
    definition: &ProcessDefinition,
    context: &Nothing<'_>,
    scripts: &dyn ScriptEngine,
) -> bool {
    let text = |expression: &Expression| expression.evaluate(context).and_then(|value| value.to_text()).ok();
    let resource = |name: &str| definition.script_resources.get(name.strip_prefix(Script::DEPLOYMENT)?).cloned();
    let source: Option<Arc<str>> = match &script.source {
        ScriptSource::Text(source) => Some(source.clone()),
        ScriptSource::TextOf(expression) => text(expression),
        ScriptSource::Resource(name) => resource(name),
        ScriptSource::ResourceOf(expression) => text(expression).and_then(|name| resource(&name)),
    };
    let Some(source) = source else { return false };
    let result = if script.is_juel() {
        Expression::parse(&source).ok().and_then(|condition| condition.evaluate(context).ok())
    } else {
        scripts.run(&script.language, &source, context).ok()
    };
    matches!(result, Some(Value::Boolean(true)))
}

fn value(expression: &Expression, now: Timestamp) -> Result<Value, Rejection> {
    let evaluated = expression.evaluate(&Nothing { now, variables: None });
    evaluated.map_err(|error| Rejection::new(RejectionKind::Expression, error.to_string()))
}

impl Nothing<'_> {
    fn variable(&self, name: &str) -> Option<Value> {
        let variable = self.variables.and_then(|variables| variables.get(name));
        variable.map(|write| Value::from(&write.value))
    }
}

impl Context for Nothing<'_> {
    fn resolve(&self, name: &str) -> Result<Option<Value>, EvaluationError> {
        if name == EXECUTION && self.variables.is_some() {
            return Ok(Some(Value::Bean(Bean { kind: EXECUTION, id: 0 })));
        }
        Ok(self.variable(name))
    }

    fn call(&self, bean: &Bean, method: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        match (method, arguments) {
            ("getVariable", [Value::String(name)]) => Ok(self.variable(name).unwrap_or(Value::Null)),
            ("hasVariable", [Value::String(name)]) => Ok(Value::Boolean(self.variable(name).is_some())),
            _ => Err(unknown_bean_method(bean, method, arguments)),
        }
    }

    fn function(&self, prefix: Option<&str>, name: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        match (prefix, name) {
            (None, "now") => Ok(Value::Date(self.now)),
            (None, "dateTime") => Ok(Value::DateTime(self.now)),
            (None, "currentUser" | "currentUserGroups") => Ok(Value::Null),
            _ => {
                Err(EvaluationError::unknown_method(format!("no function `{name}` with {} arguments", arguments.len())))
            }
        }
    }
}
