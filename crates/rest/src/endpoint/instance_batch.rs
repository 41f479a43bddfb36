//! Work on many process instances that is left to a batch.

use std::collections::BTreeSet;

use query::resource;
use query::tables::{JOB, PROCESS_INSTANCE};
use query::{Condition, SqlValue};
use runtime::{BatchWork, NewBatch};
use types::{Timestamp, Uuid};

use super::named_instances::{INSTANCE_QUERIES, Named, Nulls, named, named_instances, named_or_none};
use super::process_definition::suspension_state;
use super::{batch, modification};
use crate::answer::Answer;
use crate::call::Call;
use crate::dto::modification::skipped;
use crate::dto::variable::variables;
use crate::failure::{Failure, Refusal};
use crate::json::Fields;
use crate::row;
use engine::{Rejection, RejectionKind, Skipped};

/// Ids in one statement.
const IDS_PER_STATEMENT_MAX: usize = 5_000;

pub async fn delete(call: Call) -> Result<Answer, Failure> {
    delete_named(&call, &[("processInstanceQuery", &resource::PROCESS_INSTANCES)]).await
}

pub async fn delete_by_history(call: Call) -> Result<Answer, Failure> {
    delete_named(&call, &[("historicProcessInstanceQuery", &resource::HISTORIC_PROCESS_INSTANCES)]).await
}

async fn delete_named(call: &Call, queries: &[Named]) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let called_instances = fields.flag("skipSubprocesses")?.unwrap_or(false);
    let work = BatchWork::DeleteProcessInstances {
        delete_reason: fields.text("deleteReason")?,
        skipped: Skipped { called_instances, ..skipped(&fields)? },
    };
    start(call, work, named(call, &fields, "processInstanceIds", queries).await?).await
}

/// Camunda: `failIfNotExists` is documented and not read.
pub async fn delete_history(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let queries: [Named; 1] = [("historicProcessInstanceQuery", &resource::HISTORIC_PROCESS_INSTANCES)];
    let ids = named(&call, &fields, "historicProcessInstanceIds", &queries).await?;
    start(&call, BatchWork::DeleteHistoricProcessInstances, ids).await
}

pub async fn set_suspension(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let state = suspension_state(&fields)?;
    start(&call, BatchWork::SetSuspension { state }, instances(&call, &fields).await?).await
}

pub async fn set_variables(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    if fields.get("variables").is_none() {
        return Err(Failure::invalid("`variables` is missing"));
    }
    let variables = variables(&fields, "variables")?;
    if variables.is_empty() {
        return Err(bad_user_request("`variables` is empty"));
    }
    // Camunda: instances that do not run are left out, and only then is one asked for.
    let ids = running(&call, instances_or_none(&call, &fields).await?).await?;
    if ids.is_empty() {
        return Err(none_named(&fields));
    }
    start(&call, BatchWork::SetVariables { variables }, ids).await
}

pub async fn correlate_message(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let work =
        BatchWork::CorrelateMessage { name: fields.text("messageName")?, variables: variables(&fields, "variables")? };
    let ids = instances_or_none(&call, &fields).await?;
    if ids.is_empty() {
        return Err(none_named(&fields));
    }
    start(&call, work, ids).await
}

pub async fn modify(call: Call) -> Result<Answer, Failure> {
    let (id, modification) = modification::of_one(&call)?;
    if running(&call, vec![id.0]).await?.is_empty() {
        return Err(Rejection::not_found("process instance", call.path("id")).into());
    }
    start(&call, BatchWork::ModifyProcessInstances { definition_id: None, modification }, vec![id.0]).await
}

pub async fn modify_many(call: Call) -> Result<Answer, Failure> {
    let request = modification::of_many(&call).await?;
    let definition_id = Some(request.definition_id);
    let work = BatchWork::ModifyProcessInstances { definition_id, modification: request.modification };
    let ids = request.instances.into_iter().map(|id| id.0).collect();
    batch::create(&call, NewBatch { work, ids, tenant_id: request.tenant_id }).await
}

/// Of all jobs of instances.
pub async fn set_job_retries(call: Call) -> Result<Answer, Failure> {
    set_retries_of_jobs_of(&call, ("processInstanceQuery", &resource::PROCESS_INSTANCES)).await
}

pub async fn set_job_retries_by_history(call: Call) -> Result<Answer, Failure> {
    set_retries_of_jobs_of(&call, ("historicProcessInstanceQuery", &resource::HISTORIC_PROCESS_INSTANCES)).await
}

