//! Conditions of start events.

use runtime::ConditionEvaluation;

use crate::answer::Answer;
use crate::call::Call;
use crate::dto::variable::variables;
use crate::failure::Failure;

use super::message::tenant;
use super::process_definition::started_instance;

pub async fn evaluate(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let evaluation = ConditionEvaluation {
        tenant: tenant(&fields)?,
        variables: variables(&fields, "variables")?,
        business_key: fields.text("businessKey")?,
        definition_id: fields.text("processDefinitionId")?.map(|id| (&*id).into()),
    };
    let started = call.runtime().evaluate_start_conditions(evaluation).await?;
    Answer::json(&started.iter().map(started_instance).collect::<Vec<_>>())
}
