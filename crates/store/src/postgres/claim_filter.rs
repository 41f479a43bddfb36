//! What a topic of a claim asks for, as conditions on rows of `external_task`.

use std::fmt::Write;
use std::sync::Arc;

use query::SqlValue;
use types::VariableValue;

use crate::codec::value::{VALUE_COLUMNS, value_cells};
use crate::work::{ClaimTenants, ClaimTopic};

/// A statement that is written from left to right, with its binds. Texts of equal shape are equal.
#[derive(Debug, Default)]
pub struct ClaimText {
    pub text: String,
    pub binds: Vec<SqlValue>,
}

impl ClaimText {
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn bind(&mut self, value: SqlValue) {
        self.binds.push(value);
        let _ = write!(self.text, "${}", self.binds.len());
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
            self.push(" ESCAPE ''");
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
                self.push(&format!(" AND {column} = ANY (ARRAY (SELECT jsonb_array_elements_text("));
                let list: Vec<&str> = values.iter().map(|value| &**value).collect();
                self.bind(SqlValue::Text(serde_json::Value::from(list).to_string().into()));
                self.push("::text::jsonb)))");
            }
        }
    }

    /// Camunda: any of them counts, among the variables of the process instance itself.
    fn process_variables(&mut self, variables: &[(Arc<str>, VariableValue)]) {
        if variables.is_empty() {
            return;
        }
        self.push(
            " AND EXISTS (SELECT 1 FROM variable v WHERE (v.is_inner = 0 AND v.id BETWEEN external_task.process_instance_id \
             AND (left(external_task.process_instance_id::text, 28) || '7fffffff')::uuid \
             AND v.execution_id = external_task.process_instance_id \
             OR v.is_inner = 1 AND v.execution_id = external_task.process_instance_id) AND (",
        );
        for (n, (name, value)) in variables.iter().enumerate() {
            self.condition(if n == 0 { "v.name = " } else { " OR v.name = " }, name);
            self.value(value);
        }
        self.push("))");
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
