//! The ids of all rows that a query in a body finds, for operations on many things at once.

use std::sync::LazyLock;

use query::{ListRequest, Purpose, Resource, SqlValue, column};
use serde_json::Value;
use types::Uuid;

use crate::call::Call;
use crate::failure::Failure;

/// `query` is a body as the list of the resource takes it.
pub async fn ids(resource: &'static LazyLock<Resource>, call: &Call, query: &Value) -> Result<Vec<Uuid>, Failure> {
    let request = ListRequest::from_body(resource, query, &[], Purpose::Count)?;
    let mut select = resource.select_count(&request, call.runtime().now());
    select.columns = vec![column(resource.source.alias, "id").into()];
    let rows = call.runtime().select(select.render(call.runtime().dialect())).await?;
    Ok(rows.into_iter().flatten().filter_map(id).collect())
}

/// Both databases may hand out ids as bytes.
fn id(cell: SqlValue) -> Option<Uuid> {
    match cell {
        SqlValue::Uuid(id) => Some(id),
        SqlValue::Blob(bytes) => <[u8; 16]>::try_from(&*bytes).ok().map(Uuid::from_bytes),
        _ => None,
    }
}
