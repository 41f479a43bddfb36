//! Process definitions: addressed by id, or by key and tenant, which means the latest version.

use std::sync::Arc;

use axum::http::StatusCode;
use engine::{InstanceKeys, Rejection, RejectionKind, Reply, Skipped, StartedProcessInstance};
use query::tables::{DEPLOYMENT_RESOURCE, PROCESS_DEFINITION};
use query::{Condition, SqlValue};
use runtime::{
    DefinitionSelector, DefinitionSet, DefinitionSuspension, InstancesOfDefinition, SuspensionState, TenantChoice,
};
use serde::Serialize;
use serde_json::{Value, json};
use types::{ProcessDefinitionId, ProcessInstanceId};

use super::deployment::cascade;
use crate::answer::Answer;
use crate::call::Call;
use crate::dto::modification::{Instructed, modification};
use crate::dto::shown::Shown;
use crate::dto::time;
use crate::dto::variable::{ValueForm, VariablesJson, variables};
use crate::failure::{Failure, Refusal};
use crate::idempotency;
use crate::json::Fields;
use crate::media::media_type_of_file;
use crate::row::{self, Row};

pub async fn get(call: Call) -> Result<Answer, Failure> {
    Answer::json(&shown(&addressed(&call).await?))
}

pub async fn xml(call: Call) -> Result<Answer, Failure> {
    let definition = addressed(&call).await?;
    let resource = definition.text("resource_name").unwrap_or_default();
    let contents = resource_contents(&call, &definition, &resource).await?;
    let text = String::from_utf8_lossy(&contents);
    Answer::json(&json!({ "id": definition.text("id").as_deref(), "bpmn20Xml": text }))
}

/// 204 where the definition has no picture.
pub async fn diagram(call: Call) -> Result<Answer, Failure> {
    let found = addressed(&call).await;
    let definition = match found {
        // Camunda: a diagram of an unknown id is refused in another way than the rest of it.
        Err(Failure::Refused(refusal)) if refusal.code == Some(0) => {
            return Err(Refusal { status: StatusCode::BAD_REQUEST, error_type: "NotFoundException", ..*refusal }.into());
        }
        found => found?,
    };
    let Some(name) = definition.text("diagram_resource_name") else { return Ok(Answer::no_content()) };
    let contents = resource_contents(&call, &definition, &name).await?;
    Ok(Answer::of_type(media_type_of_file(&name), contents.to_vec()).as_attachment(&name))
}

/// What its call activities call, as far as its model says.
pub async fn statically_called(call: Call) -> Result<Answer, Failure> {
    let caller = match addressed_id(&call).await {
        Err(Failure::Refused(refusal)) => return Err(Refusal { code: None, ..*refusal }.into()),
        found => found?,
    };
    let called = call.runtime().statically_called(&caller).await?;
    let ids = called.iter().map(|(id, _)| SqlValue::Text(id.0.clone())).collect();
    let of_ids = Condition::OneOf(PROCESS_DEFINITION.col("id").into(), ids);
    let rows = row::rows(call.runtime(), &PROCESS_DEFINITION, of_ids).await?;
    let shown = called.iter().filter_map(|(id, activities)| {
        let mut shown = shown(rows.iter().find(|row| row.text("id").as_ref() == Some(&id.0))?);
        shown["calledFromActivityIds"] = activities.iter().map(|activity| &**activity).collect();
        shown["callingProcessDefinitionId"] = caller.as_str().into();
        Some(shown)
    });
    Answer::json(&shown.collect::<Vec<_>>())
}

pub async fn start(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let sent = variables(&fields, "variables")?;
    let keys =
        InstanceKeys { business_key: fields.text("businessKey")?, case_instance_id: fields.text("caseInstanceId")? };
    let with_variables = fields.flag("withVariablesInReturn")?.unwrap_or(false);
    let instructions = modification(&fields, "startInstructions", Instructed::NewInstance)?;
    drop(fields);
    let shown = shown_start(call.link("/process-instance/"), with_variables);
    record_start(&call, &shown);
    let which = selector(&call);
    let runtime = call.into_runtime();
    let started = if instructions.instructions.is_empty() {
        if instructions.skipped != Skipped::default() {
            let message = "nothing can be skipped where a process starts at its start event";
            return Err(Rejection::new(RejectionKind::ProcessEngine, message).into());
        }
        runtime.start_process_instance(which.clone(), keys, sent).await
    } else {
        Box::pin(runtime.start_process_instance_at(which.clone(), keys, sent, instructions)).await
    };
    let started = started.map_err(|error| unknown_key_is_not_found(&which, error))?;
    Ok(Answer::json_text(shown(&started)?))
}

