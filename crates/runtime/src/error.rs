//! Why a request to the runtime was not carried out.

use std::sync::Arc;

use bpmn::ParseFailure;
use engine::{Rejection, RejectionKind};
use store::StoreError;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The caller's fault; nothing has changed.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A resource of a deployment is no model that can be executed; nothing was deployed.
    #[error("`{resource}` cannot be deployed: {failure}")]
    Parse { resource: Arc<str>, failure: ParseFailure },
    /// A resource of a deployment needs something that Camlock does not have yet; nothing was deployed.
    #[error("{0}")]
    NotImplemented(String),
    /// The state changed under the request as often as it was tried: Camunda's OptimisticLockingException, code 1.
    #[error("the state was changed by others {attempts} times in a row; try again")]
    OptimisticLocking { attempts: u32 },
    #[error(transparent)]
    Store(StoreError),
    /// More requests are in work than the runtime takes on; a later try can help.
    #[error("too many requests in work, at most {in_flight_max} are accepted")]
    Overloaded { in_flight_max: usize },
    #[error("the engine is shutting down")]
    ShuttingDown,
    /// A broken invariant; nothing has changed.
    #[error("internal error: {0}")]
    Defect(String),
}

impl Error {
    pub(crate) fn rejected(kind: RejectionKind, message: impl Into<String>) -> Error {
        Error::Rejected(Rejection::new(kind, message))
    }

    pub(crate) fn not_found(what: &str, id: impl std::fmt::Display) -> Error {
        Error::Rejected(Rejection::not_found(what, id))
    }
}

impl From<StoreError> for Error {
    /// A conflict is retried before it gets here; one that does was tried once.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Error::OptimisticLocking { attempts: 1 },
            other => Error::Store(other),
        }
    }
}
