//! How refused list requests look.

use axum::http::StatusCode;
use query::{QueryError, QueryErrorKind};

use crate::failure::{Failure, Refusal};

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Failure {
        let (status, error_type, code) = match error.kind {
            // Camunda: 500 NullValueException for a null; the documented form is the better one.
            QueryErrorKind::Unreadable | QueryErrorKind::InvalidValue | QueryErrorKind::NullValue => {
                (StatusCode::BAD_REQUEST, "InvalidRequestException", None)
            }
            // Camunda: a page that is no number is not found.
            QueryErrorKind::InvalidPage => (StatusCode::NOT_FOUND, "QueryParamException", None),
            QueryErrorKind::NotValid => (StatusCode::BAD_REQUEST, "NotValidException", Some(0)),
            QueryErrorKind::BadUserRequest => (StatusCode::BAD_REQUEST, "BadUserRequestException", Some(0)),
            // Camunda: what the engine itself refuses in a query looks like a fault of the server.
            QueryErrorKind::Refused => (StatusCode::INTERNAL_SERVER_ERROR, "ProcessEngineException", Some(0)),
            QueryErrorKind::OperatorMissing => (StatusCode::INTERNAL_SERVER_ERROR, "NullPointerException", None),
            QueryErrorKind::NotThereYet => (StatusCode::NOT_IMPLEMENTED, "NotImplementedException", None),
        };
        Failure::from(Refusal { code, ..Refusal::new(status, error_type, error.message) })
    }
}
