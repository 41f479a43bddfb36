//! Jobs: executed, given retries, due dates and priorities, suspended, deleted.

use axum::http::StatusCode;
use engine::{DueDateBase, FollowingRepetitions};
use query::tables::JOB;
use runtime::{DefinitionSet, JobChange, JobSet, TenantChoice};
use types::{JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId, Timestamp};

use super::process_definition::suspension_state;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::json::Fields;
use crate::row;

const WHAT: &str = "job";

pub async fn execute(call: Call) -> Result<Answer, Failure> {
    call.runtime().execute_job(call.id(WHAT)?).await?;
    Ok(Answer::no_content())
}

pub async fn delete(call: Call) -> Result<Answer, Failure> {
    change(&call, JobChange::Delete).await
}

pub async fn set_retries(call: Call) -> Result<Answer, Failure> {
    let (retries, due_date) = retries_of(&call.fields()?)?;
    change(&call, JobChange::Retries { retries, due_date }).await
}

/// The due date only where there is one, be it `null`.
pub(super) fn retries_of(fields: &Fields) -> Result<(i32, Option<Option<Timestamp>>), Failure> {
    let due_date = fields.time("dueDate")?;
    let Some(retries) = fields.integer("retries")? else {
        // Camunda: a missing number is not expected.
        let message = "`retries` is missing; it has to be a whole number";
        return Err(Failure::refused(StatusCode::INTERNAL_SERVER_ERROR, "NullPointerException", message));
    };
    Ok((retries, fields.contains("dueDate").then_some(due_date)))
}

pub async fn set_due_date(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let due_date = fields.time("duedate")?;
    let following = match fields.flag("cascade")? {
        Some(true) => FollowingRepetitions::Moved,
        _ => FollowingRepetitions::Left,
    };
    change(&call, JobChange::DueDate { due_date, following }).await
}

pub async fn recalculate_due_date(call: Call) -> Result<Answer, Failure> {
    // Camunda: whatever is not `true` is false.
    let base = match call.query.get("creationDateBased") {
        Some(text) if !text.eq_ignore_ascii_case("true") => DueDateBase::Now,
        _ => DueDateBase::CreateTime,
    };
    change(&call, JobChange::Recalculation(base)).await
}

pub async fn set_priority(call: Call) -> Result<Answer, Failure> {
    let Some(priority) = call.fields()?.long("priority")? else {
        let message = "`priority` is missing; it has to be a whole number";
        return Err(Failure::refused(StatusCode::BAD_REQUEST, "RestException", message));
    };
    change(&call, JobChange::Priority(priority)).await
}

pub async fn set_suspension(call: Call) -> Result<Answer, Failure> {
    let state = suspension_state(&call.fields()?)?;
    // Camunda: an unknown job is no fault.
    let Ok(id) = call.path("id").parse::<JobId>() else { return Ok(Answer::no_content()) };
    Answer::unless_unknown(call.runtime().change_job(id, JobChange::Suspension(state)).await)
}

async fn change(call: &Call, change: JobChange) -> Result<Answer, Failure> {
    call.runtime().change_job(call.id(WHAT)?, change).await?;
    Ok(Answer::no_content())
}

/// Of several jobs, named by their definition, their instance or their process definition.
pub async fn set_suspension_of_many(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let state = suspension_state(&fields)?;
    if fields.get("jobId").is_some() {
        return Err(Failure::invalid("`jobId` belongs in the address; here only sets of jobs can be named"));
    }
    let named = [
        fields.text("jobDefinitionId")?,
        fields.text("processInstanceId")?,
        fields.text("processDefinitionId")?,
        fields.text("processDefinitionKey")?,
    ];
    let which = match named {
        [Some(id), None, None, None] => {
            let Ok(id) = id.parse::<JobDefinitionId>() else { return Ok(Answer::no_content()) };
            JobSet::OfJobDefinition(id)
        }
        [None, Some(id), None, None] => {
            let Ok(id) = id.parse::<ProcessInstanceId>() else { return Ok(Answer::no_content()) };
            JobSet::OfProcessInstance(id)
        }
        [None, None, Some(id), None] => JobSet::OfDefinitions(DefinitionSet::ById(ProcessDefinitionId(id))),
        [None, None, None, Some(key)] => {
            JobSet::OfDefinitions(DefinitionSet::ByKey { key, tenant: tenant_of(&fields)? })
        }
        [None, None, None, None] => {
            return Err(Failure::invalid("no jobs are named: by their definition, instance or process definition"));
        }
        _ => return Err(Failure::invalid("jobs can be named in one way at a time")),
    };
    call.runtime().set_job_suspension(which, state).await?;
    Ok(Answer::no_content())
}

/// Of the definitions with a key.
pub(super) fn tenant_of(fields: &Fields) -> Result<TenantChoice, Failure> {
    let without = fields.flag("processDefinitionWithoutTenantId")?;
    let tenant = fields.text("processDefinitionTenantId")?;
    Ok(match (without, tenant) {
        (Some(true), _) => TenantChoice::None,
        (_, Some(tenant)) => TenantChoice::Of(tenant),
        (_, None) => TenantChoice::Any,
    })
}

/// What the last failure said; 204 where there was none.
pub async fn stacktrace(call: Call) -> Result<Answer, Failure> {
    let id = call.path("id");
    let found = row::row_by_id(call.runtime(), &JOB, id).await?;
    let row = found.ok_or_else(|| Failure::not_found(format!("no job with id `{id}`")))?;
    match row.text("exception_details").or_else(|| row.text("exception_message")) {
        Some(details) => Ok(Answer::text(details.to_string())),
        None => Ok(Answer::no_content()),
    }
}
