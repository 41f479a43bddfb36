//! Refusals of a list request: what is wrong with it, not how that looks over REST.

/// A request that cannot be answered. Nothing was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    pub kind: QueryErrorKind,
    /// The parameter at fault, as the caller spelled it.
    pub parameter: String,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryErrorKind {
    /// A body of another shape than documented.
    Unreadable,
    /// A parameter's value has the wrong form, or an unknown word.
    InvalidValue,
    /// `firstResult` or `maxResults` is no number.
    InvalidPage,
    /// A sort key or order of a body, or a variable condition, that makes no sense.
    NotValid,
    /// A list with a null in it, a variable condition without a name.
    NullValue,
    /// What Camunda calls a BadUserRequest: states that exclude each other, expressions out of place.
    BadUserRequest,
    /// What Camunda's engine, not its REST layer, refuses.
    Refused,
    /// A variable condition without operator, over which Camunda stumbles.
    OperatorMissing,
    /// Known, and not answered by this version.
    NotThereYet,
}

impl QueryError {
    pub fn new(kind: QueryErrorKind, parameter: impl Into<String>, message: impl Into<String>) -> Self {
        QueryError { kind, parameter: parameter.into(), message: message.into() }
    }

    pub(crate) fn invalid(parameter: &str, value: impl std::fmt::Display, expected: &str) -> Self {
        QueryError::new(
            QueryErrorKind::InvalidValue,
            parameter,
            format!("cannot set query parameter `{parameter}` to `{value}`: expected {expected}"),
        )
    }

    pub(crate) fn unreadable(parameter: &str, expected: &str) -> Self {
        QueryError::new(QueryErrorKind::Unreadable, parameter, format!("`{parameter}`: expected {expected}"))
    }
}
