//! Messages, delivered to the executions that wait for them, and the processes that they start.

use std::sync::Arc;

use query::tables::EXECUTION;
use runtime::{Correlated, MessageCorrelation, MessageReach, RecordedAnswer, TenantChoice};
use serde_json::{Value, json};
use types::{ProcessInstanceId, VariableValue};

use crate::answer::Answer;
use crate::call::{Call, parse_id};
use crate::dto::variable::{ValueForm, variables, variables_json};
use crate::failure::Failure;
use crate::idempotency;
use crate::json::Fields;
use crate::row;

use super::process_definition::started_instance;

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
    let message = MessageCorrelation {
        name,
        business_key: fields.text("businessKey")?,
        process_instance_id: process_instance_id(&fields)?,
        correlation_keys: keys(&fields, "correlationKeys")?,
        local_correlation_keys: keys(&fields, "localCorrelationKeys")?,
        tenant,
        variables: variables(&fields, "processVariables")?,
        local_variables: variables(&fields, "processVariablesLocal")?,
        triggered_scope_variables: variables(&fields, "processVariablesToTriggeredScope")?,
        reach: if fields.flag("all")? == Some(true) { MessageReach::All } else { MessageReach::One },
    };
    if !with_result {
        idempotency::record_reply(call.runtime(), |_| Some(RecordedAnswer::no_content()));
    }
    let correlated = call.runtime().correlate_message(message).await?;
    if !with_result {
        return Ok(Answer::no_content());
    }
    let mut results = Vec::with_capacity(correlated.len());
    for one in &correlated {
        results.push(result(&call, one, with_variables).await?);
    }
    Answer::json(&results)
}

pub(super) fn tenant(fields: &Fields) -> Result<Option<TenantChoice>, Failure> {
    match (fields.text("tenantId")?, fields.flag("withoutTenantId")?) {
        (Some(_), Some(true)) => Err(Failure::invalid("only one of tenantId and withoutTenantId can be given")),
        (tenant_id, without) => Ok(tenant_choice(tenant_id, without)),
    }
}

/// Which tenant is meant, if any is.
pub(super) fn tenant_choice(tenant_id: Option<Arc<str>>, without_tenant_id: Option<bool>) -> Option<TenantChoice> {
    match tenant_id {
        Some(tenant) => Some(TenantChoice::Of(tenant)),
        None => (without_tenant_id == Some(true)).then_some(TenantChoice::None),
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

async fn result(call: &Call, correlated: &Correlated, with_variables: bool) -> Result<Value, Failure> {
    let (mut shown, variables) = match correlated {
        Correlated::Execution { id, process_instance_id, tenant_id, variables } => {
            // An execution that has ended by now is one that went on.
            let condition = row::has_id(EXECUTION.col("id"), id.0);
            let is_there = row::row(call.runtime(), &EXECUTION, condition).await?.is_some();
            let execution = json!({
                "id": id.to_string(),
                "processInstanceId": process_instance_id.to_string(),
                "ended": !is_there,
                "tenantId": tenant_id.as_deref(),
            });
            (json!({ "resultType": "Execution", "execution": execution, "processInstance": null }), variables)
        }
        Correlated::Started(started) => {
            let instance = started_instance(started);
            let shown = json!({ "resultType": "ProcessDefinition", "execution": null, "processInstance": instance });
            (shown, &started.variables)
        }
    };
    if with_variables {
        shown["variables"] = variables_json(variables, ValueForm::Serialized)?;
    }
    Ok(shown)
}
