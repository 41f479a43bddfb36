//! What a topic of a claim asks for, as conditions on rows of `external_task`.

use std::fmt::Write;
use std::sync::Arc;

use query::SqlValue;
use types::VariableValue;

use crate::codec::value::{VALUE_COLUMNS, value_cells};
use crate::work::{ClaimTenants, ClaimTopic};

/// Conditions that follow others, and the values of their parameters. Parameters have no numbers: they come in order.
#[derive(Debug, Default)]
pub struct ClaimFilter {
    pub text: String,
    pub binds: Vec<SqlValue>,
}

/// SQLite limits how deep an expression is nested, and a list of alternatives nests as long as it is.
const VARIABLES_TOGETHER: usize = 100;

impl ClaimFilter {
    pub fn of(topic: &ClaimTopic) -> ClaimFilter {
        let mut filter = ClaimFilter::default();
        if let Some(business_key) = &topic.business_key {
            filter.condition("business_key = ?", business_key);
        }
        filter.one_of("definition_id", &topic.definition_ids);
        filter.one_of("definition_key", &topic.definition_keys);
        if let Some(pattern) = &topic.definition_version_tag {
            filter.condition("definition_version_tag LIKE ?", pattern);
        }
        match &topic.tenants {
            ClaimTenants::Any => {}
            ClaimTenants::None => filter.text.push_str(" AND tenant_id IS NULL"),
            ClaimTenants::OneOf(tenants) if tenants.is_empty() => filter.text.push_str(" AND FALSE"),
            ClaimTenants::OneOf(tenants) => filter.one_of("tenant_id", tenants),
        }
        filter.process_variables(&topic.process_variables);
        filter
    }

    fn condition(&mut self, condition: &str, value: &Arc<str>) {
        let _ = write!(self.text, " AND {condition}");
        self.binds.push(SqlValue::Text(value.clone()));
    }

    /// Nothing where there are none.
    fn one_of(&mut self, column: &str, values: &[Arc<str>]) {
        match values {
            [] => {}
            [value] => self.condition(&format!("{column} = ?"), value),
            values => {
                let _ = write!(self.text, " AND {column} IN (SELECT value FROM json_each(?))");
                let list: Vec<&str> = values.iter().map(|value| &**value).collect();
                self.binds.push(SqlValue::Text(serde_json::Value::from(list).to_string().into()));
            }
        }
    }

    /// Camunda: any of them counts, among the variables of the process instance itself.
    fn process_variables(&mut self, variables: &[(Arc<str>, VariableValue)]) {
        if variables.is_empty() {
            return;
        }
        self.text.push_str(
            " AND EXISTS (SELECT 1 FROM variable v WHERE (v.is_inner = 0 AND v.id BETWEEN external_task.process_instance_id \
             AND CAST(substr(external_task.process_instance_id, 1, 12) || x'7fffffff' AS BLOB) \
             AND v.execution_id = external_task.process_instance_id \
             OR v.is_inner = 1 AND v.execution_id = external_task.process_instance_id) AND (",
        );
        for (n, (name, value)) in variables.iter().enumerate() {
            self.text.push_str(match n {
                0 => "(",
                n if n % VARIABLES_TOGETHER == 0 => ") OR (",
                _ => " OR ",
            });
            self.text.push_str("v.name = ?");
            self.binds.push(SqlValue::Text(name.clone()));
            self.value(value);
        }
        self.text.push_str(")))");
    }

    fn value(&mut self, value: &VariableValue) {
        let (value_type, held) = value_cells(value);
        match held {
            Some((column, cell)) => {
                let _ = write!(self.text, " AND v.value_type = ? AND v.{column} = ?");
                self.binds.extend([value_type, cell]);
            }
            // Camunda: the type of a null does not matter.
            None => {
                for column in VALUE_COLUMNS {
                    let _ = write!(self.text, " AND v.{column} IS NULL");
                }
            }
        }
    }
}
