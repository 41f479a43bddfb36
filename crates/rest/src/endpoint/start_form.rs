//! Forms that start a process: which one it is, what it shows, and what is sent in.

use std::sync::Arc;

use axum::http::StatusCode;
use engine::form::{ShownForm, shown_start_form};
use engine::{ProcessDefinition, Rejection, RejectionKind};

use super::process_definition::{record_start, selector, shown_start, unknown_key_is_not_found};
use super::task_form::{deployed_form, rendered_form, shown_variables};
use crate::answer::Answer;
use crate::call::Call;
use crate::dto;
use crate::dto::variable::variables;
use crate::failure::{Failure, Refusal};

pub async fn get(call: Call) -> Result<Answer, Failure> {
    let (definition, form) = form(&call).await?;
    let form = form.ok_or_else(|| no_form(&definition))?;
    let has_fields = form.deployed.is_none() && !form.fields.is_empty();
    let generated = has_fields.then(|| format!("/process-definition/{}/rendered-form", definition.id));
    Answer::json(&dto::form::form(&form, generated.as_deref()))
}

pub async fn form_variables(call: Call) -> Result<Answer, Failure> {
    let (definition, form) = form(&call).await?;
    let Some(form) = form else {
        // Camunda: this is not expected.
        let message = no_form(&definition).message;
        return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "NullValueException", message).of_engine().into());
    };
    shown_variables(&call, &form, Vec::new())
}

pub async fn rendered(call: Call) -> Result<Answer, Failure> {
    let (definition, form) = form(&call).await?;
    let absent = || format!("the process definition {} has no start form that can be rendered", definition.id);
    rendered_form(&form.unwrap_or_default(), absent)
}

pub async fn deployed(call: Call) -> Result<Answer, Failure> {
    let (definition, form) = form(&call).await?;
    let form = form.ok_or_else(|| no_form(&definition))?;
    deployed_form(&call, &definition.id, &form).await
}

pub async fn submit(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let sent = variables(&fields, "variables")?;
    let business_key = fields.text("businessKey")?;
    let shown = shown_start(call.link("/process-instance/"), false);
    record_start(&call, &shown);
    let which = selector(&call);
    let started = call.runtime().submit_start_form(which.clone(), business_key, sent).await;
    let started = started.map_err(|error| unknown_key_is_not_found(&which, error))?;
    Ok(Answer::json_text(shown(&started)?))
}

/// The definition that the address names, with its start form.
async fn form(call: &Call) -> Result<(Arc<ProcessDefinition>, Option<ShownForm>), Failure> {
    let which = selector(call);
    let unknown = || runtime::Error::from(Rejection::not_found("process definition", &which));
    let row = call.runtime().definition_row(&which).await?;
    let row = row.ok_or_else(|| unknown_key_is_not_found(&which, unknown()))?;
    let definition = call.runtime().definition(&row.id).await?;
    let definition = definition.ok_or_else(|| unknown_key_is_not_found(&which, unknown()))?;
    let form = shown_start_form(&definition, call.runtime().now())?;
    Ok((definition, form))
}

fn no_form(definition: &ProcessDefinition) -> Rejection {
    let message = format!("the process definition {} does not say where to start", definition.id);
    Rejection::new(RejectionKind::NullValue, message)
}
