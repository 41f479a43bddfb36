//! Executions: what they wait for, and that it has happened.

use engine::Command;
use query::Condition;
use query::tables::EVENT_SUBSCRIPTION;
use types::ExecutionId;

use crate::answer::Answer;
use crate::call::{Call, parse_id};
use crate::dto::variable::variables;
use crate::failure::Failure;
use crate::row::{self, Row};

const WHAT: &str = "execution";

/// Whatever the execution waits for has happened.
pub async fn signal(call: Call) -> Result<Answer, Failure> {
    let variables = variables(&call.fields()?, "variables")?;
    call.runtime().execute(Command::SignalExecution { id: call.id(WHAT)?, variables }).await?;
    Ok(Answer::no_content())
}

pub async fn message_subscription(call: Call) -> Result<Answer, Failure> {
    let row = waiting(&call).await?.ok_or_else(|| {
        let (id, name) = (call.path("id"), call.path("messageName"));
        Failure::not_found(format!("the execution `{id}` does not wait for the message `{name}`"))
    })?;
    Answer::json(&serde_json::json!({
        "id": row.id("id").map(|id| id.to_string()),
        "eventType": row.text("event_type").as_deref(),
        "eventName": row.text("event_name").as_deref(),
        "executionId": row.id("execution_id").map(|id| id.to_string()),
        "processInstanceId": row.id("process_instance_id").map(|id| id.to_string()),
        "activityId": row.text("activity_id").as_deref(),
        "createdDate": row.time("create_time").map(|time| time.to_string()),
        "tenantId": row.text("tenant_id").as_deref(),
    }))
}

/// The message that the address names has come for the execution.
pub async fn trigger(call: Call) -> Result<Answer, Failure> {
    let variables = variables(&call.fields()?, "variables")?;
    let message_name = call.path("messageName").into();
    call.runtime().execute(Command::TriggerExecution { id: call.id(WHAT)?, message_name, variables }).await?;
    Ok(Answer::no_content())
}

async fn waiting(call: &Call) -> Result<Option<Row>, Failure> {
    let Ok(id) = parse_id::<ExecutionId>(call.path("id"), WHAT) else { return Ok(None) };
    let condition = Condition::All(vec![
        row::has_id(EVENT_SUBSCRIPTION.col("execution_id"), id.0),
        row::has_text(EVENT_SUBSCRIPTION.col("event_type"), "message"),
        row::has_text(EVENT_SUBSCRIPTION.col("event_name"), call.path("messageName")),
    ]);
    row::row(call.runtime(), &EVENT_SUBSCRIPTION, condition).await
}
