//! Plans of the statements on keys, whatever the planner takes a table to be: they are prepared once and kept, while a new
//! database fills. None may walk along a table or an index from its beginning to its end.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;
use throwaway_postgres::{server_url, unique_name};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use types::{ExternalTaskId, Timestamp, Uuid, VariableValue};

use super::capabilities::Capabilities;
use super::claim::claim_text;
use super::connection::Purpose;
use super::texts::{TEXTS, TableTexts, Texts};
use super::{claim_jobs, claimer, load};
use crate::conformance::fixture::{claim_request, text, topic};
use crate::work::{ClaimOrder, TaskKey};

/// As many as make a walk dear, where it is known how many there are.
const ROWS: u32 = 2_000;

/// Without the insertions of rows that are given.
fn of_commits() -> Vec<&'static str> {
    let Texts {
        lock_revisions,
        check_revisions,
        check_task_revisions,
        check_epochs,
        check_jobs,
        lock_epochs,
        lock_task_revisions,
        keep_definitions,
        lock_jobs,
        bump,
        bump_task,
        process_instances,
        executions,
        external_tasks,
        tasks,
        identity_link_insert: _,
        identity_link_delete,
        variables,
        jobs,
        event_subscriptions,
        incidents,
        history,
    } = &*TEXTS;
    let mut all = vec![*lock_revisions, check_revisions, check_task_revisions, check_epochs, check_jobs, lock_epochs];
    all.extend([*lock_task_revisions, keep_definitions, lock_jobs, bump, bump_task, identity_link_delete]);
    let tables =
        [process_instances, executions, external_tasks, tasks, variables, jobs, event_subscriptions, incidents];
    for TableTexts { insert: _, update, update_columns: _, delete } in tables {
        all.extend([update.as_str(), delete]);
    }
    let cells = [
        &history.process_instance_ended,
        &history.process_instance_suspended,
        &history.process_instance_detached,
        &history.activity_ended,
        &history.activity_updated,
        &history.variable_updated,
        &history.variable_deleted,
        &history.incident_ended,
        &history.incident_annotated,
    ];
    all.extend(cells.map(|texts| texts.update.as_str()));
    all.extend([history.task_changed.as_str(), &history.first_detail]);
    all
}

fn of_claims() -> Vec<String> {
    use ClaimOrder::{CreateTimeAscending, CreateTimeDescending, PriorityDescending};
    let filtered = || {
        let mut filtered = topic("filtered");
        filtered.business_key = Some(text("key"));
        filtered.definition_ids = vec![text("one"), text("other")];
        filtered.process_variables = vec![(text("n"), VariableValue::Integer(1))];
        filtered
    };
    let orders: [&[ClaimOrder]; 5] = [
        &[],
        &[PriorityDescending],
        &[CreateTimeAscending],
        &[CreateTimeDescending],
        &[PriorityDescending, CreateTimeDescending],
    ];
    let mut requests: Vec<_> =
        orders.iter().map(|order| claim_request(10, order, vec![topic("plain"), filtered()])).collect();
    let mut of_candidates = claim_request(10, &[], vec![topic("plain")]);
    let key = TaskKey { create_time: Timestamp(1), id: ExternalTaskId(Uuid(1)) };
    of_candidates.candidates = vec![Some(vec![key])];
    requests.push(of_candidates);
    let texts = requests.iter().map(|request| claim_text(request).expect("something is asked for").text);
    let mut all: Vec<String> = texts.collect();
    all.extend([claimer::RELEASE, claimer::NEXT_EXPIRY, claimer::VARIABLES].map(str::to_owned));
    all.extend(claim_jobs::TEXTS.map(str::to_owned));
    all
}

async fn client(schema: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&server_url(), NoTls).await.expect("the server is there");
    tokio::spawn(connection);
    client.batch_execute(&format!("SET search_path = {schema}")).await.expect("valid");
    client
}

/// Each table with its columns that have to have a value, and its ids.
async fn tables(client: &Client) -> Vec<(String, Vec<(String, String)>)> {
    let text = "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name NOT LIKE 'every_%' \
         AND (is_nullable = 'NO' OR data_type = 'uuid') ORDER BY 1";
    let mut tables: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for row in client.query(text, &[]).await.expect("valid") {
        let name: String = row.get(0);
        if tables.last().is_none_or(|(last, _)| *last != name) {
            tables.push((name, Vec::new()));
        }
        tables.last_mut().expect("it was just made sure of").1.push((row.get(1), row.get(2)));
    }
    tables
}

