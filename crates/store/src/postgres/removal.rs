//! Takes away what nobody works on any more, on a connection of its own: no committer waits for it.
//!
//! It can be done twice, so that a lost connection is no more than a reason to try again.

use query::Statement;

use super::connection::{Answer, Connection, binds, in_order, parameters};
use super::failure::Failure;

pub async fn remove(connection: &mut Connection, statements: &[Statement]) -> Result<(), Failure> {
    let prepared = connection.prepare(statements.iter().map(|statement| statement.text.as_str())).await?;
    let bound: Vec<_> = statements.iter().map(binds).collect();
    let parameters: Vec<_> = bound.iter().map(|bound| parameters(bound)).collect();
    connection.plain("BEGIN").await?;
    let pipeline: Vec<Answer<'_, u64>> = prepared
        .iter()
        .zip(&parameters)
        .map(|(statement, parameters)| connection.execute(statement, parameters))
        .collect();
    let removed: Result<Vec<u64>, _> = in_order(pipeline).await.into_iter().collect();
    if let Err(error) = removed {
        connection.roll_back().await;
        return Err(error.into());
    }
    Ok(connection.plain("COMMIT").await?)
}
