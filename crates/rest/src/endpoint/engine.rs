//! The engine itself: its name and version.

use serde_json::json;

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::router::ENGINE_NAME;

/// The version of the API that this one stands in for.
const VERSION: &str = "7.24.0";

pub async fn names(_call: Call) -> Result<Answer, Failure> {
    Answer::json(&json!([{ "name": ENGINE_NAME }]))
}

pub async fn version(_call: Call) -> Result<Answer, Failure> {
    Answer::json(&json!({ "version": VERSION }))
}
