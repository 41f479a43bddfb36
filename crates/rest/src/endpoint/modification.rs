//! Modifications of running instances: of one, and of many of the same definition.

use std::sync::Arc;

use engine::{Command, Modification};
use runtime::DefinitionSelector;
use types::{ProcessDefinitionId, ProcessInstanceId, Uuid};

use super::named_instances::named_instances;
use crate::answer::Answer;
use crate::call::Call;
use crate::dto::modification::{Instructed, modification};
use crate::failure::Failure;

pub async fn modify(call: Call) -> Result<Answer, Failure> {
    let modification = modification(&call.fields()?, "instructions", Instructed::OneInstance)?;
    // Camunda: without instructions nobody looks for the instance.
    if !modification.instructions.is_empty() {
        let id = call.id("process instance")?;
        call.runtime().execute(Command::ModifyProcessInstance { id, definition_id: None, modification }).await?;
    }
    Ok(Answer::no_content())
}

/// For a batch, which needs to have something to do.
pub(super) fn of_one(call: &Call) -> Result<(ProcessInstanceId, Modification), Failure> {
    let modification = modification(&call.fields()?, "instructions", Instructed::OneInstance)?;
    if modification.instructions.is_empty() {
        return Err(Failure::invalid("`instructions` is missing or empty"));
    }
    // A text that cannot be an id is that of no instance.
    Ok((call.path("id").parse().unwrap_or(ProcessInstanceId(Uuid(0))), modification))
}

/// All or none of them.
pub async fn execute(call: Call) -> Result<Answer, Failure> {
    let request = of_many(&call).await?;
    let modify = |id| Command::ModifyProcessInstance {
        id,
        definition_id: Some(request.definition_id.clone()),
        modification: request.modification.clone(),
    };
    call.runtime().execute_together(request.instances.iter().copied().map(modify).collect()).await?;
    Ok(Answer::no_content())
}

pub(super) struct ManyInstances {
    pub definition_id: ProcessDefinitionId,
    pub tenant_id: Option<Arc<str>>,
    pub instances: Vec<ProcessInstanceId>,
    pub modification: Modification,
}

pub(super) async fn of_many(call: &Call) -> Result<ManyInstances, Failure> {
    let fields = call.fields()?;
    let modification = modification(&fields, "instructions", Instructed::ManyInstances)?;
    let Some(definition_id) = fields.text("processDefinitionId")?.map(ProcessDefinitionId) else {
        return Err(Failure::invalid("`processDefinitionId` is missing"));
    };
    if modification.instructions.is_empty() {
        return Err(Failure::invalid("`instructions` is missing or empty"));
    }
    let instances = named_instances(call, &fields).await?;
    let definition = call.runtime().definition_row(&DefinitionSelector::ById(definition_id.clone())).await?;
    let Some(definition) = definition else {
        return Err(Failure::invalid(format!("no process definition with id `{definition_id}`")));
    };
    Ok(ManyInstances { definition_id, tenant_id: definition.tenant_id.clone(), instances, modification })
}
