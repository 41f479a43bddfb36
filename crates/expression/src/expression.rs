//! A parsed expression, and what it asks of its host.

use std::fmt;
use std::sync::Arc;

use crate::error::{EvaluationError, ParseError};
use crate::evaluator;
use crate::function;
use crate::parser;
use crate::program::{FunctionName, Instruction, Part};
use crate::value::{Bean, Value};

/// A text with `${…}` or `#{…}` in it, or without: then it stands for itself. Cheap to clone.
#[derive(Clone)]
pub struct Expression {
    program: Arc<Program>,
}

struct Program {
    text: Arc<str>,
    parts: Vec<Part>,
}

impl Expression {
    /// # Errors
    /// The text is no expression, calls a function that does not exist, or is over a limit.
    pub fn parse(text: &str) -> Result<Expression, ParseError> {
        let text: Arc<str> = text.into();
        let parts = parser::parse(&text)?;
        Ok(Expression { program: Arc::new(Program { text, parts }) })
    }

    /// A text that stands for itself, whatever is in it.
    pub fn literal(text: &str) -> Expression {
        let text: Arc<str> = text.into();
        Expression { program: Arc::new(Program { text: text.clone(), parts: vec![Part::Text(text)] }) }
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.program.text
    }

    /// There is nothing to evaluate in it.
    pub fn is_literal(&self) -> bool {
        self.program.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The identifiers it may resolve, in reading order, with repetitions.
    pub fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.steps().filter_map(|instruction| match instruction {
            Instruction::Resolve(name) => Some(&**name),
            _ => None,
        })
    }

    /// The functions it may call, in reading order, with repetitions.
    pub fn functions(&self) -> impl Iterator<Item = &FunctionName> {
        self.steps().filter_map(|instruction| match instruction {
            Instruction::Function { function, .. } => Some(&**function),
            _ => None,
        })
    }

    /// A single `${…}` keeps the type of its value; everything else is a String.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Value, EvaluationError> {
        evaluator::evaluate(&self.program.text, &self.program.parts, context)
    }

    /// As a condition: the value has to be a Boolean, nothing is coerced.
    pub fn evaluate_condition(&self, context: &dyn Context) -> Result<bool, EvaluationError> {
        let message = match self.evaluate(context)? {
            Value::Boolean(truth) => return Ok(truth),
            Value::Null => "condition expression returns null".to_owned(),
            other => format!(
                "condition expression returns non-Boolean: result has class {} and not java.lang.Boolean",
                other.type_name()
            ),
        };
        Err(EvaluationError::failed(message).at(&self.program.text, 0))
    }

    fn steps(&self) -> impl Iterator<Item = &Instruction> {
        let evaluated = self.program.parts.iter().filter_map(|part| match part {
            Part::Evaluated(steps) => Some(steps),
            Part::Text(_) => None,
        });
        evaluated.flatten().map(|step| &step.instruction)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.program.text).finish()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program.text)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.program.text == other.program.text
    }
}

impl Eq for Expression {}

/// What the host knows: variables, its objects and their methods.
pub trait Context {
    /// The value of an identifier; `None` if there is none.
    fn resolve(&self, name: &str) -> Result<Option<Value>, EvaluationError>;

    fn property(&self, bean: &Bean, name: &str) -> Result<Value, EvaluationError> {
        Err(unknown_bean_property(bean, name))
    }

    fn call(&self, bean: &Bean, method: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        Err(unknown_bean_method(bean, method, arguments))
    }

    /// One of the functions `now`, `dateTime`, `currentUser` and `currentUserGroups`; the others are pure.
    fn function(&self, prefix: Option<&str>, name: &str, arguments: &[Value]) -> Result<Value, EvaluationError> {
        let _ = arguments;
        let name = FunctionName { prefix: prefix.map(str::to_owned), name: name.to_owned() };
        Err(EvaluationError::failed(format!("Could not resolve function '{}'", function::written(&name))))
    }
}

/// For hosts: the bean has no such property.
pub fn unknown_bean_property(bean: &Bean, name: &str) -> EvaluationError {
    EvaluationError::unknown_property(format!("The class '{}' does not have the property '{name}'", bean.kind))
}

/// For hosts: the bean has no such method with so many arguments of these types.
pub fn unknown_bean_method(bean: &Bean, method: &str, arguments: &[Value]) -> EvaluationError {
    crate::method::unknown(bean.kind, method, arguments)
}
