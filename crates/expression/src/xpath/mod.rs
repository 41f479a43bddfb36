//! XPath 1.0 over the trees of [`crate::xml`]: all of its expressions, axes but that of namespaces, and functions.
//!
//! An expression is bounded in its length and nesting, an evaluation in the nodes that it visits and the text that it
//! makes.

mod evaluator;
mod function;
mod number;
mod parser;
mod program;
mod token;

pub(crate) use evaluator::{Found, evaluate};

use crate::error::EvaluationError;

/// Camunda: what is wrong with an expression is told as what went wrong with the element.
fn refused(problem: impl std::fmt::Display) -> EvaluationError {
    EvaluationError::failed(problem.to_string())
}
