//! PostgreSQL against the conformance suite, each case in a schema of its own, and what only PostgreSQL has: several
//! stores on one database, a schema that is migrated by one of them, chains of units that must not be taken for others.

use std::sync::Arc;

use engine::{ChangeSet, RevisionCheck, TableChange};
use query::{Dialect, SqlValue, Statement, tables};
use store::conformance::fixture::{WaitingInstance, apply, count, load, start};
use store::postgres::PostgresOptions;
use store::work::ExpectedStatement;
use store::{OpenError, PostgresStore, Store, StoreError, Work};
use throwaway_postgres::{server_url, unique_name, with_schema};
use tokio_postgres::Client;
use types::VariableValue;

/// A name of a schema that is there and empty, and the URL of a database that is just that.
pub async fn empty_database() -> (String, String) {
    let schema = unique_name();
    client().await.batch_execute(&format!("CREATE SCHEMA {schema}")).await.expect("a new schema");
    let url = with_schema(&server_url(), &schema);
    (schema, url)
}

async fn client() -> Client {
    let connected = tokio_postgres::connect(&server_url(), tokio_postgres::NoTls).await;
    let (client, connection) = connected.expect("the server is there");
    tokio::spawn(connection);
    client
}

async fn open(url: &str) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(url).await.expect("opens"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conformance() {
    store::conformance::run(|| async {
        let store: Arc<dyn Store> = open(&empty_database().await.1).await;
        store
    })
    .await;
}

async fn lines(client: &Client, text: &str, schema: &str) -> Vec<String> {
    let rows = client.query(text, &[&schema]).await.expect("valid");
    rows.iter().map(|row| row.get::<_, String>(0).replace(schema, "")).collect()
}

/// Columns and indexes.
async fn shape(schema: &str) -> Vec<String> {
    let client = client().await;
    let columns = "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, collation_name) \
         FROM information_schema.columns WHERE table_schema = $1 AND table_name NOT LIKE 'camlock_schema_%' ORDER BY 1";
    let indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = $1 AND tablename NOT LIKE 'camlock_schema_%' \
         ORDER BY 1";
    let mut shape = lines(&client, columns, schema).await;
    shape.extend(lines(&client, indexes, schema).await);
    shape
}

#[tokio::test]
async fn migrated_schema_is_as_declared() {
    let (migrated, url) = empty_database().await;
    open(&url).await;
    let (declared, _) = empty_database().await;
    let client = client().await;
    client.batch_execute(&format!("SET search_path = {declared}")).await.expect("valid");
    for statement in tables::create_statements(Dialect::Postgres) {
        client.batch_execute(&statement).await.expect("a declared table can be created");
    }
    let (migrated, declared) = (shape(&migrated).await, shape(&declared).await);
    let missing: Vec<_> = declared.iter().filter(|line| !migrated.contains(line)).collect();
    let surplus: Vec<_> = migrated.iter().filter(|line| !declared.contains(line)).collect();
    let advice = "a declaration has changed: add a migration to migrations/postgres";
    assert!(missing.is_empty() && surplus.is_empty(), "{advice}\nmissing: {missing:#?}\nsurplus: {surplus:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_that_start_at_once_migrate_once() {
    let (schema, url) = empty_database().await;
    let opening = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { PostgresStore::open(&url).await.map(drop) })
    });
    for opened in opening.collect::<Vec<_>>() {
        opened.await.expect("no panic").expect("opens");
    }
    let text = "SELECT version::text FROM camlock_schema_version WHERE $1 <> '' ORDER BY version";
    let client = client().await;
    client.batch_execute(&format!("SET search_path = {schema}")).await.expect("valid");
    let versions = lines(&client, text, &schema).await;
    assert!(!versions.is_empty());
    let expected: Vec<String> = (1..=versions.len()).map(|version| version.to_string()).collect();
    assert_eq!(versions, expected);
}

