//! Incidents: made by hand, resolved, annotated.

use std::sync::Arc;

use axum::http::StatusCode;
use engine::{Command, RejectionKind, Reply};
use query::{resource, tables};
use types::{IncidentId, ProcessInstanceId};

use crate::answer::Answer;
use crate::call::Call;
use crate::dto::variable::ValueForm;
use crate::failure::{Failure, Refusal};
use crate::list;
use crate::row;

pub async fn create(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let Some(incident_type) = fields.text("incidentType")?.filter(|text| !text.is_empty()) else {
        return Err(Failure::invalid("`incidentType` is missing"));
    };
    let execution_id = call.id("execution").map_err(as_request)?;
    let (configuration, message) = (fields.text("configuration")?, fields.text("message")?);
    let command = Command::CreateIncident { execution_id, incident_type, configuration, message };
    let created = call.runtime().execute(command).await;
    let reply = created.map_err(|error| as_request(Failure::from(error)))?;
    let Reply::IncidentCreated(id) = reply else {
        return Err(Failure::internal("an incident was answered with something else"));
    };
    match list::row(&resource::INCIDENTS, &call, &id.to_string(), ValueForm::Deserialized).await? {
        Some(shown) => Answer::json(&shown),
        None => Err(Failure::internal("a new incident is not there")),
    }
}

/// Camunda: what is wrong with the address is wrong with the request.
fn as_request(failure: Failure) -> Failure {
    match failure {
        Failure::Rejected(rejection)
            if matches!(rejection.kind, RejectionKind::NotFound | RejectionKind::BadUserRequest) =>
        {
            Failure::invalid(rejection.message.clone())
        }
        other => other,
    }
}

pub async fn resolve(call: Call) -> Result<Answer, Failure> {
    let unknown = || Failure::not_found(format!("no incident with id `{}`", call.path("id")));
    let (process_instance_id, id) = located(&call).await?.ok_or_else(unknown)?;
    let Some(process_instance_id) = process_instance_id else {
        return Err(Failure::invalid(format!("incident {id} belongs to no instance and cannot be resolved by hand")));
    };
    match call.runtime().execute(Command::ResolveIncident { process_instance_id, id }).await {
        Err(runtime::Error::Rejected(rejection)) if rejection.kind == RejectionKind::BadUserRequest => {
            Err(Failure::invalid(rejection.message))
        }
        done => {
            done?;
            Ok(Answer::no_content())
        }
    }
}

pub async fn annotate(call: Call) -> Result<Answer, Failure> {
    let annotation = call.fields()?.text("annotation")?;
    set_annotation(&call, annotation).await
}

pub async fn clear_annotation(call: Call) -> Result<Answer, Failure> {
    set_annotation(&call, None).await
}

async fn set_annotation(call: &Call, annotation: Option<Arc<str>>) -> Result<Answer, Failure> {
    let unknown = || {
        let message = format!("no incident with id `{}`", call.path("id"));
        Failure::from(Refusal::new(StatusCode::BAD_REQUEST, "BadUserRequestException", message).of_engine())
    };
    match located(call).await?.ok_or_else(unknown)? {
        (Some(process_instance_id), id) => {
            call.runtime().execute(Command::AnnotateIncident { process_instance_id, id, annotation }).await?;
        }
        (None, id) => call.runtime().annotate_incident(id, annotation).await?,
    }
    Ok(Answer::no_content())
}

/// An incident, and the instance that it belongs to; those of batches belong to none.
async fn located(call: &Call) -> Result<Option<(Option<ProcessInstanceId>, IncidentId)>, Failure> {
    let found = row::row_by_id(call.runtime(), &tables::INCIDENT, call.path("id")).await?;
    Ok(found.and_then(|row| {
        let id = IncidentId(row.id("id")?);
        Some((row.id("process_instance_id").map(ProcessInstanceId), id))
    }))
}
