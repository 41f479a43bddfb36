//! What can be wrong with an expression: its text ([`ParseError`]) or what happened when it was evaluated
//! ([`EvaluationError`]). Both say where.

use std::fmt;
use std::sync::Arc;

use crate::limit;

/// A text that is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Error parsing '{}': {problem} at position {position}{}", quoted(.text), detail(.encountered, .expected))]
pub struct ParseError {
    /// The whole text.
    pub text: Arc<str>,
    pub problem: ParseProblem,
    /// UTF-16 units before the place, as the reference counts.
    pub position: usize,
    pub encountered: String,
    pub expected: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseProblem {
    /// Characters that make no token.
    Lexical,
    Syntax,
    UnknownFunction,
    WrongArgumentCount,
    /// A limit of [`crate::limit`].
    Limit,
}

impl fmt::Display for ParseProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParseProblem::Lexical => "lexical error",
            ParseProblem::Syntax => "syntax error",
            ParseProblem::UnknownFunction => "unknown function",
            ParseProblem::WrongArgumentCount => "wrong number of arguments",
            ParseProblem::Limit => "expression too large",
        })
    }
}

fn detail(encountered: &str, expected: &str) -> String {
    match (encountered.is_empty(), expected.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(", expected {expected}"),
        (false, true) => format!(", encountered {encountered}"),
        (false, false) => format!(", encountered {encountered}, expected {expected}"),
    }
}

/// What kind of failure an evaluation met. The engine tells an unknown name apart: a conditional event ignores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluationProblem {
    /// An identifier, a property or the target of a call is not there.
    UnknownProperty,
    UnknownMethod,
    /// A value has the wrong type or form.
    Coercion,
    /// A limit of [`crate::limit`].
    Limit,
    /// What was called or read refused.
    Failed,
}

/// An evaluation that ended without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationError {
    pub problem: EvaluationProblem,
    pub message: String,
    /// The text of the expression and the UTF-16 units before the place; known once the evaluator has seen the error.
    pub place: Option<(Arc<str>, usize)>,
}

impl EvaluationError {
    pub fn new(problem: EvaluationProblem, message: impl Into<String>) -> EvaluationError {
        EvaluationError { problem, message: message.into(), place: None }
    }

    pub fn unknown_property(message: impl Into<String>) -> EvaluationError {
        EvaluationError::new(EvaluationProblem::UnknownProperty, message)
    }

    pub fn unknown_method(message: impl Into<String>) -> EvaluationError {
        EvaluationError::new(EvaluationProblem::UnknownMethod, message)
    }

    pub fn failed(message: impl Into<String>) -> EvaluationError {
        EvaluationError::new(EvaluationProblem::Failed, message)
    }

    pub(crate) fn coercion(message: impl Into<String>) -> EvaluationError {
        EvaluationError::new(EvaluationProblem::Coercion, message)
    }

    pub(crate) fn limit(what: &str, limit: usize) -> EvaluationError {
        EvaluationError::new(EvaluationProblem::Limit, format!("{what} is over the limit of {limit}"))
    }

    pub(crate) fn at(mut self, text: &Arc<str>, position: usize) -> EvaluationError {
        self.place.get_or_insert_with(|| (text.clone(), position));
        self
    }
}

impl std::error::Error for EvaluationError {}

impl fmt::Display for EvaluationError {
    /// Begins as the reference's message does: clients look for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((text, _)) = &self.place else {
            return f.write_str(&self.message);
        };
        let introduction = match self.problem {
            EvaluationProblem::UnknownProperty => "Unknown property used in expression",
            EvaluationProblem::UnknownMethod => "Unknown method used in expression",
            EvaluationProblem::Coercion | EvaluationProblem::Limit | EvaluationProblem::Failed => {
                "Error while evaluating expression"
            }
        };
        write!(f, "{introduction}: {}. Cause: {}", quoted(text), self.message)
    }
}

/// The beginning of a text that may be long.
pub(crate) fn quoted(text: &str) -> String {
    if text.len() <= limit::QUOTED_BYTES {
        return text.to_owned();
    }
    let end = (0..=limit::QUOTED_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end])
}
