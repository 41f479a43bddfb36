//! Modifications of running instances: of one, and of many of the same definition.

use engine::Command;
use runtime::DefinitionSelector;
use types::{ProcessDefinitionId, ProcessInstanceId};

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

/// All or none of them.
pub async fn execute(call: Call) -> Result<Answer, Failure> {
    let (definition_id, instances, modification) = request(&call).await?;
    let modify = |id| Command::ModifyProcessInstance {
        id,
        definition_id: Some(definition_id.clone()),
        modification: modification.clone(),
    };
    call.runtime().execute_together(instances.into_iter().map(modify).collect()).await?;
    Ok(Answer::no_content())
}

async fn request(call: &Call) -> Result<(ProcessDefinitionId, Vec<ProcessInstanceId>, engine::Modification), Failure> {
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
    if definition.is_none() {
        return Err(Failure::invalid(format!("no process definition with id `{definition_id}`")));
    }
    Ok((definition_id, instances, modification))
}
