use crate::table::{ColumnKind, Table, index, optional, partial_index, required};

/// What somebody has said about a task. `process_instance_id` is whatever the writer says.
pub const COMMENT: Table = Table {
    name: "comment",
    columns: &[
        required("id", ColumnKind::Id),
        required("task_id", ColumnKind::Id),
        optional("process_instance_id", ColumnKind::Text),
        optional("root_process_instance_id", ColumnKind::Id),
        required("time", ColumnKind::Time),
        required("message", ColumnKind::Text),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[
        index("comment_by_task", &["task_id"]),
        partial_index("comment_by_process_instance", &["process_instance_id"], "process_instance_id IS NOT NULL"),
    ],
};
