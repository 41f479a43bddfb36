//! Camunda forms: versions by deployment, and which one a reference means.

use engine::RejectionKind;
use engine::form::{DeployedForm, DeployedFormBinding, ShownForm};
use runtime::{Cascade, Error, NewDeployment, NewResource, Runtime};
use types::{DeploymentId, ProcessDefinitionId};

use crate::support::*;

fn form(name: &str, contents: &str) -> NewResource {
    resource(name, contents)
}

async fn deployed(runtime: &Runtime, tenant: Option<&str>, resources: Vec<NewResource>) -> DeploymentId {
    let new = NewDeployment { tenant_id: tenant.map(Into::into), ..deployment("forms", resources) };
    runtime.deploy(new).await.expect("can be deployed").deployment.id
}

async fn text_of(runtime: &Runtime, id: &ProcessDefinitionId, form: &ShownForm) -> Result<String, Error> {
    let definition = runtime.definition(id).await?.expect("it is there");
    let resource = runtime.form_resource(&definition, form).await?;
    Ok(String::from_utf8_lossy(&resource.contents).into_owned())
}

fn reference(binding: DeployedFormBinding) -> ShownForm {
    ShownForm { deployed: Some(DeployedForm { key: "letter".into(), binding }), ..ShownForm::default() }
}

fn key(key: &str) -> ShownForm {
    ShownForm { key: Some(key.into()), ..ShownForm::default() }
}

#[tokio::test]
async fn a_reference_means_the_latest_a_version_or_that_of_the_deployment() {
    use DeployedFormBinding::{Deployment, Latest, Version};
    let runtime = runtime().await;
    let (first, second) = (r#"{"id":"letter","n":1}"#, r#"{"id":"letter","n":2}"#);
    let model = resource("a.bpmn", &external_task_model("a", "work", ""));
    let new = deployment("forms", vec![model, form("letter.form", first)]);
    let id = runtime.deploy(new).await.expect("can be deployed").definitions[0].id.clone();
    let newer = deployed(&runtime, None, vec![form("other name.form", second)]).await;
    assert_eq!(text_of(&runtime, &id, &reference(Latest)).await.as_deref(), Ok(second));
    assert_eq!(text_of(&runtime, &id, &reference(Deployment)).await.as_deref(), Ok(first));
    assert_eq!(text_of(&runtime, &id, &reference(Version(1))).await.as_deref(), Ok(first));
    assert_eq!(text_of(&runtime, &id, &reference(Version(2))).await.as_deref(), Ok(second));
    assert!(is_refused(&text_of(&runtime, &id, &reference(Version(3))).await, RejectionKind::NotFound));
    runtime.delete_deployment(newer, Cascade::Off).await.expect("can be deleted");
    assert_eq!(text_of(&runtime, &id, &reference(Latest)).await.as_deref(), Ok(first));
    deployed(&runtime, Some("t"), vec![form("letter.form", second)]).await;
    assert!(is_refused(&text_of(&runtime, &id, &reference(Latest)).await, RejectionKind::ProcessEngine));
    assert_eq!(text_of(&runtime, &id, &reference(Version(1))).await.as_deref(), Ok(first));
}

#[tokio::test]
async fn a_form_key_can_name_a_file_of_the_deployment() {
    let runtime = runtime().await;
    let model = resource("a.bpmn", &external_task_model("a", "work", ""));
    let new = deployment("forms", vec![model, form("page.html", "<form/>")]);
    let id = runtime.deploy(new).await.expect("can be deployed").definitions[0].id.clone();
    for prefix in ["deployment:", "embedded:deployment:", "camunda-forms:deployment:"] {
        let named = text_of(&runtime, &id, &key(&format!("{prefix}page.html"))).await;
        assert_eq!(named.as_deref(), Ok("<form/>"), "{prefix}");
    }
    assert!(is_refused(&text_of(&runtime, &id, &key("deployment:none.html")).await, RejectionKind::NotFound));
    assert!(is_refused(&text_of(&runtime, &id, &key("embedded:app:page.html")).await, RejectionKind::BadUserRequest));
    assert!(is_refused(&text_of(&runtime, &id, &ShownForm::default()).await, RejectionKind::BadUserRequest));
}

#[tokio::test]
async fn a_form_that_cannot_be_read_is_refused() {
    let runtime = runtime().await;
    for contents in ["{", "[]", "text", r#"{"id":null}"#] {
        let result = runtime.deploy(deployment("forms", vec![form("a.form", contents)])).await;
        assert!(is_refused(&result, RejectionKind::ProcessEngine), "{contents}");
    }
    let same = vec![form("a.form", r#"{"id":"a"}"#), form("b.form", r#"{"id":"a"}"#)];
    assert!(is_refused(&runtime.deploy(deployment("forms", same)).await, RejectionKind::ProcessEngine));
    for contents in ["", "{}", r#"{"id":5}"#] {
        deployed(&runtime, None, vec![form("a.form", contents)]).await;
    }
}
