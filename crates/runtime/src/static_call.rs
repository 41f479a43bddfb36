//! The definitions that the call activities of a definition mean, as far as that follows from its model.

use std::sync::Arc;

use engine::{DefinitionBinding, DefinitionReference, static_call};
use query::{Condition, SqlValue, tables};
use types::ProcessDefinitionId;

use crate::definition_cache::definition_rows;
use crate::error::Error;
use crate::request::DefinitionRow;
use crate::shared::Shared;

/// A definition, with the call activities that call it.
pub type StaticallyCalled = (ProcessDefinitionId, Vec<Arc<str>>);

impl Shared {
    pub(crate) async fn statically_called(&self, id: &ProcessDefinitionId) -> Result<Vec<StaticallyCalled>, Error> {
        let caller = self.definition(id).await?.ok_or_else(|| Error::not_found("process definition", id))?;
        let references = static_call::references(&caller);
        let keys: Vec<SqlValue> = references.iter().map(|(_, to)| SqlValue::Text(to.key.clone())).collect();
        let of_keys = Condition::OneOf(tables::PROCESS_DEFINITION.col("key").into(), keys);
        let rows = definition_rows(self, of_keys).await?;
        let mut called: Vec<StaticallyCalled> = Vec::new();
        for (activity_id, reference) in references {
            let Some(row) = meant(&rows, &reference) else { continue };
            match called.iter_mut().find(|(id, _)| *id == row.id) {
                Some((_, activities)) => activities.push(activity_id),
                None => called.push((row.id.clone(), vec![activity_id])),
            }
        }
        Ok(called)
    }
}

/// Of rows in the order of versions.
fn meant<'r>(rows: &'r [DefinitionRow], reference: &DefinitionReference) -> Option<&'r DefinitionRow> {
    let of_key = rows.iter().filter(|row| row.key == reference.key);
    let mut of_tenant = of_key.clone().filter(|row| row.tenant_id == reference.tenant_id);
    match &reference.binding {
        DefinitionBinding::Latest => of_tenant.next_back(),
        DefinitionBinding::Version(version) => of_tenant.find(|row| i32::try_from(row.version) == Ok(*version)),
        DefinitionBinding::VersionTag(tag) => {
            let mut tagged = of_tenant.filter(|row| row.version_tag.as_ref() == Some(tag));
            // Camunda: a version tag that several definitions have names none of them.
            tagged.next().filter(|_| tagged.next().is_none())
        }
        DefinitionBinding::Deployment(deployment) => of_key.clone().find(|row| row.deployment_id == *deployment),
    }
}
