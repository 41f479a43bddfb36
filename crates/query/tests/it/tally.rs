//! Groups of rows: how they are asked for in both dialects, and that SQLite answers.

use query::tables::{HISTORIC_PROCESS_INSTANCE as HISTORY, INCIDENT, PROCESS_INSTANCE};
use query::{Condition, Dialect, Measure, Mutation, SqlValue, Tally, Term};
use rusqlite::Connection;
use types::{Timestamp, Uuid};

use crate::database::{database, run};

fn durations() -> Tally {
    let duration = || Term::Difference(HISTORY.col("end_time"), HISTORY.col("start_time"));
    Tally {
        from: HISTORY.source(),
        joins: Vec::new(),
        keys: vec![Term::Quarter(HISTORY.col("start_time")), Term::Month(HISTORY.col("start_time"))],
        measures: vec![
            Measure::Least(duration()),
            Measure::Greatest(duration()),
            Measure::Average(duration()),
            Measure::CountOf(Condition::equal(HISTORY.col("state"), "COMPLETED")),
        ],
        condition: Condition::is_not_null(HISTORY.col("end_time")),
    }
}

fn ended(connection: &Connection, id: u128, start_time: &str, duration_ms: i64, state: &str) {
    let start_time: Timestamp = start_time.parse().expect("a time");
    let columns = HISTORY.columns.iter().map(|column| match column.name {
        "id" | "root_process_instance_id" => SqlValue::Uuid(Uuid(id)),
        "start_time" => SqlValue::Integer(start_time.0),
        "end_time" => SqlValue::Integer(start_time.0 + duration_ms),
        "state" => SqlValue::Text(state.into()),
        _ if column.is_nullable => SqlValue::Null,
        _ => SqlValue::Text("x".into()),
    });
    run(connection, &Mutation::insert(&HISTORY, vec![columns.collect()]).render(Dialect::Sqlite));
}

#[test]
fn groups_are_measured() {
    let connection = database();
    ended(&connection, 1, "2024-11-30T23:59:59.999+0000", 1_000, "COMPLETED");
    ended(&connection, 2, "2024-11-01T00:00:00.000+0000", 4_000, "EXTERNALLY_TERMINATED");
    ended(&connection, 3, "2024-01-01T00:00:00.000+0000", 7, "COMPLETED");
    let mut groups = run(&connection, &durations().render(Dialect::Sqlite));
    groups.sort_by_key(|cells| format!("{cells:?}"));
    let numbers = |numbers: [i64; 6]| numbers.map(SqlValue::Integer).to_vec();
    assert_eq!(groups, [numbers([1, 1, 7, 7, 7, 1]), numbers([4, 11, 1_000, 4_000, 2_500, 1])]);
}

#[test]
fn text_of_a_tally() {
    let sqlite = durations().render(Dialect::Sqlite).text;
    assert_eq!(
        sqlite,
        "SELECT ((CAST(strftime('%m', historic_process_instance.start_time / 1000, 'unixepoch') AS INTEGER) + 2) / 3), \
         CAST(strftime('%m', historic_process_instance.start_time / 1000, 'unixepoch') AS INTEGER), \
         CAST(min((historic_process_instance.end_time - historic_process_instance.start_time)) AS INTEGER), \
         CAST(max((historic_process_instance.end_time - historic_process_instance.start_time)) AS INTEGER), \
         CAST(avg((historic_process_instance.end_time - historic_process_instance.start_time)) AS INTEGER), \
         count(CASE WHEN historic_process_instance.state = ? THEN 1 END) FROM historic_process_instance \
         WHERE historic_process_instance.end_time IS NOT NULL \
         GROUP BY ((CAST(strftime('%m', historic_process_instance.start_time / 1000, 'unixepoch') AS INTEGER) + 2) / 3), \
         CAST(strftime('%m', historic_process_instance.start_time / 1000, 'unixepoch') AS INTEGER)"
    );
}

#[test]
fn several_in_one_statement() {
    let keys = |table: &'static query::Table, second| vec![table.col("definition_id").into(), table.col(second).into()];
    let instances =
        Tally::count(PROCESS_INSTANCE.source(), keys(&PROCESS_INSTANCE, "definition_key"), Condition::EVERYTHING);
    let of_type = Condition::equal(INCIDENT.col("incident_type"), "failedJob");
    let incidents = Tally::count(INCIDENT.source(), keys(&INCIDENT, "incident_type"), of_type);
    let both = [instances, incidents];
    assert_eq!(run(&database(), &Tally::render_together(&both, Dialect::Sqlite)), Vec::<Vec<SqlValue>>::new());
    assert_eq!(
        Tally::render_together(&both, Dialect::Postgres).text,
        "SELECT 0, process_instance.definition_id, process_instance.definition_key, count(*) FROM process_instance \
         GROUP BY process_instance.definition_id, process_instance.definition_key UNION ALL \
         SELECT 1, incident.definition_id, incident.incident_type, count(*) FROM incident \
         WHERE incident.incident_type = $1 GROUP BY incident.definition_id, incident.incident_type"
    );
}
