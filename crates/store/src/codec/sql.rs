//! Texts of the statements that every table has, built from its declaration.

use std::fmt::Write;

use query::{Dialect, Statement, Table};

use super::{RowEncode, RowValues};

/// Bit n is column n of a table.
pub type ColumnSet = u64;

/// Inserts a row; parameter n is column n.
pub fn insert(table: &Table, dialect: Dialect) -> String {
    let columns = column_list(table);
    let mut text = format!("INSERT INTO {} ({columns}) VALUES (", table.name);
    for n in 1..=table.columns.len() {
        let _ = write!(text, "{}{}", if n == 1 { "" } else { ", " }, parameter(dialect, n));
    }
    text.push(')');
    text
}

/// Sets all columns of a row that can change; parameter n is column n, those that are fixed have none but the key.
pub fn update(table: &Table, fixed: &[&str], dialect: Dialect) -> String {
    let mut text = format!("UPDATE {} SET ", table.name);
    let changing = table.columns.iter().enumerate().filter(|(_, column)| !is_fixed(table, fixed, column.name));
    for (count, (n, column)) in changing.enumerate() {
        let separator = if count == 0 { "" } else { ", " };
        let _ = write!(text, "{separator}{} = {}", column.name, parameter(dialect, n + 1));
    }
    let _ = write!(text, " WHERE {} = {}", table.columns[0].name, parameter(dialect, 1));
    text
}

/// The parameters that `update` has: the key and what can change.
pub fn update_columns(table: &Table, fixed: &[&str]) -> ColumnSet {
    let changing = table.columns.iter().enumerate().filter(|(_, column)| !is_fixed(table, fixed, column.name));
    changing.fold(1, |set, (n, _)| set | 1 << n)
}

/// Deletes the rows in which a column has a value.
pub fn delete_by(table: &Table, column: &str, dialect: Dialect) -> String {
    format!("DELETE FROM {} WHERE {column} = {}", table.name, parameter(dialect, 1))
}

/// Reads the rows in which a column has a value.
pub fn select_by(table: &Table, column: &str, dialect: Dialect) -> String {
    format!("SELECT {} FROM {} WHERE {column} = {}", column_list(table), table.name, parameter(dialect, 1))
}

/// Reads the rows of a process instance, whose id is the first parameter; the second is the last id of its range.
pub fn select_of_instance(table: &Table, dialect: Dialect) -> String {
    format!("SELECT {} FROM {}{}", column_list(table), table.name, of_instance(dialect))
}

/// Deletes them.
pub fn delete_of_instance(table: &Table, dialect: Dialect) -> String {
    format!("DELETE FROM {}{}", table.name, of_instance(dialect))
}

fn of_instance(dialect: Dialect) -> String {
    let (first, last) = (parameter(dialect, 1), parameter(dialect, 2));
    format!(" WHERE id BETWEEN {first} AND {last} AND process_instance_id = {first}")
}

/// All columns of a table, in order.
pub fn column_list(table: &Table) -> String {
    table.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// A statement that inserts one record, as data: for rows that belong to no aggregate.
pub fn insert_statement<R: RowEncode>(record: &R, dialect: Dialect) -> Statement {
    let mut row = RowValues::default();
    record.encode(&mut row);
    Statement { text: insert(R::TABLE, dialect), binds: row.values }
}

fn parameter(dialect: Dialect, n: usize) -> String {
    match dialect {
        Dialect::Sqlite => format!("?{n}"),
        Dialect::Postgres => format!("${n}"),
    }
}

fn is_fixed(table: &Table, fixed: &[&str], column: &str) -> bool {
    fixed.contains(&column) || table.primary_key.contains(&column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use query::tables::EXECUTION;

    #[test]
    fn update_leaves_fixed_columns_alone() {
        let fixed = &["process_instance_id", "kind"];
        let text = update(&EXECUTION, fixed, Dialect::Sqlite);
        assert!(text.starts_with("UPDATE execution SET parent_id = ?3, scope_activity_id = ?5"), "{text}");
        assert!(text.ends_with("is_active = ?9 WHERE id = ?1"), "{text}");
        assert_eq!(update_columns(&EXECUTION, fixed), 0b1_1111_0101);
    }
}
