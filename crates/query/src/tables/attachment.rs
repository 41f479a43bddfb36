use crate::table::{ColumnKind, Table, index, optional, required};

/// A file or an address that somebody has added to a task: it has either `contents` or a `url`.
pub const ATTACHMENT: Table = Table {
    name: "attachment",
    columns: &[
        required("id", ColumnKind::Id),
        required("task_id", ColumnKind::Id),
        optional("root_process_instance_id", ColumnKind::Id),
        required("create_time", ColumnKind::Time),
        optional("name", ColumnKind::Text),
        optional("description", ColumnKind::Text),
        optional("attachment_type", ColumnKind::Text),
        optional("url", ColumnKind::Text),
        optional("contents", ColumnKind::Blob),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[index("attachment_by_task", &["task_id"])],
};
