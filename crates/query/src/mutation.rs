//! Writing statements as values, for rows that belong to no aggregate: deployments, definitions, batches.

use crate::Table;
use crate::condition::Condition;
use crate::value::SqlValue;

#[derive(Clone, Debug)]
pub enum Mutation {
    /// Each row has a value for each of `columns`.
    Insert { table: &'static Table, columns: Vec<&'static str>, rows: Vec<Vec<SqlValue>> },
    /// One row, unless there is one with the same key: then nothing is touched.
    InsertIfAbsent { table: &'static Table, columns: Vec<&'static str>, row: Vec<SqlValue> },
    /// The condition names columns under the table's own name.
    Update { table: &'static Table, assignments: Vec<Assignment>, condition: Condition },
    /// The condition names columns under the table's own name.
    Delete { table: &'static Table, condition: Condition },
}

#[derive(Clone, Debug)]
pub struct Assignment {
    pub column: &'static str,
    pub value: AssignedValue,
}

#[derive(Clone, Debug)]
pub enum AssignedValue {
    Value(SqlValue),
    /// What is in another column of the row.
    Column(&'static str),
    /// What is there, plus this.
    Increment(i64),
}

impl Mutation {
    /// Rows with a value for every column of the table, in the order of their declaration.
    pub fn insert(table: &'static Table, rows: Vec<Vec<SqlValue>>) -> Mutation {
        Mutation::Insert { table, columns: table.columns.iter().map(|c| c.name).collect(), rows }
    }

    pub fn update(table: &'static Table, values: Vec<(&'static str, SqlValue)>, condition: Condition) -> Mutation {
        let assignments = values.into_iter().map(|(column, value)| Assignment { column, value: value.into() });
        Mutation::Update { table, assignments: assignments.collect(), condition }
    }

    pub fn delete(table: &'static Table, condition: Condition) -> Mutation {
        Mutation::Delete { table, condition }
    }
}

impl From<SqlValue> for AssignedValue {
    fn from(value: SqlValue) -> Self {
        AssignedValue::Value(value)
    }
}
