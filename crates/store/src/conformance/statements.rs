//! Statements outside aggregates, and queries.

use std::sync::Arc;

use query::{SqlValue, Statement};

use super::fixture::{count, id, rows, text};
use crate::work::{ExpectedStatement, Work};
use crate::{Store, StoreError};

fn statement(text: &str, binds: Vec<SqlValue>) -> Statement {
    Statement { text: text.to_owned(), binds }
}

fn insert_deployment(name: &str) -> ExpectedStatement {
    let binds = vec![SqlValue::Uuid(id()), SqlValue::Text(text(name)), SqlValue::Integer(1)];
    let insert = statement("INSERT INTO deployment (id, name, deploy_time) VALUES ($1, $2, $3)", binds);
    ExpectedStatement { statement: insert, rows_affected: Some(1) }
}

fn rename(from: &str, to: &str, rows_affected: Option<u64>) -> ExpectedStatement {
    let binds = vec![SqlValue::Text(text(to)), SqlValue::Text(text(from))];
    ExpectedStatement { statement: statement("UPDATE deployment SET name = $1 WHERE name = $2", binds), rows_affected }
}

async fn run(store: &dyn Store, statements: Vec<ExpectedStatement>) -> Result<(), StoreError> {
    store.submit(Work::Run(statements)).await.map(|_| ())
}

pub async fn expectations_are_checked(store: Arc<dyn Store>) {
    run(&*store, vec![insert_deployment("a"), insert_deployment("b")]).await.expect("both are new");
    let conflicting = vec![insert_deployment("c"), rename("nobody", "d", Some(1))];
    assert_eq!(run(&*store, conflicting).await, Err(StoreError::Conflict));
    assert_eq!(count(&*store, "deployment").await, 2, "all or none");
    run(&*store, vec![rename("nobody", "d", None), rename("a", "d", Some(1))]).await.expect("as expected");
    let broken = statement("UPDATE nowhere SET x = 1", Vec::new());
    let broken = vec![insert_deployment("e"), ExpectedStatement { statement: broken, rows_affected: None }];
    assert!(matches!(run(&*store, broken).await, Err(StoreError::Failed(_))));
    assert_eq!(count(&*store, "deployment").await, 2);
}

pub async fn what_is_removed_is_gone(store: Arc<dyn Store>) {
    run(&*store, vec![insert_deployment("a"), insert_deployment("b")]).await.expect("both are new");
    let remove = |name| statement("DELETE FROM deployment WHERE name = $1", vec![SqlValue::Text(text(name))]);
    let broken = statement("DELETE FROM nowhere", Vec::new());
    let refused = store.submit(Work::Remove(vec![remove("a"), broken])).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))));
    assert_eq!(count(&*store, "deployment").await, 2, "all or none");
    for _ in 0..2 {
        store.submit(Work::Remove(vec![remove("a")])).await.expect("it can be gone already");
    }
    assert_eq!(count(&*store, "deployment").await, 1);
    store.submit(Work::Remove(Vec::new())).await.expect("there may be nothing to do");
}

pub async fn values_come_back(store: Arc<dyn Store>) {
    let deployment = id();
    let contents: Arc<[u8]> = (0..=255).collect::<Vec<u8>>().into();
    let insert = statement(
        "INSERT INTO deployment_resource (id, deployment_id, name, contents, sha256) VALUES ($1, $2, $3, $4, $5)",
        vec![
            SqlValue::Uuid(id()),
            SqlValue::Uuid(deployment),
            SqlValue::Text(text("\u{e9}\u{1F4B6}")),
            SqlValue::Blob(contents.clone()),
            SqlValue::Blob([].into()),
        ],
    );
    run(&*store, vec![ExpectedStatement { statement: insert, rows_affected: Some(1) }]).await.expect("it is new");
    let query = "SELECT name, contents, sha256 FROM deployment_resource WHERE deployment_id = $1";
    let found = rows(&*store, query, vec![SqlValue::Uuid(deployment)]).await;
    let name = SqlValue::Text(text("\u{e9}\u{1F4B6}"));
    assert_eq!(found, vec![vec![name, SqlValue::Blob(contents), SqlValue::Blob([].into())]]);
    assert!(rows(&*store, query, vec![SqlValue::Uuid(id())]).await.is_empty());
    let invalid = store.select(statement("SELECT nothing FROM nowhere", Vec::new())).await;
    assert!(matches!(invalid, Err(StoreError::Failed(_))));
}

pub async fn like_distinguishes_case(store: Arc<dyn Store>) {
    run(&*store, vec![insert_deployment("Order"), insert_deployment("order")]).await.expect("both are new");
    let query = "SELECT name FROM deployment WHERE name LIKE $1";
    let found = rows(&*store, query, vec![SqlValue::Text(text("ord%"))]).await;
    assert_eq!(found, vec![vec![SqlValue::Text(text("order"))]]);
}
