//! JUEL, the expression language of Camunda's models: `${amount > 1000 && customer.tier == 'gold'}`.
//!
//! Parses a text once and evaluates it against a [`Context`] that knows the variables. Knows nothing of processes:
//! what `execution` or `task` are is the context's business. Pure: no clock, no IO. Every evaluation ends, within the
//! limits of [`limit`]; nothing here panics or recurses without bound, whatever the text.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod limit;

mod error;
mod expression;
mod value;

mod program;
mod token;

mod parser;

mod evaluator;

mod coercion;
mod comparison;
mod number;
mod text;

mod function;
mod method;
mod property;

mod json;
mod variable;
mod xml;
mod xpath;

mod script;

pub use error::{EvaluationError, EvaluationProblem, ParseError, ParseProblem};
pub use expression::{Context, Expression, unknown_bean_method, unknown_bean_property};
pub use program::FunctionName;
pub use script::{NoScripts, ScriptEngine, ScriptFailure};
pub use value::{Bean, List, Map, Value};
pub use xml::Xml;
