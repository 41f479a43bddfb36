use crate::table::{ColumnKind, Table, optional, required};

/// The processes that serve the database. One that lives counts `beat` up; it is dead for the others once that stands
/// still. No clocks are compared for it.
pub const NODE: Table = Table {
    name: "node",
    columns: &[
        required("id", ColumnKind::Id),
        required("name", ColumnKind::Text),
        required("host", ColumnKind::Text),
        optional("address", ColumnKind::Text),
        required("version", ColumnKind::Text),
        required("started", ColumnKind::Time),
        required("last_seen", ColumnKind::Time),
        required("beat", ColumnKind::Integer),
        optional("dead_since", ColumnKind::Time),
    ],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[],
};