/// So that a repeated start is answered as this one.
pub(super) fn record_start(
    call: &Call,
    shown: &(impl Fn(&StartedProcessInstance) -> Result<Vec<u8>, Failure> + Clone + Send + Sync + 'static),
) {
    if !call.runtime().is_recording() {
        return;
    }
    let shown = shown.clone();
    idempotency::record_reply(call.runtime(), move |replies| match replies {
        [Reply::Started(started)] => shown(started).ok().map(idempotency::json_answer),
        _ => None,
    });
}

/// About as long is the answer to a start without variables.
const STARTED_BYTES: usize = 512;

/// The answer to a start, as a text. `link` is that of an instance but for its id.
pub(super) fn shown_start(
    link: String,
    with_variables: bool,
) -> impl Fn(&StartedProcessInstance) -> Result<Vec<u8>, Failure> + Clone + Send + Sync {
    move |started| {
        let href = format!("{link}{}", started.id);
        let variables = with_variables.then(|| VariablesJson::new(&started.variables, ValueForm::Serialized));
        let shown = StartedJson {
            links: &[LinkJson { method: "GET", href: &href, rel: "self" }],
            variables: variables.transpose()?,
            ..started_instance(started)
        };
        Answer::text_of(&shown, STARTED_BYTES)
    }
}

/// Camunda: by key only the latest version is deleted.
pub async fn delete(call: Call) -> Result<Answer, Failure> {
    let id = addressed_id(&call).await?;
    call.runtime().delete_process_definitions(DefinitionSet::ById(id), cascade(&call)).await?;
    Ok(axum::response::Response::new(axum::body::Body::empty()).into())
}

/// Camunda: by key only that of the latest version is set.
pub async fn set_history_time_to_live(call: Call) -> Result<Answer, Failure> {
    let days = call.fields()?.integer("historyTimeToLive")?;
    let id = match call.path("key") {
        "" => ProcessDefinitionId(call.path("id").into()),
        _ => addressed_id(&call).await?,
    };
    let days = match days.map(u32::try_from) {
        Some(Err(_)) => {
            let message = "`historyTimeToLive` is negative: it has to be a number of days";
            return Err(Rejection::new(RejectionKind::BadUserRequest, message).into());
        }
        Some(Ok(days)) => Some(days),
        None => None,
    };
    match call.runtime().set_history_time_to_live(id, days).await {
        Err(runtime::Error::Rejected(rejection)) if rejection.kind == RejectionKind::NotFound => {
            // Camunda: an unknown id is not expected.
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Err(Failure::refused(status, "NullPointerException", rejection.message))
        }
        done => done.map(|()| Answer::no_content()).map_err(Failure::from),
    }
}

/// Camunda: by key only the latest version is suspended or activated.
pub async fn set_suspension(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    if fields.get("processDefinitionKey").is_some() {
        return Err(Failure::invalid(
            "`processDefinitionKey` belongs to requests that name no definition in the address",
        ));
    }
    let (state, instances, at) = suspension_of(&fields)?;
    let which = DefinitionSet::ById(match call.path("key") {
        "" => call.path("id").into(),
        _ => addressed_id(&call).await?,
    });
    suspend(&call, DefinitionSuspension { which, state, instances, at }).await
}

/// All versions of a key, whatever tenant they belong to.
pub async fn set_suspension_of_key(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let (state, instances, at) = suspension_of(&fields)?;
    if fields.get("processDefinitionId").is_some() {
        return Err(Failure::invalid("`processDefinitionId` belongs in the address; here only a key can be named"));
    }
    let Some(key) = fields.text("processDefinitionKey")? else {
        return Err(Failure::invalid("`processDefinitionKey` is missing"));
    };
    suspend(
        &call,
        DefinitionSuspension { which: DefinitionSet::ByKey { key, tenant: TenantChoice::Any }, state, instances, at },
    )
    .await
}

/// Unknown definitions are no fault: there was nothing to do.
async fn suspend(call: &Call, suspension: DefinitionSuspension) -> Result<Answer, Failure> {
    Answer::unless_unknown(call.runtime().set_definition_suspension(suspension).await)
}

type Suspension = (SuspensionState, InstancesOfDefinition, Option<types::Timestamp>);

fn suspension_of(fields: &Fields) -> Result<Suspension, Failure> {
    let instances = match fields.flag("includeProcessInstances")? {
        Some(true) => InstancesOfDefinition::Included,
        _ => InstancesOfDefinition::Left,
    };
    let at = match fields.text("executionDate")?.filter(|text| !text.is_empty()) {
        Some(text) => Some(time::lenient(&text)?),
        None => None,
    };
    Ok((suspension_state(fields)?, instances, at))
}

/// Camunda: a missing flag means activation.
pub(super) fn suspension_state(fields: &Fields) -> Result<SuspensionState, Failure> {
    Ok(match fields.flag("suspended")? {
        Some(true) => SuspensionState::Suspended,
        _ => SuspensionState::Active,
    })
}

/// A process instance that has just begun.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartedJson<'s> {
    links: &'s [LinkJson<'s>],
    id: Shown<ProcessInstanceId>,
    definition_id: &'s str,
    definition_key: &'s str,
    business_key: Option<&'s str>,
    case_instance_id: Option<&'s str>,
    ended: bool,
    suspended: bool,
    tenant_id: Option<&'s str>,
    /// Only where they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<VariablesJson<'s>>,
}

