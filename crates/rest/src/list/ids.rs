//! The ids of all rows that a query in a body finds, for operations on many things at once.

use std::sync::LazyLock;

use query::{ListRequest, Purpose, Resource, column};
use serde_json::Value;
use types::Uuid;

use crate::call::Call;
use crate::failure::Failure;
use crate::given::Given;
use crate::row::id_in;

/// `query` is a body as the list of the resource takes it.
pub async fn ids(resource: &'static LazyLock<Resource>, call: &Call, query: &Given) -> Result<Vec<Uuid>, Failure> {
    let request = ListRequest::from_body(resource, &Value::from(query), &[], Purpose::Count)?;
    let mut select = resource.select_count(&request, call.runtime().now());
    select.columns = vec![column(resource.source.alias, "id").into()];
    let rows = call.runtime().select(select.render(call.runtime().dialect())).await?;
    Ok(rows.iter().flatten().filter_map(id_in).collect())
}
