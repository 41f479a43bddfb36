use crate::table::{ColumnKind, IN_INSTANCE, Table, optional, required};

/// A path of execution.
pub const EXECUTION: Table = Table {
    name: "execution",
    columns: &[
        required("id", ColumnKind::Id),
        required("process_instance_id", ColumnKind::Id),
        optional("parent_id", ColumnKind::Id),
        required("kind", ColumnKind::Integer),
        optional("scope_activity_id", ColumnKind::Text),
        optional("scope_activity_instance_id", ColumnKind::Id),
        optional("activity_id", ColumnKind::Text),
        optional("activity_instance_id", ColumnKind::Id),
        required("is_active", ColumnKind::Boolean),
    ],
    primary_key: &["id"],
    clustered_by: IN_INSTANCE,
    indexes: &[],
};
