//! What is wrong with a document, and where.

use std::sync::Arc;

/// One finding. `line` and `column` count from 1; 0 where the place is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub message: String,
    pub line: u32,
    pub column: u32,
    pub main_element_id: Option<Arc<str>>,
    pub element_ids: Vec<Arc<str>>,
}

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseFailure {
    /// The text is no well-formed XML, or has what is never accepted: a DTD, absurd depth or size.
    #[error("{0}")]
    Malformed(String),
    /// Camunda: an expression that cannot be parsed is no ParseException there.
    #[error("{0}")]
    Expression(String),
    /// Well-formed, but no model that can be executed: all findings at once.
    #[error("{} error(s) in the model", errors.len())]
    Invalid { errors: Vec<Diagnostic>, warnings: Vec<Diagnostic> },
}
