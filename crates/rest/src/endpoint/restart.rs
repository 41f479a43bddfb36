//! Instances that have ended start once more, at once or by a batch.

use query::resource;
use runtime::{BatchWork, DefinitionSelector, NewBatch, Restart, RestartedVariables};
use std::sync::Arc;
use types::{ProcessDefinitionId, ProcessInstanceId, Uuid};

use super::batch;
use super::named_instances::{Named, named};
use crate::answer::Answer;
use crate::call::Call;
use crate::dto::modification::{Instructed, modification};
use crate::failure::{Failure, Refusal};

struct Request {
    restart: Restart,
    instances: Vec<Uuid>,
    tenant_id: Option<Arc<str>>,
}

/// All or none of them.
pub async fn restart(call: Call) -> Result<Answer, Failure> {
    let request = request(&call).await?;
    let instances = request.instances.into_iter().map(ProcessInstanceId).collect();
    call.runtime().restart_process_instances(request.restart, instances).await?;
    Ok(Answer::no_content())
}

pub async fn restart_async(call: Call) -> Result<Answer, Failure> {
    let Request { restart, instances, tenant_id } = request(&call).await?;
    batch::create(&call, NewBatch { work: BatchWork::RestartProcessInstances(restart), ids: instances, tenant_id })
        .await
}

async fn request(call: &Call) -> Result<Request, Failure> {
    let fields = call.fields()?;
    if fields.get("instructions").is_none() {
        // Camunda: missing instructions are not expected.
        let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        return Err(Refusal::new(status, "NullPointerException", "`instructions` is missing").into());
    }
    let modification = modification(&fields, "instructions", Instructed::Restart)?;
    if modification.instructions.is_empty() {
        return Err(Failure::invalid("`instructions` names no place to start at"));
    }
    let queries: [Named; 1] = [("historicProcessInstanceQuery", &resource::HISTORIC_PROCESS_INSTANCES)];
    let instances = named(call, &fields, "processInstanceIds", &queries).await?;
    let definition_id = ProcessDefinitionId(call.path("id").into());
    let definition = call.runtime().definition_row(&DefinitionSelector::ById(definition_id.clone())).await?;
    let Some(definition) = definition else {
        return Err(Failure::invalid(format!("no process definition with id `{definition_id}`")));
    };
    let variables = match fields.flag("initialVariables")? {
        Some(true) => RestartedVariables::Initial,
        _ => RestartedVariables::Last,
    };
    let keeps_business_key = fields.flag("withoutBusinessKey")? != Some(true);
    Ok(Request {
        restart: Restart { definition_id, modification, keeps_business_key, variables },
        instances,
        tenant_id: definition.tenant_id.clone(),
    })
}
