//! The text of statements in both dialects, reviewed as a diff. `UPDATE_EXPECTED=1` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use query::{Dialect, ListRequest, Purpose, Resource, SqlValue, Statement, resource};

use crate::database::{NOW, examples};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshot")
}

fn check(file: &str, actual: &str) {
    let path = folder().join(file);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, actual).expect("is written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = expected.lines().zip(actual.lines()).find(|(expected, actual)| expected != actual);
    assert!(expected == actual, "{} differs (UPDATE_EXPECTED=1 writes it anew): {differs:?}", path.display());
}

fn line(text: &mut String, label: &str, statement: &Statement) {
    let _ = writeln!(text, "{label}\n    {}", statement.text);
    if !statement.binds.is_empty() {
        let binds: Vec<String> = statement.binds.iter().map(shown).collect();
        let _ = writeln!(text, "    [{}]", binds.join(", "));
    }
}

fn shown(value: &SqlValue) -> String {
    match value {
        SqlValue::Null => "NULL".to_owned(),
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Real(number) => format!("{number:?}"),
        SqlValue::Text(text) => format!("{text:?}"),
        SqlValue::Blob(bytes) => format!("{} bytes", bytes.len()),
        SqlValue::Uuid(id) => id.to_string(),
    }
}

fn statements(resource: &Resource, dialect: Dialect) -> String {
    let mut text = String::new();
    let all = ListRequest::from_query(resource, &[], Purpose::Rows).expect("is read");
    line(&mut text, "all", &resource.select(&all, NOW).render(dialect));
    for filter in &resource.filters {
        let mut texts = BTreeSet::from([String::new()]);
        for example in examples(&filter.kind).into_iter().rev() {
            let pairs = [(filter.name.to_owned(), example.to_owned())];
            let Ok(request) = ListRequest::from_query(resource, &pairs, Purpose::Rows) else { continue };
            let label = format!("{}={example}", filter.name);
            let statement = resource.select_count(&request, NOW).render_count(dialect);
            let is_telling = !statement.text.ends_with("1 = 0") || texts.len() == 1;
            if is_telling && texts.insert(statement.text.clone()) {
                line(&mut text, &label, &statement);
            }
        }
    }
    for sort in &resource.sorts {
        let parameters = serde_json::json!({"variable": "v", "type": "Integer"});
        let body =
            serde_json::json!({"sorting": [{"sortBy": sort.name, "sortOrder": "desc", "parameters": parameters}]});
        let request = ListRequest::from_body(resource, &body, &[], Purpose::Rows).expect("is read");
        let mut select = resource.select(&request, NOW);
        select.columns.truncate(1);
        line(&mut text, &format!("by {}", sort.name), &select.render(dialect));
    }
    text
}

#[test]
fn statements_are_as_expected() {
    for resource in resource::ALL {
        let name = resource.name.replace('/', "-");
        check(&format!("{name}.sqlite.txt"), &statements(resource, Dialect::Sqlite));
        check(&format!("{name}.postgres.txt"), &statements(resource, Dialect::Postgres));
    }
}