#[tokio::test]
async fn foreign_newer_and_diverged_databases_are_refused() {
    type IsRefused = fn(&OpenError) -> bool;
    let cases: [(&str, IsRefused); 3] = [
        ("CREATE TABLE task (theirs bigint)", |error| matches!(error, OpenError::Foreign { .. })),
        ("INSERT INTO camlock_schema_version VALUES (99, '', 0)", |error| matches!(error, OpenError::Newer { .. })),
        ("UPDATE camlock_schema_version SET sha256 = 'other'", |error| matches!(error, OpenError::Diverged { .. })),
    ];
    for (change, is_refused) in cases {
        let (schema, url) = empty_database().await;
        if !change.starts_with("CREATE") {
            open(&url).await;
        }
        let client = client().await;
        client.batch_execute(&format!("SET search_path = {schema}; {change}")).await.expect("valid");
        let refusal = PostgresStore::open(&url).await.expect_err("it is refused");
        assert!(is_refused(&refusal), "{refusal}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_refused_without_the_password() {
    let refusal = PostgresStore::open("postgres://ann:s3cret@127.0.0.1:1/app").await.expect_err("nobody listens");
    assert!(matches!(refusal, OpenError::Unusable { .. }), "{refusal}");
    assert!(refusal.to_string().contains("ann@127.0.0.1:1/app") && !refusal.to_string().contains("s3cret"));
}

fn set_variable(waiting: &WaitingInstance, revision: u64, value: i32) -> ChangeSet {
    let mut changes = ChangeSet::new(waiting.id(), RevisionCheck::Bump { expected: revision });
    let mut variable = waiting.variables[0].clone();
    variable.value = VariableValue::Integer(value);
    changes.variables.push(TableChange::Update(variable.into()));
    changes
}

/// A unit that was decided on one that has failed must not be taken for one that was decided on what another node has
/// left, although it expects the same number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_built_on_a_failed_unit_fails_too() {
    let (_, url) = empty_database().await;
    let (here, there) = (open(&url).await, open(&url).await);
    let waiting = WaitingInstance::new("t").with_variable("n", VariableValue::Integer(0));
    start(&*here, &waiting).await;
    apply(&*there, vec![set_variable(&waiting, 1, 100)]).await.expect("the other node was first");
    for _ in 0..2 {
        let first = here.submit(Work::Apply(vec![set_variable(&waiting, 1, 1)]));
        assert_eq!(first.await.map(drop), Err(StoreError::Conflict));
        // Its number is right by chance.
        let second = here.submit(Work::Apply(vec![set_variable(&waiting, 2, 2)]));
        assert_eq!(second.await.map(drop), Err(StoreError::Conflict));
    }
    let value = load(&*here, waiting.id()).await.expect("it is there").variables[0].value.clone();
    assert_eq!(value, VariableValue::Integer(100));
    apply(&*here, vec![set_variable(&waiting, 2, 3)]).await.expect("it was loaded");
}

/// Units of many instances, and units that span them, in order of their submission.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_that_span_committers_keep_their_order() {
    let store = open(&empty_database().await.1).await;
    let instances: Vec<_> =
        (0..12).map(|_| WaitingInstance::new("t").with_variable("n", VariableValue::Integer(0))).collect();
    for waiting in &instances {
        start(&*store, waiting).await;
    }
    let mut answers = Vec::new();
    for round in 0..10_u64 {
        let value = i32::try_from(round).expect("small");
        for waiting in &instances {
            answers.push(store.submit(Work::Apply(vec![set_variable(waiting, 1 + 2 * round, value)])));
        }
        let all = instances.iter().map(|waiting| set_variable(waiting, 2 + 2 * round, value)).collect();
        answers.push(store.submit(Work::Apply(all)));
    }
    for answer in answers {
        answer.await.expect("each one follows the one before");
    }
    assert_eq!(count(&*store, "process_instance WHERE revision = 21").await, 12);
}

/// The connections of a store are cut by the server: what was not sent to be kept is done over new ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_are_made_again() {
    let (schema, url) = empty_database().await;
    let store = open(&format!("{url}&application_name={schema}")).await;
    for _ in 0..5 {
        start(&*store, &WaitingInstance::new("t")).await;
        let before = server_processes(&schema).await;
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1";
        client().await.query_one(cut, &[&schema]).await.expect("valid");
        // A commit that is sent to one that is going has no known outcome.
        while server_processes(&schema).await.iter().any(|process| before.contains(process)) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    assert_eq!(count(&*store, "process_instance").await, 5);
}

