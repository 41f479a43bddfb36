//! Historic details: writes of variables and fields of forms, which have properties of their own.

use query::{Purpose, resource};
use serde_json::{Map, Value};

use super::handler::{ABSENT, absent_row, request, row, shown_rows};
use crate::answer::Answer;
use crate::call::Call;
use crate::dto::variable::ValueForm;
use crate::failure::Failure;

pub async fn details(call: Call) -> Result<Answer, Failure> {
    let request = request(&resource::HISTORIC_DETAILS, &call, Purpose::Rows).map_err(wrong_sorting)?;
    let rows = shown_rows(&resource::HISTORIC_DETAILS, &request, &call).await?;
    Answer::json(&rows.into_iter().map(by_kind).collect::<Vec<_>>())
}

pub async fn detail(call: Call) -> Result<Answer, Failure> {
    let id = call.path("id");
    let form = ValueForm::from_flag(call.query.flag("deserializeValue"), ValueForm::Deserialized);
    match row(&resource::HISTORIC_DETAILS, &call, id, form).await? {
        Some(row) => Answer::json(&by_kind(row)),
        None => Err(absent_row(&resource::HISTORIC_DETAILS, &ABSENT, id)),
    }
}

/// Camunda: a sort key that this list does not have is refused by the API itself.
fn wrong_sorting(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(refusal) if refusal.error_type == "NotValidException" => Failure::invalid(refusal.message),
        other => other,
    }
}

fn by_kind(mut row: Map<String, Value>) -> Map<String, Value> {
    if row.get("type").is_some_and(|kind| kind == "formField") {
        let name = row.remove("variableName").unwrap_or_default();
        let value = row.remove("value").unwrap_or_default();
        for other in ["variableInstanceId", "variableType", "valueInfo", "initial", "revision", "errorMessage"] {
            row.remove(other);
        }
        row.insert("fieldId".to_owned(), name);
        row.insert("fieldValue".to_owned(), value);
    }
    row
}
