//! The rows of many lifecycles written by one statement for each table: their values are expressions of a number.

use super::template::{COUNTER_STRIDE, LIFECYCLES_MAX};
use super::template::{ChangeKind, Slot, TIME_BIT, Template};
use anyhow::{Context, ensure};
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is meant by a value differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sql {
    Sqlite,
    Postgres,
}

/// Statements with the first and the last number as their parameters. In each the rows are in the order of the table's
/// key, as they would have come one by one.
pub fn insertions(templates: &[Template], sql: Sql) -> anyhow::Result<Vec<String>> {
    let mut tables: BTreeMap<&str, Vec<&Template>> = BTreeMap::new();
    for template in templates {
        ensure!(template.kind == ChangeKind::Insert, "a row of {} is not new", template.table.name);
        tables.entry(&template.table.name).or_default().push(template);
    }
    tables.into_values().map(|rows| insertion(&rows, sql)).collect()
}

fn insertion(rows: &[&Template], sql: Sql) -> anyhow::Result<String> {
    let table = &rows[0].table;
    let numbers = match sql {
        Sql::Sqlite => "numbers",
        Sql::Postgres => "generate_series($1::int8, $2::int8) AS numbers (n)",
    };
    let mut selects = Vec::new();
    for row in rows {
        let mut values = Vec::new();
        for (column, slot) in row.columns.iter().zip(&row.slots) {
            let kind = table.types.get(*column).map_or("", String::as_str);
            let value = value(slot, kind, sql);
            values.push(value.with_context(|| format!("{}.{}", table.name, table.columns[*column]))?);
        }
        selects.push(format!("SELECT {} FROM {numbers}", values.join(", ")));
    }
    let key: Vec<String> = table.key.iter().map(|column| (column + 1).to_string()).collect();
    let series = match sql {
        Sql::Sqlite => "WITH RECURSIVE numbers (n) AS (VALUES (?1) UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2) ",
        Sql::Postgres => "",
    };
    let columns: Vec<String> = rows[0].column_names().map(|name| format!("\"{name}\"")).collect();
    Ok(format!(
        "{series}INSERT INTO \"{}\" ({}) {} ORDER BY {}",
        table.name,
        columns.join(", "),
        selects.join(" UNION ALL "),
        key.join(", ")
    ))
}

/// `kind`: the column's type on PostgreSQL.
fn value(slot: &Slot, kind: &str, sql: Sql) -> anyhow::Result<String> {
    let expression = match slot {
        Slot::Same(Value::Blob(blob)) => bytes(&[format!("'{}'", hex(blob))], kind, sql),
        Slot::Same(value) => literal(value, kind)?,
        Slot::Counter(number) => format!("{number} + (n + 1) * {COUNTER_STRIDE}"),
        Slot::Time(time) => format!("{time} - ({LIFECYCLES_MAX} - n)"),
        Slot::Text { text, ids } => {
            let mut pieces = Vec::new();
            let mut rest = 0;
            for (at, id) in ids {
                pieces.push(quoted(&text[rest..*at]));
                let time = time_of(*id, sql);
                pieces.push(format!("substr({time}, 1, 8) || '-' || substr({time}, 9, 4)"));
                // The hyphenated text of the id's time.
                rest = at + 13;
            }
            pieces.push(quoted(&text[rest..]));
            pieces.join(" || ")
        }
        Slot::Blob { blob, ids } => {
            let mut pieces = Vec::new();
            let mut rest = 0;
            for (at, id) in ids {
                pieces.push(format!("'{}'", hex(&blob[rest..*at])));
                pieces.push(time_of(*id, sql));
                rest = at + 6;
            }
            pieces.push(format!("'{}'", hex(&blob[rest..])));
            bytes(&pieces, kind, sql)
        }
    };
    Ok(match sql {
        Sql::Sqlite => expression,
        Sql::Postgres => format!("({expression})::{kind}"),
    })
}

fn literal(value: &Value, kind: &str) -> anyhow::Result<String> {
    Ok(match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) if kind == "bool" => (*number != 0).to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => {
            ensure!(!text.contains('\0'), "a text with a zero");
            quoted(text)
        }
        Value::Blob(blob) => format!("x'{}'", hex(blob)),
    })
}

/// Pieces of hexadecimal text as what they stand for.
fn bytes(pieces: &[String], kind: &str, sql: Sql) -> String {
    let pieces = pieces.join(" || ");
    match (sql, kind) {
        (Sql::Sqlite, _) => format!("unhex({pieces})"),
        (Sql::Postgres, "uuid") => pieces,
        (Sql::Postgres, _) => format!("decode({pieces}, 'hex')"),
    }
}

/// The first twelve hexadecimal digits of the id that stands for this one.
fn time_of(id: u128, sql: Sql) -> String {
    let time = id >> TIME_BIT;
    let number = format!("({time} - ({LIFECYCLES_MAX} - n)) & {}", (1_u64 << 48) - 1);
    match sql {
        Sql::Sqlite => format!("printf('%012x', {number})"),
        Sql::Postgres => format!("lpad(to_hex({number}), 12, '0')"),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
