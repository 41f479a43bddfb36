use crate::table::{ColumnKind, IN_INSTANCE, Table, index, optional, partial_index, required};

/// A user or a group that came to have to do with a task, or has nothing to do with it any more.
pub const IDENTITY_LINK_LOG: Table = Table {
    name: "identity_link_log",
    columns: &[
        required("id", ColumnKind::Id),
        required("time", ColumnKind::Time),
        required("kind", ColumnKind::Text),
        optional("user_id", ColumnKind::Text),
        optional("group_id", ColumnKind::Text),
        optional("task_id", ColumnKind::Id),
        required("operation", ColumnKind::Text),
        optional("process_instance_id", ColumnKind::Id),
        optional("root_process_instance_id", ColumnKind::Id),
        optional("definition_id", ColumnKind::Text),
        optional("definition_key", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[
        index("identity_link_log_by_task", &["task_id"]),
        partial_index("identity_link_log_by_definition", &["definition_id"], "process_instance_id IS NULL"),
    ],
};
