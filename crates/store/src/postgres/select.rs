//! Queries of any shape, bounded in time and rows. One that nobody waits for any more is stopped.

use std::pin::pin;

use futures_util::TryStreamExt;
use query::{SqlValue, Statement};

use super::cell::values_of;
use super::connection::{Connection, binds, parameters};
use super::failure::Failure;

/// A query that answers more is refused.
pub const SELECT_ROWS_MAX: usize = 2_000_000;

pub async fn select(connection: &mut Connection, statement: &Statement) -> Result<Vec<Vec<SqlValue>>, Failure> {
    let prepared = connection.prepare_one(&statement.text).await?;
    let binds = binds(statement);
    let stream = connection.client().query_raw(&prepared, parameters(&binds)).await?;
    let mut rows = pin!(stream);
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if found.len() == SELECT_ROWS_MAX {
            return Err(Failure::Failed(format!("a query has more than {SELECT_ROWS_MAX} rows")));
        }
        found.push(values_of(&row)?);
    }
    Ok(found)
}
