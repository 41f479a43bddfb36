//! What a scripting language is to its hosts: a script sees the same names and beans as an expression.

use std::sync::Arc;

use crate::expression::Context;
use crate::value::Value;

/// Runs scripts.
pub trait ScriptEngine {
    /// What the script's last statement gives.
    ///
    /// # Errors
    /// The language is not known, the script threw, or it reached a limit.
    fn run(&self, language: &str, source: &str, context: &dyn Context) -> Result<Value, ScriptFailure>;
}

/// A script that gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptFailure {
    /// It threw an error that models can catch.
    #[error("the script threw the BPMN error {}", code.as_deref().unwrap_or("without code"))]
    BpmnError { code: Option<Arc<str>>, message: Option<Arc<str>> },
    #[error("{0}")]
    Failed(String),
}

impl ScriptFailure {
    pub fn unknown_language(language: &str) -> ScriptFailure {
        ScriptFailure::Failed(format!("Can't find scripting engine for '{language}'"))
    }
}

/// Knows no language.
#[derive(Clone, Copy, Debug)]
pub struct NoScripts;

impl ScriptEngine for NoScripts {
    fn run(&self, language: &str, _source: &str, _context: &dyn Context) -> Result<Value, ScriptFailure> {
        Err(ScriptFailure::unknown_language(language))
    }
}