/// One that touches a row.
fn touch_version(version: i64) -> ExpectedStatement {
    ExpectedStatement { rows_affected: Some(1), ..touch_any(SqlValue::Integer(version)) }
}

/// The same without an expectation, for whatever stands for the version.
fn touch_any(version: SqlValue) -> ExpectedStatement {
    let text = "UPDATE camlock_schema_version SET applied_at = applied_at WHERE version = $1".to_owned();
    ExpectedStatement { statement: Statement { text, binds: vec![version] }, rows_affected: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_committer_runs_statements_outside_of_instances() {
    let (_, url) = empty_database().await;
    let options = PostgresOptions { committers: 1, ..PostgresOptions::default() };
    let store = PostgresStore::open_with(url.parse().expect("a URL"), options).await.expect("opens");
    let waiting = WaitingInstance::new("t");
    let applied = store.submit(Work::Apply(vec![waiting.started()]));
    let ran = store.submit(Work::Run(vec![touch_version(1)]));
    let unmet = store.submit(Work::Run(vec![touch_version(-1)]));
    let both = store.submit(Work::ApplyAndRun(vec![WaitingInstance::new("t").started()], vec![touch_version(1)]));
    applied.await.expect("is applied");
    ran.await.expect("is run");
    assert_eq!(unmet.await.map(drop), Err(StoreError::Conflict), "it touches no row");
    both.await.expect("are applied and run");
    store.check().await.expect("is well");
    assert_eq!(count(&store, "process_instance").await, 2);
}

/// Which processes of the server have connections under a name.
async fn server_processes(application: &str) -> Vec<String> {
    let text = "SELECT pid::text FROM pg_stat_activity WHERE application_name = $1 ORDER BY 1";
    lines(&client().await, text, application).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_with_a_value_that_cannot_be_bound_keeps_nothing_and_its_connection_goes_on() {
    let (schema, url) = empty_database().await;
    let store = open(&format!("{url}&application_name={schema}")).await;
    // Where the roots are given, the transaction has begun before; where one is made, it begins with the writing.
    let known = WaitingInstance::new("t").with_variable("n", VariableValue::Integer(0));
    start(&*store, &known).await;
    store.check().await.expect("all committers are connected");
    let connected = server_processes(&schema).await;
    for change_set in [set_variable(&known, 1, 1), WaitingInstance::new("t").started()] {
        let unbound = touch_any(SqlValue::Text("one".into()));
        let refused = store.submit(Work::ApplyAndRun(vec![change_set], vec![unbound])).await.map(drop);
        assert!(matches!(&refused, Err(StoreError::Failed(why)) if why.contains("cannot be bound")), "{refused:?}");
    }
    let unbound = touch_any(SqlValue::Text("one".into()));
    let refused = store.submit(Work::Run(vec![touch_version(1), unbound])).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");

    assert_eq!(count(&*store, "process_instance").await, 1);
    assert_eq!(load(&*store, known.id()).await.expect("is there").variables[0].value, VariableValue::Integer(0));
    apply(&*store, vec![set_variable(&known, 1, 2)]).await.expect("nothing is locked");
    store.check().await.expect("is well");
    for process in connected {
        assert!(server_processes(&schema).await.contains(&process), "a connection was given up");
    }
}

/// 40003, and a commit that fails for another reason, by a trigger that waits for the commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_unknown_completion_is_an_unknown_outcome() {
    let (schema, url) = empty_database().await;
    let store = open(&url).await;
    let client = client().await;
    for (code, is_expected) in [
        ("40003", (|error| matches!(error, StoreError::OutcomeUnknown(_))) as fn(&StoreError) -> bool),
        ("23514", |error| matches!(error, StoreError::Failed(_))),
    ] {
        let trigger = format!(
            "SET search_path = {schema}; \
             CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$; \
             CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON process_instance DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION refuse()"
        );
        client.batch_execute(&trigger).await.expect("valid");
        let refused = apply(&*store, vec![WaitingInstance::new("t").started()]).await.expect_err("is refused");
        assert!(is_expected(&refused), "{code}: {refused}");
        client.batch_execute("DROP TRIGGER refuse ON process_instance; DROP FUNCTION refuse").await.expect("valid");
        start(&*store, &WaitingInstance::new("t")).await;
    }
    assert_eq!(count(&*store, "process_instance").await, 2);
}
