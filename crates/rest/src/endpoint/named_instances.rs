//! Which process instances an operation on many of them means.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use query::{Resource, resource};
use types::{ProcessInstanceId, Uuid};

use crate::call::Call;
use crate::failure::Failure;
use crate::given::Given;
use crate::json::Fields;
use crate::list;

/// A property with a query, and the resource that it queries.
pub type Named = (&'static str, &'static LazyLock<Resource>);

/// Of instances that run, and of those that history knows.
pub const INSTANCE_QUERIES: [Named; 2] = [
    ("processInstanceQuery", &resource::PROCESS_INSTANCES),
    ("historicProcessInstanceQuery", &resource::HISTORIC_PROCESS_INSTANCES),
];

/// What a null among ids is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    Refused,
    /// Camunda: some operations take it for an id, and only the work on it fails.
    NameNothing,
}

/// By ids and by queries, in their order, each once and at least one. Ids of no instance count too.
pub async fn named_instances(call: &Call, fields: &Fields) -> Result<Vec<ProcessInstanceId>, Failure> {
    let named = named(call, fields, "processInstanceIds", &INSTANCE_QUERIES).await?;
    Ok(named.into_iter().map(ProcessInstanceId).collect())
}

/// The same of any resource.
pub async fn named(call: &Call, fields: &Fields, ids: &str, queries: &[Named]) -> Result<Vec<Uuid>, Failure> {
    let found = named_or_none(call, fields, ids, queries, Nulls::Refused).await?;
    if found.is_empty() {
        return Err(Failure::invalid(format!("nothing is named in `{ids}` or found by a query")));
    }
    Ok(found)
}

pub async fn named_or_none(
    call: &Call,
    fields: &Fields,
    ids: &str,
    queries: &[Named],
    nulls: Nulls,
) -> Result<Vec<Uuid>, Failure> {
    let mut found = Vec::new();
    for id in fields.array(ids)?.unwrap_or_default() {
        found.push(match id {
            // A text that cannot be an id is that of nothing.
            Given::String(id) => id.parse().unwrap_or(Uuid(0)),
            Given::Null if nulls == Nulls::NameNothing => Uuid(0),
            _ => return Err(Failure::invalid(format!("`{ids}` has to contain texts"))),
        });
    }
    for (property, declared) in queries {
        if let Some(query) = fields.get(property) {
            found.extend(list::ids(declared, call, query).await?);
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|id| seen.insert(*id));
    Ok(found)
}
