//! What a handler answers when a request is refused or failed, and how that looks to the caller.
//!
//! A refusal of the engine says *what*, the `Look` of the operation that was called says *how it looks*. Nothing of
//! the inside is ever shown: no SQL, no path, no panic message.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::{Rejection, RejectionKind};
use runtime::{Diagnostic, ParseFailure, StoreError};
use serde_json::{Map, Value, json};

/// Camunda's code of an optimistic locking conflict.
const OPTIMISTIC_LOCKING_CODE: i32 = 1;
/// What a caller is told to wait where the server is busy.
const RETRY_AFTER_S: u32 = 1;

/// Why there is no good answer.
#[derive(Debug)]
pub enum Failure {
    /// Refused by the API itself: it looks the same wherever it happens.
    Refused(Box<Refusal>),
    /// Refused by the engine: it looks as the operation says.
    Rejected(Rejection),
}

/// A refusal as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub status: StatusCode,
    /// What the reference calls its exception.
    pub error_type: &'static str,
    pub message: String,
    /// `None` for refusals of the API, 0 for those of the engine.
    pub code: Option<i32>,
    /// Only of a deployment that cannot be parsed: problems by resource.
    pub details: Option<Value>,
    /// When asking again makes sense.
    pub retry_after_s: Option<u32>,
}

/// How the engine's refusals look, by what is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub not_found: Face,
    pub null_value: Face,
    pub bad_user_request: Face,
    pub not_valid: Face,
    pub suspended: Face,
    pub mismatching_message: Face,
    /// Of a field of a form that cannot show the variable it stands for.
    pub form_field: Face,
    /// Everything else that the execution of a model can run into.
    pub execution: Face,
}

/// Status, type and code of a refusal.
#[derive(Clone, Copy, Debug)]
pub struct Face {
    pub status: StatusCode,
    pub error_type: &'static str,
    pub code: Option<i32>,
}

/// One look per family of operations that share theirs.
pub mod look {
    use super::{Face, Look, StatusCode};

    const fn face(status: StatusCode, error_type: &'static str) -> Face {
        Face { status, error_type, code: Some(0) }
    }

    /// One face for every refusal.
    const fn all(face: Face) -> Look {
        Look {
            not_found: face,
            null_value: face,
            bad_user_request: face,
            not_valid: face,
            suspended: face,
            mismatching_message: face,
            form_field: face,
            execution: face,
        }
    }

    const INVALID: Face = face(StatusCode::BAD_REQUEST, "InvalidRequestException");
    /// Of what the API itself does not find.
    const UNKNOWN_UNCODED: Face = Face { code: None, ..face(StatusCode::NOT_FOUND, "InvalidRequestException") };
    const FAILED: Face = face(StatusCode::INTERNAL_SERVER_ERROR, "ProcessEngineException");
    /// Of a task that somebody else has, whatever the operation.
    pub(super) const ALREADY_CLAIMED: Face = face(StatusCode::INTERNAL_SERVER_ERROR, "TaskAlreadyClaimedException");

    /// Of an id that is taken.
    pub(super) const PERSISTENCE: Face = face(StatusCode::INTERNAL_SERVER_ERROR, "ProcessEnginePersistenceException");

    /// The engine's own words, where the reference hands its exceptions on as they are.
    pub const ENGINE: Look = Look {
        not_found: face(StatusCode::BAD_REQUEST, "NotFoundException"),
        // Camunda: 500 NullValueException; the documented form is the better one.
        null_value: INVALID,
        bad_user_request: face(StatusCode::BAD_REQUEST, "BadUserRequestException"),
        not_valid: face(StatusCode::BAD_REQUEST, "NotValidException"),
        suspended: face(StatusCode::BAD_REQUEST, "SuspendedEntityInteractionException"),
        mismatching_message: INVALID,
        form_field: face(StatusCode::INTERNAL_SERVER_ERROR, "FormFieldValidationException"),
        execution: FAILED,
    };

    /// Of one thing with an address of its own, where an unknown one is 404.
    pub const THING: Look = Look { not_found: face(StatusCode::NOT_FOUND, "InvalidRequestException"), ..ENGINE };

    /// The same where an unknown one is found out by the API itself.
    pub const LOOKED_UP: Look = Look { not_found: UNKNOWN_UNCODED, ..ENGINE };

    /// Where the reference turns every refusal of the engine into a fault of the server.
    pub const WRAPPED: Look =
        Look { null_value: INVALID, ..all(face(StatusCode::INTERNAL_SERVER_ERROR, "RestException")) };

    /// Batches, where an unknown one is the request's fault.
    pub const BATCH: Look = Look { not_found: INVALID, bad_user_request: INVALID, ..ENGINE };

    /// Messages, whose refusals are all the sender's fault.
    pub const MESSAGE: Look = Look { not_found: INVALID, bad_user_request: INVALID, suspended: INVALID, ..ENGINE };

    /// Signals, where an execution that does not exist is a value that is missing.
    pub const SIGNAL: Look = Look {
        not_found: face(StatusCode::INTERNAL_SERVER_ERROR, "RestException"),
        null_value: face(StatusCode::INTERNAL_SERVER_ERROR, "NullValueException"),
        ..ENGINE
    };

