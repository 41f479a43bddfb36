//! Batches: created, deleted, suspended and activated.

use runtime::{Batch, NewBatch};
use serde_json::{Value, json};

use super::deployment::cascade;
use super::process_definition::suspension_state;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;

const WHAT: &str = "batch";

/// The answer of every operation that leaves its work to a batch.
pub(super) async fn create(call: &Call, batch: NewBatch) -> Result<Answer, Failure> {
    Answer::json(&shown(&call.runtime().create_batch(batch).await?))
}

pub async fn delete(call: Call) -> Result<Answer, Failure> {
    call.runtime().delete_batch(call.id(WHAT)?, cascade(&call)).await?;
    Ok(Answer::no_content())
}

pub async fn set_suspension(call: Call) -> Result<Answer, Failure> {
    let state = suspension_state(&call.fields()?)?;
    call.runtime().set_batch_suspension(call.id(WHAT)?, state).await?;
    Ok(Answer::no_content())
}

fn shown(batch: &Batch) -> Value {
    json!({
        "id": batch.id.to_string(),
        "type": &*batch.batch_type,
        "totalJobs": batch.total_jobs,
        "jobsCreated": batch.jobs_created,
        "batchJobsPerSeed": batch.batch_jobs_per_seed,
        "invocationsPerBatchJob": batch.invocations_per_batch_job,
        "seedJobDefinitionId": batch.seed_job_definition_id.to_string(),
        "monitorJobDefinitionId": batch.monitor_job_definition_id.to_string(),
        "batchJobDefinitionId": batch.batch_job_definition_id.to_string(),
        "suspended": batch.is_suspended,
        "tenantId": batch.tenant_id.as_deref(),
        "createUserId": null,
        "startTime": batch.start_time.to_string(),
        "executionStartTime": batch.execution_start_time.map(|time| time.to_string()),
    })
}
