//! Deployments: created from multipart bodies, read with their resources, deleted.

use std::sync::Arc;

use query::tables::{DEPLOYMENT, DEPLOYMENT_RESOURCE};
use runtime::{Cascade, DefinitionRow, Deployed, DuplicateFiltering, NewDeployment, NewResource};
use serde_json::{Map, Value, json};
use types::{DeploymentId, Timestamp};

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::{Failure, Refusal};
use crate::form::Form;
use crate::media::media_type_of_file;
use crate::row::{self, Row};

const RESERVED_PARTS: [&str; 6] = [
    "deployment-name",
    "deployment-source",
    "deployment-activation-time",
    "enable-duplicate-filtering",
    "deploy-changed-only",
    "tenant-id",
];

pub async fn create(call: Call) -> Result<Answer, Failure> {
    let form = Form::read(&call).await?;
    let text = |name: &str| form.text(name).map(|text| text.map(Arc::<str>::from));
    let deployment = NewDeployment {
        name: text("deployment-name")?,
        source: text("deployment-source")?,
        tenant_id: text("tenant-id")?,
        resources: resources_of(&form)?,
        duplicate_filtering: duplicate_filtering(&form)?,
        activate_at: activation_time(&form)?,
    };
    let deployed = call.runtime().deploy(deployment).await?;
    Answer::json(&shown(&call, &deployed))
}

/// The same resources again, or some of them.
pub async fn redeploy(call: Call) -> Result<Answer, Failure> {
    let fields = call.json_or_null()?;
    let (source, ids, names) = match &fields {
        Some(fields) => (
            fields.text("source")?,
            fields.texts("resourceIds")?.unwrap_or_default(),
            fields.texts("resourceNames")?.unwrap_or_default(),
        ),
        None => (None, Vec::new(), Vec::new()),
    };
    let deployment = existing(&call).await?;
    let id = deployment.id("id").unwrap_or(types::Uuid(0));
    let rows =
        row::rows(call.runtime(), &DEPLOYMENT_RESOURCE, row::has_id(DEPLOYMENT_RESOURCE.col("deployment_id"), id));
    let resources = chosen(&rows.await?, &ids, &names)?;
    let deployment = NewDeployment {
        name: deployment.text("name"),
        source,
        tenant_id: deployment.text("tenant_id"),
        resources,
        duplicate_filtering: DuplicateFiltering::Off,
        activate_at: None,
    };
    let deployed = call.runtime().deploy(deployment).await?;
    Answer::json(&shown(&call, &deployed))
}

/// What of `skipCustomListeners` and `skipIoMappings` asks to be left out is never run on deletion.
pub async fn delete(call: Call) -> Result<Answer, Failure> {
    let id: DeploymentId = call.path("id").parse().map_err(|_| unknown(call.path("id")))?;
    call.runtime().delete_deployment(id, cascade(&call)).await?;
    Ok(Answer::no_content())
}

/// Every deployment is known to the job executor.
pub async fn registered(call: Call) -> Result<Answer, Failure> {
    let rows = row::rows_with(call.runtime(), &DEPLOYMENT, &["id"], query::Condition::EVERYTHING).await?;
    Answer::json(&rows.iter().filter_map(|row| row.id("id")).map(|id| id.to_string()).collect::<Vec<_>>())
}

pub async fn resources(call: Call) -> Result<Answer, Failure> {
    let rows = resource_rows(&call).await?;
    if rows.is_empty() {
        return Err(Failure::not_found(format!("no resources of a deployment with id `{}`", call.path("id"))));
    }
    Answer::json(&rows.iter().map(resource).collect::<Vec<_>>())
}

pub async fn one_resource(call: Call) -> Result<Answer, Failure> {
    let rows = resource_rows(&call).await?;
    let wanted = call.path("resourceId");
    match rows.iter().find(|row| row.id("id").is_some_and(|id| id.to_string() == wanted)) {
        Some(row) => Answer::json(&resource(row)),
        None => Err(unknown_resource(&call)),
    }
}

pub async fn resource_data(call: Call) -> Result<Answer, Failure> {
    let found = row::row_by_id(call.runtime(), &DEPLOYMENT_RESOURCE, call.path("resourceId")).await?;
    let is_its = |row: &Row| row.id("deployment_id").is_some_and(|id| id.to_string() == call.path("id"));
    let Some(row) = found.filter(is_its) else {
        // Camunda: data of something unknown is a refusal of another kind.
        let message = format!("no resource with id `{}` in this deployment", call.path("resourceId"));
        return Err(Refusal::invalid(message).of_engine().into());
    };
    let name = row.text("name").unwrap_or_default();
    let filename = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let contents = row.bytes("contents").unwrap_or_default();
    Ok(Answer::of_type(media_type_of_file(&name), contents.to_vec()).as_attachment(filename))
}

/// Camunda: only `true` itself is true here.
pub(super) fn cascade(call: &Call) -> Cascade {
    if call.query.get("cascade") == Some("true") { Cascade::On } else { Cascade::Off }
}

