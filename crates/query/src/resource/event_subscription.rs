//! `/event-subscription`

use std::sync::LazyLock;

use super::{Resource, by_id, shown, sort};
use crate::filter::{ListForm, equal, modifier, tenants, without_tenant};
use crate::tables::EVENT_SUBSCRIPTION as SUBSCRIPTION;

pub static EVENT_SUBSCRIPTIONS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "event-subscription",
    source: SUBSCRIPTION.source(),
    joins: Vec::new(),
    unless: Vec::new(),
    key: by_id(SUBSCRIPTION.col("id")),
    outputs: vec![
        shown("id", SUBSCRIPTION.col("id")),
        shown("eventType", SUBSCRIPTION.col("event_type")),
        shown("eventName", SUBSCRIPTION.col("event_name")),
        shown("executionId", SUBSCRIPTION.col("execution_id")),
        shown("processInstanceId", SUBSCRIPTION.col("process_instance_id")),
        shown("activityId", SUBSCRIPTION.col("activity_id")),
        shown("createdDate", SUBSCRIPTION.col("create_time")),
        shown("tenantId", SUBSCRIPTION.col("tenant_id")),
    ],
    filters: vec![
        equal("eventSubscriptionId", SUBSCRIPTION.col("id")),
        equal("eventName", SUBSCRIPTION.col("event_name")),
        equal("eventType", SUBSCRIPTION.col("event_type")),
        equal("executionId", SUBSCRIPTION.col("execution_id")),
        equal("processInstanceId", SUBSCRIPTION.col("process_instance_id")),
        equal("activityId", SUBSCRIPTION.col("activity_id")),
        tenants(
            "tenantIdIn",
            SUBSCRIPTION.col("tenant_id"),
            ListForm::Optional,
            Some("includeEventSubscriptionsWithoutTenantId"),
        ),
        without_tenant(SUBSCRIPTION.col("tenant_id")),
        modifier("includeEventSubscriptionsWithoutTenantId"),
    ],
    sorts: vec![sort("created", SUBSCRIPTION.col("create_time")), sort("tenantId", SUBSCRIPTION.col("tenant_id"))],
    rules: Vec::new(),
    tie_break: vec![SUBSCRIPTION.col("id")],
});
