//! Random requests on random rows: PostgreSQL answers what SQLite answers.

use query::{Condition, Dialect, ListRequest, Mutation, Purpose, Select, SqlValue, resource, tables};
use store::conformance::fixture::count;
use store::work::ExpectedStatement;
use store::{PostgresStore, SqliteStore, Store, Work};
use types::Uuid;

#[path = "../../../query/tests/it/random_request.rs"]
mod random_request;

use random_request::{NOW, Random, random_pairs};

const ROWS_PER_TABLE: usize = 12;

/// The same rows, as far as their keys are new.
async fn fill(random: &mut Random, stores: &[(&dyn Store, Dialect)]) {
    for table in tables::ALL {
        for _ in 0..ROWS_PER_TABLE {
            let row: Vec<SqlValue> = table.columns.iter().map(|c| random.cell(c.kind, c.is_nullable)).collect();
            for (store, dialect) in stores {
                let insert = Mutation::InsertIfAbsent {
                    table,
                    columns: table.columns.iter().map(|column| column.name).collect(),
                    row: row.clone(),
                };
                let statement = ExpectedStatement { statement: insert.render(*dialect), rows_affected: None };
                store.submit(Work::Run(vec![statement])).await.expect("a row can be inserted");
            }
        }
    }
    part_details(stores).await;
}

/// A detail that was written out has the id of its variable, which stands for none any more.
async fn part_details(stores: &[(&dyn Store, Dialect)]) {
    let (detail, variable) = (&tables::HISTORIC_DETAIL, &tables::HISTORIC_VARIABLE);
    let same = Condition::exists(variable.source(), Condition::equal(variable.col("id"), detail.col("id")));
    for (store, dialect) in stores {
        let statement = Mutation::delete(detail, same.clone()).render(*dialect);
        let work = Work::Run(vec![ExpectedStatement { statement, rows_affected: None }]);
        store.submit(work).await.expect("rows can be deleted");
    }
}

/// An id is a blob of sixteen bytes to SQLite.
fn same_form(rows: Vec<Vec<SqlValue>>) -> Vec<Vec<SqlValue>> {
    let cell = |cell| match cell {
        SqlValue::Uuid(Uuid(id)) => SqlValue::Blob(id.to_be_bytes().as_slice().into()),
        other => other,
    };
    rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()
}

async fn answers(stores: &[(&dyn Store, Dialect)], select: &Select, context: &str) -> Vec<Vec<SqlValue>> {
    let mut answers = Vec::new();
    for (store, dialect) in stores {
        let rows = store.select(select.render(*dialect)).await;
        let rows = rows.unwrap_or_else(|error| panic!("{context}: {error}: {}", select.render(*dialect).text));
        let counted = store.select(select.render_count(*dialect)).await.expect("it can be counted");
        answers.push((same_form(rows), counted));
    }
    let (first, second) = (answers.remove(0), answers.remove(0));
    assert_eq!(first, second, "{context}: {}", select.render(Dialect::Postgres).text);
    first.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_answers_what_sqlite_answers() {
    let (mut answered, mut filled) = (0, 0);
    for seed in 1..=8_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let sqlite = SqliteStore::open("sqlite::memory:").expect("opens");
        let (_, url) = super::postgres::empty_database().await;
        let postgres = PostgresStore::open(&url).await.expect("opens");
        let stores: [(&dyn Store, Dialect); 2] = [(&sqlite, Dialect::Sqlite), (&postgres, Dialect::Postgres)];
        fill(&mut random, &stores).await;
        for table in tables::ALL {
            assert_eq!(count(&sqlite, table.name).await, count(&postgres, table.name).await, "{}", table.name);
        }
        for resource in resource::ALL {
            for _ in 0..20 {
                let pairs = random_pairs(resource, &mut random);
                let Ok(request) = ListRequest::from_query(resource, &pairs, Purpose::Rows) else { continue };
                let context = format!("seed {seed}, {} {pairs:?}", resource.name);
                let rows = answers(&stores, &resource.select(&request, NOW), &context).await;
                answered += 1;
                filled += usize::from(!rows.is_empty());
            }
        }
    }
    assert!(answered > 1_000 && filled > answered / 4, "{filled} of {answered} answers had rows");
}

/// Every filter and every sort key, by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_filter_and_sort_key_runs() {
    let mut random = Random(7);
    let (_, url) = super::postgres::empty_database().await;
    let postgres = PostgresStore::open(&url).await.expect("opens");
    let sqlite = SqliteStore::open("sqlite::memory:").expect("opens");
    let stores: [(&dyn Store, Dialect); 2] = [(&sqlite, Dialect::Sqlite), (&postgres, Dialect::Postgres)];
    fill(&mut random, &stores).await;
    for resource in resource::ALL {
        for filter in &resource.filters {
            let value = random_request::value(&filter.kind, random_request::kind_of, &mut random);
            let pairs = [(filter.name.to_owned(), value)];
            let Ok(request) = ListRequest::from_query(resource, &pairs, Purpose::Rows) else { continue };
            answers(&stores, &resource.select(&request, NOW), &format!("{} {pairs:?}", resource.name)).await;
        }
        for sort in &resource.sorts {
            for order in ["asc", "desc"] {
                let parameters = serde_json::json!({"variable": "a", "type": "String"});
                let sorting = serde_json::json!([{"sortBy": sort.name, "sortOrder": order, "parameters": parameters}]);
                let body = serde_json::json!({ "sorting": sorting });
                let request = ListRequest::from_body(resource, &body, &[], Purpose::Rows).expect("is read");
                answers(&stores, &resource.select(&request, NOW), &format!("{} {body}", resource.name)).await;
            }
        }
    }
}
