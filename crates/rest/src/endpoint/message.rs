//! Messages, delivered to the executions that wait for them.

use std::sync::Arc;

use query::tables::EXECUTION;
use runtime::{CorrelatedExecution, MessageCorrelation, MessageReach, TenantChoice};
use serde_json::{Value, json};
use types::{ProcessInstanceId, VariableValue};

use crate::answer::Answer;
use crate::call::{Call, parse_id};
use crate::dto::variable::{ValueForm, variables, variables_json};
use crate::failure::Failure;
use crate::json::Fields;
use crate::row;

pub async fn deliver(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let Some(name) = fields.text("messageName")? else {
        return Err(Failure::invalid("`messageName` is missing"));
    };
    let tenant = tenant(&fields)?;
    let with_result = fields.flag("resultEnabled")?.unwrap_or(false);
    let with_variables = fields.flag("variablesInResultEnabled")?.unwrap_or(false);
    if with_variables && !with_result {
        return Err(Failure::invalid("`variablesInResultEnabled` needs `resultEnabled`"));
    }
    fields.not_yet(&["processVariablesToTriggeredScope"])?;
    let message = MessageCorrelation {
        name,
        business_key: fields.text("businessKey")?,
        process_instance_id: process_instance_id(&fields)?,
        correlation_keys: keys(&fields, "correlationKeys")?,
        local_correlation_keys: keys(&fields, "localCorrelationKeys")?,
        tenant,
        variables: variables(&fields, "processVariables")?,
        local_variables: variables(&fields, "processVariablesLocal")?,
        reach: if fields.flag("all")? == Some(true) { MessageReach::All } else { MessageReach::One },
    };
    if with_variables && message.reach == MessageReach::All {
        return Err(Failure::not_yet("the property `variablesInResultEnabled` together with `all`"));
    }
    let correlated = call.runtime().correlate_message(message).await?;
    if !with_result {
        return Ok(Answer::no_content());
    }
    let mut results = Vec::with_capacity(correlated.len());
    for one in &correlated {
        let mut shown = result(&call, one).await?;
        if with_variables {
            shown["variables"] = variables_json(&one.variables, ValueForm::Deserialized)?;
        }
        results.push(shown);
    }
    Answer::json(&results)
}

fn tenant(fields: &Fields) -> Result<Option<TenantChoice>, Failure> {
    match (fields.text("tenantId")?, fields.flag("withoutTenantId")?) {
        (Some(_), Some(true)) => Err(Failure::invalid("only one of tenantId and withoutTenantId can be given")),
        (Some(tenant), _) => Ok(Some(TenantChoice::Of(tenant))),
        (None, Some(true)) => Ok(Some(TenantChoice::None)),
        (None, _) => Ok(None),
    }
}

/// An id that cannot be one is that of no instance.
fn process_instance_id(fields: &Fields) -> Result<Option<ProcessInstanceId>, Failure> {
    match fields.text("processInstanceId")? {
        Some(text) => Ok(Some(parse_id(&text, "process instance").unwrap_or(ProcessInstanceId(types::Uuid(0))))),
        None => Ok(None),
    }
}

fn keys(fields: &Fields, property: &str) -> Result<Vec<(Arc<str>, VariableValue)>, Failure> {
    Ok(variables(fields, property)?.into_iter().map(|(name, write)| (name, write.value)).collect())
}

/// An execution that has ended by now is one that went on.
async fn result(call: &Call, correlated: &CorrelatedExecution) -> Result<Value, Failure> {
    let condition = row::has_id(EXECUTION.col("id"), correlated.execution_id.0);
    let is_there = row::row(call.runtime(), &EXECUTION, condition).await?.is_some();
    Ok(json!({
        "resultType": "Execution",
        "execution": {
            "id": correlated.execution_id.to_string(),
            "processInstanceId": correlated.process_instance_id.to_string(),
            "ended": !is_there,
            "tenantId": correlated.tenant_id.as_deref(),
        },
        "processInstance": null,
    }))
}
