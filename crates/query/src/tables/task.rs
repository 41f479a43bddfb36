use crate::table::{ColumnKind, IN_INSTANCE, Table, index, optional, partial_index, required};

/// A user task, or a task that stands alone.
pub const TASK: Table = Table {
    name: "task",
    columns: &[
        required("id", ColumnKind::Id),
        optional("execution_id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Id),
        required("root_process_instance_id", ColumnKind::Id),
        optional("definition_id", ColumnKind::Text),
        optional("definition_key", ColumnKind::Text),
        optional("business_key", ColumnKind::Text),
        optional("tenant_id", ColumnKind::Text),
        optional("activity_id", ColumnKind::Text),
        optional("activity_instance_id", ColumnKind::Id),
        optional("name", ColumnKind::Text),
        optional("description", ColumnKind::Text),
        optional("assignee", ColumnKind::Text),
        optional("owner", ColumnKind::Text),
        required("priority", ColumnKind::Integer),
        required("create_time", ColumnKind::Time),
        optional("last_updated", ColumnKind::Time),
        optional("due_date", ColumnKind::Time),
        optional("follow_up_date", ColumnKind::Time),
        required("is_suspended", ColumnKind::Boolean),
        optional("delegation_state", ColumnKind::Text),
        optional("parent_task_id", ColumnKind::Id),
        required("revision", ColumnKind::Integer),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[
        index("task_by_assignee", &["assignee"]),
        index("task_by_create_time", &["create_time"]),
        partial_index("task_by_root", &["root_process_instance_id"], "process_instance_id IS NULL"),
        partial_index("task_by_parent_task", &["parent_task_id"], "parent_task_id IS NOT NULL"),
    ],
};