pub(super) fn definition(row: &DefinitionRow) -> Value {
    json!({
        "id": row.id.as_str(),
        "key": &*row.key,
        "category": row.category.as_deref(),
        "description": row.description.as_deref(),
        "name": row.name.as_deref(),
        "version": row.version,
        "resource": &*row.resource_name,
        "deploymentId": row.deployment_id.to_string(),
        "diagram": row.diagram_resource_name.as_deref(),
        "suspended": row.is_suspended,
        "tenantId": row.tenant_id.as_deref(),
        "versionTag": row.version_tag.as_deref(),
        "historyTimeToLive": row.history_time_to_live_days,
        "startableInTasklist": row.is_startable_in_tasklist,
    })
}

fn shown(call: &Call, deployed: &Deployed) -> Value {
    let deployment = &deployed.deployment;
    let definitions: Map<String, Value> =
        deployed.definitions.iter().map(|row| (row.id.to_string(), definition(row))).collect();
    json!({
        "links": [{
            "method": "GET",
            "href": call.link(&format!("/deployment/{}", deployment.id)),
            "rel": "self",
        }],
        "id": deployment.id.to_string(),
        "name": deployment.name.as_deref(),
        "source": deployment.source.as_deref(),
        "deploymentTime": deployment.deploy_time.to_string(),
        "tenantId": deployment.tenant_id.as_deref(),
        "deployedProcessDefinitions": (!definitions.is_empty()).then_some(definitions),
        "deployedCaseDefinitions": null,
        "deployedDecisionDefinitions": null,
        "deployedDecisionRequirementsDefinitions": null,
    })
}

fn resources_of(form: &Form) -> Result<Vec<NewResource>, Failure> {
    let mut resources: Vec<NewResource> = Vec::new();
    for part in form.parts().iter().filter(|part| !RESERVED_PARTS.contains(&part.name.as_str())) {
        let Some(filename) = &part.filename else {
            return Err(Failure::invalid(format!("the part `{}` has no file name", part.name)));
        };
        // Camunda: of files with the same name the last one counts.
        resources.retain(|resource| &*resource.name != filename.as_str());
        resources.push(NewResource { name: filename.as_str().into(), contents: part.contents.to_vec().into() });
    }
    if resources.is_empty() {
        return Err(Failure::invalid("the body holds no resource to deploy"));
    }
    Ok(resources)
}

fn duplicate_filtering(form: &Form) -> Result<DuplicateFiltering, Failure> {
    Ok(match (form.flag("deploy-changed-only")?, form.flag("enable-duplicate-filtering")?) {
        (true, _) => DuplicateFiltering::ChangedOnly,
        (false, true) => DuplicateFiltering::WholeDeployment,
        (false, false) => DuplicateFiltering::Off,
    })
}

fn activation_time(form: &Form) -> Result<Option<Timestamp>, Failure> {
    match form.text("deployment-activation-time")?.filter(|text| !text.is_empty()) {
        Some(text) => crate::dto::time::lenient(text).map(Some),
        None => Ok(None),
    }
}

/// All of them, or those that are named by id or name.
fn chosen(rows: &[Row], ids: &[Arc<str>], names: &[Arc<str>]) -> Result<Vec<NewResource>, Failure> {
    let id_of = |row: &Row| row.id("id").map(|id| id.to_string()).unwrap_or_default();
    let unknown = |what: &str, wanted: &str| {
        let message = format!("the deployment has no resource with {what} `{wanted}`");
        Failure::from(Refusal::not_found(message).of_engine())
    };
    for id in ids {
        if !rows.iter().any(|row| id_of(row) == **id) {
            return Err(unknown("id", id));
        }
    }
    for name in names {
        if !rows.iter().any(|row| row.text("name").as_ref() == Some(name)) {
            return Err(unknown("name", name));
        }
    }
    let is_chosen = |row: &Row| {
        let is_all = ids.is_empty() && names.is_empty();
        is_all || ids.iter().any(|id| id_of(row) == **id) || row.text("name").is_some_and(|name| names.contains(&name))
    };
    let resource = |row: &Row| NewResource {
        name: row.text("name").unwrap_or_default(),
        contents: row.bytes("contents").unwrap_or_default(),
    };
    Ok(rows.iter().filter(|row| is_chosen(row)).map(resource).collect())
}

async fn existing(call: &Call) -> Result<Row, Failure> {
    let id = call.path("id");
    row::row_by_id(call.runtime(), &DEPLOYMENT, id).await?.ok_or_else(|| unknown(id))
}

async fn resource_rows(call: &Call) -> Result<Vec<Row>, Failure> {
    let Ok(id) = call.path("id").parse() else { return Ok(Vec::new()) };
    let condition = row::has_id(DEPLOYMENT_RESOURCE.col("deployment_id"), id);
    row::rows_with(call.runtime(), &DEPLOYMENT_RESOURCE, &["id", "name", "deployment_id"], condition).await
}

fn resource(row: &Row) -> Value {
    json!({
        "id": row.id("id").map(|id| id.to_string()),
        "name": row.text("name").as_deref(),
        "deploymentId": row.id("deployment_id").map(|id| id.to_string()),
    })
}

fn unknown(id: &str) -> Failure {
    Failure::not_found(format!("no deployment with id `{id}`"))
}

fn unknown_resource(call: &Call) -> Failure {
    let (id, resource_id) = (call.path("id"), call.path("resourceId"));
    Failure::not_found(format!("no resource with id `{resource_id}` in a deployment with id `{id}`"))
}
