//! Batches: deleted, suspended and activated.

use super::deployment::cascade;
use super::process_definition::suspension_state;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;

const WHAT: &str = "batch";

pub async fn delete(call: Call) -> Result<Answer, Failure> {
    call.runtime().delete_batch(call.id(WHAT)?, cascade(&call)).await?;
    Ok(Answer::no_content())
}

pub async fn set_suspension(call: Call) -> Result<Answer, Failure> {
    let state = suspension_state(&call.fields()?)?;
    call.runtime().set_batch_suspension(call.id(WHAT)?, state).await?;
    Ok(Answer::no_content())
}
