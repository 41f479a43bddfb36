//! What a failure of PostgreSQL means for a unit of work.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::StoreError;

/// How far a transaction had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its commit was not sent: whatever happens, nothing of it stays.
    Open,
    /// Its commit was sent, and the answer has not come.
    Committing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The transaction met another one; the same again may do.
    Collision(String),
    /// The connection is of no use any more.
    Lost(String),
    /// The server cannot do it now.
    Unavailable(String),
    /// A key is there already.
    Duplicate(String),
    /// The server refuses it.
    Failed(String),
    /// An expectation of the unit does not hold.
    Conflict,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Some(told) = error.as_db_error() {
            return Failure::told(told.code().code(), told.message(), told.detail());
        }
        let text = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        // A value that cannot be bound or read leaves the connection as it is.
        let is_local = std::error::Error::source(&error).is_some_and(|source| !source.is::<std::io::Error>());
        if is_local && !error.is_closed() { Failure::Failed(text) } else { Failure::Lost(text) }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Lost(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Failure::Conflict,
            StoreError::Unavailable(text) => Failure::Unavailable(text),
            StoreError::OutcomeUnknown(text) => Failure::Lost(text),
            StoreError::Failed(text) => Failure::Failed(text),
        }
    }
}

impl Failure {
    /// What the server has said, with the code it gave.
    pub fn told(state: &str, message: &str, detail: Option<&str>) -> Failure {
        let detail = detail.map(|detail| format!("; {detail}")).unwrap_or_default();
        let text = format!("{message}{detail} (SQLSTATE {state})");
        let is = |known: SqlState| state == known.code();
        if is(SqlState::T_R_SERIALIZATION_FAILURE) || is(SqlState::T_R_DEADLOCK_DETECTED) {
            return Failure::Collision(text);
        }
        if is(SqlState::UNIQUE_VIOLATION) {
            return Failure::Duplicate(text);
        }
        // Only what checks something divides.
        if is(SqlState::DIVISION_BY_ZERO) {
            return Failure::Conflict;
        }
        // Class 08: connection; 40003: nobody knows what became of it; 57P: the server goes or is not there yet; 25006: a
        // server that has become a replica; 25P03 and 25P04: it has ended the session of a node that stood still.
        if matches!(state, "40003" | "25006" | "25P03" | "25P04") || state.starts_with("08") || state.starts_with("57P")
        {
            return Failure::Lost(text);
        }
        // Class 53: out of memory, disk or connections; 55: locked; 57: stopped; 58: IO.
        match state.get(..2) {
            Some("53" | "55" | "57" | "58") => Failure::Unavailable(text),
            _ => Failure::Failed(text),
        }
    }

    pub fn at(self, progress: Progress) -> StoreError {
        match (self, progress) {
            (Failure::Lost(text), Progress::Committing) => StoreError::OutcomeUnknown(text),
            (Failure::Collision(text) | Failure::Lost(text) | Failure::Unavailable(text), _) => {
                StoreError::Unavailable(text)
            }
            (Failure::Duplicate(text) | Failure::Failed(text), _) => StoreError::Failed(text),
            (Failure::Conflict, _) => StoreError::Conflict,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Collision(text)
            | Failure::Lost(text)
            | Failure::Unavailable(text)
            | Failure::Duplicate(text)
            | Failure::Failed(text) => f.write_str(text),
            Failure::Conflict => f.write_str("an expectation does not hold"),
        }
    }
}
