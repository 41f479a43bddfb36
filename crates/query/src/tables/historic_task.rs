use crate::table::{ColumnKind, IN_INSTANCE, Table, optional, required};

/// A user task: as it is, or as it was when it ended.
pub const HISTORIC_TASK: Table = Table {
    name: "historic_task",
    columns: &[
        required("id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Id),
        optional("root_process_instance_id", ColumnKind::Id),
        optional("execution_id", ColumnKind::Id),
        optional("definition_id", ColumnKind::Text),
        optional("definition_key", ColumnKind::Text),
        optional("activity_id", ColumnKind::Text),
        optional("activity_instance_id", ColumnKind::Id),
        optional("tenant_id", ColumnKind::Text),
        optional("name", ColumnKind::Text),
        optional("description", ColumnKind::Text),
        optional("assignee", ColumnKind::Text),
        optional("owner", ColumnKind::Text),
        required("priority", ColumnKind::Integer),
        required("start_time", ColumnKind::Time),
        optional("end_time", ColumnKind::Time),
        optional("due_date", ColumnKind::Time),
        optional("follow_up_date", ColumnKind::Time),
        optional("parent_task_id", ColumnKind::Id),
        optional("delete_reason", ColumnKind::Text),
        required("state", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[],
};
