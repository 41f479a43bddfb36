//! Camunda forms: the files of deployments that hold them, with a version for each deployment of a key.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::form::{DeployedForm, DeployedFormBinding, ShownForm};
use engine::{ProcessDefinition, RejectionKind};
use query::{Condition, Direction, Mutation, Select, tables};
use serde_json::Value;
use store::work::ExpectedStatement;
use types::DeploymentId;

use crate::definition_cache::resource;
use crate::error::Error;
use crate::request::{Deployment, FormResource, NewResource, TenantChoice};
use crate::row::{self, Cells};
use crate::shared::Shared;

/// Camunda: without the dot.
const FORM_SUFFIX: &str = "form";
/// How a form key begins that names a file of the deployment; what else stands before that is for those who show it.
const DEPLOYMENT_PREFIX: &str = "deployment:";
const EMBEDDED_PREFIXES: [&str; 2] = ["embedded:", "camunda-forms:"];

/// A Camunda form among the resources of a deployment.
pub(crate) struct NewForm {
    key: Arc<str>,
    resource_name: Arc<str>,
}

/// The Camunda forms among resources. A file without an id is none.
pub(crate) fn forms_of(resources: &[NewResource]) -> Result<Vec<NewForm>, Error> {
    let mut keys = BTreeSet::new();
    let mut forms = Vec::new();
    for resource in resources.iter().filter(|resource| resource.name.ends_with(FORM_SUFFIX)) {
        let Some(key) = key_of(resource)? else { continue };
        if !keys.insert(key.clone()) {
            let message = format!("the deployment has more than one form with the key `{key}`");
            return Err(Error::rejected(RejectionKind::ProcessEngine, message));
        }
        forms.push(NewForm { key, resource_name: resource.name.clone() });
    }
    Ok(forms)
}

/// The `id` of the JSON object.
fn key_of(resource: &NewResource) -> Result<Option<Arc<str>>, Error> {
    // Camunda: an empty file is a form without an id.
    if resource.contents.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let refused = |cause: &dyn std::fmt::Display| {
        let message = format!("Could not parse Camunda Form resource {}. Cause: {cause}", resource.name);
        Error::rejected(RejectionKind::ProcessEngine, message)
    };
    let form: Value = serde_json::from_slice(&resource.contents).map_err(|error| refused(&error))?;
    let Value::Object(form) = form else { return Err(refused(&"it is no JSON object")) };
    match form.get("id") {
        None => Ok(None),
        Some(Value::String(id)) => Ok(Some(id.as_str().into())),
        Some(id @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(id.to_string().into())),
        Some(_) => Err(refused(&"its `id` is no text")),
    }
}

impl Shared {
    pub(crate) async fn add_form_statements(
        &self,
        statements: &mut Vec<ExpectedStatement>,
        deployment: &Deployment,
        forms: &[NewForm],
    ) -> Result<(), Error> {
        let table = &tables::CAMUNDA_FORM_DEFINITION;
        for NewForm { key, resource_name } in forms {
            let version = self.next_version(table, key, deployment.tenant_id.as_ref()).await?;
            let cells = vec![
                row::id(self.ids.next(deployment.deploy_time)),
                row::text(key),
                row::number(version),
                row::id(deployment.id.0),
                row::text(resource_name),
                row::optional_text(deployment.tenant_id.as_ref()),
            ];
            statements.push(self.statement(&Mutation::insert(table, vec![cells])));
        }
        Ok(())
    }

    /// The file that a form is in.
    pub(crate) async fn form_resource(
        &self,
        definition: &ProcessDefinition,
        form: &ShownForm,
    ) -> Result<FormResource, Error> {
        let (deployment_id, name) = match (&form.key, &form.deployed) {
            (Some(key), _) => (definition.deployment_id, named_by(key)?.into()),
            (None, Some(deployed)) => self.deployed_form(definition, deployed).await?,
            (None, None) => {
                let message = "there is neither a form key nor a reference to a Camunda form";
                return Err(Error::rejected(RejectionKind::BadUserRequest, message));
            }
        };
        match resource(self, deployment_id, &name).await? {
            Some(contents) => Ok(FormResource { name, contents }),
            None => {
                let message = format!("the deployment {deployment_id} has no form with the name `{name}`");
                Err(Error::rejected(RejectionKind::NotFound, message))
            }
        }
    }

    async fn deployed_form(
        &self,
        definition: &ProcessDefinition,
        form: &DeployedForm,
    ) -> Result<(DeploymentId, Arc<str>), Error> {
        let table = &tables::CAMUNDA_FORM_DEFINITION;
        let has_key = Condition::equal(table.col("key"), form.key.as_ref());
        let condition = match form.binding {
            DeployedFormBinding::Latest => has_key,
            DeployedFormBinding::Deployment => {
                has_key.and(Condition::equal(table.col("deployment_id"), row::id(definition.deployment_id.0)))
            }
            // Camunda: forms of tenants are not found by their version.
            DeployedFormBinding::Version(version) => has_key
                .and(Condition::equal(table.col("version"), i64::from(version)))
                .and(TenantChoice::None.condition(table.col("tenant_id"))),
        };
        let mut select =
            Select::all(table.source()).filter(condition).order_by(table.col("version"), Direction::Descending);
        select.columns = ["deployment_id", "resource_name", "tenant_id"].map(|name| table.col(name).into()).to_vec();
        let mut newest = None;
        let mut tenants = BTreeSet::new();
        for row in self.rows(&select).await? {
            let mut cells = Cells::of(row);
            let found = (cells.id()?, cells.text()?);
            newest = newest.or(Some(found));
            tenants.insert(cells.optional_text()?);
        }
        if tenants.len() > 1 {
            let message = format!("several tenants have a Camunda form with the key `{}`", form.key);
            return Err(Error::rejected(RejectionKind::ProcessEngine, message));
        }
        newest.ok_or_else(|| {
            let message = format!("no Camunda form with the key `{}` was found for {:?}", form.key, form.binding);
            Error::rejected(RejectionKind::NotFound, message)
        })
    }
}

/// The name of a file, as in `embedded:deployment:order.html`.
fn named_by(form_key: &str) -> Result<&str, Error> {
    let key = EMBEDDED_PREFIXES.iter().find_map(|prefix| form_key.strip_prefix(prefix)).unwrap_or(form_key);
    key.strip_prefix(DEPLOYMENT_PREFIX).ok_or_else(|| {
        let message = format!("The form key '{form_key}' does not reference a deployed form.");
        Error::rejected(RejectionKind::BadUserRequest, message)
    })
}