async fn set_retries_of_jobs_of(call: &Call, query: Named) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let retries = retries(&fields)?;
    let instances = named_or_none(call, &fields, "processInstances", &[query], Nulls::Refused).await?;
    let are_named = !instances.is_empty();
    let mut jobs = Vec::new();
    for chunk in instances.chunks(IDS_PER_STATEMENT_MAX) {
        let ids = chunk.iter().map(|id| SqlValue::Uuid(*id)).collect();
        let condition = Condition::OneOf(JOB.col("process_instance_id").into(), ids);
        let rows = row::rows_with(call.runtime(), &JOB, &["id"], condition).await?;
        jobs.extend(rows.iter().filter_map(|row| row.id("id")));
    }
    if are_named && jobs.is_empty() {
        return Err(Failure::invalid("the instances have no job"));
    }
    set_retries_of(call, &fields, retries, jobs).await
}

/// Of jobs that are named themselves.
pub async fn set_retries_of_jobs(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let retries = retries(&fields)?;
    let jobs = named_or_none(&call, &fields, "jobIds", &[("jobQuery", &resource::JOBS)], Nulls::NameNothing).await?;
    if jobs.is_empty() && fields.get("jobQuery").is_some() {
        return Err(Failure::invalid("no job is found by `jobQuery`"));
    }
    set_retries_of(&call, &fields, retries, jobs).await
}

/// Camunda: these refusals are faults of the server.
async fn set_retries_of(call: &Call, fields: &Fields, retries: i32, jobs: Vec<Uuid>) -> Result<Answer, Failure> {
    if retries < 0 || jobs.is_empty() {
        let message = match jobs.is_empty() {
            true => "no job is named, or none was found".to_owned(),
            false => format!("retries is {retries}: the number of retries cannot be negative"),
        };
        return Err(Rejection::new(RejectionKind::ProcessEngine, message).into());
    }
    start(call, BatchWork::SetJobRetries { retries, due_date: due_date(fields)? }, jobs).await
}

fn retries(fields: &Fields) -> Result<i32, Failure> {
    fields.integer("retries")?.ok_or_else(|| Failure::invalid("`retries` is missing; it has to be a whole number"))
}

/// A due date of null is one that is set.
fn due_date(fields: &Fields) -> Result<Option<Option<Timestamp>>, Failure> {
    let due_date = fields.time("dueDate")?;
    Ok(fields.contains("dueDate").then_some(due_date))
}

/// Camunda: to name nothing at all is another mistake than to name nothing that is there.
fn none_named(fields: &Fields) -> Failure {
    let message = "no process instance is named, or none was found";
    let queries = INSTANCE_QUERIES.iter().map(|(property, _)| *property);
    match queries.chain(["processInstanceIds"]).any(|property| fields.get(property).is_some()) {
        true => bad_user_request(message),
        false => Failure::invalid(message),
    }
}

fn bad_user_request(message: &str) -> Failure {
    Refusal { error_type: "BadUserRequestException", ..Refusal::invalid(message).of_engine() }.into()
}

/// Those of them that run, in their order.
async fn running(call: &Call, ids: Vec<Uuid>) -> Result<Vec<Uuid>, Failure> {
    let mut found = BTreeSet::new();
    for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
        let chunk = chunk.iter().map(|id| SqlValue::Uuid(*id)).collect();
        let condition = Condition::OneOf(PROCESS_INSTANCE.col("id").into(), chunk);
        let rows = row::rows_with(call.runtime(), &PROCESS_INSTANCE, &["id"], condition).await?;
        found.extend(rows.iter().filter_map(|row| row.id("id")));
    }
    Ok(ids.into_iter().filter(|id| found.contains(id)).collect())
}

async fn instances_or_none(call: &Call, fields: &Fields) -> Result<Vec<Uuid>, Failure> {
    named_or_none(call, fields, "processInstanceIds", &INSTANCE_QUERIES, Nulls::Refused).await
}

async fn instances(call: &Call, fields: &Fields) -> Result<Vec<Uuid>, Failure> {
    Ok(named_instances(call, fields).await?.into_iter().map(|id| id.0).collect())
}

async fn start(call: &Call, work: BatchWork, ids: Vec<Uuid>) -> Result<Answer, Failure> {
    batch::create(call, NewBatch { work, ids, tenant_id: None }).await
}