async fn fill(client: &Client) {
    for (table, columns) in tables(client).await {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<&str> = columns
            .iter()
            .map(|(_, kind)| match kind.as_str() {
                "uuid" => "gen_random_uuid()",
                "bigint" => "n",
                "bytea" => "'x'::bytea",
                _ => "'text ' || n",
            })
            .collect();
        let (names, values) = (names.join(", "), values.join(", "));
        let insert = format!("INSERT INTO {table} ({names}) SELECT {values} FROM generate_series(1, {ROWS}) AS n");
        client.batch_execute(&insert).await.expect("rows can be made");
    }
}

/// In the plan that a connection would keep from now on.
async fn walks_of(client: &Client, statement: &str) -> Vec<String> {
    let count = (1..).take_while(|n| statement.contains(&format!("${n}"))).count();
    let values = vec!["NULL"; count].join(", ");
    let values = if count == 0 { String::new() } else { format!("({values})") };
    client.batch_execute(&format!("PREPARE planned AS {statement}")).await.expect(statement);
    // Only as text can it be had without a further library.
    let explained =
        client.simple_query(&format!("EXPLAIN (FORMAT JSON) EXECUTE planned{values}")).await.expect(statement);
    let plan = explained.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let plan: Value = serde_json::from_str(plan.expect("a plan")).expect("it is JSON");
    client.batch_execute("DEALLOCATE planned").await.expect("it is there");
    let mut walks = Vec::new();
    find_walks(&plan[0]["Plan"], &[], &mut walks);
    walks
}

/// `above`: the kinds of what takes the rows, the last one first.
fn find_walks(node: &Value, above: &[&str], walks: &mut Vec<String>) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let has_no_condition = node["Index Cond"].is_null();
    // Whoever asks stops when it has enough.
    let is_limited = matches!(above, ["Limit", ..] | ["LockRows", "Limit", ..]);
    let is_walk = match kind {
        "Seq Scan" | "Tid Scan" | "Gather" | "Gather Merge" => true,
        "Index Scan" | "Index Only Scan" => has_no_condition && !is_limited,
        "Bitmap Index Scan" => has_no_condition,
        // All of a topic to take a few of it.
        "Sort" => matches!(above, ["LockRows", "Limit", ..]),
        _ => false,
    };
    if is_walk {
        let mut walk = kind.to_owned();
        for name in ["Relation Name", "Index Name"] {
            let _ = write!(walk, " {}", node[name].as_str().unwrap_or_default());
        }
        walks.push(walk);
    }
    let above = [&[kind], above].concat();
    for part in node["Plans"].as_array().into_iter().flatten() {
        find_walks(part, &above, walks);
    }
}

#[tokio::test]
async fn no_statement_walks_through_a_table() {
    let schema = unique_name();
    let client = client(&schema).await;
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.expect("a new schema");
    for statement in query::tables::create_statements(query::Dialect::Postgres) {
        client.batch_execute(&statement).await.expect("a declared table can be created");
    }
    let settings = Capabilities { planner_settings: true, notifications: true }.settings(Purpose::Keys);
    client.batch_execute(&settings.join("; ")).await.expect("known settings");
    let claims = of_claims();
    let mut statements = of_commits();
    statements.extend(claims.iter().map(String::as_str));
    statements.extend(load::TEXTS.iter().map(String::as_str));
    statements.extend(load::LOCATIONS);
    let mut walks = BTreeSet::new();
    for state in ["new", "analyzed when it was empty", "filled", "analyzed", "emptied", "analyzed when it was emptied"]
    {
        match state {
            "filled" => fill(&client).await,
            "emptied" => {
                for (table, _) in tables(&client).await {
                    client.batch_execute(&format!("DELETE FROM {table}")).await.expect("valid");
                }
            }
            "new" => {}
            _ => {
                for (table, _) in tables(&client).await {
                    client.batch_execute(&format!("ANALYZE {table}")).await.expect("valid");
                }
            }
        }
        for statement in &statements {
            let of_statement = walks_of(&client, statement).await;
            walks.extend(of_statement.into_iter().map(|walk| format!("{state}: {walk}: {statement}")));
        }
    }
    assert!(walks.is_empty(), "{walks:#?}");
}
