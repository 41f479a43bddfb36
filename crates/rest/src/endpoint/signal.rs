//! Signals, thrown from outside.

use engine::RejectionKind;
use runtime::Signal;

use crate::answer::Answer;
use crate::call::{Call, parse_id};
use crate::dto::variable::variables;
use crate::failure::Failure;

use super::message::tenant_choice;

pub async fn throw(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let Some(name) = fields.text("name")? else { return Err(Failure::invalid("`name` is missing")) };
    // An id that cannot be one is that of no execution.
    let nobody = types::ExecutionId(types::Uuid(0));
    let execution_id = fields.text("executionId")?.map(|text| parse_id(&text, "execution").unwrap_or(nobody));
    let tenant = tenant_choice(fields.text("tenantId")?, fields.flag("withoutTenantId")?);
    if execution_id.is_some() && tenant.is_some() {
        let message = "a tenant cannot be given with `executionId`";
        return Err(engine::Rejection::new(RejectionKind::BadUserRequest, message).into());
    }
    let variables = variables(&fields, "variables")?;
    call.runtime().throw_signal(Signal { name, execution_id, tenant, variables }).await?;
    Ok(Answer::no_content())
}
