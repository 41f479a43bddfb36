use crate::table::{ColumnKind, Table, required};

/// The texts that people have given as ids, by the name-based UUIDs that stand for them everywhere else.
pub const GIVEN_ID: Table = Table {
    name: "given_id",
    columns: &[required("id", ColumnKind::Id), required("text", ColumnKind::Text)],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[],
};
