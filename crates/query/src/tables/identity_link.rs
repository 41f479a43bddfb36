use crate::table::{ColumnKind, Table, index, optional, required};

/// A user or group that has to do with a task. `position` keeps their order.
pub const IDENTITY_LINK: Table = Table {
    name: "identity_link",
    columns: &[
        required("task_id", ColumnKind::Id),
        required("position", ColumnKind::Integer),
        required("kind", ColumnKind::Text),
        optional("user_id", ColumnKind::Text),
        optional("group_id", ColumnKind::Text),
    ],
    primary_key: &["task_id", "position"],
    clustered_by: &[],
    indexes: &[index("identity_link_by_user", &["user_id"]), index("identity_link_by_group", &["group_id"])],
};
