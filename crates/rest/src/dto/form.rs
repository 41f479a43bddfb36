//! Forms in JSON: which one it is.

use engine::form::{DeployedFormBinding, ShownForm};
use serde_json::{Value, json};

/// `{"key": …, "camundaFormRef": …}`. One without a key is at `generated`, if that is somewhere.
pub fn form(form: &ShownForm, generated: Option<&str>) -> Value {
    let key = match (form.key.as_deref(), generated) {
        (None | Some(""), Some(path)) => Some(format!("embedded:engine://engine/:engine{path}")),
        (key, _) => key.map(str::to_owned),
    };
    // There are no applications that forms belong to.
    json!({ "key": key, "camundaFormRef": camunda_form_ref(form), "contextPath": null })
}

/// Null for a form that is no Camunda form.
pub fn camunda_form_ref(form: &ShownForm) -> Value {
    let Some(deployed) = &form.deployed else { return Value::Null };
    let (binding, version) = match deployed.binding {
        DeployedFormBinding::Latest => ("latest", None),
        DeployedFormBinding::Deployment => ("deployment", None),
        DeployedFormBinding::Version(version) => ("version", Some(version)),
    };
    json!({ "key": &*deployed.key, "binding": binding, "version": version })
}
