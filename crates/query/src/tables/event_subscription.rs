use crate::table::{ColumnKind, Table, index, optional, required};

/// An execution's wait for a message.
pub const EVENT_SUBSCRIPTION: Table = Table {
    name: "event_subscription",
    columns: &[
        required("id", ColumnKind::Id),
        required("event_type", ColumnKind::Text),
        optional("event_name", ColumnKind::Text),
        required("execution_id", ColumnKind::Id),
        required("process_instance_id", ColumnKind::Id),
        required("activity_id", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        required("create_time", ColumnKind::Time),
    ],
    primary_key: &["id"],
    indexes: &[
        index("event_subscription_by_process_instance", &["process_instance_id"]),
        index("event_subscription_by_event", &["event_type", "event_name"]),
    ],
};
