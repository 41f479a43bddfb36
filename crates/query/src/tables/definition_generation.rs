use crate::table::{ColumnKind, Table, required};

/// One row that counts changes of definitions, so that each of several nodes notices those of the others.
pub const DEFINITION_GENERATION: Table = Table {
    name: "definition_generation",
    columns: &[required("id", ColumnKind::Integer), required("generation", ColumnKind::Integer)],
    primary_key: &["id"],
    clustered_by: &[],
    indexes: &[],
};
