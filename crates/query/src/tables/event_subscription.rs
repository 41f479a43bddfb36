use crate::table::{ColumnKind, IN_INSTANCE, Table, index, optional, partial_index, required};

/// The wait of an execution for an event, or that of a start event, which has a definition instead.
pub const EVENT_SUBSCRIPTION: Table = Table {
    name: "event_subscription",
    columns: &[
        required("id", ColumnKind::Id),
        required("event_type", ColumnKind::Text),
        optional("event_name", ColumnKind::Text),
        optional("execution_id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Id),
        required("activity_id", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        required("create_time", ColumnKind::Time),
        optional("definition_id", ColumnKind::Text),
        optional("compensating_execution_id", ColumnKind::Id),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[
        index("event_subscription_by_event", &["event_type", "event_name"]),
        partial_index("event_subscription_by_definition", &["definition_id"], "definition_id IS NOT NULL"),
    ],
};
