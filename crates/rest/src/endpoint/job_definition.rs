//! Job definitions: retries of their jobs, suspension and overriding priority.

use engine::RejectionKind;
use runtime::{DefinitionSet, JobDefinitionSet, JobsOfDefinition, SuspensionState};
use types::{JobDefinitionId, ProcessDefinitionId, Timestamp};

use super::job::{retries_of, tenant_of};
use super::process_definition::suspension_state;
use crate::answer::Answer;
use crate::call::Call;
use crate::dto::time;
use crate::failure::Failure;
use crate::json::Fields;

const WHAT: &str = "job definition";

/// Of jobs that have none left. Camunda: an unknown definition is no fault.
pub async fn set_retries(call: Call) -> Result<Answer, Failure> {
    let (retries, due_date) = retries_of(&call.fields()?)?;
    if retries < 0 {
        let message = format!("retries is {retries}: the number of retries cannot be negative");
        return Err(engine::Rejection::new(RejectionKind::BadUserRequest, message).into());
    }
    let Ok(id) = call.path("id").parse::<JobDefinitionId>() else { return Ok(Answer::no_content()) };
    Answer::unless_unknown(call.runtime().set_job_definition_retries(id, retries, due_date).await)
}

pub async fn set_priority(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let priority = fields.long("priority")?;
    let jobs = match (priority, jobs_of(&fields)?) {
        (None, JobsOfDefinition::Included) => {
            return Err(Failure::invalid("`includeJobs` cannot be set where the priority is cleared"));
        }
        (None, JobsOfDefinition::Left) => JobsOfDefinition::Left,
        // Camunda: a priority is given to the jobs too, whatever `includeJobs` says.
        (Some(_), _) => JobsOfDefinition::Included,
    };
    call.runtime().set_job_definition_priority(call.id(WHAT)?, priority, jobs).await?;
    Ok(Answer::no_content())
}

/// Camunda: an unknown definition is no fault.
pub async fn set_suspension(call: Call) -> Result<Answer, Failure> {
    let (state, jobs, at) = suspension_of(&call.fields()?)?;
    let Ok(id) = call.path("id").parse::<JobDefinitionId>() else { return Ok(Answer::no_content()) };
    suspend(&call, JobDefinitionSet::ById(id), state, jobs, at).await
}

/// Of several job definitions, named by their process definition.
pub async fn set_suspension_of_many(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let (state, jobs, at) = suspension_of(&fields)?;
    if fields.get("jobDefinitionId").is_some() {
        return Err(Failure::invalid("`jobDefinitionId` belongs in the address; here only sets can be named"));
    }
    let which = match (fields.text("processDefinitionId")?, fields.text("processDefinitionKey")?) {
        (Some(_), Some(_)) => {
            return Err(Failure::invalid("only one of processDefinitionId and processDefinitionKey can be given"));
        }
        (Some(id), None) => DefinitionSet::ById(ProcessDefinitionId(id)),
        (None, Some(key)) => DefinitionSet::ByKey { key, tenant: tenant_of(&fields)? },
        (None, None) => return Err(Failure::invalid("no job definitions are named: by their process definition")),
    };
    suspend(&call, JobDefinitionSet::OfDefinitions(which), state, jobs, at).await
}

async fn suspend(
    call: &Call,
    which: JobDefinitionSet,
    state: SuspensionState,
    jobs: JobsOfDefinition,
    at: Option<Timestamp>,
) -> Result<Answer, Failure> {
    Answer::unless_unknown(call.runtime().set_job_definition_suspension(which, state, jobs, at).await)
}

fn jobs_of(fields: &Fields) -> Result<JobsOfDefinition, Failure> {
    Ok(match fields.flag("includeJobs")? {
        Some(true) => JobsOfDefinition::Included,
        _ => JobsOfDefinition::Left,
    })
}

fn suspension_of(fields: &Fields) -> Result<(SuspensionState, JobsOfDefinition, Option<Timestamp>), Failure> {
    let at = match fields.text("executionDate")?.filter(|text| !text.is_empty()) {
        Some(text) => Some(time::lenient(&text)?),
        None => None,
    };
    Ok((suspension_state(fields)?, jobs_of(fields)?, at))
}