    /// The modification of one instance.
    pub const MODIFICATION: Look = Look { not_found: FAILED, ..ENGINE };

    const INVALID_UNCODED: Face = Face { code: None, ..INVALID };

    /// Of many instances at once.
    pub const MODIFICATIONS: Look =
        Look { not_found: FAILED, bad_user_request: INVALID_UNCODED, not_valid: INVALID_UNCODED, ..ENGINE };

    /// Instances that start once more.
    pub const RESTART: Look = Look { not_found: INVALID_UNCODED, ..MODIFICATIONS };

    /// Comments, where a task or instance that has ended is the request's fault.
    pub const COMMENT: Look = Look { not_found: INVALID_UNCODED, ..ENGINE };

    /// The execution of a job by hand: whatever it runs into, it is not found.
    pub const JOB_EXECUTION: Look = all(UNKNOWN_UNCODED);

    const JOB_REFUSED: Face = Face { status: StatusCode::INTERNAL_SERVER_ERROR, ..UNKNOWN_UNCODED };

    /// Changes of a job, all of whose refusals are faults of the server.
    pub const JOB_CHANGE: Look = all(JOB_REFUSED);

    /// The due date of a job, found anew: what has none is a fault of the server.
    pub const JOB_RECALCULATION: Look = Look { bad_user_request: JOB_REFUSED, ..THING };

    /// Work on one task, an unknown one being a fault of the request.
    pub const TASK: Look = Look { not_found: INVALID, ..ENGINE };

    const FORM_REFUSED: Face = face(StatusCode::BAD_REQUEST, "RestException");

    /// Which form a task has.
    pub const TASK_FORM: Look = all(FORM_REFUSED);

    /// Which form starts a process.
    pub const START_FORM: Look = all(INVALID);

    /// What a task's form shows.
    pub const FORM_VARIABLES: Look = Look { not_found: ENGINE.bad_user_request, ..ENGINE };

    /// Forms that are made of fields.
    pub const RENDERED_FORM: Look = Look { not_found: NO_TASK, null_value: NO_TASK, ..ENGINE };

    const NO_TASK: Face = face(StatusCode::INTERNAL_SERVER_ERROR, "NullValueException");

    /// Forms that are files of a deployment.
    pub const DEPLOYED_FORM: Look =
        Look { not_found: UNKNOWN_UNCODED, null_value: INVALID_UNCODED, bad_user_request: INVALID_UNCODED, ..ENGINE };
    /// A new task, whose parent is a part of the request.
    pub const TASK_CREATION: Look = Look { not_valid: INVALID, ..ENGINE };

    /// What is reported of a task: an error or an escalation.
    pub const TASK_EVENT: Look = Look {
        not_found: face(StatusCode::NOT_FOUND, "RestException"),
        bad_user_request: face(StatusCode::BAD_REQUEST, "RestException"),
        suspended: face(StatusCode::BAD_REQUEST, "RestException"),
        ..ENGINE
    };

    /// Changes of the retries of one external task, which check their number themselves.
    pub const EXTERNAL_TASK_RETRIES: Look = Look { bad_user_request: ENGINE.bad_user_request, ..EXTERNAL_TASK };

    /// Changes of many external tasks at once: refused as a request, not as a task's state.
    pub const EXTERNAL_TASKS: Look = Look {
        not_found: Face { code: None, ..face(StatusCode::NOT_FOUND, "InvalidRequestException") },
        bad_user_request: Face { code: None, ..INVALID },
        ..ENGINE
    };

    /// Work on one external task.
    pub const EXTERNAL_TASK: Look = Look {
        not_found: face(StatusCode::NOT_FOUND, "RestException"),
        bad_user_request: INVALID,
        suspended: INVALID,
        ..ENGINE
    };
}

impl Look {
    fn face(&self, kind: RejectionKind) -> Face {
        match kind {
            RejectionKind::NotFound => self.not_found,
            RejectionKind::NullValue => self.null_value,
            RejectionKind::BadUserRequest => self.bad_user_request,
            RejectionKind::TaskAlreadyClaimed => look::ALREADY_CLAIMED,
            RejectionKind::Persistence => look::PERSISTENCE,
            RejectionKind::NotValid => self.not_valid,
            RejectionKind::Suspended => self.suspended,
            RejectionKind::MismatchingMessageCorrelation => self.mismatching_message,
            RejectionKind::FormField => self.form_field,
            // Camunda: the exception of Java itself, as it is.
            RejectionKind::NumberFormat => {
                Face { status: StatusCode::INTERNAL_SERVER_ERROR, error_type: "NumberFormatException", code: None }
            }
            RejectionKind::Expression
            | RejectionKind::InvalidValue
            | RejectionKind::LimitReached
            | RejectionKind::ProcessEngine => self.execution,
        }
    }
}

impl Failure {
    /// 400: the request makes no sense.
    pub fn invalid(message: impl Into<String>) -> Failure {
        Failure::from(Refusal::invalid(message))
    }

