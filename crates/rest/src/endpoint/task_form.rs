//! Forms of user tasks: which one it is, what it shows, and what is sent in.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::form::{ShownForm, TaskFormPart};
use engine::record::TaskPlace;
use engine::{Aggregate, Command, Rejection, RejectionKind};
use runtime::{FormResource, LocatedBy};
use types::{ProcessDefinitionId, TaskId, VariableValue};

use super::task;
use crate::answer::Answer;
use crate::call::Call;
use crate::dto;
use crate::dto::variable::{ValueForm, variables, variables_json};
use crate::failure::{Failure, look};
use crate::generated_form;
use crate::media::{FORM_SUFFIX, XHTML};

pub async fn get(call: Call) -> Result<Answer, Failure> {
    let id: TaskId = call.id("task")?;
    // Camunda: only what a field makes impossible is the request's fault.
    call.runtime().task_form(id, TaskFormPart::Reference).await.map_err(|error| match Failure::from(error) {
        Failure::Rejected(rejection) if rejection.kind != RejectionKind::NotFound => {
            Failure::from(Failure::Rejected(rejection).into_refusal(&look::ENGINE))
        }
        failure => failure,
    })?;
    let form = call.runtime().task_form(id, TaskFormPart::Whole).await?;
    let generated = (!form.fields.is_empty()).then(|| format!("/task/{id}/rendered-form"));
    Answer::json(&dto::form::form(&form, generated.as_deref()))
}

/// Those of the fields, then all others that the task can see.
pub async fn form_variables(call: Call) -> Result<Answer, Failure> {
    let id: TaskId = call.id("task")?;
    let look = move |aggregate: &Aggregate| aggregate.task(id).map(|_| aggregate.variables_visible_from_task(id));
    let seen = call.runtime().inspect(LocatedBy::Task(id), look).await?.flatten();
    let seen = seen.ok_or_else(|| Rejection::not_found("task", id))?;
    let form = call.runtime().task_form(id, TaskFormPart::Whole).await?;
    shown_variables(&call, &form, seen)
}

pub async fn rendered(call: Call) -> Result<Answer, Failure> {
    let id: TaskId = call.id("task")?;
    place_of(&call, id).await?;
    let form = call.runtime().task_form(id, TaskFormPart::Whole).await?;
    rendered_form(&form, || format!("the task {id} has no form that can be rendered"))
}

pub async fn deployed(call: Call) -> Result<Answer, Failure> {
    let id: TaskId = call.id("task")?;
    let definition_id = place_of(&call, id).await?.definition_id;
    let form = call.runtime().task_form(id, TaskFormPart::Whole).await?;
    deployed_form(&call, &definition_id, &form).await
}

pub async fn submit(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let (id, variables) = (call.id("task")?, variables(&fields, "variables")?);
    task::end(&call, &fields, Command::SubmitTaskForm { id, variables }).await
}

/// A task that stands alone has no form.
async fn place_of(call: &Call, id: TaskId) -> Result<TaskPlace, Failure> {
    let look = move |aggregate: &Aggregate| aggregate.task(id).map(|task| task.place.clone());
    let place = call.runtime().inspect(LocatedBy::Task(id), look).await?.flatten();
    let place = place.ok_or_else(|| Rejection::not_found("task", id))?;
    place.ok_or_else(|| Rejection::new(RejectionKind::NullValue, format!("the task {id} has no form")).into())
}

/// The variables of the fields before those that are `seen` under the same name; only those that are asked for.
pub(super) fn shown_variables(
    call: &Call,
    form: &ShownForm,
    seen: Vec<(Arc<str>, VariableValue)>,
) -> Result<Answer, Failure> {
    let names: Option<Vec<&str>> = call.query.get("variableNames").map(|names| names.split(',').collect());
    let mut shown: BTreeMap<Arc<str>, VariableValue> = seen.into_iter().collect();
    shown.extend(form.fields.iter().map(|field| (field.id.clone(), field.value.clone())));
    shown.retain(|name, _| names.as_ref().is_none_or(|names| names.contains(&&**name)));
    let shown: Vec<(Arc<str>, VariableValue)> = shown.into_iter().collect();
    let form = ValueForm::from_flag(call.query.flag("deserializeValues"), ValueForm::Deserialized);
    Answer::json(&variables_json(&shown, form)?)
}

pub(super) fn rendered_form(form: &ShownForm, absent: impl Fn() -> String) -> Result<Answer, Failure> {
    match generated_form::html(form) {
        Some(html) => Ok(Answer::of_type(XHTML, html)),
        None => Err(Failure::not_found(absent())),
    }
}

pub(super) async fn deployed_form(
    call: &Call,
    definition_id: &ProcessDefinitionId,
    form: &ShownForm,
) -> Result<Answer, Failure> {
    let definition = call.runtime().definition(definition_id).await?;
    let definition = definition.ok_or_else(|| Rejection::not_found("process definition", definition_id))?;
    let FormResource { contents, .. } = call.runtime().form_resource(&definition, form).await?;
    // Camunda: what it is is told by how it is named, not by what it is.
    let is_camunda_form = form.deployed.is_some() || form.key.as_ref().is_some_and(|key| key.ends_with(FORM_SUFFIX));
    let contents = contents.to_vec();
    Ok(if is_camunda_form { Answer::json_text(contents) } else { Answer::of_type(XHTML, contents) })
}
