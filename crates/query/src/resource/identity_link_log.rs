//! `/history/identity-link-log`

use std::sync::LazyLock;

use super::{Output, Resource, by_id, constant, removal_time, removal_time_joins, shown, sort, sort_same};
use crate::condition::Comparison;
use crate::filter::{Filter, ListForm, ValueForm, compare, equal, no_rows, tenants, without_tenant};
use crate::tables::IDENTITY_LINK_LOG as LOG;

pub static IDENTITY_LINK_LOGS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "history/identity-link-log",
    source: LOG.source(),
    joins: removal_time_joins(LOG.source()),
    unless: Vec::new(),
    key: by_id(LOG.col("id")),
    outputs: outputs(),
    filters: filters(),
    sorts: vec![
        sort("time", LOG.col("time")),
        sort("type", LOG.col("kind")),
        sort("userId", LOG.col("user_id")),
        sort("groupId", LOG.col("group_id")),
        sort("taskId", LOG.col("task_id")),
        sort("processDefinitionId", LOG.col("definition_id")),
        sort("processDefinitionKey", LOG.col("definition_key")),
        sort("operationType", LOG.col("operation")),
        sort_same("assignerId"),
        sort("tenantId", LOG.col("tenant_id")),
    ],
    rules: Vec::new(),
    tie_break: vec![LOG.col("id")],
});

fn outputs() -> Vec<Output> {
    vec![
        shown("id", LOG.col("id")),
        shown("time", LOG.col("time")),
        shown("type", LOG.col("kind")),
        shown("userId", LOG.col("user_id")),
        shown("groupId", LOG.col("group_id")),
        shown("taskId", LOG.col("task_id")),
        shown("processDefinitionId", LOG.col("definition_id")),
        shown("processDefinitionKey", LOG.col("definition_key")),
        shown("operationType", LOG.col("operation")),
        // No user is known to have made a link.
        constant("assignerId", serde_json::Value::Null),
        shown("tenantId", LOG.col("tenant_id")),
        removal_time(),
        shown("rootProcessInstanceId", LOG.col("root_process_instance_id")),
    ]
}

fn filters() -> Vec<Filter> {
    vec![
        compare("dateBefore", LOG.col("time"), Comparison::AtMost),
        compare("dateAfter", LOG.col("time"), Comparison::AtLeast),
        equal("type", LOG.col("kind")),
        equal("userId", LOG.col("user_id")),
        equal("groupId", LOG.col("group_id")),
        equal("taskId", LOG.col("task_id")),
        equal("processDefinitionId", LOG.col("definition_id")),
        equal("processDefinitionKey", LOG.col("definition_key")),
        equal("operationType", LOG.col("operation")),
        no_rows("assignerId", ValueForm::Text),
        tenants("tenantIdIn", LOG.col("tenant_id"), ListForm::Optional, None),
        without_tenant(LOG.col("tenant_id")),
    ]
}
