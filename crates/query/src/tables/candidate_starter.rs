use crate::table::{ColumnKind, Table, index, optional, required};

/// A user or a group that a process definition names to start it.
pub const CANDIDATE_STARTER: Table = Table {
    name: "candidate_starter",
    columns: &[
        required("definition_id", ColumnKind::Text),
        required("position", ColumnKind::Integer),
        optional("user_id", ColumnKind::Text),
        optional("group_id", ColumnKind::Text),
    ],
    primary_key: &["definition_id", "position"],
    clustered_by: &[],
    indexes: &[index("candidate_starter_by_user", &["user_id"])],
};