#[derive(Debug, Serialize)]
struct LinkJson<'s> {
    method: &'s str,
    href: &'s str,
    rel: &'s str,
}

/// As it is answered; `links` and variables come on top.
pub(super) fn started_instance(started: &StartedProcessInstance) -> StartedJson<'_> {
    StartedJson {
        links: &[],
        id: Shown(started.id),
        definition_id: started.definition_id.as_str(),
        definition_key: &started.definition_key,
        business_key: started.keys.business_key.as_deref(),
        case_instance_id: started.keys.case_instance_id.as_deref(),
        ended: started.is_ended,
        suspended: started.is_suspended,
        tenant_id: started.tenant_id.as_deref(),
        variables: None,
    }
}

pub(super) fn shown(row: &Row) -> Value {
    json!({
        "id": row.text("id").as_deref(),
        "key": row.text("key").as_deref(),
        "category": row.text("category").as_deref(),
        "description": row.text("description").as_deref(),
        "name": row.text("name").as_deref(),
        "version": row.integer("version"),
        "resource": row.text("resource_name").as_deref(),
        "deploymentId": row.id("deployment_id").map(|id| id.to_string()),
        "diagram": row.text("diagram_resource_name").as_deref(),
        "suspended": row.flag("is_suspended"),
        "tenantId": row.text("tenant_id").as_deref(),
        "versionTag": row.text("version_tag").as_deref(),
        "historyTimeToLive": row.integer("history_time_to_live_days"),
        "startableInTasklist": row.flag("is_startable_in_tasklist"),
    })
}

/// The row of the definition that the address names.
async fn addressed(call: &Call) -> Result<Row, Failure> {
    let (id, key, tenant) = (call.path("id"), call.path("key"), call.path("tenant-id"));
    if key.is_empty() {
        let condition = row::has_text(PROCESS_DEFINITION.col("id"), id);
        let found = row::row(call.runtime(), &PROCESS_DEFINITION, condition).await?;
        let unknown = || Refusal::not_found(format!("no process definition with id `{id}`")).of_engine();
        return found.ok_or_else(|| unknown().into());
    }
    let tenant_id = PROCESS_DEFINITION.col("tenant_id");
    let is_of_tenant = if tenant.is_empty() { Condition::is_null(tenant_id) } else { row::has_text(tenant_id, tenant) };
    let condition = Condition::All(vec![
        row::has_text(PROCESS_DEFINITION.col("key"), key),
        Condition::equal(PROCESS_DEFINITION.col("is_latest"), SqlValue::Integer(1)),
        is_of_tenant,
    ]);
    let found = row::row(call.runtime(), &PROCESS_DEFINITION, condition).await?;
    found.ok_or_else(|| {
        let whose = if tenant.is_empty() { "no tenant".to_owned() } else { format!("tenant `{tenant}`") };
        let message = format!("no process definition with key `{key}` and {whose}");
        Failure::refused(StatusCode::NOT_FOUND, "RestException", message)
    })
}

pub(super) async fn addressed_id(call: &Call) -> Result<ProcessDefinitionId, Failure> {
    let id = addressed(call).await?.text("id").unwrap_or_default();
    Ok(ProcessDefinitionId(id))
}

pub(super) fn selector(call: &Call) -> DefinitionSelector {
    match (call.path("key"), call.path("tenant-id")) {
        ("", _) => DefinitionSelector::ById(call.path("id").into()),
        (key, "") => DefinitionSelector::Latest { key: key.into(), tenant: TenantChoice::None },
        (key, tenant) => DefinitionSelector::Latest { key: key.into(), tenant: TenantChoice::Of(tenant.into()) },
    }
}

/// Camunda: a key without a definition is 404, an id without one is refused like any other fault of a start.
pub(super) fn unknown_key_is_not_found(which: &DefinitionSelector, error: runtime::Error) -> Failure {
    match error {
        runtime::Error::Rejected(rejection)
            if rejection.kind == RejectionKind::NotFound && matches!(which, DefinitionSelector::Latest { .. }) =>
        {
            Failure::refused(StatusCode::NOT_FOUND, "RestException", rejection.message)
        }
        error => error.into(),
    }
}

async fn resource_contents(call: &Call, definition: &Row, name: &str) -> Result<Arc<[u8]>, Failure> {
    let deployment_id = definition.id("deployment_id").unwrap_or(types::Uuid(0));
    let condition = row::has_id(DEPLOYMENT_RESOURCE.col("deployment_id"), deployment_id)
        .and(row::has_text(DEPLOYMENT_RESOURCE.col("name"), name));
    let found = row::row(call.runtime(), &DEPLOYMENT_RESOURCE, condition).await?;
    found
        .and_then(|row| row.bytes("contents"))
        .ok_or_else(|| Failure::internal(format_args!("the resource `{name}` of a definition is missing")))
}
