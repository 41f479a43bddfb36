//! What a topic of a claim asks for, as conditions on rows of `external_task`.

use std::fmt::Write;
use std::sync::Arc;

use query::{Dialect, SqlValue, nul};
use types::VariableValue;

use crate::codec::value::{VALUE_COLUMNS, value_cells};
use crate::work::{ClaimTenants, ClaimTopic};

/// A statement that is written from left to right, with its binds. Texts of equal shape are equal.
#[derive(Debug)]
pub struct ClaimText {
    dialect: Dialect,
    pub text: String,
    pub binds: Vec<SqlValue>,
}

/// SQLite limits how deep an expression is nested, and a list of alternatives nests as long as it is.
const VARIABLES_TOGETHER: usize = 100;

impl ClaimText {
    pub fn new(dialect: Dialect) -> ClaimText {
        ClaimText { dialect, text: String::new(), binds: Vec::new() }
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn bind(&mut self, value: SqlValue) {
        self.binds.push(value);
        let _ = match self.dialect {
            // They come in order, and others may stand before these.
            Dialect::Sqlite => write!(self.text, "?"),
            Dialect::Postgres => write!(self.text, "${}", self.binds.len()),
        };
    }

    fn condition(&mut self, condition: &str, value: &Arc<str>) {
        self.push(condition);
        self.bind(SqlValue::Text(value.clone()));
    }

    /// Conditions that follow others.
    pub fn filter(&mut self, topic: &ClaimTopic) {
        if let Some(business_key) = &topic.business_key {
            self.condition(" AND business_key = ", business_key);
        }
        self.one_of("definition_id", &topic.definition_ids);
        self.one_of("definition_key", &topic.definition_keys);
        if let Some(pattern) = &topic.definition_version_tag {
            self.condition(" AND definition_version_tag LIKE ", pattern);
            // SQLite has no escape character either unless one is named.
            if self.dialect == Dialect::Postgres {
                self.push(" ESCAPE ''");
            }
        }
        match &topic.tenants {
            ClaimTenants::Any => {}
            ClaimTenants::None => self.push(" AND tenant_id IS NULL"),
            ClaimTenants::OneOf(tenants) if tenants.is_empty() => self.push(" AND FALSE"),
            ClaimTenants::OneOf(tenants) => self.one_of("tenant_id", tenants),
        }
        self.process_variables(&topic.process_variables);
    }

    /// Nothing where there are none. A long list is one bind.
    fn one_of(&mut self, column: &str, values: &[Arc<str>]) {
        match values {
            [] => {}
            [value] => self.condition(&format!(" AND {column} = "), value),
            values => {
                let list = values.iter().map(|value| serde_json::Value::from(&**value)).collect();
                match self.dialect {
                    Dialect::Sqlite => {
                        self.push(&format!(" AND {column} IN (SELECT value FROM json_each("));
                        self.bind(SqlValue::Text(serde_json::Value::Array(list).to_string().into()));
                        self.push("))");
                    }
                    Dialect::Postgres => {
                        self.push(&format!(" AND {column} = ANY (ARRAY (SELECT jsonb_array_elements_text("));
                        self.bind(SqlValue::Text(nul::json_list(list).into()));
                        self.push("::text::jsonb)))");
                    }
                }
            }
        }
    }

    /// Camunda: any of them counts, among the variables of the process instance itself.
    fn process_variables(&mut self, variables: &[(Arc<str>, VariableValue)]) {
        if variables.is_empty() {
            return;
        }
        // The ids of an instance follow its own.
        let last = match self.dialect {
            Dialect::Sqlite => "CAST(substr(external_task.process_instance_id, 1, 12) || x'7fffffff' AS BLOB)",
            Dialect::Postgres => "(left(external_task.process_instance_id::text, 28) || '7fffffff')::uuid",
        };
        self.push(&format!(
            " AND EXISTS (SELECT 1 FROM variable v WHERE (v.is_inner = 0 \
             AND v.id BETWEEN external_task.process_instance_id AND {last} \
             AND v.execution_id = external_task.process_instance_id \
             OR v.is_inner = 1 AND v.execution_id = external_task.process_instance_id) AND ("
        ));
        for (n, (name, value)) in variables.iter().enumerate() {
            let before = match n {
                0 => "(v.name = ",
                n if n % VARIABLES_TOGETHER == 0 => ") OR (v.name = ",
                _ => " OR v.name = ",
            };
            self.condition(before, name);
            self.value(value);
        }
        self.push(match self.dialect {
            Dialect::Sqlite => ")))",
            // Each task looks its variables up: they are not joined, which could begin with all of them.
            Dialect::Postgres => ")) OFFSET 0)",
        });
    }

    fn value(&mut self, value: &VariableValue) {
        let (value_type, held) = value_cells(value);
        match held {
            Some((column, cell)) => {
                self.push(" AND v.value_type = ");
                self.bind(value_type);
                self.push(&format!(" AND v.{column} = "));
                self.bind(cell);
            }
            // Camunda: the type of a null does not matter.
            None => VALUE_COLUMNS.into_iter().for_each(|column| self.push(&format!(" AND v.{column} IS NULL"))),
        }
    }
}