    /// 404: what the address names is not there.
    pub fn not_found(message: impl Into<String>) -> Failure {
        Failure::from(Refusal::not_found(message))
    }

    /// 501: a part of the contract that is not there yet.
    pub fn not_yet(what: impl std::fmt::Display) -> Failure {
        let message = format!("{what} is not supported yet");
        Failure::refused(StatusCode::NOT_IMPLEMENTED, "NotImplementedException", message)
    }

    pub fn refused(status: StatusCode, error_type: &'static str, message: impl Into<String>) -> Failure {
        Failure::from(Refusal::new(status, error_type, message))
    }

    /// 500 for a fault of our own. What it was goes to the log, not to the caller.
    pub fn internal(fault: impl std::fmt::Display) -> Failure {
        tracing::error!(%fault, "request failed");
        Failure::from(Refusal {
            code: Some(0),
            ..Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "ProcessEngineException", "the request failed")
        })
    }

    /// As it is sent by an operation with that look.
    pub fn into_refusal(self, look: &Look) -> Refusal {
        match self {
            Failure::Refused(refusal) => *refusal,
            Failure::Rejected(rejection) => {
                let face = look.face(rejection.kind);
                Refusal { code: face.code, ..Refusal::new(face.status, face.error_type, rejection.message) }
            }
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(Box::new(refusal))
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Failure {
        Failure::Rejected(rejection)
    }
}

impl From<runtime::Error> for Failure {
    fn from(error: runtime::Error) -> Failure {
        let message = error.to_string();
        match error {
            runtime::Error::Rejected(rejection) => Failure::Rejected(rejection),
            runtime::Error::Parse { resource, failure } => parse_refusal(&resource, &failure, message).into(),
            runtime::Error::NotImplemented(what) => {
                Failure::refused(StatusCode::NOT_IMPLEMENTED, "NotImplementedException", what)
            }
            runtime::Error::OptimisticLocking { .. } => Failure::from(Refusal {
                code: Some(OPTIMISTIC_LOCKING_CODE),
                ..Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "OptimisticLockingException", message)
            }),
            runtime::Error::Store(fault @ StoreError::Unavailable(_)) => {
                tracing::error!(%fault, "the database is not available");
                busy(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", "the database is not available")
            }
            runtime::Error::Store(fault @ StoreError::OutcomeUnknown(_)) => {
                tracing::error!(%fault, "the connection to the database was lost amid a commit");
                let message = "the connection to the database was lost: it is not known whether this was done";
                busy(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", message)
            }
            runtime::Error::Store(fault) => Failure::internal(fault),
            runtime::Error::Overloaded { .. } => {
                busy(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", &message)
            }
            runtime::Error::ShuttingDown => {
                busy(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", &message)
            }
            runtime::Error::Defect(fault) => Failure::internal(fault),
        }
    }
}

/// What a later try can mend.
fn busy(status: StatusCode, error_type: &'static str, message: &str) -> Failure {
    Failure::from(Refusal { retry_after_s: Some(RETRY_AFTER_S), ..Refusal::new(status, error_type, message) })
}

fn parse_refusal(resource: &str, failure: &ParseFailure, message: String) -> Refusal {
    let ParseFailure::Invalid { errors, warnings } = failure else {
        // Camunda: malformed XML and expressions that cannot be parsed are no ParseException.
        let refusal = Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "ProcessEngineException", message);
        return Refusal { code: Some(0), ..refusal };
    };
    let problems = |found: &[Diagnostic]| found.iter().map(problem).collect::<Vec<_>>();
    let report = json!({ "errors": problems(errors), "warnings": problems(warnings) });
    let first = errors.first().map_or(message.clone(), |error| format!("{message}: {}", error.message));
    Refusal {
        code: Some(0),
        details: Some(json!({ resource: report })),
        ..Refusal::new(StatusCode::BAD_REQUEST, "ParseException", first)
    }
}

/// The reference spells `elementIds` with a Cyrillic letter; this is the documented spelling.
fn problem(found: &Diagnostic) -> Value {
    json!({
        "message": found.message,
        "line": found.line,
        "column": found.column,
        "mainElementId": found.main_element_id.as_deref(),
        "elementIds": found.element_ids.iter().map(|id| &**id).collect::<Vec<_>>(),
    })
}

impl Refusal {
    pub fn new(status: StatusCode, error_type: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, error_type, message: message.into(), code: None, details: None, retry_after_s: None }
    }
}

impl Refusal {
    /// 400: the request makes no sense.
    pub fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequestException", message)
    }

    /// 404: what the address names is not there.
    pub fn not_found(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "InvalidRequestException", message)
    }

    /// As one of the engine, which has a code.
    pub fn of_engine(self) -> Refusal {
        Refusal { code: Some(0), ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = Map::new();
        body.insert("type".to_owned(), json!(self.error_type));
        body.insert("message".to_owned(), json!(self.message));
        body.insert("code".to_owned(), json!(self.code));
        if let Some(details) = self.details {
            body.insert("details".to_owned(), details);
        }
        let mut response = (self.status, Json(Value::Object(body))).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
