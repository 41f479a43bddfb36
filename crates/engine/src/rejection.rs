//! Why a command was refused. Nothing has changed then.

use std::sync::Arc;

use crate::definition::DefinitionReference;

/// What went wrong, in terms of the engine. How it looks over REST is decided by the operation that was called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    pub kind: RejectionKind,
    pub message: String,
    /// The element that was being worked on, where it was one.
    pub activity_id: Option<Arc<str>>,
}

/// The classes that Camunda's REST API tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionKind {
    /// The thing addressed does not exist (any more).
    NotFound,
    /// A required value is missing.
    NullValue,
    /// A value is not acceptable, or the thing addressed is not in a state for it.
    BadUserRequest,
    /// Somebody else has claimed the task.
    TaskAlreadyClaimed,
    /// What is named in an instruction does not exist or cannot be used so.
    NotValid,
    /// The instance, task, job or definition is suspended.
    Suspended,
    /// A message matched no subscription, or more than one.
    MismatchingMessageCorrelation,
    /// An expression could not be evaluated.
    Expression,
    /// A value has the wrong type for where it is to go, for example a topic that is no text.
    InvalidValue,
    /// A variable has a value that is none for the field of a form that shows it.
    FormField,
    /// A text is no number where one is needed.
    NumberFormat,
    /// There is a row of that id already.
    Persistence,
    /// A limit of `Limits` was reached.
    LimitReached,
    /// Anything else that the execution of the model ran into.
    ProcessEngine,
}

/// Why a command came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It has to be run again, from the start, once this is known to its `Definitions`.
    #[error("the definition with {0} has to be loaded")]
    NeedsDefinition(DefinitionReference),
}

impl Rejection {
    pub fn new(kind: RejectionKind, message: impl Into<String>) -> Self {
        Rejection { kind, message: message.into(), activity_id: None }
    }

    pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        Rejection::new(RejectionKind::NotFound, format!("no {what} with id `{id}`"))
    }
}
