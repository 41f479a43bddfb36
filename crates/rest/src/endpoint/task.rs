//! User tasks: completed.

use engine::{Command, Reply};

use crate::answer::Answer;
use crate::call::Call;
use crate::dto::variable::{ValueForm, variables, variables_json};
use crate::failure::Failure;

pub async fn complete(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let sent = variables(&fields, "variables")?;
    let with_variables = fields.flag("withVariablesInReturn")?.unwrap_or(false);
    let reply = call.runtime().execute(Command::CompleteTask { id: call.id("task")?, variables: sent }).await?;
    match reply {
        Reply::Variables(variables) if with_variables => {
            Answer::json(&variables_json(&variables, ValueForm::Serialized)?)
        }
        _ => Ok(Answer::no_content()),
    }
}
